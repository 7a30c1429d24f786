"""Times each stage of an audit, with the C engine and without it: CPU time of the main thread, wall time, peak memory.

    python bench/stages.py CAPTURE | --size 100M  [--engine on|off|both] [--profile]

A stage is what runs in its room, without what it calls in others: segments are dissected while a block is assembled,
and their content is searched while they are dissected. Each crossing of a border costs about a microsecond of
measuring, which is in the figures (so the sum is above what `bench/run.py` says). `--profile` shows instead the
thirty functions that take most, by cProfile, which slows Python code far more than C code.
"""

import argparse
import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

# the script runs from a checkout by its path, and so finds its neighbours
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.make_capture import size_of
from iotaudit import dissect, pipeline, report
from iotaudit.assemble import Assembler
from iotaudit.capture import InputReader
from iotaudit.capture.duplicates import DuplicateFrames
from iotaudit.detect import Detector
from iotaudit.dissect import FlowDissector

STAGES = ("load", "read", "decode", "assemble", "dissect", "detect", "conclude", "report", "pipeline")
PLACES: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("load", pipeline, ("load_knowledge", "load_packs", "open_inputs")),
    ("read", InputReader, ("read", "facts")),
    ("decode", pipeline.reading, ("decode", "arp_senders")),
    ("decode", DuplicateFrames, ("feed",)),
    ("assemble", Assembler, ("feed", "flush", "arp", "want", "endpoints", "table", "hosts")),
    ("dissect", dissect, ("open_flow",)),
    ("dissect", FlowDissector, ("feed", "close", "summary")),
    ("detect", Detector, ("feed", "finish")),
    ("conclude", pipeline, ("conclude",)),
)
"""Where a stage begins: what is called at the border of its room."""
GENERATORS = {(InputReader, "read"), (Assembler, "feed"), (Assembler, "flush")}


class Stopwatch:
    """Wall and CPU time of this thread by stage; the time of a stage that is called goes to that one alone."""

    def __init__(self) -> None:
        self.wall_ns = dict.fromkeys(STAGES, 0)
        self.cpu_ns = dict.fromkeys(STAGES, 0)
        self._stack = ["pipeline"]
        self._wall = time.perf_counter_ns()
        self._cpu = time.thread_time_ns()

    def enter(self, stage: str) -> None:
        """Begins a stage."""
        self._lap()
        self._stack.append(stage)

    def leave(self) -> None:
        """Ends it."""
        self._lap()
        self._stack.pop()

    def function(self, stage: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Gives a function whose time goes to a stage."""

        def timed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it is
            self.enter(stage)
            try:
                return inner(*args, **kwargs)
            finally:
                self.leave()

        return timed

    def generator(self, stage: str, inner: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """Gives a generator whose time goes to a stage, from each request to its answer."""

        def timed(*args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401 - whatever it is
            items = inner(*args, **kwargs)
            while True:
                self.enter(stage)
                try:
                    item = next(items)
                except StopIteration:
                    return
                finally:
                    self.leave()
                yield item

        return timed

    def _lap(self) -> None:
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        self.wall_ns[self._stack[-1]] += wall - self._wall
        self.cpu_ns[self._stack[-1]] += cpu - self._cpu
        self._wall, self._cpu = wall, cpu


def measure(path: str) -> dict[str, Any]:
    """Audits a capture and gives the seconds by stage, packets, bytes and peak memory."""
    watch = Stopwatch()
    with ExitStack() as stack:
        for stage, owner, names in PLACES:
            for name in names:
                wrap = watch.generator if (owner, name) in GENERATORS else watch.function
                stack.enter_context(mock.patch.object(owner, name, wrap(stage, getattr(owner, name))))
        result = pipeline.audit(path)
        watch.function("report", _write)(result)
    facts = result.inputs[0]
    return {
        "cpu_ns": watch.cpu_ns,
        "wall_ns": watch.wall_ns,
        "packets": facts.packets,
        "bytes": facts.bytes,
        "flows": len(result.flow_rows),
        "rss_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def _write(result: Any) -> None:  # noqa: ANN401 - an audit
    with Path(os.devnull).open("wb") as out:
        out.writelines(report.pieces(report.document(result, lazy=True)))


def profile(path: str) -> None:
    """Shows the functions that take most of an audit's time."""
    profiler = cProfile.Profile()
    profiler.enable()
    _write(pipeline.audit(path))
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)


def compare(path: str, engines: dict[str, str]) -> str:
    """Gives the table: each engine is measured in a process of its own."""
    found = {}
    for title, setting in engines.items():
        command = [sys.executable, __file__, path, "--child"]
        done = subprocess.run(command, env=os.environ | {"IOTAUDIT_NATIVE": setting}, stdout=subprocess.PIPE, check=True)  # noqa: S603
        found[title] = json.loads(done.stdout)
    first = next(iter(found.values()))
    lines = [f"{first['packets']} packets, {first['bytes']} bytes, {first['flows']} conversations", ""]
    lines.append(f"{'':10}" + "".join(f"{title:>32}" for title in found))
    lines.append(f"{'stage':10}" + f"{'CPU s':>10}{'wall s':>10}{'ns/packet':>12}" * len(found))
    rows = [*((stage, (stage,)) for stage in STAGES), ("all", STAGES)]
    for title, stages in rows:
        cells = [f"{title:10}"]
        for one in found.values():
            cpu, wall = (sum(one[clock][stage] for stage in stages) for clock in ("cpu_ns", "wall_ns"))
            cells.append(f"{cpu / 1e9:10.2f}{wall / 1e9:10.2f}{cpu / max(one['packets'], 1):12.0f}")
        lines.append("".join(cells))
    for title, one in found.items():
        wall = sum(one["wall_ns"].values()) / 1e9
        rate = f"{one['packets'] / wall:,.0f} packets/s, {one['bytes'] / wall / 1e6:.1f} MB/s"
        lines.append(f"{title}: {rate}, peak memory {one['rss_kib'] / 1024:.0f} MiB")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures a capture, or one that is made for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", nargs="?")
    parser.add_argument("--size", type=size_of, help="make a capture of this size instead")
    parser.add_argument("--engine", choices=("on", "off", "both"), default="both")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if (options.capture is None) == (options.size is None):
        parser.error("name a capture, or give --size")
    with tempfile.TemporaryDirectory() as folder:
        path = options.capture or _made(Path(folder), options.size)
        if options.child:
            sys.stdout.write(json.dumps(measure(path)))
        elif options.profile:
            profile(path)
        else:
            engines = {"C engine": "1", "Python": "0"}
            wanted = {"on": ("C engine",), "off": ("Python",), "both": tuple(engines)}[options.engine]
            sys.stdout.write(compare(path, {title: engines[title] for title in wanted}))


def _made(folder: Path, size: int) -> str:
    path = str(folder / "lab.pcap")
    script = Path(__file__).with_name("make_capture.py")
    subprocess.run([sys.executable, script, "--size", str(size), "--out", path], check=True)  # noqa: S603
    return path


if __name__ == "__main__":
    main()
