"""CoAP: resources, bodies in blocks, OSCORE, the form over TCP."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import coap as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.events import Event, NameSeen, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, play, reading, recognise, server

REGISTER = (
    "42 02 0001 abcd"  # confirmable, token of 2 bytes, POST, message 1
    "3b 6d676d742e762e74657374"  # Uri-Host: mgmt.v.test
    "82 7264"  # Uri-Path: rd
    "4d 00 65703d63616d2d303030303131"  # Uri-Query: ep=cam-000011 (length 13)
    "ff 3c2f333e"  # body: </3>
)
CREATED = "62 41 0001 abcd 82 7264 02 3161"  # Location-Path: rd, 1a
CSM = "30 e1 22 0480"  # over TCP: settings, Max-Message-Size 1152
TCP_GET = "51 01 aa b4 74656d70"  # token aa, Uri-Path: temp
TCP_ANSWER = "71 45 aa c1 32 ff 32312e35"  # Content-Format 50, "21.5"


def option(delta: int, value: bytes) -> bytes:
    """Gives an option whose number is `delta` above the one before (delta and length below 269)."""
    head = (min(delta, 13) << 4) | min(len(value), 13)
    more = bytes((delta - 13,)) if delta >= 13 else b""
    return bytes((head,)) + more + (bytes((len(value) - 13,)) if len(value) >= 13 else b"") + value


def block(number: int, data: bytes, *, more: bool, message: int = 9) -> bytes:
    """Gives a PUT of /fw with a block of 16 bytes."""
    value = bytes((number << 4 | (8 if more else 0),))
    options = option(11, b"fw") + option(16, value)
    return b"\x41\x03" + message.to_bytes(2) + b"\x07" + options + b"\xff" + data


def told(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_name_resource_and_body_of_a_request() -> None:
    pieces = (device(REGISTER), server(CREATED))
    found = play(module, *pieces, protocol=UDP)
    assert told(found) == [
        ("coap.uri", "", b"/rd?ep=cam-000011"),
        ("coap.payload", "/rd", b"</3>"),
        ("coap.location_uri", "", b"/rd/1a"),
    ]
    assert [(n.name, n.source) for n in found if isinstance(n, NameSeen)] == [("mgmt.v.test", "http_host")]
    assert reading(module, *pieces, protocol=UDP).encryption.state is EncryptionState.PLAINTEXT


def test_the_answer_has_the_resource_of_its_request_as_key_and_its_format_as_type() -> None:
    get = device(b"\x41\x01\0\1\xaa" + option(11, b"temp"))
    found = play(module, get, server("61 45 0001 aa c1 32 ff 7b7d"), protocol=UDP)
    assert [(c.key, c.media_type, c.data) for c in found if isinstance(c, Content)][1:] == [
        ("/temp", "application/json", b"{}")
    ]


def test_blocks_become_one_body_and_a_repeated_one_counts_once() -> None:
    first, second, last = b"a" * 16, b"b" * 16, b"end"
    pieces = [
        device(block(0, first, more=True)),
        device(block(1, second, more=True)),
        device(block(1, second, more=True)),
        device(block(2, last, more=False)),
    ]
    bodies = [
        c for c in play(module, *pieces, protocol=UDP) if isinstance(c, Content) and c.where == "coap.payload"
    ]
    assert [(c.data, c.key, c.truncated, c.packet) for c in bodies] == [
        (first + second + last, "/fw", False, 4)
    ]


def test_blocks_of_an_answer_become_one_body() -> None:
    get = b"\x41\x01\0\1\xaa" + option(11, b"log")
    first = b"\x61\x45\0\1\xaa" + option(23, b"\x08") + b"\xff" + b"a" * 16
    ask = b"\x41\x01\0\2\xab" + option(11, b"log") + option(12, b"\x10")
    last = b"\x61\x45\0\2\xab" + option(23, b"\x10") + b"\xffz"
    found = play(module, device(get), server(first), device(ask), server(last), protocol=UDP)
    assert told(found) == [("coap.uri", "", b"/log"), ("coap.payload", "/log", b"a" * 16 + b"z")]


def test_inconclusive_a_missing_block_gives_truncated_parts() -> None:
    pieces = [device(block(0, b"a" * 16, more=True)), device(block(2, b"end", more=False))]
    found = play(module, *pieces, protocol=UDP)
    bodies = [(c.data, c.truncated) for c in found if isinstance(c, Content) and c.where == "coap.payload"]
    assert bodies == [(b"a" * 16, True), (b"end", True)]


def test_inconclusive_a_body_without_its_end_is_given_when_the_flow_ends() -> None:
    found = play(module, device(block(0, b"a" * 16, more=True)), protocol=UDP)
    assert [(c.data, c.truncated) for c in found if isinstance(c, Content)][1:] == [(b"a" * 16, True)]


def test_bodies_that_oscore_protects_are_encrypted_and_not_given() -> None:
    closed = device(b"\x41\x02\0\1\xaa" + option(9, b"\x09\x14\x42") + b"\xff" + bytes(range(20)))
    assert told(play(module, closed, protocol=UDP)) == []
    encryption = reading(module, closed, protocol=UDP).encryption
    assert (encryption.state, encryption.protocol) == (EncryptionState.ENCRYPTED, "oscore")
    assert (
        reading(module, closed, device(REGISTER), protocol=UDP).encryption.state is EncryptionState.PLAINTEXT
    )


def test_over_tcp_messages_are_read_in_every_cut() -> None:
    pieces = (device(CSM), server(CSM), device(TCP_GET), server(TCP_ANSWER))
    assert told(play(module, *pieces, protocol=TCP)) == [
        ("coap.uri", "", b"/temp"),
        ("coap.payload", "/temp", b"21.5"),
    ]


def test_over_tcp_long_messages_say_their_length_in_more_bytes() -> None:
    body = option(11, b"img") + b"\xff" + b"x" * 400
    long = b"\xe1" + (len(body) - 269).to_bytes(2) + b"\x02\xaa" + body
    found = play(module, device(CSM), device(long), device(TCP_GET), protocol=TCP)
    assert [len(c.data) for c in found if isinstance(c, Content)] == [4, 400, 5]


def test_fail_options_that_cannot_be_are_an_oddity() -> None:
    found = play(module, device("40 01 0001 f1 00"), protocol=UDP)
    assert [type(item) for item in found] == [Oddity]
    assert [type(item) for item in play(module, device("80 01 0001"), protocol=UDP)] == [Oddity]


def test_inconclusive_a_cut_datagram_is_no_oddity() -> None:
    data = block(0, b"a" * 16, more=False)
    found = play(module, device(data[:-6], truncated_len=6), protocol=UDP)
    assert [(c.data, c.truncated) for c in found if isinstance(c, Content)][1:] == [(b"a" * 10, True)]


@pytest.mark.parametrize(
    ("data", "protocol", "likeness"),
    [
        (block(0, b"a", more=True).hex(), UDP, Likeness.LIKELY),
        (CREATED, UDP, Likeness.WEAK),
        ("70 00 0001", UDP, Likeness.WEAK),  # a reset
        ("70 00 0001 00", UDP, Likeness.NO),
        ("40 01 0001 b4 7465 6d", UDP, Likeness.NO),  # an option that is cut
        ("40 01 0001 b4 74650070", UDP, Likeness.NO),  # a path that is no text
        ("49 01 0001 00000000 0000000000 b2 7265", UDP, Likeness.NO),  # a token of 9 bytes
        ("40 2a 0001 b2 7265", UDP, Likeness.NO),  # no such class
        (CSM, TCP, Likeness.LIKELY),
        ("00 e1", TCP, Likeness.WEAK),
        ("30 e1 92 0480", TCP, Likeness.NO),  # no option of a CSM
        (TCP_GET, TCP, Likeness.NO),  # not what has to come first
        ("16 03 01 00", TCP, Likeness.NO),  # TLS
    ],
)
def test_recognition(data: str, protocol: int, likeness: Likeness) -> None:
    assert recognise(module, data, protocol) is likeness


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=50), st.integers(0, 30))
def test_any_bytes_give_events_in_every_cut(data: bytes, at: int) -> None:
    known = bytes.fromhex(REGISTER)
    play(module, device(known[:at] + data), device(data), server(b"\x61\x45\0\1\xab" + data), protocol=UDP)
    play(
        module,
        device(bytes.fromhex(CSM) + data),
        server(bytes.fromhex(CSM + TCP_ANSWER)[:at] + data),
        protocol=TCP,
    )
