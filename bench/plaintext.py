"""Times the audit of a capture that is all plaintext against the same messages encrypted: what searching them costs.

    python bench/plaintext.py [--size 100M] [--repeat 3] [--keep FOLDER]

Both captures hold the same conversations with messages of the same lengths at the same times. In the one they are HTTP
with JSON, forms, logs and base64, and MQTT, and no value comes twice but those of the devices themselves (serial, mail
address, network); in the other each message is a TLS record. The time of a start on an empty capture is taken off both.
"""

import argparse
import base64
import json
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import BinaryIO

# the script runs from a checkout by its path, and so finds its neighbours
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.make_capture import FILE_HEADER, T0_NS, size_of
from bench.run import run
from bench.traffic import MS, SERVERS, VENDORS, Connection, Host, Traffic
from captures import messages as say

DEVICES = 24
MESSAGES = 20
"""Messages of one conversation."""
MQTT_SHARE = 0.4
MODES = ("moving", "docked", "charging", "mapping", "paused")
WORDS = ("started", "stopped", "wheel", "sensor", "upload", "retry", "connected", "schedule", "reached", "timeout", "error")
ROUTER_MAC = bytes.fromhex("02aa00000001")


class Device:
    """A device and what it says: every call gives a message of other values."""

    def __init__(self, number: int, random: Random) -> None:
        self.random = random
        self.host = Host(bytes((2, 0xBB, 0, 0, 1, number)), bytes((192, 168, 50, 20 + number)))
        self.vendor = VENDORS[number % len(VENDORS)]
        self.serial = f"{self.vendor[:3].upper()}-{number:04d}-{7919 * (number + 1) % 100_000:05d}"
        self.told = 0

    def exchange(self) -> tuple[bool, list[tuple[int, bytes]]]:
        """Gives whether it speaks MQTT, and the messages of one conversation: side (0 the device) and bytes."""
        if self.random.random() < MQTT_SHARE:
            return True, list(self._mqtt())
        return False, list(self._http())

    def _mqtt(self) -> Iterator[tuple[int, bytes]]:
        yield 0, say.mqtt_connect(self.serial, f"user-{self.serial}", "not-a-secret")
        yield 1, b"\x20\x02\x00\x00"
        for _ in range(MESSAGES):
            topic = f"{self.vendor}/{self.serial}/{self.random.choice(('state', 'event', 'pose'))}"
            yield 0, say.mqtt_publish(topic, say.json_body(self._state()))
        yield 1, say.mqtt_publish(f"{self.vendor}/{self.serial}/set", say.json_body({"cmd": "start", "id": self._id(), "room": 3}))

    def _http(self) -> Iterator[tuple[int, bytes]]:
        host = f"api.eu.{self.vendor}.example"
        kinds: tuple[Callable[[], tuple[str, str, bytes]], ...] = (self._telemetry, self._log, self._map, self._form)
        for _ in range(MESSAGES // 2):
            path, media, body = self.random.choices(kinds, (6, 2, 1, 2))[0]()
            headers = [
                ("User-Agent", f"{self.vendor}/2.4"),
                ("Content-Type", media),
                ("X-Request-Id", self._id()),
                ("Cookie", f"session={self._id()}"),
            ]
            yield 0, say.http_request("POST", host, path, headers, body)
            yield 1, say.http_answer("200 OK", say.json_body({"ok": True, "id": self._id(), "next": self.random.randrange(900)}))

    def _telemetry(self) -> tuple[str, str, bytes]:
        rows = [self._state() for _ in range(self.random.randrange(1, 12))]
        told = {"serial": self.serial, "owner": {"email": f"user{self.serial[4:8]}@post.example"}, "rows": rows}
        return f"/v1/telemetry/{self.serial}?seq={self._count()}", "application/json", say.json_body(told)

    def _state(self) -> dict[str, object]:
        random = self.random
        return {
            "ts": T0_NS // MS + self._count(),
            "state": random.choice(MODES),
            "battery": random.randrange(100),
            "uptime": random.randrange(10**7),
            "wifi": {"ssid": f"lab-{self.serial[-5:]}", "rssi": -random.randrange(30, 80)},
            "pose": {"x": round(random.uniform(-9, 9), 3), "y": round(random.uniform(-9, 9), 3), "theta": round(random.uniform(0, 6), 4)},
            "area": [random.randrange(4096) for _ in range(random.randrange(4, 40))],
            "note": f"{random.choice(WORDS)} {random.choice(WORDS)} {random.randrange(10**6)}",
        }

    def _log(self) -> tuple[str, str, bytes]:
        lines = [
            f"2026-09-21 13:{self.random.randrange(60):02d}:{self.random.randrange(60):02d}.{self.random.randrange(1000):03d} "
            f"[{self.random.choice(('INFO', 'WARN', 'DEBUG'))}] {' '.join(self.random.choices(WORDS, k=6))} code={self.random.randrange(10**5)}"
            for _ in range(self.random.randrange(10, 80))
        ]
        return "/v1/log", "text/plain", "\n".join(lines).encode()

    def _map(self) -> tuple[str, str, bytes]:
        cells = base64.b64encode(self.random.randbytes(self.random.randrange(1500, 12_000))).decode()
        told = {"map": cells, "width": 96, "height": 96, "id": self._id()}
        return "/v1/map", "application/json", json.dumps(told).encode()

    def _form(self) -> tuple[str, str, bytes]:
        fields = {"sn": self.serial, "seq": self._count(), "v": "2.4.1", "rssi": -self.random.randrange(90), "k": self._id()}
        body = "&".join(f"{key}={value}" for key, value in fields.items())
        return "/v1/ping", "application/x-www-form-urlencoded", body.encode()

    def _id(self) -> str:
        return self.random.randbytes(8).hex()

    def _count(self) -> int:
        self.told += 1
        return self.told


def write(out: BinaryIO, size: int, *, sealed: bool) -> None:
    """Writes a capture of about `size` bytes."""
    random, sizes = Random(6), Random(7)  # noqa: S311 - the same bytes each time are wanted
    devices = [Device(number, random) for number in range(DEVICES)]
    out.write(FILE_HEADER)
    written, number = len(FILE_HEADER), 0
    while written < size:
        traffic = Traffic(sizes, 1)
        device = devices[number % DEVICES]
        mqtt, said = device.exchange()
        server = Host(ROUTER_MAC, bytes(int(part) for part in f"{SERVERS[number % len(SERVERS)]}.{1 + number % 40}".split(".")))
        port = (8883 if mqtt else 443) if sealed else (1883 if mqtt else 80)
        link = Connection(traffic, (device.host, 20_000 + number // DEVICES % 40_000), (server, port), T0_NS + number * 40 * MS)
        link.handshake()
        if sealed:
            link.data(0, say.client_hello(sizes, f"api.eu.{device.vendor}.example"))
            link.data(1, say.server_hello(sizes))
        for side, data in said:
            link.data(side, say.sealed(sizes, len(data)) if sealed else data)
        link.close()
        for frame in traffic.frames:
            micros = frame.time_ns // 1000
            out.write(struct.pack("<IIII", micros // 10**6, micros % 10**6, len(frame.data), len(frame.data)) + frame.data)
            written += 16 + len(frame.data)
        number += 1


def least(path: Path, repeat: int) -> tuple[float, int]:
    """Gives the least CPU time of some audits of a capture, and the most memory (KiB)."""
    runs = [run(path, ["--jobs=1"]) for _ in range(repeat)]
    return min(one.cpu_s for one in runs), max(one.rss_kib for one in runs)


def main() -> None:
    """Makes both captures, times their audits in turn, and prints what a byte costs in each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=size_of, default=size_of("100M"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="leave the captures in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        paths = {"start": folder / "start.pcap", "plaintext": folder / "plaintext.pcap", "sealed": folder / "sealed.pcap"}
        for name, path in paths.items():
            if not path.exists():
                with path.open("wb") as out:
                    write(out, options.size if name != "start" else 10_000, sealed=name == "sealed")
        rounds = [{name: least(path, 1) for name, path in paths.items()} for _ in range(options.repeat)]
        start = min(one["start"][0] for one in rounds)
        sys.stdout.write(f"start: {start:.2f} s of CPU\n")
        for name in ("sealed", "plaintext"):
            cpu = min(one[name][0] for one in rounds)
            length = paths[name].stat().st_size
            memory = max(one[name][1] for one in rounds) / 1024
            each = (cpu - start) / length * 1e9
            sys.stdout.write(f"{name:10} {length / 1e6:8.1f} MB {cpu:7.2f} s of CPU, {each:7.1f} ns a byte, {memory:4.0f} MiB\n")


if __name__ == "__main__":
    main()
