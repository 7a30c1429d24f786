"""Scenes for the acceptance tests: captures made by code, on the packet builders of the shipped ones."""

import base64
import gzip
import importlib.util
import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import orjson

from iotaudit import pipeline, report

ROOT = Path(__file__).resolve().parents[2]
AS_OF = "2026-11-24"
KEY = b"\x37\xfa\x21\x3d"
ITALY = "130.192.10.20"
CLOUDFLARE = "104.16.10.20"
TERMINAL = "\x1b]0;owned\x07\x1b[31mred"
MARKUP = "<img src=x onerror=document.title='owned'>"
FORMULA = "=cmd|' /C calc'!A0"
HOSTILE = (
    TERMINAL,
    MARKUP,
    FORMULA,
    "</script><script>document.title='owned'</script>",
    "[x](javascript:alert(1))",
)
"""Texts that a medium must show and not obey."""


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("captures_make", ROOT / "captures/make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make: Any = _load()
say: Any = make.say
MS: int = make.MS
S: int = make.S


def lab(seed: int = 40, ip: str = "192.168.7.40", name: str = "thing") -> Any:
    """Gives a lab whose device has joined the network."""
    made = make.Lab(seed, f"02:74:68:69:00:{seed:02x}", ip, name, "thing 1")
    made.join()
    return made


def audit(data: bytes | list[Path] | Path, **options: Any) -> Any:
    """Gives the audit.json document of a capture, as it is written."""
    given: dict[str, Any] = {"as_of": AS_OF} | options
    if isinstance(data, bytes):
        result = pipeline.audit("-", stdin=io.BytesIO(data), **given)
    else:
        result = pipeline.audit(data, **given)
    return orjson.loads(report.render(report.document(result), "json"))


def destination(document: Any, name: str) -> Any:
    """Gives the one destination of a name or, where it has none, of an address."""
    (found,) = [d for d in document["destinations"] if name in (d["name"], *d["ips"])]
    return found


def flows_to(document: Any, ip: str) -> list[Any]:
    """Gives the flows whose server has the address, in order."""
    return [f for f in document["flows"] if f["server"]["ip"] == ip]


def reasons(document: Any, code: str) -> list[Any]:
    """Gives the verdict's reasons of one kind."""
    return [r for r in document["verdict"]["reasons"] if r["code"] == code]


def texts(value: Any) -> list[str]:
    """Gives every string of a document, keys left out."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return []


def named_tls(
    name: str, ip: str, *chain: tuple[str, str, str], rtt: int = 14 * MS, sends: tuple[int, ...] = (5_000,)
) -> bytes:
    """A device that asks for a name and talks TLS with its address."""
    made = lab()
    made.ask(name, *(chain or ((name, "A", ip),)))
    made.tls(name, ip, rtt=rtt, sends=sends)
    return bytes(made.tape.pcapng())


def pinned() -> bytes:
    """A device that refuses a proxy's certificate, then talks to the right server: nothing can be read."""
    made = lab()
    name = "api.vendor.example"
    made.ask(name, (name, "A", make.NETHERLANDS))
    tape = made.tape
    link = tape.tcp(made.device, made.port(), made.outside(make.NETHERLANDS), 443, rtt=12 * MS)
    link.client(say.client_hello(tape.random, name))
    link.server(say.server_hello(tape.random))
    link.client(say.sealed(tape.random, 19))  # the alert: TLS 1.3 seals it too
    link.close()
    made.tls(name, make.NETHERLANDS, rtt=12 * MS, sends=(9_000, 9_000))
    return bytes(tape.pcapng())


def quic(datagram: bytes, ip: str) -> bytes:
    """A device that speaks QUIC alone: an Initial and what follows, never asking for a name."""
    made = lab()
    tape, port = made.tape, made.port()
    tape.udp(made.device, port, made.outside(ip), 443, datagram)
    tape.wait(20 * MS)
    for _ in range(5):
        tape.udp(made.outside(ip), 443, made.device, port, b"\x40" + tape.random.randbytes(900))
        tape.udp(made.device, port, made.outside(ip), 443, b"\x40" + tape.random.randbytes(700))
        tape.wait(50 * MS)
    return bytes(tape.pcapng())


def hello_in_three(name: str) -> bytes:
    """A ClientHello over three segments that come as third, first, second, first again."""
    made = lab()
    tape = made.tape
    hello = say.client_hello(tape.random, name)
    link = tape.tcp(made.device, made.port(), made.outside(make.GERMANY), 443, rtt=20 * MS)
    start, third = link.seq[0], len(hello) // 3 + 1
    for part in (2, 0, 1, 0):
        piece = hello[part * third : (part + 1) * third]
        link.seq[0] = (start + part * third) & 0xFFFFFFFF
        link._send(0, make_flags(push=True), piece)
        tape.wait(2 * MS)
    link.seq[0] = (start + len(hello)) & 0xFFFFFFFF
    link._send(1, make_flags())
    link.server(say.server_hello(tape.random))
    link.client(say.sealed(tape.random, 900))
    link.close()
    return bytes(tape.pcapng())


def make_flags(*, push: bool = False) -> int:
    """Gives the flags of a data or acknowledging segment."""
    return 0x10 | (0x08 if push else 0)


def nested(serial: str, decoy: str) -> bytes:
    """A serial number in gzip in base64 in JSON in MQTT over WebSocket, and a text of its shape elsewhere."""
    made = lab()
    tape, name = made.tape, "hub.vendor.example"
    made.ask(name, (name, "A", make.GERMANY))
    link = tape.tcp(made.device, made.port(), made.outside(make.GERMANY), 80, rtt=20 * MS)
    upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Protocol", "mqtt"),
    ]
    link.client(say.http_request("GET", name, "/mqtt", upgrade))
    link.server(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
    )
    link.client(websocket(bytes.fromhex("10 10 0004 4d515454 04 02 003c 0004 63616d31")))
    link.server(b"\x82\x04\x20\x02\x00\x00")
    inner = gzip.compress(json.dumps({"sn": serial}).encode(), mtime=0)
    body = {"v": 1, "blob": base64.b64encode(inner).decode(), "trace": decoy}
    link.client(websocket(say.mqtt_publish("thing/up", say.json_body(body))))
    link.close()
    return bytes(tape.pcapng())


def everywhere(serial: str) -> bytes:
    """A device that puts its serial number wherever a protocol has room for a text."""
    made = lab()
    tape, name = made.tape, f"{serial.lower()}.dev.vendor.example"
    made.ask(name, (name, "A", make.GERMANY))
    made.tls(name, make.GERMANY, rtt=20 * MS, sends=(500,))
    link = tape.tcp(made.device, made.port(), made.outside(make.GERMANY), 80, rtt=20 * MS)
    head = [("User-Agent", f"agent/1 ({serial})"), ("Cookie", f"id={serial}"), ("Referer", f"http://{name}/")]
    link.client(say.http_request("GET", name, f"/d/{serial}/up?sn={serial}&x={serial[:8]}", head))
    link.server(say.http_answer("200 OK", say.json_body({"sn": serial})))
    link.close()
    link = tape.tcp(made.device, made.port(), made.outside(make.GERMANY), 1883, rtt=20 * MS)
    link.client(say.mqtt_connect(serial, f"user-{serial}", "pw"))
    link.client(say.mqtt_subscribe(1, f"down/{serial}/#"))
    link.client(say.mqtt_publish(f"up/{serial}/state", serial.encode()))
    link.close()
    return bytes(tape.pcapng())


def websocket(data: bytes) -> bytes:
    """Gives a masked binary frame (RFC 6455, section 5.2)."""
    size = len(data)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
    return b"\x82" + length + KEY + bytes(a ^ b for a, b in zip(data, KEY * (size // 4 + 1), strict=False))


def shared_address() -> bytes:
    """Two devices, one address under two names; and a third name for it that is asked for only afterwards."""
    made = lab()
    tape, address = made.tape, make.GERMANY
    other = make.Host("02:74:68:69:00:99", "192.168.7.99")
    first = made.device
    made.ask("one.vendor.example", ("one.vendor.example", "A", address))
    made.device = other
    made.ask("two.vendor.example", ("two.vendor.example", "A", address))
    for device in (first, other):
        link = tape.tcp(device, made.port(), made.outside(address), 8_443, rtt=20 * MS)
        link.client(tape.random.randbytes(300))
        link.close()
    made.device = first
    made.ask("late.vendor.example", ("late.vendor.example", "A", address))
    return bytes(tape.pcapng())


def worn(data_of: Any) -> bytes:
    """A recording with snap length 96, 3 % dropped, mirrored twice, and a clock that jumps by a day."""
    random = Random(96)  # noqa: S311 - the same bytes each time are wanted
    frames = [f for f in data_of.frames if random.random() > 0.03]
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 96, 1)]
    for number, (time_ns, data, _) in enumerate(frames):
        micros = time_ns // 1000 + (86_400_000_000 if number > len(frames) // 2 else 0)
        for copy in range(2):
            at = micros + 3 * copy
            head = struct.pack("<IIII", at // 10**6, at % 10**6, min(len(data), 96), len(data))
            parts.append(head + data[:96])
    return b"".join(parts)


def idle(seconds: int) -> bytes:
    """A device that joins and then only says hello to its own network."""
    made = lab()
    for _ in range(seconds // 10):
        made.tape.wait(10 * S)
        made.tape.arp(made.device, make.ROUTER.ip)
        made.tape.arp(make.ROUTER, made.device.ip, answer_to=made.device)
    return bytes(made.tape.pcapng())


def with_phone() -> bytes:
    """A robot and, on the same network, a phone that speaks with others."""
    made = lab(41, "192.168.7.41", "robot")
    robot = made.device
    made.ask("api.robot.example", ("api.robot.example", "A", make.GERMANY))
    made.tls("api.robot.example", make.GERMANY, rtt=20 * MS, sends=(4_000,))
    made.device, made.hostname = make.Host("02:70:68:6f:00:42", "192.168.7.42"), "phone-of-tester"
    made.join()
    made.ask("social.phone.example", ("social.phone.example", "A", make.CHINA))
    made.tls("social.phone.example", make.CHINA, rtt=230 * MS, sends=(9_000,))
    made.device = robot
    return bytes(made.tape.pcapng())


def hostile() -> bytes:
    """Names and texts that would act in a terminal, a page, a spreadsheet; a bomb; a block that lies."""
    made = make.Lab(66, "02:65:76:69:6c:66", "192.168.7.66", MARKUP[:60], FORMULA)
    made.join()
    tape = made.tape
    for number, text in enumerate(HOSTILE):
        port = made.port()
        label = text.replace(".", "-")[:63]
        tape.udp(made.device, port, make.ROUTER, 53, say.dns_query(number, f"{label}.evil.example"))
        answer = [(f"{label}.evil.example", "A", make.CHINA)]
        tape.udp(make.ROUTER, 53, made.device, port, say.dns_answer(number, f"{label}.evil.example", answer))
        made.tls(f"{label}.sni.example", make.CHINA, rtt=230 * MS, sends=(500,))
        link = tape.tcp(made.device, made.port(), made.outside(make.CHINA), 80, rtt=230 * MS)
        head = [("User-Agent", text), ("Content-Type", "application/json")]
        body = say.json_body({"email": f"a+{number}@b.example", text: text})
        link.client(say.http_request("POST", f"{label}.host.example", f"/{label}?q={label}", head, body))
        link.server(say.http_answer("200 OK"))
        link.close()
        link = tape.tcp(made.device, made.port(), made.outside(make.CHINA), 1883, rtt=230 * MS)
        link.client(say.mqtt_connect(text, text, text))
        link.client(say.mqtt_publish(text, text.encode()))
        link.close()
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    link = tape.tcp(made.device, made.port(), made.outside(make.CHINA), 80, rtt=230 * MS)
    link.client(say.http_request("POST", "bomb.example", "/", [("Content-Encoding", "gzip")], body))
    link.close()
    good = tape.pcapng()
    lie = struct.pack("<III", 6, 0x7FFFFFF0, 0) + bytes(40)
    return bytes(good + lie + good[-64:])


def hard_coded() -> bytes:
    """A device that speaks with an address that no name was ever seen for."""
    made = lab()
    port = made.port()
    for _ in range(3):
        made.tape.udp(
            made.device, port, made.outside(make.CHINA_BARE), 8_053, made.tape.random.randbytes(120)
        )
        made.tape.wait(S)
    return bytes(made.tape.pcapng())


def firmware(hosts: dict[str, tuple[tuple[str, str, str], ...]]) -> bytes:
    """A device that talks with each host; the last answer's address is the one it takes."""
    made = lab()
    for name, chain in hosts.items():
        made.ask(name, *chain)
        made.tls(name, chain[-1][2], rtt=15 * MS, sends=(4_000,))
    return bytes(made.tape.pcapng())


def proxied(host: str, ip: str) -> bytes:
    """Gives the HAR log of a proxy that read one request of the device."""
    request: dict[str, Any] = {
        "method": "POST",
        "url": f"https://{host}/v1/state",
        "httpVersion": "HTTP/2",
        "headers": [{"name": "host", "value": host}],
        "headersSize": 80,
        "bodySize": 17,
        "postData": {"mimeType": "application/json", "text": '{"state":"clean"}'},
    }
    response: dict[str, Any] = {
        "status": 200,
        "statusText": "OK",
        "headers": [],
        "headersSize": 40,
        "bodySize": 2,
        "content": {"size": 2, "mimeType": "text/plain", "text": "ok"},
    }
    entry: dict[str, Any] = {
        "startedDateTime": "2026-09-21T14:13:40.000Z",
        "time": 40,
        "serverIPAddress": ip,
        "request": request,
        "response": response,
    }
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()


def beside_proxy() -> bytes:
    """Frames of a device behind a proxy: what goes to the proxy, and QUIC-like datagrams that pass it."""
    made = lab()
    link = made.tape.tcp(made.device, made.port(), make.ROUTER, 8_080, rtt=MS)
    link.client(b"CONNECT api.vendor.example:443 HTTP/1.1\r\nHost: api.vendor.example:443\r\n\r\n")
    link.server(b"HTTP/1.1 200 Connection established\r\n\r\n")
    link.client(say.client_hello(made.tape.random, "api.vendor.example"))
    link.server(say.server_hello(made.tape.random))
    link.client(say.sealed(made.tape.random, 400))
    link.close()
    port = made.port()
    for _ in range(4):
        made.tape.udp(made.device, port, made.outside(make.CHINA), 4_433, made.tape.random.randbytes(400))
        made.tape.wait(S)
    return bytes(made.tape.pcapng())


def stream(write: Callable[[bytes], Any], flows: int, datagrams: int, length: int) -> tuple[int, int]:
    """Writes a pcap of many conversations piece by piece; gives frames and their bytes."""
    tape = make.Recording(14, make.T0)
    device = make.Host("02:74:68:69:00:40", "192.168.7.40")
    write(tape.pcap())
    frames = total = 0
    for flow in range(flows):
        tape.frames.clear()
        server = make.Host(make.ROUTER.mac, f"131.188.{flow >> 8 & 255}.{flow & 255}")
        for _ in range(datagrams):
            tape.udp(device, 20_000 + flow % 40_000, server, 9_999, bytes(length))
            tape.wait(MS)
        frames += len(tape.frames)
        total += sum(len(data) for _, data, _ in tape.frames)
        write(tape.pcap()[24:])
    return frames, total
