"""Runs a command and reads what the kernel counted for it."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ROOT / "target/compare/release"
SCRATCH = ROOT / "target/compare/scratch"
# One thread each, for tools that would take more.
ALONE = dict(os.environ, OMP_NUM_THREADS="1", MAGICK_THREAD_LIMIT="1", RAYON_NUM_THREADS="1")


@dataclass
class Run:
    """One finished process. Linux counts the peak of the parent at the moment of the fork too: some 12 MB."""

    status: int
    cpu_s: float
    peak_bytes: int
    output: bytes


def run(command, stdout=subprocess.PIPE):
    """Runs a command alone; its standard error is shown only when it fails."""
    with subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, env=ALONE
    ) as child:
        output = child.stdout.read() if child.stdout else b""
        complaint = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.stderr.write(f"{command[0]} ended with {child.returncode}: {complaint.decode(errors='replace')[:300]}\n")
    return Run(child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def digest(path):
    """A short name for the bytes of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def kept(store, key, find):
    """A figure that depends on nothing but the bytes in its key: found once, remembered in a JSON file."""
    path = ROOT / "target/compare" / store
    known = json.loads(path.read_text()) if path.exists() else {}
    if key not in known:
        value = find()
        # Another run may have added to it meanwhile.
        known = json.loads(path.read_text()) if path.exists() else {}
        known[key] = value
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(known, indent=1))
        beside.replace(path)
    return known[key]


def score(original, other):
    """SSIMULACRA2 of a file against its original, both in a 1440 px box; None where it cannot be read."""

    def found():
        done = run([WORKERS / "worker", "score", original, other])
        return float(done.output) if done.status == 0 else None

    return kept("scores.json", f"{digest(original)} {digest(other)}", found)


def quantile(values, share):
    """The value at a share of the sorted ones, between neighbours in proportion."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * share
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median(values):
    return quantile(values, 0.5)
