"""SSDP, the discovery of UPnP: who searches, and what devices say of themselves.

The name of a host is the UUID of its USN (unique, unlike its product text); product and place are the detail.
Source: UPnP Device Architecture 2.0 section 1 (M-SEARCH, NOTIFY and responses over UDP port 1900).
"""

from iotaudit.dissect.datagrams import DatagramSession, Said, Seen
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.dissect.wire_text import plain_text
from iotaudit.model.events import HostNamed, NameSeen
from iotaudit.model.raw import Content, Segment

ID = "ssdp"
PORTS = frozenset({1900})
TRANSPORT = frozenset({UDP})

STARTS = (b"M-SEARCH * HTTP/1.", b"NOTIFY * HTTP/1.", b"HTTP/1.0 ", b"HTTP/1.1 ")
METHODS = STARTS[:2]
MESSAGE_LEN = 8192
LINES_READ = 64
VALUE_LEN = 200
TOLD = ("server", "location")
"""Headers that make up the detail: the product, and where its description is."""
DEVICE_KIND = b":device:"
"""What is part of a search target that names a kind of device (services are not told)."""
FIRST = frozenset(start[0] for start in STARTS)
AWAY = FIRST
SURE = FIRST


def recognise(head: Head) -> Likeness:
    """Fits the start lines, which nothing else sends over UDP."""
    return Likeness.CERTAIN if head.data.startswith(STARTS) else Likeness.NO


def open(context: Context) -> DatagramSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return DatagramSession(context, ID, _Reader(context).read)


class _Reader:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._said = Said()

    def read(self, segment: Segment, found: Seen) -> str | None:
        data = segment.data[:MESSAGE_LEN]
        if not data.startswith(STARTS):
            return "no start line of SSDP"
        headers = _headers(data)
        place = (segment.flow, segment.packet, segment.time_ns, segment.outbound)
        host = _host(headers.get("host", b""))
        if host and data.startswith(METHODS) and segment.outbound and self._said.is_new("host", host):
            found.append(NameSeen(*place, host, "http_host"))
        if self._said.is_new("message", segment.outbound, hash(data)):
            found.append(Content(*place, "ssdp.message", "plaintext", data))
        if not data.startswith(STARTS[0]) and headers.get("nts", b"").lower() != b"ssdp:byebye":
            self._announce(segment, found, headers)
        return None

    def _announce(self, segment: Segment, found: Seen, headers: dict[str, bytes]) -> None:
        """Gives what a device says of itself; without a UUID it has no name."""
        name = plain_text(headers.get("usn", b"")[:VALUE_LEN]).split("::")[0].lower()
        if not name.startswith("uuid:"):
            return
        parts = [headers.get(key, b"") for key in TOLD]
        parts += [headers[key] for key in ("st", "nt") if DEVICE_KIND in headers.get(key, b"")]
        detail = "; ".join(plain_text(part[:VALUE_LEN]) for part in parts if part)
        ip = self._context.sender(outbound=segment.outbound).ip
        if self._said.is_new("device", ip, name, detail):
            place = (segment.flow, segment.packet, segment.time_ns, segment.outbound)
            found.append(HostNamed(*place, ip, name, "ssdp", detail))


def _headers(data: bytes) -> dict[str, bytes]:
    """Gives the header lines, the first of each name."""
    found: dict[str, bytes] = {}
    for line in data.split(b"\n")[1 : 1 + LINES_READ]:
        key, colon, value = line.partition(b":")
        if colon:
            found.setdefault(plain_text(key[:VALUE_LEN]).strip().lower(), value.strip())
    return found


def _host(value: bytes) -> str:
    """Gives a Host header without its port, in lower case."""
    text = plain_text(value[:VALUE_LEN]).strip().lower()
    if text.startswith("["):
        return text.partition("]")[0].removeprefix("[")
    return text.rpartition(":")[0] if text.count(":") == 1 else text
