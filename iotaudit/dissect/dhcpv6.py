"""DHCP for IPv6: who asks, under which name, and which resolvers it is told.

The link address is the one inside the DUID (types 1 and 3); other DUIDs have none, so such a client stays without.
Source: RFC 8415 sections 8, 9, 11, 21 (messages, relays, DUID, options), RFC 4704 (client FQDN), RFC 3646 (DNS servers).
"""

from collections.abc import Iterator

from iotaudit.dissect.datagrams import DatagramSession, Seen
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.dissect.wire_text import domain_text, plain_text
from iotaudit.model.events import DhcpSeen
from iotaudit.model.packets import ipv6_text
from iotaudit.model.raw import Segment

ID = "dhcpv6"
PORTS = frozenset({546, 547})
TRANSPORT = frozenset({UDP})

KINDS = {
    1: "SOLICIT",
    2: "ADVERTISE",
    3: "REQUEST",
    4: "CONFIRM",
    5: "RENEW",
    6: "REBIND",
    7: "REPLY",
    8: "RELEASE",
    9: "DECLINE",
    10: "RECONFIGURE",
    11: "INFORMATION-REQUEST",
    12: "RELAY-FORW",
    13: "RELAY-REPL",
}
RELAYS = frozenset({12, 13})
HEADER_LEN, RELAY_HEADER_LEN = 4, 34
RELAY_DEPTH = 8
CLIENT_ID, SERVER_ID, IA_NA, IA_TA, IA_ADDRESS, REQUESTED, RELAYED = 1, 2, 3, 4, 5, 6, 9
VENDOR_CLASS, RESOLVERS, CLIENT_FQDN = 16, 23, 39
IA_HEADER_LEN = {IA_NA: 12, IA_TA: 4}
OPTIONS_KEPT = 256
ETHERNET = 1
DUID_LLT, DUID_LL = 1, 3
FIRST = frozenset(KINDS)
AWAY = FIRST
SURE: frozenset[int] = frozenset()


def recognise(head: Head) -> Likeness:
    """Fits a known kind whose options fill the datagram; with a DUID among them chance is out."""
    data = head.data
    if not data or data[0] not in KINDS:
        return Likeness.NO
    options, fault = _options(data, RELAY_HEADER_LEN if data[0] in RELAYS else HEADER_LEN)
    if fault or not options:
        return Likeness.WEAK
    return Likeness.LIKELY if {code for code, _ in options} & {CLIENT_ID, SERVER_ID, RELAYED} else Likeness.WEAK


def open(context: Context) -> DatagramSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return DatagramSession(context, ID, _read)


def _read(segment: Segment, found: Seen) -> str | None:
    data = segment.data
    fault = None
    for _ in range(RELAY_DEPTH):
        if data[:1] not in (b"\x0c", b"\x0d"):
            break
        options, fault = _options(data, RELAY_HEADER_LEN)
        data = _first(options, RELAYED)
        if not data:
            return fault or "a relayed message is missing"
    if len(data) < HEADER_LEN or data[0] not in KINDS or data[0] in RELAYS:
        return "no DHCPv6 message"
    options, cut = _options(data, HEADER_LEN)
    found.append(
        DhcpSeen(
            segment.flow,
            segment.packet,
            segment.time_ns,
            segment.outbound,
            kind=KINDS[data[0]],
            mac=_mac(_first(options, CLIENT_ID)),
            ip=next(_leased(options), None),
            hostname=_host_name(_first(options, CLIENT_FQDN)),
            vendor_class=_vendor_class(_first(options, VENDOR_CLASS)),
            parameters=_numbers(_first(options, REQUESTED)),
            subnet=None,
            routers=(),
            resolvers=_addresses(_first(options, RESOLVERS)),
        )
    )
    return cut or fault


def _options(data: bytes, at: int) -> tuple[list[tuple[int, bytes]], str | None]:
    """Gives the options from `at` on, and what broke them off."""
    found: list[tuple[int, bytes]] = []
    while at < len(data):
        if len(found) >= OPTIONS_KEPT:
            return found, "more options than are read"
        length = int.from_bytes(data[at + 2 : at + 4])
        value = data[at + 4 : at + 4 + length]
        if at + 4 > len(data) or len(value) < length:
            return found, "an option is cut"
        found.append((int.from_bytes(data[at : at + 2]), value))
        at += 4 + length
    return found, None if data else "no options"


def _first(options: list[tuple[int, bytes]], code: int) -> bytes:
    return next((value for number, value in options if number == code), b"")


def _leased(options: list[tuple[int, bytes]]) -> Iterator[str]:
    """Gives the addresses of the identity associations."""
    for code, value in options:
        if code in IA_HEADER_LEN:
            for inner, address in _options(value, IA_HEADER_LEN[code])[0]:
                if inner == IA_ADDRESS and len(address) >= 16 and any(address[:16]):
                    yield ipv6_text(address[:16])


def _mac(duid: bytes) -> str:
    kind, hardware = int.from_bytes(duid[:2]), int.from_bytes(duid[2:4])
    raw = {DUID_LLT: duid[8:], DUID_LL: duid[4:]}.get(kind, b"")
    return raw.hex(":") if hardware == ETHERNET and len(raw) == 6 else ""


def _host_name(value: bytes) -> str | None:
    """Gives the labels behind the flags, as far as they go (a partial name has no end)."""
    labels = []
    at = 1
    while at < len(value) and 0 < value[at] < 0x40:
        labels.append(value[at + 1 : at + 1 + value[at]])
        at += 1 + value[at]
    return domain_text(tuple(labels), unicode=True) or None


def _vendor_class(value: bytes) -> str | None:
    """Gives the texts behind the enterprise number."""
    texts = []
    at = 4
    while at + 2 <= len(value):
        length = int.from_bytes(value[at : at + 2])
        texts.append(plain_text(value[at + 2 : at + 2 + length]))
        at += 2 + length
    return " ".join(text for text in texts if text) or None


def _numbers(value: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(value[at : at + 2]) for at in range(0, len(value) - 1, 2))


def _addresses(value: bytes) -> tuple[str, ...]:
    return tuple(ipv6_text(value[at : at + 16]) for at in range(0, len(value) - 15, 16))
