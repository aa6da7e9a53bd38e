"""A folder of photographs on one core and on two, and how long the command takes to start."""

import os
import shutil
import time

from measure import ROOT, SCRATCH, median

COMMAND = ROOT / "target/release/mmsfit"
COPIES = 10
HALVES = ("a", "b")


def spent(*commands):
    """Wall and CPU seconds of commands that start together, of which each must end well."""
    start = time.monotonic()
    children = [
        (os.posix_spawn(command[0], [str(word) for word in command], os.environ, file_actions=QUIET), command[0])
        for command in commands
    ]
    cpu = 0
    for child, name in children:
        _, status, usage = os.wait4(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            raise SystemExit(f"{name} ended with {code}")
        cpu += usage.ru_utime + usage.ru_stime
    return time.monotonic() - start, cpu


QUIET = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]


def contents(folder):
    """Every file of a folder with its bytes."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def report(photos):
    """Prints both measurements."""
    folder = SCRATCH / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    for half in HALVES:
        (folder / half).mkdir(parents=True)
    for copy in range(COPIES):
        for index, photo in enumerate(photos):
            shutil.copy(photo, folder / HALVES[(copy + index) % 2] / f"{copy}_{photo.name}")
    cores = sorted(os.sched_getaffinity(0))[:2]

    def command(way, of, jobs):
        out = SCRATCH / f"out_{way.replace(' ', '_')}"
        shutil.rmtree(out, ignore_errors=True)
        return [COMMAND, "--jobs", jobs, "preflight", "--provider", "sinch", "--fix", "--out", out / of.name, of]

    # With one job the second core still writes files; on one core nothing runs beside the work. What two processes that
    # share nothing reach is what the machine has to give.
    ways = {
        "one core": (cores[:1], lambda way: [command(way, folder, 1)]),
        "one job": (cores, lambda way: [command(way, folder, 1)]),
        "two jobs": (cores, lambda way: [command(way, folder, 2)]),
        "two processes": (cores, lambda way: [command(f"{way} {half}", folder / half, 1) for half in HALVES]),
    }
    results, made = {}, {}
    # The turns alternate, and the best of five counts: other work on the machine only ever adds.
    for _ in range(5):
        for way, (on, commands) in ways.items():
            os.sched_setaffinity(0, on)
            results[way] = min(results.get(way, (1e9, 0)), spent(*commands(way)))
            os.sched_setaffinity(0, cores)
            if way != "two processes":
                made[way] = contents(SCRATCH / f"out_{way.replace(' ', '_')}")
    count = len(photos) * COPIES
    print(f"`mmsfit preflight --provider sinch --fix` over {count} photographs\n")
    print("| by | wall | CPU | photographs a second | over one core |")
    print("|---|---|---|---|---|")
    first = results["one core"][0]
    for way, (wall, cpu) in results.items():
        print(f"| {way} | {wall:.2f} s | {cpu:.2f} s | {count / wall:.1f} | {first / wall:.2f} x |")
    is_same = all(files == made["one core"] for files in made.values())
    print(f"\n{len(made['one core'])} files made: {'the same bytes' if is_same else 'DIFFERENT BYTES'} each time.")
    starts = [spent([COMMAND, "--version"]) for _ in range(50)]
    wall = [start[0] * 1000 for start in starts]
    cpu = [start[1] * 1000 for start in starts]
    print(
        f"\nStart (`mmsfit --version`, 50 runs): mean {sum(wall) / 50:.2f} ms, median {median(wall):.2f} ms, "
        f"worst {max(wall):.2f} ms; CPU mean {sum(cpu) / 50:.2f} ms."
    )
    if not is_same:
        raise SystemExit(1)
