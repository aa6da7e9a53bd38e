"""The best that an encoder can do at any price, found by trying, and how far ours is from it."""

import os

from measure import SCRATCH, WORKERS, digest, kept, median, quantile, run, score

SCALES = [0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.75, 1.0]
MODES = ["baseline", "progressive", "trellis"]


def tried(mode, photo, cap, scales):
    """The candidates of one mode, each the highest quality under the cap: (score, scale, chroma, quality, bytes)."""
    worker = WORKERS / ("trellis" if mode == "trellis" else "exhaustive")
    done = run([worker, mode, photo, cap, ",".join(map(str, scales))])
    if done.status != 0:
        raise SystemExit(f"the exhaustive search failed on {photo}")
    rows = [line.split("\t") for line in done.output.decode().splitlines()]
    return [(float(row[5]), float(row[1]), row[2], int(row[3]), int(row[4])) for row in rows]


def searched(photo, cap):
    """The best of each mode. Baseline tries every scale; the others, which cost more, the best one of baseline and
    its neighbours. Scale 1 is tried where 0.75 is within 3 points of the best."""
    found = tried("baseline", photo, cap, SCALES[:-1])
    if not found or max(found)[0] - max((row for row in found if row[1] == 0.75), default=(-99,))[0] < 3:
        found += tried("baseline", photo, cap, SCALES[-1:])
    best = {"baseline": max(found)}
    at = SCALES.index(best["baseline"][1])
    near = SCALES[max(at - 1, 0) : at + 2]
    for mode in MODES[1:]:
        best[mode] = max(tried(mode, photo, cap, near))
    return best


def table(photos, caps):
    """Prints the gap of ours to each search, case by case, then median and worst."""
    print("Best SSIMULACRA2 at each cap: every scale of", *SCALES, "x 4:2:0 and 4:4:4 x the highest quality that fits.")
    print("The gap is what ours falls short of it; negative where ours is ahead.\n")
    print("| photograph | cap | ours | fill | baseline | at | gap | progressive | at | gap | trellis | at | gap |")
    print("|---" * 13 + "|")
    gaps = {mode: [] for mode in MODES}
    out = SCRATCH / f"ours_{os.getpid()}.jpg"
    for photo in photos:
        for cap in caps:
            if photo.stat().st_size <= cap:
                continue
            done = run([WORKERS / "worker", "mmsfit", photo, cap, out])
            if done.status != 0:
                raise SystemExit(f"ours failed on {photo}")
            ours = score(photo, out)
            best = kept("exhaustive.json", f"{digest(photo)} {cap}", lambda: searched(photo, cap))
            cells = [photo.stem, f"{cap:,}", f"{ours:.2f}", f"{out.stat().st_size / cap:.3f}"]
            for mode in MODES:
                value, scale, chroma, quality, _ = best[mode]
                gaps[mode].append(value - ours)
                cells += [f"{value:.2f}", f"{scale:g} {chroma} q{quality}", f"{value - ours:+.2f}"]
            print("| " + " | ".join(cells) + " |", flush=True)
    print("\n| gap to | cases | median | 90 % | worst | ours ahead |")
    print("|---" * 6 + "|")
    for mode, values in gaps.items():
        if values:
            ahead = sum(value < 0 for value in values)
            row = f"{median(values):+.2f} | {quantile(values, 0.9):+.2f} | {max(values):+.2f} | {ahead}"
            print(f"| {mode} | {len(values)} | {row} |")
