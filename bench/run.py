"""Times whole audits: makes a capture, runs `iotaudit audit` on it several times, and shows wall, CPU and peak memory.

    python bench/run.py [--size 100M] [--repeat 5] [--option=--jobs=2 ...] [CAPTURE ...]

Each run is a process of its own that writes its JSON to the null device; CPU is user and system time of the process
with all its threads. A first run that fills the file cache is not counted.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# the script runs from a checkout by its path, and so finds its neighbours
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.make_capture import size_of


@dataclass(frozen=True, slots=True)
class Run:
    """One audit; `code` is its exit code."""

    wall_s: float
    cpu_s: float
    rss_kib: int
    code: int


def run(path: Path, options: list[str]) -> Run:
    """Audits a capture in a process of its own."""
    command = [sys.executable, "-m", "iotaudit", "audit", str(path), "--json", os.devnull, "--quiet", *options]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - begin
    process.returncode = code = os.waitstatus_to_exitcode(status)
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, code)


def row(path: Path, repeat: int, options: list[str]) -> str:
    """Gives the table's row for a capture."""
    run(path, options)
    runs = [run(path, options) for _ in range(repeat)]
    wall = [one.wall_s for one in runs]
    cpu = [one.cpu_s for one in runs]
    size = path.stat().st_size
    codes = ",".join(str(code) for code in sorted({one.code for one in runs}))
    return (
        f"{path.name:24}{size / 1e6:10.1f}{min(wall):10.2f}{statistics.median(wall):10.2f}{min(cpu):10.2f}"
        f"{statistics.median(cpu):10.2f}{size / min(wall) / 1e6:10.1f}{max(one.rss_kib for one in runs) / 1024:10.0f}"
        f"{codes:>6}\n"
    )


def main() -> None:
    """Prints a table with one row for each capture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", nargs="*", type=Path, metavar="CAPTURE")
    parser.add_argument("--size", type=size_of, default=size_of("100M"), help="of the capture that is made")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--option", action="append", default=[], help="handed to the audit; repeatable")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        captures = options.captures or [Path(folder) / "lab.pcap"]
        if not options.captures:
            script = Path(__file__).with_name("make_capture.py")
            command = [sys.executable, script, "--size", str(options.size), "--out", captures[0]]
            subprocess.run(command, check=True)  # noqa: S603
        columns = ("MB", "wall min", "median", "CPU min", "median", "MB/s", "MiB RSS")
        sys.stdout.write(f"{'capture':24}" + "".join(f"{title:>10}" for title in columns) + f"{'exit':>6}\n")
        for path in captures:
            sys.stdout.write(row(path, options.repeat, options.option))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
