"""RTCP over UDP: who sends media, as it calls itself; media on the same ports are shown to RTP.

Source: RFC 3550 section 6 (packets) and appendix A.2 (validity), RFC 5761 (media and control on one port),
RFC 3711 section 3.4 (SRTCP: what follows the first eight bytes is encrypted, so its lengths do not add up).
"""

from iotaudit.dissect import rtp
from iotaudit.dissect.datagrams import Said, Seen, clear_reading, malformed
from iotaudit.dissect.rtcp_packets import (
    KINDS,
    SOURCES,
    is_exact_report,
    is_report,
    read,
    sources,
    split,
)
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Output, Reading
from iotaudit.model.raw import Segment

ID = "rtcp"
PORTS = frozenset({5005})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(range(0x80, 0xC0))
AWAY = FIRST
SURE: frozenset[int] = frozenset()


def recognise(head: Head) -> Likeness:
    """Fits a report that says something, or describes its source; others need the port."""
    data = head.data
    if len(data) < 8 or data[1] not in KINDS:
        return Likeness.NO
    packets = split(data)
    if packets is None or not is_report(packets[0]):
        return Likeness.NO
    described = any(
        kind == SOURCES and count and sources(body, count) is not None
        for kind, count, body in packets[1:]
    )
    return Likeness.LIKELY if described or is_exact_report(packets[0]) else Likeness.WEAK


def open(context: Context) -> "RtcpSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return RtcpSession(context)


class RtcpSession:
    """Reads control packets; other datagrams of the flow are media, and RTP's to read."""

    def __init__(self, context: Context) -> None:
        self._said = Said()
        self._media = rtp.open(context)
        self._media_count = 0

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram."""
        data = segment.data
        if not data:
            return ()
        if len(data) < 2 or data[1] not in KINDS:
            self._media_count += data[0] >> 6 == 2
            return self._media.feed(segment)
        found: Seen = []
        fault = read(segment, self._said, found)
        if fault and not segment.truncated_len:
            found.append(malformed(segment, ID, fault))
        return tuple(found)

    def close(self) -> Output:
        """Gives nothing: no message is ever open."""
        return ()

    def wants(self, *, outbound: bool) -> bool:
        """True for control alone; with media beside it as long as those are looked at."""
        return not self._media_count or self._media.wants(outbound=outbound)

    def reading(self) -> Reading:
        """Gives plaintext for control alone; with media beside it what those are."""
        if self._media_count:
            return Reading(self._media.reading().encryption, application=rtp.ID)
        return clear_reading(ID)

    def rest(self) -> None:
        """What shares the ports is told apart here."""
