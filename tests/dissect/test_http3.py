"""HTTP/3: messages, the streams of QPACK, what waits, gaps, and bytes that nobody sound sends."""

import base64
import gzip

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import http3
from iotaudit.dissect.http3 import Http3
from iotaudit.dissect.session import UDP, Context
from iotaudit.model.events import DnsQuery, Event, NameSeen, Oddity
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER

REQUEST = (
    bytes.fromhex("0000") + bytes.fromhex("d4 d7 50 0a") + b"cloud.test" + bytes.fromhex("51 06") + b"/state"
)
"""Static: POST, https; literals with static names: :authority, :path."""
ANSWER = bytes.fromhex("0000 d9")
"""Static: :status 200."""
ENTRIES = bytes.fromhex("02 3fbd01 c00f7777772e6578616d706c652e636f6d c10c2f73616d706c652f70617468")
"""The encoder's stream: its kind, then RFC 9204 appendix B.2."""
WAITING = bytes.fromhex("0381 d4 d7 10 11")
"""POST, https, and both entries of that stream (behind the base)."""
SETTINGS = bytes.fromhex("00 04 05 01 40dc 07 10")
"""The control stream: its kind, SETTINGS with a table of 220 bytes and 16 blocked streams."""


def frame(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + (0x4000 | len(body)).to_bytes(2) + body


class Line:
    """Feeds a connection, packet by packet."""

    def __init__(self) -> None:
        self.http = Http3(Context(1, UDP, DEVICE, SERVER))
        self.packet = 0
        self.found: list[Event | Content] = []

    def say(
        self, stream: int, data: bytes, *, outbound: bool = True, end: bool = False, gap: int = 0
    ) -> "Line":
        """Sends bytes of a stream (or misses some), and ends it."""
        self.packet += 1
        if data or gap:
            self.found += self.http.feed(Segment(1, outbound, self.packet, self.packet, 0, data, gap), stream)
        if end:
            self.found += self.http.end(stream, outbound=outbound, cut=False)
        return self

    def contents(self) -> list[tuple[str, bytes, bool]]:
        """Gives the contents so far."""
        picked = [item for item in self.found if isinstance(item, Content)]
        assert all(item.channel == "decrypted" for item in picked)
        return [(item.where, item.data, item.truncated) for item in picked]

    def stops(self) -> int:
        """Gives how often it was told that a stream could not be read further."""
        return sum(isinstance(item, Oddity) and item.kind == "decryption_stopped" for item in self.found)


def test_pass_request_and_answer_are_paired_by_stream() -> None:
    line = Line().say(0, frame(1, REQUEST) + frame(0, b'{"n":1}'), end=True)
    line.say(0, frame(1, ANSWER) + frame(0, b"stored"), outbound=False, end=True)
    assert line.contents() == [
        ("http.uri", b"/state", False),
        ("http.body", b'{"n":1}', False),
        ("http.body", b"stored", False),
    ]
    assert [(n.name, n.source) for n in line.found if isinstance(n, NameSeen)] == [
        ("cloud.test", "http_host")
    ]
    (exchange,) = line.http.exchanges()
    assert (exchange.method, exchange.host, exchange.uri, exchange.status) == (
        "POST",
        "cloud.test",
        "/state",
        200,
    )


def test_any_cut_gives_the_same() -> None:
    whole = (
        frame(1, REQUEST)
        + frame(0x21, b"grease")
        + frame(0, b"abc")
        + frame(0, b"def")
        + frame(1, b"\0\0\x27\0x-token\x03one")
    )
    line = Line()
    for index in range(len(whole)):
        line.say(0, whole[index : index + 1], end=index + 1 == len(whole))
    assert line.contents() == [
        ("http.uri", b"/state", False),
        ("http.header.x-token", b"one", False),  # a trailer
        ("http.body", b"abcdef", False),
    ]


def test_a_block_waits_for_the_dynamic_table_and_its_body_with_it() -> None:
    line = Line().say(3, SETTINGS, outbound=False)
    line.say(0, frame(1, WAITING) + frame(0, b"body"), end=True)
    assert line.contents() == []
    line.say(2, ENTRIES[:30])
    assert line.contents() == []
    line.say(2, ENTRIES[30:])
    assert line.contents() == [("http.uri", b"/sample/path", False), ("http.body", b"body", False)]
    assert line.http.exchanges()[0].host == "www.example.com"


def test_content_coding_and_type_stand_with_the_body() -> None:
    data = gzip.compress(b"x" * 50)
    coded = REQUEST + bytes.fromhex("eb ee")  # content-encoding: gzip, content-type: application/json
    line = Line().say(0, frame(1, coded) + frame(0, data), end=True)
    body = next(item for item in line.found if isinstance(item, Content) and item.where == "http.body")
    assert (body.encoding, body.media_type, body.data) == ("gzip", "application/json", data)


def test_dns_messages_as_bodies_and_in_targets_are_read() -> None:
    query = bytes.fromhex("0000 0100 0001 0000 0000 0000 03617069 0474657374 00 0001 0001")
    line = Line().say(0, frame(1, REQUEST + b"\xec") + frame(0, query), end=True)  # application/dns-message
    path = b"/dns-query?dns=" + base64.urlsafe_b64encode(query).rstrip(b"=")
    line.say(4, frame(1, bytes.fromhex("0000 d1 d7 51") + bytes([len(path)]) + path), end=True)
    assert [(item.packet, item.name) for item in line.found if isinstance(item, DnsQuery)] == [
        (1, "api.test"),
        (2, "api.test"),
    ]


CALL = (
    bytes.fromhex("0000 d4 d7 51 12")  # POST, https, a literal :path of 18 bytes
    + b"/vendor.Upload/Put"
    + bytes.fromhex("5f 1d 10")  # a literal content-type of 16 bytes
    + b"application/grpc"
    + bytes.fromhex("27 06")  # a literal name of 13 bytes: grpc-encoding
    + b"grpc-encoding"
    + bytes.fromhex("04")
    + b"gzip"
)


def message(data: bytes, flags: int = 0) -> bytes:
    """Gives a message of gRPC with its five bytes before it."""
    return bytes([flags]) + len(data).to_bytes(4) + data


def calls(line: Line) -> list[tuple[bytes, str, str, bool]]:
    picked = [item for item in line.found if isinstance(item, Content) and item.where == "grpc.message"]
    assert all(item.channel == "decrypted" for item in picked)
    return [(item.data, item.key, item.encoding, item.truncated) for item in picked]


def test_each_message_of_a_call_is_a_content_with_its_method() -> None:
    sent = message(b"serial 7") + message(b"packed", 1)
    line = Line().say(0, frame(1, CALL) + frame(0, sent[:3])).say(0, frame(0, sent[3:]), end=True)
    answer = ANSWER + bytes.fromhex("5f 1d 10") + b"application/grpc"
    line.say(0, frame(1, answer) + frame(0, message(b"ok")), outbound=False, end=True)
    assert calls(line) == [
        (b"serial 7", "/vendor.Upload/Put", "", False),
        (b"packed", "/vendor.Upload/Put", "gzip", False),
        (b"ok", "/vendor.Upload/Put", "", False),
    ]
    assert not [where for where, *_ in line.contents() if where == "http.body"]


def test_a_gap_inside_of_a_message_of_a_call_cuts_that_one_alone() -> None:
    sent = frame(0, message(b"abcdef") + message(b"next"))
    line = Line().say(0, frame(1, CALL) + sent[:10]).say(0, b"", gap=2).say(0, sent[12:], end=True)
    assert [(data, cut) for data, _, _, cut in calls(line)] == [(b"ab", True), (b"next", False)]
    assert line.stops() == 0


def test_messages_of_a_websocket_are_read_as_those() -> None:
    asked = bytes.fromhex("0000 cf d7 51 03") + b"/ws" + bytes.fromhex("27 02") + b":protocol"  # CONNECT, https
    asked += bytes.fromhex("09") + b"websocket"
    line = Line().say(0, frame(1, asked) + frame(0, bytes.fromhex("81 85 37fa213d 7f9f4d5158")))  # RFC 6455 5.7
    line.say(0, frame(1, ANSWER) + frame(0, b"\x81\x02hi"), outbound=False)
    assert line.contents() == [
        ("http.uri", b"/ws", False),
        ("websocket.text", b"Hello", False),
        ("websocket.text", b"hi", False),
    ]
    assert line.http.mqtt() is None


def test_inconclusive_a_body_with_a_gap_is_cut_and_reading_goes_on() -> None:
    line = (
        Line().say(0, frame(1, REQUEST) + frame(0, b"abcdef")[:5]).say(0, b"", gap=2).say(0, b"ef", end=True)
    )
    assert line.contents()[-1] == ("http.body", b"abef", True)
    assert line.stops() == 0


def test_a_gap_between_frames_ends_the_direction_and_is_told() -> None:
    line = Line().say(0, frame(1, REQUEST)).say(0, b"", gap=9).say(0, frame(0, b"body"), end=True)
    assert line.stops() == 1
    assert line.contents() == [("http.uri", b"/state", False)]


def test_a_gap_in_the_encoders_stream_leaves_what_is_static() -> None:
    line = Line().say(3, SETTINGS, outbound=False).say(2, ENTRIES).say(2, b"", gap=4)
    line.say(0, frame(1, WAITING), end=True).say(4, frame(1, REQUEST), end=True)
    assert line.stops() == 1
    assert [exchange.uri for exchange in line.http.exchanges()] == ["/state"]


def test_what_is_still_open_at_the_end_is_given_as_cut() -> None:
    line = Line().say(0, frame(1, REQUEST) + frame(0, b"abcdef")[:6])
    line.found += line.http.close()
    assert line.contents()[-1] == ("http.body", b"abc", True)


def test_fail_a_block_that_no_sound_sender_writes_is_told_once() -> None:
    line = Line().say(0, frame(1, b"\0\0\xff\x7f")).say(0, frame(1, REQUEST), end=True)
    assert line.stops() == 1
    assert line.http.exchanges() == ()


def test_pushes_and_unknown_streams_are_read_over() -> None:
    line = Line().say(
        7, bytes.fromhex("01 04") + frame(1, ANSWER) + frame(0, b"pushed"), outbound=False, end=True
    )
    line.say(15, bytes.fromhex("21") + b"anything", outbound=False, end=True)
    assert line.contents() == [("http.body", b"pushed", False)]


def test_many_blocks_that_wait_are_bounded() -> None:
    line = Line().say(3, SETTINGS, outbound=False)
    for stream in range(0, 4 * (http3.WAITING + 2), 4):
        line.say(stream, frame(1, WAITING))
    assert line.stops() == 2


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 11), st.booleans(), st.binary(max_size=40), st.integers(0, 3)), max_size=12
    )
)
def test_any_bytes_are_taken_without_a_fault(pieces: list[tuple[int, bool, bytes, int]]) -> None:
    line = Line().say(3, SETTINGS, outbound=False).say(2, ENTRIES).say(0, frame(1, WAITING))
    for stream, outbound, data, kind in pieces:
        line.say(
            stream,
            b"" if kind == 1 else data,
            outbound=outbound,
            gap=len(data) if kind == 1 else 0,
            end=kind == 2,
        )
    line.found += line.http.close()
    assert len(line.http.exchanges()) >= 1
