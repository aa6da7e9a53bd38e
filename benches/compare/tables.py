"""The search for quantisation tables: draws of their family, judged by SSIMULACRA2 over whole fits."""

import os
import random

from measure import SCRATCH, WORKERS, run, score

# a, b and c of a·e^(b(u^c + v^c)) for luma and for chroma, as src/jpeg/quant.rs has them.
CHOSEN = (16.0, 0.12, 1.3, 9.6, 0.2, 1.1)
# Luma's `a` only sets what factor 1 means, so it stays; the others are drawn between these.
RANGES = ((16.0, 16.0), (0.06, 0.24), (0.9, 1.6), (6.0, 18.0), (0.1, 0.34), (0.8, 1.5))
SEED = 1


def judged(families, photos, caps):
    """The score of each case with these tables, None where the limit was not met."""
    out = SCRATCH / f"tables_{os.getpid()}.jpg"
    scores = []
    for photo in photos:
        for cap in caps:
            if photo.stat().st_size <= cap:
                continue
            numbers = ",".join(f"{number:.4f}" for number in families)
            done = run([WORKERS / "worker", "tables", numbers, photo, cap, out])
            scores.append(score(photo, out) if done.status == 0 else None)
    out.unlink(missing_ok=True)
    return scores


def search(photos, caps, draws):
    """Prints the mean of the chosen tables, then each draw that is better than all before it."""
    source = random.Random(SEED)
    print("| draw | luma a, b, c | chroma a, b, c | mean | worst against the chosen |")
    print("|---|---|---|---|---|")
    chosen = judged(CHOSEN, photos, caps)
    best = None
    for draw in range(draws + 1):
        if draw == 0:
            families, scores = CHOSEN, chosen
        elif draw % 2 and best:
            # Every other draw stays near the best.
            near = [source.gauss(value, (high - low) / 12) for value, (low, high) in zip(best[1], RANGES)]
            families = tuple(min(max(value, low), high) for value, (low, high) in zip(near, RANGES))
            scores = judged(families, photos, caps)
        else:
            families = tuple(source.uniform(low, high) for low, high in RANGES)
            scores = judged(families, photos, caps)
        if any(value is None for value in scores):
            continue
        mean = sum(scores) / len(scores)
        if best is None or mean > best[0]:
            best = (mean, families)
            worst = min(value - other for value, other in zip(scores, chosen))
            numbers = [f"{number:.3g}" for number in families]
            luma, chroma = ", ".join(numbers[:3]), ", ".join(numbers[3:])
            print(f"| {draw} | {luma} | {chroma} | {mean:.2f} | {worst:+.2f} |", flush=True)
