"""Fuzzes all that reads hostile bytes: guided by coverage where atheris is installed, else by mutation alone.

`python tools/fuzz/run.py --minutes 20` gives each target its share; `--target dissect:tls` takes one, `--list`
names them, `--replay TARGET HEX` runs one input again. Found is an exception that leaves, more time than grows
with the size of the input, or memory that jumps. What was found stands in the folder `--out` as JSON, with the
shortest input in hex.
"""

import argparse
import importlib
import importlib.util
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Protocol

SECONDS_BASE = 1.0
SECONDS_PER_BYTE = 40e-6
"""CPU time that an input may take, by what it is stretched to: far above what a linear reader needs."""
RSS_JUMP_KIB = 192 << 10
LONGEST_LEN = 8192
SAVED_EVERY_S = 1.0
"""libFuzzer ends the process without a word, so what was found is written as it goes."""


class Target(Protocol):
    """What is fuzzed, as `targets.py` gives it."""

    name: str
    is_talk: bool

    def call(self, data: bytes, /) -> object:
        """Takes one input."""


class Watch:
    """Runs a target on inputs, and keeps what went wrong by its place: the shortest input of each."""

    def __init__(self, target: Target, out: Path | None) -> None:
        self._target = target
        self._out = out
        self._saved = 0.0
        self.count = 0
        self.slowest = (0.0, b"")
        self.found: dict[str, tuple[str, bytes]] = {}

    def run(self, data: bytes) -> None:
        """Takes one input."""
        self.count += 1
        if time.monotonic() > self._saved + SAVED_EVERY_S:
            self.save()
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        try:
            self._target.call(data)
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = "/".join(Path(frame.filename).parts[-2:])
            self._keep(
                f"{type(error).__name__} in {where}:{frame.lineno}", traceback.format_exc(limit=-8), data
            )
        took = time.process_time() - began
        if took > self.slowest[0]:
            self.slowest = took, data
        size = len(data)
        if self._target.is_talk and data and data[0] >> 4 & 7:
            size += 1024 << (data[0] >> 4 & 7)
        if took > SECONDS_BASE + SECONDS_PER_BYTE * size:
            self._keep("slow", f"{took:.2f} s of CPU for {size} bytes", data)
        jump = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        if jump > RSS_JUMP_KIB and self.count > 1:
            self._keep("memory", f"the peak rose by {jump >> 10} MiB for {size} bytes", data)

    def _keep(self, what: str, detail: str, data: bytes) -> None:
        known = self.found.get(what)
        if known is None or len(data) < len(known[1]):
            self.found[what] = (detail, data)
            self.save()

    def save(self) -> None:
        """Writes what was found so far."""
        self._saved = time.monotonic()
        if self._out is None:
            return
        rows = [{"what": w, "detail": d, "input": data.hex()} for w, (d, data) in sorted(self.found.items())]
        slowest = {
            "seconds": round(self.slowest[0], 3),
            "input_len": len(self.slowest[1]),
            "input": self.slowest[1].hex(),
        }
        report = {"target": self._target.name, "inputs": self.count, "slowest": slowest, "found": rows}
        name = self._target.name.replace(":", "-")
        (self._out / f"{name}.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def mutate(seeds: list[bytes], watch: Watch, seconds: float, seed: int) -> None:
    """Runs the seeds, then changed ones until the time is over."""
    dice = random.Random(seed)  # noqa: S311 - inputs, not secrets
    for data in seeds:
        watch.run(data)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        watch.run(changed(dice.choice(seeds), dice.choice(seeds), dice))


def changed(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Gives the bytes with a few changes."""
    found = bytearray(data or b"\0")
    for _ in range(dice.choice((1, 1, 2, 4, 8))):
        at = dice.randrange(len(found))
        match dice.randrange(7):
            case 0:
                found[at] ^= 1 << dice.randrange(8)
            case 1:
                found[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
            case 2:
                del found[at : at + dice.choice((1, 2, 8, 64))]
            case 3:
                found[at:at] = found[at : at + dice.choice((1, 4, 16, 64))] * dice.choice((1, 2, 16))
            case 4:
                found[at:at] = dice.randbytes(dice.choice((1, 2, 4, 16)))
            case 5:
                found[at : at + 4] = dice.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\xff\xff")
                )
            case _:
                found[at:] = other[dice.randrange(len(other) + 1) :]
        found = found[:LONGEST_LEN] or bytearray(b"\0")
    if dice.randrange(4) == 0:
        found[0] = dice.randrange(256)
    return bytes(found)


def _guided(seeds: list[bytes], watch: Watch, seconds: float, folder: Path) -> None:
    """Runs libFuzzer, which ends the process."""
    atheris = importlib.import_module("atheris")
    for number, data in enumerate(seeds):
        (folder / f"seed{number}").write_bytes(data[:LONGEST_LEN])
    options = [
        f"-max_total_time={max(1, int(seconds))}",
        f"-max_len={LONGEST_LEN}",
        "-timeout=120",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup([sys.argv[0], "-verbosity=0", "-print_final_stats=0", *options, str(folder)], watch.run)
    atheris.Fuzz()


def _one(name: str, arguments: argparse.Namespace) -> None:
    """Fuzzes one target in this process."""
    guided = arguments.engine != "mutation" and importlib.util.find_spec("atheris") is not None
    if guided:
        atheris = importlib.import_module("atheris")
        with atheris.instrument_imports(
            include=["iotaudit.dissect", "iotaudit.codec", "iotaudit.capture", "iotaudit.detect"]
        ):
            targets = importlib.import_module("tools.fuzz.targets")
    else:
        targets = importlib.import_module("tools.fuzz.targets")
    targets.unguard()
    target = next(row for row in targets.targets() if row.name == name)
    if arguments.replay:
        watch = Watch(target, None)
        data = bytes.fromhex(arguments.replay[1])
        watch.run(data)
        told = (f"{what}\n{detail}" for what, (detail, _) in watch.found.items())
        print(f"{watch.slowest[0]:.3f} s", *told)  # noqa: T201
        return
    watch = Watch(target, arguments.out)
    captures = sorted(
        p
        for folder in arguments.captures
        for p in Path(folder).rglob("*.pcap*")
        if p.stat().st_size < 1 << 23
    )
    seeds = importlib.import_module("tools.fuzz.seeds").seeds_of(target, captures)
    watch.save()
    if not guided:
        mutate(seeds, watch, arguments.minutes * 60, arguments.seed)
        watch.save()
        return
    with tempfile.TemporaryDirectory() as folder:
        _guided(seeds, watch, arguments.minutes * 60, Path(folder))


def _all(names: list[str], arguments: argparse.Namespace) -> int:
    """Fuzzes target by target, each in a process of its own, and says what was found."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    share = arguments.minutes / len(names)
    total = 0
    for name in names:
        call = [
            sys.executable,
            __file__,
            "--only",
            name,
            "--minutes",
            str(share),
            "--out",
            str(arguments.out),
        ]
        call += ["--engine", arguments.engine, "--seed", str(arguments.seed)]
        call += ["--captures", *arguments.captures]
        done = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603
        path = arguments.out / f"{name.replace(':', '-')}.json"
        report: dict[str, Any] = {"inputs": 0, "found": [], "slowest": {}}
        if path.is_file():
            report = json.loads(path.read_text("utf-8"))
        total += len(report["found"])
        slowest = report["slowest"].get("seconds", 0)
        line = f"{name}: {report['inputs']} inputs, slowest {slowest} s, {len(report['found'])} found"
        print(line if not done.returncode else f"{line}, ended with {done.returncode}", flush=True)  # noqa: T201
        if done.returncode and not report["inputs"]:
            print(done.stderr[-2000:])  # noqa: T201
        for row in report["found"]:
            print("  ", row["what"], row["input"][:200])  # noqa: T201
    return 1 if total else 0


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument(
        "--captures", nargs="*", default=[str(Path(__file__).resolve().parents[2] / "captures")]
    )
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "iotaudit-fuzz")
    parser.add_argument("--engine", choices=("auto", "mutation"), default="auto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "HEX"))
    arguments = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).resolve().parents[2])]
    if arguments.only or arguments.replay:
        _one(arguments.only or arguments.replay[0], arguments)
        return 0
    names = [row.name for row in importlib.import_module("tools.fuzz.targets").targets()]
    if arguments.list:
        print("\n".join(names))  # noqa: T201
        return 0
    return _all(arguments.target or names, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
