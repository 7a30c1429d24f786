"""Invented conversations whose kind is known: when they sent how much, in packets, and what the patterns make of them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np

from iotaudit.assemble.shapes import FlowShapes
from iotaudit.detect.rhythm import PATTERNS, Around, Beat, Line, Talk

Packet = tuple[float, bool, int]
"""Seconds, whether the device sends it, payload bytes."""
SEGMENT = 1400
START = 1_700_000_000
RUNS = 10
"""Talks of each kind, each with figures of its own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One talk: its conversations, what else the device began, the steps that were marked."""

    lines: tuple[tuple[Packet, ...], ...]
    protocol: str = "tcp"
    dull: bool = False
    starts: tuple[float, ...] = ()
    steps: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a talk is. `right` is the type that fits, None: none; `why` says what is hard about it."""

    name: str
    right: str | None
    make: Callable[[random.Random], Sample]
    verdict: str
    """pass: to be found; fail: to be left alone; undecidable: looks like something else, which may be named."""


def _packets(at: float, length: int, seconds: float, *, up: bool) -> Iterator[Packet]:
    """Gives a length in full segments, evenly over some seconds."""
    count = max(1, -(-length // SEGMENT))
    for i in range(count):
        yield at + seconds * i / count, up, min(SEGMENT, length - i * SEGMENT)


def _hello(at: float) -> list[Packet]:
    """Gives a TLS handshake."""
    return [(at, True, 517), (at + 0.03, False, 1400), (at + 0.03, False, 1300), (at + 0.05, True, 93)]


def _video(dice: random.Random) -> Sample:
    rate = dice.choice((300_000, 800_000, 1_300_000, 4_000_000, 8_000_000))
    seconds = dice.choice((15, 60, 180))
    packets = _hello(0)
    for frame in range(seconds * 15):
        share = 4.0 if frame % 30 == 0 else 0.9
        length = int(rate / 8 / 15 * share * dice.uniform(0.6, 1.4))
        packets += _packets(1 + frame / 15, length, 0.05, up=True)
        if frame % 15 == 0:
            packets.append((1 + frame / 15, False, 60))
    return Sample((tuple(packets),), dice.choice(("tcp", "udp")))


def _snapshots(dice: random.Random) -> Sample:
    usual, every = dice.randint(40_000, 800_000), dice.randint(20, 120)
    lines = []
    for i in range(dice.randint(6, 12)):
        at = i * every * dice.uniform(0.9, 1.0)
        picture = _packets(at + 0.1, int(usual * dice.uniform(0.75, 1.25)), dice.uniform(0.3, 3), up=True)
        lines.append((*_hello(at), *picture, (at + 4, False, 300)))
    return Sample(tuple(lines))


def _map(dice: random.Random, step: str | None = "mapping") -> Sample:
    chatter = [(float(t), dice.random() < 0.5, dice.randint(80, 400)) for t in range(0, 900, 45)]
    upload = _packets(dice.uniform(250, 380), dice.randint(80_000, 4_000_000), dice.uniform(1, 9), up=True)
    steps = ((step, START + 200.0, START + 400.0),) if step else ()
    return Sample((tuple(sorted((*chatter, *upload))),), steps=steps)


def _voice(dice: random.Random) -> Sample:
    rate, packets = dice.choice((16_000, 24_000, 32_000, 64_000)), _hello(0)
    for i in range(dice.randint(1, 3)):
        at, seconds = 40.0 + 60 * i, dice.uniform(3.2, 8)
        count = int(seconds * 25)
        packets += [(at + n / 25, True, int(rate / 8 / 25 + 29)) for n in range(count)]
        packets += _packets(at + seconds + 0.4, dice.randint(8_000, 60_000), 2, up=False)
    return Sample((tuple(packets),))


def _heartbeat(dice: random.Random) -> Sample:
    every, length = dice.choice((10, 30, 60, 300)), dice.randint(150, 2500)
    lines = []
    for i in range(max(8, 400 // every)):
        at = i * every + dice.uniform(0, 0.04 * every)
        lines.append((at, True, int(length * dice.uniform(0.9, 1.1))))
        lines.append((at + 0.1, False, 80))
    return Sample((tuple(lines),))


def _firmware(dice: random.Random) -> Sample:
    length = dice.randint(3_000_000, 20_000_000)
    return Sample(((*_hello(0), (0.1, True, 240), *_packets(0.3, length, dice.uniform(5, 120), up=False)),))


def _command(dice: random.Random) -> Sample:
    line, starts = _hello(0), []
    for i in range(dice.randint(4, 7)):
        at = 60.0 + i * dice.uniform(80, 90)
        line += [(at, False, dice.randint(90, 400)), (at + 0.2, True, 60)]
        starts.append(at + dice.uniform(0.5, 3.5))
    return Sample((tuple(line),), starts=tuple(starts))


def _upload(dice: random.Random) -> Sample:
    return Sample(((*_hello(0), *_packets(0.2, dice.randint(100_000, 4_000_000), dice.uniform(0.5, 6), up=True)),))


def _browsing(dice: random.Random) -> Sample:
    lines = []
    for _ in range(dice.randint(3, 8)):
        at = dice.uniform(0, 200)
        packets = _hello(at)
        for _ in range(dice.randint(2, 12)):
            at += dice.uniform(0.05, 3)
            packets.append((at, True, dice.randint(300, 1300)))
            packets += _packets(at + 0.08, int(dice.lognormvariate(10, 1.3)) % 900_000, 0.5, up=False)
        lines.append(tuple(packets))
    return Sample(tuple(lines))


def _keep_alive(dice: random.Random) -> Sample:
    every = dice.choice((20, 60, 120))
    beats = [(float(i * every), up, 31) for i in range(20) for up in (True, False)]
    return Sample((tuple(beats),))


def _reach_check(dice: random.Random) -> Sample:
    """A new conversation each time, which only shows that the server can be reached."""
    every = dice.choice((30, 60, 120))
    return Sample(tuple((*_hello(float(i * every)), (i * every + 0.2, True, 115)) for i in range(15)))


def _update_check(dice: random.Random) -> Sample:
    lines = []
    for i in range(dice.randint(2, 4)):
        at = i * dice.uniform(300, 900)
        lines.append((*_hello(at), (at + 0.1, True, 420), *_packets(at + 0.2, dice.randint(400, 90_000), 0.4, up=False)))
    return Sample(tuple(lines))


def _resolver(dice: random.Random) -> Sample:
    at, packets = 0.0, _hello(0)
    for _ in range(dice.randint(20, 60)):
        at += 30 if dice.random() < 0.8 else dice.expovariate(0.2)
        packets += [(at, True, 170), (at + 0.02, False, 500)]
    return Sample((tuple(packets),), dull=True)


def _playing(dice: random.Random) -> Sample:
    packets = _hello(0)
    for i in range(dice.randint(30, 60)):
        packets.append((i * 4.0, True, 700))
        packets += _packets(i * 4.0 + 0.1, dice.randint(400_000, 1_200_000), 1.5, up=False)
    return Sample((tuple(packets),))


def _messages(dice: random.Random) -> Sample:
    at, packets = 0.0, _hello(0)
    for _ in range(dice.randint(10, 40)):
        at += dice.expovariate(1 / 40)
        packets.append((at, dice.random() < 0.5, dice.randint(60, 2000)))
    return Sample((tuple(packets),))


def _call(dice: random.Random) -> Sample:
    rate = dice.choice((24_000, 64_000))
    packets = [(n / 50, up, rate // 400 + 29) for n in range(50 * dice.randint(60, 120)) for up in (True, False)]
    return Sample((tuple(packets),), "udp")


def _news(dice: random.Random) -> Sample:
    """A push line beside a device that begins conversations on its own, at any time."""
    line = _hello(0)
    for i in range(6):
        line += [(60.0 + 80 * i, False, 200), (60.2 + 80 * i, True, 60)]
    return Sample((tuple(line),), starts=tuple(dice.uniform(0, 560) for _ in range(40)))


def _backup(dice: random.Random) -> Sample:
    rate, seconds = dice.choice((400_000, 2_000_000, 6_000_000)), dice.randint(15, 60)
    return Sample(((*_hello(0), *_packets(0.2, rate // 8 * seconds, seconds, up=True), (seconds + 1.0, False, 200)),))


def _logs(dice: random.Random) -> Sample:
    """Logs of like size, sent together now and then."""
    lines = []
    for i in range(8):
        upload = _packets(i * 60 + 0.1, int(60_000 * dice.uniform(0.9, 1.1)), 1, up=True)
        lines.append((*_hello(i * 60), *upload, (i * 60 + 2.0, False, 120)))
    return Sample(tuple(lines))


def _meter(dice: random.Random) -> Sample:
    """Measurements that go up as they come, and an answer."""
    packets = [(20 + n / 25, True, 140) for n in range(25 * dice.randint(5, 10))]
    return Sample(((*_hello(0), *packets, *_packets(packets[-1][0] + 0.5, 9_000, 1, up=False)),))


KINDS = (
    Kind("live video, 0.3 to 8 Mbit/s", "media.video", _video, "pass"),
    Kind("snapshots", "media.image", _snapshots, "pass"),
    Kind("map upload, step marked", "geo.floor_map", _map, "pass"),
    Kind("voice after a wake word", "media.audio", _voice, "pass"),
    Kind("heartbeat with a report", "usage.telemetry", _heartbeat, "pass"),
    Kind("firmware download", "device.os_firmware", _firmware, "pass"),
    Kind("commands on a push line", "usage.command", _command, "pass"),
    Kind("one upload, nothing marked", "traffic.opaque_upload", _upload, "pass"),
    Kind("web browsing", None, _browsing, "fail"),
    Kind("bare keep-alive", None, _keep_alive, "fail"),
    Kind("check that the server is there", None, _reach_check, "fail"),
    Kind("update check", None, _update_check, "fail"),
    Kind("DNS over TLS", None, _resolver, "fail"),
    Kind("video that is played", None, _playing, "fail"),
    Kind("messages at any time", None, _messages, "fail"),
    Kind("voice call", None, _call, "fail"),
    Kind("push line of a busy device", None, _news, "fail"),
    Kind("map upload, nothing marked", None, lambda dice: _map(dice, None), "undecidable"),
    Kind("backup over a slow line", None, _backup, "undecidable"),
    Kind("logs sent in bulk", None, _logs, "undecidable"),
    Kind("log upload in the marked step", None, _map, "undecidable"),
    Kind("measurements with an answer", None, _meter, "undecidable"),
)


def talk_of(sample: Sample, order: random.Random | None = None, parts: int = 1) -> Talk:
    """Gives the talk as the assembler sees its packets: in any order (`order`), in so many batches."""
    rows = [
        (flow, side, START + at, length)
        for flow, line in enumerate(sample.lines)
        for at, up, length in line
        for side in [0 if up else 1]
    ]
    rows.sort(key=lambda row: row[2])
    numbered = list(enumerate(rows, 1))
    if order is not None:
        order.shuffle(numbered)
    shapes = FlowShapes()
    size = -(-len(numbered) // parts)
    for begin in range(0, len(numbered), size):
        part = numbered[begin : begin + size]
        table = SimpleNamespace(
            payload_len=np.array([row[3] for _, row in part], np.int64),
            time_ns=np.array([round(row[2] * 1e9) for _, row in part], np.int64),
            number=np.array([number for number, _ in part], np.int64),
        )
        flow, side = (np.array([row[k] for _, row in part]) for k in (0, 1))
        shapes.add(table, flow, side.astype(np.uint8))  # type: ignore[arg-type]  # the columns that it reads
    found = shapes.shapes(np.zeros(len(sample.lines), np.uint8))
    names = ("start_s", "out", "into", "packets_out", "packets_into", "first", "begins_out")
    columns = [getattr(found, name).tolist() for name in names]
    beats: dict[int, list[Beat]] = {flow: [] for flow in range(len(sample.lines))}
    for number, *cells in zip(found.flow.tolist(), *columns, strict=True):
        beats[number].append(Beat(*cells))
    lines = tuple(
        Line(f"f{flow + 1}", sample.protocol, sample.dull, tuple(rows)) for flow, rows in beats.items()
    )
    end = max(row[2] for row in rows) + 60
    around = Around(tuple(sorted(int(START + at) for at in sample.starts)), (), START, int(end))
    return Talk("d", "dst1", found.width_s, lines, around, sample.steps)


@cache
def named() -> tuple[tuple[Kind, tuple[tuple[str, ...], ...]], ...]:
    """Gives for each kind the types that were named of each of its talks."""
    return tuple(
        (
            kind,
            tuple(
                tuple(p.DATA_TYPE for p in PATTERNS if p.find(talk_of(kind.make(random.Random(f"{kind.name} {run}")))))  # noqa: S311
                for run in range(RUNS)
            ),
        )
        for kind in KINDS
    )
