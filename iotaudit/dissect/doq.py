"""DNS inside of QUIC that was opened with keys: each stream carries a query and its answer.

Not a dissector of its own: `quic` hands it the bytes of the streams in order.
Source: RFC 9250 sections 4.1.1 (`doq`), 4.2 (a length before each message); drafts up to 2 sent a message by itself.
"""

import re
from dataclasses import dataclass, replace

from iotaudit.dissect import dns
from iotaudit.dissect.session import TCP, UDP, Context
from iotaudit.model.events import Event
from iotaudit.model.raw import Content, Segment

WITHOUT_LENGTH = re.compile(r"doq-i0[0-2]\Z")
MESSAGE_LEN = 1 << 16


@dataclass(slots=True)
class _Gathered:
    """What one side sent of a message without a length; `whole` while nothing is missing."""

    data: bytearray
    segment: Segment
    whole: bool = True


class Doq:
    """Reads the streams of one connection."""

    def __init__(self, context: Context, alpn: str) -> None:
        self._with_length = WITHOUT_LENGTH.match(alpn) is None
        self._context = replace(context, protocol=TCP if self._with_length else UDP)
        self._sessions: dict[tuple[int, bool], dns.DnsSession] = {}
        self._gathered: dict[tuple[int, bool], _Gathered] = {}

    def feed(self, segment: Segment, number: int) -> list[Event | Content]:
        """Takes the next bytes (or a gap) of one direction of a stream."""
        key = (number, segment.outbound)
        if self._with_length:
            session = self._sessions.get(key)
            if session is None:
                session = self._sessions[key] = dns.DnsSession(self._context)
            return _decrypted(session.feed(segment))
        gathered = self._gathered.setdefault(key, _Gathered(bytearray(), segment))
        gathered.segment = segment
        gathered.whole &= not segment.gap_len and len(gathered.data) + len(segment.data) <= MESSAGE_LEN
        if gathered.whole:
            gathered.data += segment.data
        return []

    def end(self, number: int, *, outbound: bool, cut: bool) -> list[Event | Content]:
        """Takes the end of one direction of a stream; `cut`: its sender gave it up."""
        self._sessions.pop((number, outbound), None)
        gathered = self._gathered.pop((number, outbound), None)
        if gathered is None or cut or not gathered.whole:
            return []
        whole = replace(gathered.segment, offset=0, data=bytes(gathered.data))
        return _decrypted(dns.DnsSession(self._context).feed(whole))

    def close(self) -> list[Event | Content]:
        """Gives nothing: a message that is cut says nothing."""
        return []


def _decrypted(found: tuple[Event | Content, ...]) -> list[Event | Content]:
    return [replace(item, channel="decrypted") if isinstance(item, Content) else item for item in found]
