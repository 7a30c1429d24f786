"""RTP over UDP: media streams. Whether the media are in the clear is told by their bytes, since SRTP looks alike.

Reasoning: ciphertext is as even as chance. Media whose bytes are uneven (speech), or most of whose payloads begin with
the header of a video's fragments, are not encrypted; where neither shows, nothing is proven.
Source: RFC 3550 section 5.1 (header), RFC 3711 (SRTP keeps it), RFC 5761 section 4 (RTCP beside it), RFC 6184 section
5.8 and RFC 7798 section 4.4.3 (fragments of H.264 and H.265).
"""

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.rtcp_packets import KINDS, read
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Output, Reading
from iotaudit.dissect.shape import shape_of
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment

ID = "rtp"
PORTS = frozenset({5004, 5005})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(range(0x80, 0xC0))
AWAY = FIRST
SURE: frozenset[int] = frozenset()

STEADY = 4
"""Datagrams of one source with rising numbers that make a stream."""
STEP = 64
"""A number may rise by so much (loss) from one datagram to the next."""
RTCP_TYPES = range(64, 96)
SAMPLE_LEN = 8192
SAMPLE_EACH = 128
EVEN_LEN = 2048
STARTS = 32
"""Payloads whose beginning is looked at; of chance bytes less than one in two hundred fits a fragment's header."""
MOST = STARTS * 3 // 4
LOOKED_AT = 64


def recognise(head: Head) -> Likeness:
    """Fits datagrams of one direction with one source, one kind of payload or two, and rising numbers."""
    datagrams = head.datagrams[-STEADY:] or (head.data,)
    previous: tuple[int, bytes] | None = None
    for data in datagrams:
        if len(data) < 13 or data[0] >> 6 != 2 or data[1] & 0x7F in RTCP_TYPES or _payload_at(data) is None:
            return Likeness.NO
        number, source = int.from_bytes(data[2:4]), data[8:12]
        if previous and (source != previous[1] or not 0 < (number - previous[0]) & 0xFFFF <= STEP):
            return Likeness.NO
        previous = (number, source)
    return Likeness.LIKELY if len(datagrams) >= STEADY else Likeness.MORE


def open(context: Context) -> "RtpSession":  # noqa: A001 - the room's word
    """Opens a session."""
    return RtpSession(context)


class RtpSession:
    """Looks at the first packets of each direction."""

    def __init__(self, context: Context) -> None:
        self._flow = context.flow
        self._seen = {True: 0, False: 0}
        self._sample = {True: bytearray(), False: bytearray()}
        self._starts: dict[bool, list[bytes]] = {True: [], False: []}
        self._said = Said()

    def feed(self, segment: Segment) -> Output:
        """Takes one datagram."""
        data = segment.data
        self._seen[segment.outbound] += 1
        if data[1:2] and data[1] in KINDS:
            return self._control(segment)
        at = _payload_at(data) if len(data) > 12 and data[0] >> 6 == 2 else None
        if at is None or data[1] & 0x7F in RTCP_TYPES:
            return ()
        sample, starts = self._sample[segment.outbound], self._starts[segment.outbound]
        if len(sample) < SAMPLE_LEN:
            sample += data[at : at + SAMPLE_EACH]
        if len(starts) < STARTS:
            starts.append(data[at : at + 3])
            if len(starts) == STARTS and self._is_video(outbound=segment.outbound):
                place = segment.packet, segment.time_ns
                return (Content(self._flow, *place, segment.outbound, "rtp.video", "plaintext", data[at:]),)
        return ()

    def _control(self, segment: Segment) -> Output:
        """Gives what control packets among the media tell; encrypted ones (SRTCP) do not fit and tell nothing."""
        found: Seen = []
        read(segment, self._said, found)
        return tuple(found)

    def close(self) -> Output:
        """Gives nothing: of media no more is handed on than one payload, once they are proven to be video."""
        return ()

    def _is_video(self, *, outbound: bool) -> bool:
        return sum(map(_is_fragment, self._starts[outbound])) >= MOST

    def wants(self, *, outbound: bool) -> bool:
        """True for the first packets."""
        return self._seen[outbound] < LOOKED_AT

    def reading(self) -> Reading:
        """Gives plaintext where the media's bytes prove it, else opaque."""
        for outbound in (True, False):
            sample = bytes(self._sample[outbound])
            uneven = len(sample) >= EVEN_LEN and shape_of(sample).kind not in ("even", "compressed")
            video = self._is_video(outbound=outbound)
            if uneven or video:
                why = "fragments of video" if video else "uneven bytes, as ciphertext has not"
                reason = f"RTP, media in the clear: {why}"
                return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))
        reason = "RTP header in the clear; whether the media are encrypted (SRTP) cannot be told"
        return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))

    def rest(self) -> None:
        """RTP does not turn into another protocol."""


def _is_fragment(start: bytes) -> bool:
    """Says whether a payload begins with the header of a fragment of H.264 or H.265."""
    if len(start) < 3 or start[0] & 0x80:
        return False
    if start[0] & 0x1F == 28:
        return start[1] & 0x20 == 0 and start[1] & 0xC0 != 0xC0 and 1 <= start[1] & 0x1F <= 23
    return start[0] >> 1 == 49 and start[1] & 7 == 1 and start[2] & 0xC0 != 0xC0 and start[2] & 0x3F <= 40


def _payload_at(data: bytes) -> int | None:
    """Gives where the payload begins, None where the header is longer than the datagram."""
    at = 12 + 4 * (data[0] & 0xF)
    if data[0] & 0x10:
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4])
    return at if at < len(data) else None
