"""The comparison: ours beside what people use, on the same photographs, in one run."""

import argparse
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import animations
import batch
import exhaustive
import tables
from measure import ROOT, SCRATCH, WORKERS, median, quantile, run, score

HERE = Path(__file__).resolve().parent


def imagemagick():
    """The real one: other programs are called `convert` too."""
    for name in ("magick", "convert-im6.q16", "convert"):
        path = shutil.which(name)
        if path and b"ImageMagick" in run([path, "-version"]).output:
            return path
    raise SystemExit("ImageMagick is missing: run benches/compare/setup")


@dataclass
class Way:
    """One way to fit a photograph: how to call it, and what was seen of it."""

    name: str
    command: object
    reports_cpu: bool = False
    to_stdout: bool = False
    slow: bool = False
    rows: list = field(default_factory=list)

    def fit(self, photo, cap, out, repeat):
        """Runs it `repeat` times, a slow one once; returns its median CPU seconds and its peak memory."""
        times, peak = [], 0
        for _ in range(1 if self.slow else repeat):
            out.unlink(missing_ok=True)
            if self.to_stdout:
                with out.open("wb") as target:
                    done = run(self.command(photo, cap, out), stdout=target)
            else:
                done = run(self.command(photo, cap, out))
            times.append(float(done.output) if self.reports_cpu and done.status == 0 else done.cpu_s)
            peak = max(peak, done.peak_bytes)
        return median(times), peak


def ways():
    def worker(way):
        return lambda photo, cap, out: [WORKERS / "worker", way, photo, cap, out]

    magick = imagemagick()
    python = [sys.executable, "-B", HERE / "pillow_loop.py"]
    return [
        Way("**mmsfit** (`fit_image`)", worker("mmsfit")),
        Way("mmsfit, its engine alone", worker("mmsfit-engine")),
        Way("libjpeg-turbo, 2048 px box, bisect", worker("turbo-box")),
        Way("libjpeg-turbo, bisect at full size", worker("turbo-full")),
        Way("Pillow, draft decode, 2048 px box, bisect", lambda p, c, o: [*python, p, c, o], reports_cpu=True, slow=True),
        Way("ImageMagick `jpeg:extent`", lambda p, c, o: [magick, p, "-define", f"jpeg:extent={c}B", o], slow=True),
        Way(
            "jpegoptim `--size`",
            lambda p, c, o: ["jpegoptim", "--quiet", "--stdout", f"--size={c // 1024}k", p],
            to_stdout=True,
            slow=True,
        ),
        Way("the `image` crate, 2048 px box, bisect", worker("image-box"), slow=True),
        Way("the `image` crate, bisect at full size", worker("image-full"), slow=True),
    ]


def decode_time(photo, repeat):
    """CPU seconds of one full libjpeg-turbo decode, colours and upsampling at their defaults."""
    with open("/dev/null", "wb") as nowhere:
        return median([run(["djpeg", photo], stdout=nowhere).cpu_s for _ in range(max(repeat, 3))])


def measure(photos, caps, repeat, with_scores):
    everyone = ways()
    out = SCRATCH / "out.jpg"
    print("| photograph | cap | " + " | ".join(way.name for way in everyone) + " |", file=sys.stderr)
    for photo in photos:
        decode = decode_time(photo, repeat)
        for cap in caps:
            if photo.stat().st_size <= cap:
                continue
            shown = []
            for way in everyone:
                cpu, peak = way.fit(photo, cap, out, repeat)
                length = out.stat().st_size if out.exists() else 0
                points = score(photo, out) if with_scores and length else None
                way.rows.append((photo, cap, cpu / decode, length, points, peak))
                shown.append(f"{cpu / decode:.2f} x {length / cap:.3f}" + ("" if points is None else f" {points:.1f}"))
            print(f"| {photo.stem} | {cap:,} | " + " | ".join(shown) + " |", file=sys.stderr, flush=True)
    return everyone


def summary(everyone, caps):
    """The table: one row a way."""
    cases = len(everyone[0].rows)
    photos = len({row[0] for row in everyone[0].rows})
    print(f"{photos} photographs, {cases} cases (a photograph under its cap already is none).")
    print("Time: CPU of the whole process over one djpeg decode of the same file, median and worst.")
    print("Fill: bytes over cap, median and 5th percentile. Points: mean SSIMULACRA2 in a 1440 px box.\n")
    points = [f"at {cap // 1000:,} KB" for cap in caps]
    print("| way | time | worst | over the cap | fill | 5 % | " + " | ".join(points) + " | peak memory |")
    print("|---" * (7 + len(caps)) + "|")
    for way in everyone:
        ratios = [row[2] for row in way.rows]
        fills = [row[3] / row[1] for row in way.rows]
        over = sum(row[3] > row[1] or row[3] == 0 for row in way.rows)
        cells = [way.name, f"{median(ratios):.2f} x", f"{max(ratios):.2f} x", f"{over} of {cases}"]
        cells += [f"{median(fills):.3f}", f"{quantile(fills, 0.05):.3f}"]
        for cap in caps:
            scores = [row[4] for row in way.rows if row[1] == cap and row[4] is not None]
            cells.append(f"{sum(scores) / len(scores):.1f}" if scores else "")
        cells.append(f"{max(row[5] for row in way.rows) / 1e6:.0f} MB")
        print("| " + " | ".join(cells) + " |")


def repository_photos():
    """The photographs of the repository that are as large as a phone's."""
    return sorted(path for path in (ROOT / "fixtures/photos").glob("*.jpg") if re.search(r"_\d+mp_", path.name))


def main():
    parser = argparse.ArgumentParser(prog="benches/compare/run", description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path, help="JPEG files; default: the repository's large photographs")
    parser.add_argument("--caps", help="caps in bytes, with commas between; default: 300000,500000,1000000")
    parser.add_argument("--repeat", type=int, default=3, help="runs a measurement, of which the median counts")
    parser.add_argument("--no-scores", action="store_true", help="leave out SSIMULACRA2: time and bytes alone")
    parser.add_argument("--exhaustive", action="store_true", help="ours beside the best of every scale, chroma, quality")
    parser.add_argument("--tables", type=int, metavar="DRAWS", help="searches quantisation tables in so many draws")
    parser.add_argument("--batch", action="store_true", help="one core beside two on a folder; the command's start")
    parser.add_argument("--animations", action="store_true", help="GIFs under 600,000 bytes, or the first of --caps")
    asked = parser.parse_args()
    caps = [int(cap) for cap in (asked.caps or "300000,500000,1000000").split(",")]
    SCRATCH.mkdir(parents=True, exist_ok=True)
    named = [path.resolve() for path in asked.photos]
    if asked.animations:
        animations.report(named or animations.repository_animations(), caps[0] if asked.caps else 600_000)
        return
    photos = named or repository_photos()
    if asked.exhaustive:
        exhaustive.table(photos, caps)
    elif asked.tables is not None:
        tables.search(photos, [int(cap) for cap in (asked.caps or "300000,500000").split(",")], asked.tables)
    elif asked.batch:
        batch.report(photos)
    else:
        summary(measure(photos, caps, asked.repeat, not asked.no_scores), caps)


if __name__ == "__main__":
    main()
