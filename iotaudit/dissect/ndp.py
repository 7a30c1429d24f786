"""IPv6 neighbour discovery: the prefixes and resolvers that routers advertise.

A message begins with the ICMPv6 type. Addresses with their link addresses are the assembler's affair.
Source: RFC 4861 sections 4.2, 4.6.2 (router advertisement, prefix), RFC 8106 section 5.1 (recursive DNS servers).
"""

import ipaddress

from iotaudit.dissect.datagrams import DatagramSession, Said, Seen
from iotaudit.dissect.session import ICMPV6, Context, Head, Likeness
from iotaudit.model.events import RouterAdvertised
from iotaudit.model.packets import ipv6_text
from iotaudit.model.raw import Segment

ID = "ndp"
PORTS: frozenset[int] = frozenset()
TRANSPORT = frozenset({ICMPV6})

ROUTER_ADVERTISEMENT = 134
FIXED_LEN = {133: 8, 134: 16, 135: 24, 136: 24, 137: 40}
"""Length before the options: router solicitation and advertisement, neighbour both, redirect."""
PREFIX, RESOLVERS = 3, 25
PREFIX_LEN = 32
RESOLVERS_KEPT = 64
FIRST = frozenset(FIXED_LEN)
AWAY = FIRST
SURE: frozenset[int] = frozenset()


def recognise(head: Head) -> Likeness:
    """Fits one of the five types, with code 0 and its fixed fields."""
    data = head.data
    fixed = FIXED_LEN.get(data[0]) if data else None
    if fixed is None or data[1:2] != b"\0" or len(data) < fixed:
        return Likeness.NO
    return Likeness.LIKELY


def open(context: Context) -> DatagramSession:  # noqa: A001 - the room's word
    """Opens a session."""
    return DatagramSession(context, ID, _Reader(context).read)


class _Reader:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._said = Said()

    def read(self, segment: Segment, found: Seen) -> str | None:
        data = segment.data
        if data[0] != ROUTER_ADVERTISEMENT:
            return None
        if len(data) < FIXED_LEN[ROUTER_ADVERTISEMENT]:
            return "the advertisement is cut"
        prefixes: list[str | None] = []
        resolvers: list[str] = []
        fault = _options(data, prefixes, resolvers)
        # lifetime 0: who sends it is no router for others (RFC 4861 section 4.2), such as a Thread border router
        lifetime = int.from_bytes(data[6:8])
        router = self._context.sender(outbound=segment.outbound).ip if lifetime else ""
        told = tuple(dict.fromkeys(resolvers))[:RESOLVERS_KEPT]
        for prefix in dict.fromkeys(prefixes or [None]):
            if self._said.is_new(router, prefix, told):
                place = (segment.flow, segment.packet, segment.time_ns, segment.outbound)
                found.append(RouterAdvertised(*place, router, prefix, told))
        return fault


def _options(data: bytes, prefixes: list[str | None], resolvers: list[str]) -> str | None:
    at = FIXED_LEN[ROUTER_ADVERTISEMENT]
    while at < len(data):
        length = data[at + 1] * 8 if at + 1 < len(data) else 0
        option = data[at : at + length]
        if not length or len(option) < length:
            return "an option is cut"
        if option[0] == PREFIX and length == PREFIX_LEN and option[2] <= 128:
            prefixes.append(str(ipaddress.IPv6Network((option[16:32], option[2]), strict=False)))
        elif option[0] == RESOLVERS and any(option[4:8]):
            resolvers += [ipv6_text(option[i : i + 16]) for i in range(8, length - 15, 16)]
        at += length
    return None
