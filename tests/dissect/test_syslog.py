"""Syslog: both forms of message, over UDP, counted and in lines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import FlowDissector
from iotaudit.dissect import syslog as module
from iotaudit.dissect.session import TCP, UDP, Context, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, device, gap, play, reading, recognise

OLD = b"<34>Oct 11 22:14:15 camera-7 sshd: password for root is x"
MODERN = (
    b"<165>1 2003-10-11T22:14:15.003Z camera-7 upload 8710 ID47 "
    b'[meta@32473 serial="SN\\"42" ip="192.168.1.20"][x@1] \xef\xbb\xbfsent 3 pictures'
)
TOLD_MODERN = [
    ("syslog.hostname", "hostname", b"camera-7"),
    ("syslog.app", "app", b"upload"),
    ("syslog.data", "serial", b'SN\\"42'),
    ("syslog.data", "ip", b"192.168.1.20"),
    ("syslog.message", "", b"sent 3 pictures"),
]
TEXT_OLD = ("syslog.message", "", OLD[4:])


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def counted(message: bytes) -> bytes:
    return str(len(message)).encode() + b" " + message


def test_pass_both_forms_over_udp() -> None:
    pieces = (device(MODERN), device(OLD + b"\n"), device(b"<13>plain text"))
    assert contents(play(module, *pieces, protocol=UDP)) == [
        *TOLD_MODERN,
        TEXT_OLD,
        ("syslog.message", "", b"plain text"),
    ]
    assert reading(module, *pieces, protocol=UDP).encryption.state is EncryptionState.PLAINTEXT


def test_pass_an_empty_field_of_the_newer_form_tells_nothing() -> None:
    assert contents(play(module, device(b"<34>1 - - su - - - text"), protocol=UDP)) == [
        ("syslog.app", "app", b"su"),
        ("syslog.message", "", b"text"),
    ]


@pytest.mark.parametrize(
    "data",
    [counted(MODERN) + counted(OLD), MODERN + b"\n" + OLD + b"\r\n", counted(MODERN) + OLD],
    ids=["counted", "lines", "both"],
)
def test_pass_messages_of_a_stream(data: bytes) -> None:
    assert contents(play(module, device(data))) == [*TOLD_MODERN, TEXT_OLD]


def test_inconclusive_a_counted_message_that_is_cut_says_so() -> None:
    (_, content) = play(module, device(counted(OLD)[:-5]))
    assert isinstance(content, Content)
    assert (content.data, content.truncated) == (OLD[4:-5], True)


def test_a_gap_inside_of_a_counted_message_is_bridged_and_else_the_next_line_is_read() -> None:
    found = play(
        module, device(counted(OLD)[:20]), gap(len(OLD) - 17, outbound=True), device(counted(OLD))
    )
    assert contents(found)[-1] == TEXT_OLD
    found = play(module, device(OLD[:20]), gap(9, outbound=True), device(b"rest\n" + OLD + b"\n"))
    assert contents(found)[-1] == TEXT_OLD


def test_fail_a_message_without_end_is_an_oddity() -> None:
    (oddity, content) = play(module, device(b"<13>" + b"x" * 70_000 + b"\n" + OLD + b"\n"))[:2]
    assert isinstance(oddity, Oddity)
    assert isinstance(content, Content)


@pytest.mark.parametrize(
    ("data", "protocol", "likeness"),
    [
        (OLD, UDP, Likeness.LIKELY),
        (MODERN, UDP, Likeness.LIKELY),
        (b"<13>plain", UDP, Likeness.WEAK),
        (b"<192>plain", UDP, Likeness.NO),
        (b"<01>plain", UDP, Likeness.NO),
        (b"<13>\x00\x01", UDP, Likeness.NO),
        (b"<?xml version='1.0'?>", UDP, Likeness.NO),
        (OLD + b"\n", TCP, Likeness.LIKELY),
        (counted(MODERN), TCP, Likeness.LIKELY),
        (b"<13>plain\n", TCP, Likeness.WEAK),
        (b"<13>pl", TCP, Likeness.MORE),
        (b"123", TCP, Likeness.MORE),
        (b"220 mail", TCP, Likeness.NO),
        (b"<?xml version='1.0'?>", TCP, Likeness.NO),
    ],
)
def test_recognition_by_priority_and_time(data: bytes, protocol: int, likeness: Likeness) -> None:
    assert recognise(module, data, protocol) is likeness


@pytest.mark.parametrize(("port", "application"), [(514, "syslog"), (4000, None)])
def test_a_priority_alone_counts_on_the_port(port: int, application: str | None) -> None:
    flow = FlowDissector(Context(1, UDP, DEVICE, Endpoint("192.0.2.1", port)), (module,))
    flow.feed(Segment(1, True, 1, 1, 0, b"<13>plain"))
    flow.close()
    assert flow.summary().application == application


PIECES = st.sampled_from(
    [OLD, MODERN, counted(OLD), b"\n", b"5 <13>", b"99999 <1>", b'<13>[a b="', b"12"]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=8))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    play(module, *[device(data) for data in pieces])
    play(module, *[device(data) for data in pieces], protocol=UDP)
    for data in pieces:
        recognise(module, data)
