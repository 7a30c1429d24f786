"""Messages that tell their length: cuts, gaps, bounds, the change of protocol."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import frames
from iotaudit.dissect.datagrams import Seen
from iotaudit.dissect.session import TCP, UDP, Context, Reading, Session
from iotaudit.model.events import Oddity
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SECOND_NS, SERVER


@dataclass
class Letters:
    """Reads messages of a length byte and letters; "!" says that another protocol follows."""

    lengths: list[int] = field(default_factory=list)

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length that the first byte says."""
        del outbound
        if not head:
            return frames.MORE
        if head[0] == ord("!"):
            return frames.OTHER
        if head[0] == 0xFF:
            return 1 << 20
        return 1 + head[0] if head[0] < 32 else frames.NONE

    def read(self, message: Segment, found: Seen) -> str | None:
        """Gives the letters."""
        self.lengths.append(len(message.data))
        found.append(
            frames.content(message, "t.text", message.data[1:11], truncated=message.truncated_len > 0)
        )
        return "a bad letter" if b"?" in message.data else None

    def resumes(self, data: bytes) -> bool:
        """Knows its messages by an r."""
        return data[:2] == b"\x03r"

    def end(self, found: Seen) -> None:
        """Adds nothing."""

    def wants(self, *, outbound: bool) -> bool:
        """Wants all."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext."""
        return Reading(Encryption(EncryptionState.PLAINTEXT))


def opened(protocol: int = TCP) -> tuple[Session, Letters]:
    reader = Letters()
    return frames.open_session(Context(1, protocol, DEVICE, SERVER), "t", reader), reader


def sent(packet: int, data: bytes, *, gap_len: int = 0, truncated_len: int = 0) -> Segment:
    return Segment(1, True, packet, packet * SECOND_NS, 0, data, gap_len, truncated_len)


def test_messages_come_whole_with_the_packet_of_their_last_byte() -> None:
    session, _ = opened()
    assert session.feed(sent(1, b"\x03ab")) == ()
    found = session.feed(sent(2, b"c\x01d\x02e"))
    assert [(c.data, c.packet) for c in found if isinstance(c, Content)] == [(b"abc", 2), (b"d", 2)]


def test_of_a_long_message_the_beginning_is_read_and_the_rest_read_over() -> None:
    session, reader = opened()
    session.feed(sent(1, b"\xff" + bytes(frames.FRAME_LEN)))
    for _ in range(11):
        session.feed(sent(2, bytes(1 << 16)))
    found = session.feed(sent(3, bytes((1 << 20) - 1 - frames.FRAME_LEN - 11 * (1 << 16)) + b"\x01x"))
    assert reader.lengths == [frames.FRAME_LEN, 2]
    assert [c.data for c in found if isinstance(c, Content)] == [b"x"]


def test_a_gap_inside_of_a_message_costs_only_that_message() -> None:
    session, _ = opened()
    session.feed(sent(1, b"\x06ab"))
    found = session.feed(sent(1, b"", gap_len=3))
    assert [(c.data, c.truncated) for c in found if isinstance(c, Content)] == [(b"ab", True)]
    found = session.feed(sent(2, b"f\x01x"))
    assert [(c.data, c.truncated) for c in found if isinstance(c, Content)] == [(b"x", False)]


def test_after_a_gap_between_messages_reading_goes_on_where_one_surely_begins() -> None:
    session, _ = opened()
    session.feed(sent(1, b"\x01a"))
    session.feed(sent(1, b"", gap_len=9))
    assert session.feed(sent(2, b"\x01b")) == ()
    assert [c.data for c in session.feed(sent(3, b"\x03ryz")) if isinstance(c, Content)] == [b"ryz"]


def test_a_direction_that_breaks_is_an_oddity_unless_nothing_of_it_was_read() -> None:
    session, _ = opened()
    assert session.feed(sent(1, b"zzz")) == ()
    assert not session.wants(outbound=True)
    session, _ = opened()
    session.feed(sent(1, b"\x01a"))
    assert [item.kind for item in session.feed(sent(2, b"zzz")) if isinstance(item, Oddity)] == [
        "malformed_message"
    ]
    assert session.feed(sent(3, b"\x01a")) == ()


def test_what_follows_a_change_of_protocol_is_handed_on() -> None:
    session, _ = opened()
    session.feed(sent(1, b"\x01a"))
    assert session.rest() is None
    session.feed(sent(2, b"!rest"))
    rest = session.rest()
    assert rest is not None
    assert [(s.data, s.packet) for s in rest] == [(b"!rest", 2)]
    assert session.close() == ()


def test_datagrams_are_read_as_they_are_and_cut_ones_are_no_oddity() -> None:
    session, _ = opened(UDP)
    assert [type(item) for item in session.feed(sent(1, b"\x01?"))] == [Content, Oddity]
    assert [type(item) for item in session.feed(sent(1, b"\x01?", truncated_len=4))] == [Content]
    assert session.feed(sent(1, b"")) == ()
    assert session.rest() is None


@settings(max_examples=80)
@given(st.lists(st.tuples(st.binary(max_size=12), st.integers(0, 3)), max_size=8))
def test_any_pieces_and_gaps_are_taken(pieces: list[tuple[bytes, int]]) -> None:
    session, _ = opened()
    for data, missing in pieces:
        session.feed(sent(1, b"", gap_len=missing) if missing else sent(1, data))
    session.close()
