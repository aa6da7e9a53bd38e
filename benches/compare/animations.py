"""Animated GIFs under a cap: still animated, as long as before, looping as before, in how many whole encodes."""

from PIL import Image

from measure import ROOT, SCRATCH, WORKERS, run


def facts(path):
    """Size, frames, total duration in milliseconds and loop count of a GIF, as Pillow reads it."""
    with Image.open(path) as image:
        frames = image.n_frames
        duration = 0
        for index in range(frames):
            image.seek(index)
            duration += image.info.get("duration", 0)
        image.seek(0)
        return image.size, frames, duration, image.info.get("loop")


def report(paths, cap):
    """Prints one row an animation; ends badly where one is over the cap, still, or of another duration."""
    print("| animation | bytes | frames | size | duration | loop | made | frames | size | duration | loop | encodes | CPU |")
    print("|---" * 13 + "|")
    wrong = []
    out = SCRATCH / "out.gif"
    for path in paths:
        done = run([WORKERS / "worker", "mmsfit", path, cap, out])
        if done.status != 0:
            wrong.append(f"{path.name}: not fitted")
            continue
        encodes = done.output.decode().split()[1]
        before, after = facts(path), facts(out)
        cells = [path.name, f"{path.stat().st_size:,}", before[1], "{} x {}".format(*before[0]), f"{before[2]} ms", before[3]]
        cells += [f"{out.stat().st_size:,}", after[1], "{} x {}".format(*after[0]), f"{after[2]} ms", after[3]]
        cells += [encodes, f"{done.cpu_s:.2f} s"]
        print("| " + " | ".join(map(str, cells)) + " |")
        if out.stat().st_size > cap:
            wrong.append(f"{path.name}: over the cap")
        if after[1] < 2 or after[2:] != before[2:]:
            wrong.append(f"{path.name}: not the same animation")
    if wrong:
        raise SystemExit("\n".join(wrong))


def repository_animations():
    """The GIFs of the repository of about 2 MB."""
    return sorted(path for path in (ROOT / "fixtures/animations").glob("*.gif") if path.stat().st_size > 1_000_000)
