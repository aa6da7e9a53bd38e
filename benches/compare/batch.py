"""A folder of photographs on one thread and on two, and how long the command takes to start."""

import os
import shutil
import time

from measure import ROOT, SCRATCH, median

COMMAND = ROOT / "target/release/mmsfit"
COPIES = 10


def spent(command):
    """Wall and CPU seconds of one run, which must end well."""
    start = time.monotonic()
    child = os.posix_spawn(command[0], [str(word) for word in command], os.environ, file_actions=QUIET)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - start
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise SystemExit(f"{command[0]} ended with {code}")
    return wall, usage.ru_utime + usage.ru_stime


QUIET = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]


def contents(folder):
    """Every file of a folder with its bytes."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def report(photos):
    """Prints both measurements."""
    folder = SCRATCH / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for copy in range(COPIES):
        for photo in photos:
            shutil.copy(photo, folder / f"{copy}_{photo.name}")
    results, made = {}, {}
    # The turns alternate, and the better of three counts: other work on the machine only ever adds.
    for _ in range(3):
        for jobs in (1, 2):
            out = SCRATCH / f"out_{jobs}"
            shutil.rmtree(out, ignore_errors=True)
            command = [COMMAND, "--jobs", jobs, "preflight", "--provider", "sinch", "--fix", "--out", out, folder]
            results[jobs] = min(results.get(jobs, (1e9, 0)), spent(command))
            made[jobs] = contents(out)
    count = len(photos) * COPIES
    print(f"`mmsfit preflight --provider sinch --fix` over {count} photographs, {os.cpu_count()} cores\n")
    print("| jobs | wall | CPU | photographs a second |")
    print("|---|---|---|---|")
    for jobs, (wall, cpu) in results.items():
        print(f"| {jobs} | {wall:.2f} s | {cpu:.2f} s | {count / wall:.1f} |")
    same = "the same bytes" if made[1] == made[2] else "DIFFERENT BYTES"
    print(f"\nTwo over one: {results[1][0] / results[2][0]:.2f} x; {len(made[1])} files, {same}.")
    starts = [spent([COMMAND, "--version"]) for _ in range(50)]
    wall = [start[0] * 1000 for start in starts]
    cpu = [start[1] * 1000 for start in starts]
    print(
        f"\nStart (`mmsfit --version`, 50 runs): mean {sum(wall) / 50:.2f} ms, median {median(wall):.2f} ms, "
        f"worst {max(wall):.2f} ms; CPU mean {sum(cpu) / 50:.2f} ms."
    )
    if made[1] != made[2]:
        raise SystemExit(1)
