"""Times the stages between the file and the segments, with the C engine and without it.

    python bench/engine.py CAPTURE [--packets 500000] [--repeat 5]

Blocks go through all stages one after the other, as in an audit, so that each finds in the cache what the one before
left there. Shown is the CPU time of the main thread in ns per packet, the best of all rounds for each stage; the hash
of the file runs in a thread of its own and is not in it. Every direction of a flow is closed at its first segment.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from iotaudit import native
from iotaudit.assemble import Assembler
from iotaudit.capture import open_inputs
from iotaudit.capture.duplicates import DuplicateFrames
from iotaudit.capture.layers import arp_senders, decode
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import FrameBatch
from iotaudit.model.want import ALL, NOTHING
from iotaudit.native.library import Engine

STAGES = ("read", "duplicates", "decode", "arp", "assemble")


class Stopwatch:
    """CPU time of this thread by stage."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(STAGES, 0)
        self.packets = 0
        self._since = time.thread_time_ns()

    def lap(self, stage: str) -> None:
        """Counts the time since the last lap for this stage."""
        now = time.thread_time_ns()
        self.spent[stage] += now - self._since
        self._since = now


@contextmanager
def using(engine: Engine | None) -> Iterator[None]:
    """Runs the program on this engine, or on none."""

    def chosen() -> Engine | None:
        return engine

    with mock.patch.object(native, "engine", chosen):
        yield


def measure(path: str, packets: int) -> Stopwatch:
    """Runs so many packets of a capture through the stages."""
    problems, duplicates = ProblemTally(), DuplicateFrames()
    assembler = Assembler(problems, accelerator=native.engine())
    watch = Stopwatch()
    for batch in open_inputs([path])[0].read():
        watch.lap("read")
        if not isinstance(batch, FrameBatch):
            continue
        watch.packets += len(batch.number)
        duplicates.feed(batch)
        watch.lap("duplicates")
        table = decode(batch, problems)
        watch.lap("decode")
        senders = arp_senders(batch, problems)
        watch.lap("arp")
        for segment in assembler.feed(table):
            assembler.want(segment.flow, (NOTHING, ALL) if segment.outbound else (ALL, NOTHING))
        assembler.arp(senders.number, senders.mac, senders.ip)
        watch.lap("assemble")
        if watch.packets >= packets:
            break
    return watch


def main() -> None:
    """Prints one row for each stage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("capture")
    parser.add_argument("--packets", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    engine = native.engine()
    columns = {"Python": None} if engine is None else {"Python": None, "C engine": engine}
    rows = {stage: dict.fromkeys(columns, float("inf")) for stage in (*STAGES, "all")}
    for _ in range(options.repeat):
        for name, chosen in columns.items():
            with using(chosen):
                watch = measure(options.capture, options.packets)
            for stage, spent in (*watch.spent.items(), ("all", sum(watch.spent.values()))):
                rows[stage][name] = min(rows[stage][name], spent / max(watch.packets, 1))
    sys.stdout.write(f"{'ns/packet':12}" + "".join(f"{name:>10}" for name in columns) + "\n")
    for stage, row in rows.items():
        sys.stdout.write(f"{stage:12}" + "".join(f"{value:10.0f}" for value in row.values()) + "\n")


if __name__ == "__main__":
    main()
