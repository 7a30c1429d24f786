"""DHCP for IPv4: who asks for an address, under which name, and which router and resolvers it is told.

Source: RFC 2131 section 2 (message), RFC 2132 (options), RFC 3396 (split options), RFC 4702 (client FQDN).
"""

import ipaddress

from iotaudit.dissect.datagrams import DatagramSession, Seen
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.dissect.wire_text import domain_text, plain_text
from iotaudit.model.events import DhcpSeen
from iotaudit.model.raw import Segment

ID = "dhcp"
PORTS = frozenset({67, 68})
TRANSPORT = frozenset({UDP})
FIRST = frozenset({1, 2})
AWAY = FIRST
SURE = FIRST

COOKIE = bytes.fromhex("63825363")
COOKIE_AT = 236
ETHERNET = 1
PAD, MASK, ROUTER, RESOLVERS, HOST_NAME, REQUESTED, OVERLOAD, KIND = 0, 1, 3, 6, 12, 50, 52, 53
PARAMETERS, VENDOR_CLASS, CLIENT_ID, CLIENT_FQDN, END = 55, 60, 61, 81, 255
SERVER_NAME = slice(44, 108)
BOOT_FILE = slice(108, 236)
FQDN_ENCODED = 4
KINDS = {
    1: "DISCOVER",
    2: "OFFER",
    3: "REQUEST",
    4: "DECLINE",
    5: "ACK",
    6: "NAK",
    7: "RELEASE",
    8: "INFORM",
}
GRANTING = frozenset({"OFFER", "ACK"})


def recognise(head: Head) -> Likeness:
    """Fits the fixed fields with the magic cookie; without it (BOOTP) only the port tells."""
    data = head.data
    if len(data) < COOKIE_AT or data[0] not in (1, 2) or data[2] > 16:
        return Likeness.NO
    if data[COOKIE_AT : COOKIE_AT + 4] == COOKIE:
        return Likeness.CERTAIN
    return Likeness.WEAK if data[1] == ETHERNET and data[2] == 6 else Likeness.NO


def open(context: Context) -> DatagramSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return DatagramSession(context, ID, _read)


def _read(segment: Segment, found: Seen) -> str | None:
    data = segment.data
    if len(data) < COOKIE_AT or data[0] not in (1, 2):
        return "no DHCP message"
    options, fault = _options(data)
    number = options.get(KIND, b"")
    kind = KINDS.get(number[0], f"TYPE{number[0]}") if number else "BOOTP"
    address = _address(data[16:20])
    if kind not in GRANTING and address is None:
        address = _address(options.get(REQUESTED, b"")) or _address(data[12:16])
    subnet_of = address or _address(data[12:16])
    found.append(
        DhcpSeen(
            segment.flow,
            segment.packet,
            segment.time_ns,
            segment.outbound,
            kind=kind,
            mac=_mac(data, options.get(CLIENT_ID, b"")),
            ip=address,
            hostname=_host_name(options),
            vendor_class=plain_text(options.get(VENDOR_CLASS, b"")) or None,
            parameters=tuple(options.get(PARAMETERS, b"")),
            subnet=_subnet(subnet_of, options.get(MASK, b"")) if kind in GRANTING else None,
            routers=_addresses(options.get(ROUTER, b"")),
            resolvers=_addresses(options.get(RESOLVERS, b"")),
        )
    )
    return fault


def _options(data: bytes) -> tuple[dict[int, bytes], str | None]:
    """Gives the options, those that overload the file and server-name fields included; equal codes are joined."""
    if data[COOKIE_AT : COOKIE_AT + 4] != COOKIE:
        return {}, None
    found: dict[int, bytes] = {}
    fault = _gather(data[COOKIE_AT + 4 :], found)
    overload = found.get(OVERLOAD, b"\0")[:1]
    if overload in (b"\1", b"\3"):
        fault = _gather(data[BOOT_FILE], found) or fault
    if overload in (b"\2", b"\3"):
        fault = _gather(data[SERVER_NAME], found) or fault
    return found, fault


def _gather(data: bytes, found: dict[int, bytes]) -> str | None:
    at = 0
    while at < len(data) and data[at] != END:
        if data[at] == PAD:
            at += 1
            continue
        length = data[at + 1] if at + 1 < len(data) else 0
        value = data[at + 2 : at + 2 + length]
        if at + 2 > len(data) or len(value) < length:
            return "an option is cut"
        found[data[at]] = found.get(data[at], b"") + value
        at += 2 + length
    return None


def _host_name(options: dict[int, bytes]) -> str | None:
    """Gives option 12, else the name of option 81."""
    name = plain_text(options.get(HOST_NAME, b""))
    if name:
        return name
    fqdn = options.get(CLIENT_FQDN, b"")
    if len(fqdn) <= 3:
        return None
    if fqdn[0] & FQDN_ENCODED:
        return domain_text(_labels(fqdn[3:]), unicode=True) or None
    return plain_text(fqdn[3:]).rstrip(".") or None


def _labels(data: bytes) -> tuple[bytes, ...]:
    """Gives the labels of a name without compression, as far as they go (a partial name has no end)."""
    found = []
    at = 0
    while at < len(data) and 0 < data[at] < 0x40:
        found.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return tuple(found)


def _mac(data: bytes, client: bytes) -> str:
    """Gives the client's link address: the hardware field, else a client id of type Ethernet, else ""."""
    raw = b""
    if data[1] == ETHERNET and data[2] == 6:
        raw = data[28:34]
    if not any(raw) and len(client) == 7 and client[0] == ETHERNET:
        raw = client[1:]
    return raw.hex(":") if any(raw) else ""


def _address(raw: bytes) -> str | None:
    return str(ipaddress.IPv4Address(raw)) if len(raw) == 4 and any(raw) else None


def _addresses(raw: bytes) -> tuple[str, ...]:
    return tuple(str(ipaddress.IPv4Address(raw[at : at + 4])) for at in range(0, len(raw) - 3, 4))


def _subnet(address: str | None, mask: bytes) -> str | None:
    """Gives the network of a leased address; None where the mask is none."""
    if address is None or len(mask) != 4:
        return None
    ones = f"{int.from_bytes(mask):032b}".rstrip("0")
    if "0" in ones or not ones:
        return None
    return str(ipaddress.IPv4Network((address, len(ones)), strict=False))
