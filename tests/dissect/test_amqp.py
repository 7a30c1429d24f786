"""AMQP 0-9-1 and 1.0: headers, sign-on, messages; the change to TLS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import amqp as module
from iotaudit.dissect.session import Likeness
from iotaudit.model.events import Event, NameSeen, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, play, reading, recognise, server
from tests.dissect.switch import after_tls

HEADER_0_9 = "414d5150 00 00 09 01"
HEADER_1_0, HEADER_SASL, HEADER_TLS = "414d5150 00 010000", "414d5150 03 010000", "414d5150 02 010000"


def short(data: bytes) -> bytes:
    """Gives a short string of 0-9-1."""
    return bytes((len(data),)) + data


def long(data: bytes) -> bytes:
    """Gives a long string of 0-9-1."""
    return len(data).to_bytes(4) + data


def frame(kind: int, body: bytes, channel: int = 1) -> bytes:
    """Gives a frame of 0-9-1."""
    return bytes((kind,)) + channel.to_bytes(2) + len(body).to_bytes(4) + body + b"\xce"


def method(group: int, number: int, body: bytes, channel: int = 1) -> bytes:
    """Gives a method of 0-9-1."""
    return frame(1, group.to_bytes(2) + number.to_bytes(2) + body, channel)


def pair(name: bytes, value: bytes) -> bytes:
    """Gives a field of a table that is a long string."""
    return short(name) + b"S" + long(value)


INNER = long(short(b"basic.nack") + b"t\1" + pair(b"note", b"inner"))
CLIENT = long(pair(b"product", b"camd") + short(b"capabilities") + b"F" + INNER + pair(b"version", b"1.2"))
START_OK = method(10, 11, CLIENT + short(b"PLAIN") + long(b"\0cam\0sec ret") + short(b"en_US"), 0)
PUBLISH = method(60, 40, bytes(2) + short(b"events") + short(b"cam.7.motion") + b"\0")
HEADER = frame(
    2,
    bytes.fromhex("003c 0000 0000000000000008 a000")  # class basic, 8 bytes; content type and headers follow
    + short(b"application/json")
    + long(pair(b"serial", b"SN-77")),
)
BODY = frame(3, b'{"a":1}\n')


def described(code: int, body: bytes) -> bytes:
    """Gives a described value of 1.0."""
    return b"\0\x53" + bytes((code,)) + body


def row(*values: bytes) -> bytes:
    """Gives a list of 1.0."""
    body = b"".join(values)
    return b"\xc0" + bytes((len(body) + 1, len(values))) + body


def text(data: bytes, code: int = 0xA1) -> bytes:
    """Gives a text (A1), symbol (A3) or bytes (A0) of 1.0."""
    return bytes((code, len(data))) + data


def modern(performative: bytes, kind: int = 0, channel: int = 0, payload: bytes = b"") -> bytes:
    """Gives a frame of 1.0."""
    body = performative + payload
    return (len(body) + 8).to_bytes(4) + bytes((2, kind)) + channel.to_bytes(2) + body


NULL = b"\x40"
INIT = modern(
    described(0x41, row(text(b"PLAIN", 0xA3), text(b"\0dev-7\0key+secret=", 0xA0), text(b"hub.v.test"))), 1
)
OPEN = modern(described(0x10, row(text(b"container-7"), text(b"hub.v.test"))))
TARGET = described(0x29, row(text(b"/devices/7/messages")))
ATTACH = modern(
    described(0x12, row(text(b"up"), b"\x43", b"\x42", NULL, NULL, described(0x28, row(NULL)), TARGET))
)
PROPERTIES = described(0x73, row(text(b"m-1"), NULL, NULL, NULL, NULL, NULL, text(b"application/json", 0xA3)))
APPLICATION = described(0x74, b"\xc1" + bytes((1 + 14, 2)) + text(b"serial") + text(b"SN-7"))
MESSAGE = PROPERTIES + APPLICATION + described(0x75, text(b'{"t":21}', 0xA0))


def transfer(payload: bytes, *, more: bool = False) -> bytes:
    """Gives a transfer along link 0."""
    fields = row(b"\x43", b"\x43", text(b"\1", 0xA0), b"\x43", b"\x42", b"\x41" if more else b"\x42")
    return modern(described(0x14, fields), payload=payload)


def told(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_sign_on_and_message_of_0_9_1() -> None:
    pieces = (
        device(HEADER_0_9),
        device(START_OK),
        device(method(10, 40, short(b"/plant") + b"\0\0", 0)),
        device(PUBLISH + HEADER + BODY),
    )
    found = play(module, *pieces)
    assert told(found) == [
        ("amqp.client_property", "product", b"camd"),
        ("amqp.client_property", "note", b"inner"),
        ("amqp.client_property", "version", b"1.2"),
        ("amqp.auth", "auth", b"PLAIN"),
        ("amqp.username", "username", b"cam"),
        ("amqp.password", "password", b"sec ret"),
        ("amqp.vhost", "vhost", b"/plant"),
        ("amqp.exchange", "exchange", b"events"),
        ("amqp.routing_key", "routing_key", b"cam.7.motion"),
        ("amqp.header", "serial", b"SN-77"),
        ("amqp.body", "cam.7.motion", b'{"a":1}\n'),
    ]
    body = next(c for c in found if isinstance(c, Content) and c.where == "amqp.body")
    assert (body.media_type, body.truncated) == ("application/json", False)
    encryption = reading(module, *pieces).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.PLAINTEXT, "0-9-1")


def test_amqplain_gives_its_credentials() -> None:
    answer = pair(b"LOGIN", b"cam") + pair(b"PASSWORD", b"sec ret")
    start = method(10, 11, long(b"") + short(b"AMQPLAIN") + long(answer) + short(b"en_US"), 0)
    assert told(play(module, device(HEADER_0_9), device(start)))[1:] == [
        ("amqp.username", "username", b"cam"),
        ("amqp.password", "password", b"sec ret"),
    ]


def test_bodies_of_two_channels_are_kept_apart() -> None:
    other = method(60, 60, short(b"tag") + bytes(9) + short(b"") + short(b"other"), 2)
    sized = frame(2, bytes.fromhex("003c 0000") + (4).to_bytes(8) + b"\0\0", 2)
    pieces = [PUBLISH + HEADER, other + sized, frame(3, b'{"a"'), frame(3, b"abcd", 2), frame(3, b":1}\n")]
    bodies = [row for row in told(play(module, *[device(data) for data in pieces])) if row[0] == "amqp.body"]
    assert bodies == [("amqp.body", "other", b"abcd"), ("amqp.body", "cam.7.motion", b'{"a":1}\n')]


def test_inconclusive_a_message_without_its_end_is_truncated() -> None:
    found = play(module, device(PUBLISH + HEADER + frame(3, b'{"a"')))
    body = next(c for c in found if isinstance(c, Content) and c.where == "amqp.body")
    assert (body.data, body.truncated) == (b'{"a"', True)


def test_pass_sign_on_link_and_message_of_1_0() -> None:
    pieces = (
        device(HEADER_SASL),
        server(HEADER_SASL),
        device(INIT),
        device(HEADER_1_0),
        device(OPEN + ATTACH),
        device(transfer(MESSAGE)),
    )
    found = play(module, *pieces)
    assert told(found) == [
        ("amqp.auth", "auth", b"PLAIN"),
        ("amqp.username", "username", b"dev-7"),
        ("amqp.password", "password", b"key+secret="),
        ("amqp.container_id", "container_id", b"container-7"),
        ("amqp.link", "link", b"up"),
        ("amqp.address", "address", b"/devices/7/messages"),
        ("amqp.message_id", "message_id", b"m-1"),
        ("amqp.header", "serial", b"SN-7"),
        ("amqp.body", "/devices/7/messages", b'{"t":21}'),
    ]
    assert [(n.name, n.source) for n in found if isinstance(n, NameSeen)] == [("hub.v.test", "http_host")]
    assert reading(module, *pieces).encryption.version == "1.0"


def test_a_message_of_1_0_in_several_transfers_is_one() -> None:
    pieces = (
        device(HEADER_1_0),
        device(ATTACH),
        device(transfer(MESSAGE[:20], more=True)),
        device(transfer(MESSAGE[20:])),
    )
    bodies = [row for row in told(play(module, *pieces)) if row[0] == "amqp.body"]
    assert bodies == [("amqp.body", "/devices/7/messages", b'{"t":21}')]


def test_after_the_header_for_tls_the_bytes_are_recognised_afresh() -> None:
    summary = after_tls(module, device(HEADER_TLS), server(HEADER_TLS))
    assert [name.name for name in summary.names] == ["up.vendor.test"]
    assert summary.encryption.state is EncryptionState.ENCRYPTED


def test_fail_a_frame_without_its_end_is_an_oddity() -> None:
    found = play(module, device(HEADER_0_9), device(BODY[:-1] + b"\xcf"))
    assert [item.detail for item in found if isinstance(item, Oddity)] == ["amqp: a frame without its end"]


def test_fail_a_performative_that_is_cut_is_an_oddity() -> None:
    found = play(module, device(HEADER_1_0), device(modern(b"\0\x53\x10\xc0\x40\1")))
    assert [type(item) for item in found] == [Oddity]


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (bytes.fromhex(HEADER_0_9), Likeness.CERTAIN),
        (bytes.fromhex(HEADER_SASL), Likeness.CERTAIN),
        (b"AMQP\0", Likeness.MORE),
        (b"AMQP\7\1\0\0", Likeness.NO),
        (b"AMQX", Likeness.NO),
        (START_OK, Likeness.LIKELY),
        (START_OK[:-1] + b"\0", Likeness.NO),
        (b"\1\0\0\xff\xff\xff\xff", Likeness.NO),
    ],
)
def test_recognition(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=50),
    st.integers(0, 60),
    st.sampled_from([START_OK, PUBLISH, HEADER, OPEN, ATTACH, INIT]),
)
def test_any_bytes_give_events_in_every_cut(data: bytes, at: int, known: bytes) -> None:
    play(module, device(HEADER_0_9), device(known[:at] + data + known[at + len(data) :]), server(data))
    play(module, device(method(10, 11, data)), device(frame(2, data) + frame(3, data)))
    play(module, device(modern(data)), device(transfer(data)), device(ATTACH[:at] + data))
