"""MQTT 3.1, 3.1.1 and 5: sign-on, topics, payloads, and packets whose lengths cannot be true."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import mqtt as module
from iotaudit.dissect.mqtt import PACKET_LEN, TOPICS_KEPT
from iotaudit.dissect.session import TCP, Context, Head, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState, Mqtt
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER, device, gap, play, reading, recognise, server

CONNECT = (
    "10 35"  # CONNECT, 53 bytes follow
    "0004 4d515454 04"  # MQTT, level 4: 3.1.1
    "c6 003c"  # user name, password, will, clean session; keep alive 60 s
    "0007 726f626f742d37"  # client id: robot-7
    "0006 6c6173742f37"  # will topic: last/7
    "0004 676f6e65"  # will: gone
    "0005 616c696365"  # user name: alice
    "000b 7365637265742d77 6f7264"  # password: secret-word
)
CONNACK = "20 02 00 00"
PUBLISH = (
    "32 13"  # PUBLISH, QoS 1, 19 bytes follow
    "0008 6d61702f74687265"  # topic: map/thre
    "0001"  # packet id
    "7b226964223a7d"  # {"id":}
)
SUBSCRIBE = "82 0c 0002 0007 636d642f232f37 01"  # cmd/#/7, QoS 1


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def publish(topic: bytes, payload: bytes) -> bytes:
    body = len(topic).to_bytes(2) + topic + payload
    size, length = len(body), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            return b"\x30" + length + body


def test_pass_a_sign_on_is_summed_up_without_its_password() -> None:
    pieces = (device(CONNECT), server(CONNACK), device(SUBSCRIBE), device(PUBLISH))
    assert contents(play(module, *pieces)) == [
        ("mqtt.client_id", "", b"robot-7"),
        ("mqtt.topic", "", b"last/7"),
        ("mqtt.will", "last/7", b"gone"),
        ("mqtt.username", "", b"alice"),
        ("mqtt.password", "password", b"secret-word"),
        ("mqtt.topic", "", b"cmd/#/7"),
        ("mqtt.topic", "", b"map/thre"),
        ("mqtt.payload", "map/thre", b'{"id":}'),
    ]
    summary = reading(module, *pieces)
    assert summary.mqtt == Mqtt("robot-7", "alice", True, ("last/7", "cmd/#/7", "map/thre"), "3.1.1")
    assert summary.encryption.state is EncryptionState.PLAINTEXT
    assert "secret-word" not in repr(summary)


def test_version_3_1_has_another_name() -> None:
    connect = "10 12 0006 4d5149736470 03 00 003c 0004 63616d31"
    assert recognise(module, connect) is Likeness.CERTAIN
    assert reading(module, device(connect)).mqtt == Mqtt("cam1", None, False, (), "3.1")


def test_version_5_has_properties_and_topic_aliases() -> None:
    connect = (
        "10 1c"
        "0004 4d515454 05 02 003c"  # MQTT, level 5
        "0d 26 0003 6d6f64 0005 582d313030"  # user property mod = X-100
        "0000"  # no client id
    ).replace(" ", "")
    connect = "10" + f"{len(bytes.fromhex(connect)) - 2:02x}" + connect[4:]
    connack = "20 0a 00 00 07 12 0004 73657237"  # assigned client id: ser7
    first = "30 0d 0004 612f6262 03 23 0005 6f6e65"  # topic a/bb, alias 5, payload one
    second = "30 09 0000 03 23 0005 74776f"  # no topic, alias 5, payload two
    found = play(module, device(connect), server(connack), device(first), device(second))
    assert contents(found) == [
        ("mqtt.user_property", "mod", b"X-100"),
        ("mqtt.topic", "", b"a/bb"),
        ("mqtt.payload", "a/bb", b"one"),
        ("mqtt.payload", "a/bb", b"two"),
    ]
    summary = reading(module, device(connect), server(connack)).mqtt
    assert summary is not None
    assert (summary.client_id, summary.version) == ("ser7", "5.0")


def test_version_5_declares_types_and_where_to_answer() -> None:
    connect = (
        "10 20 0004 4d515454 05 04 003c 00"  # CONNECT, version 5, a will, no properties
        "0001 63"  # client id c
        "06 03 0003 612f62"  # will properties: content type a/b
        "0003 772f77 0004 676f6e65"  # will topic w/w, payload gone
    )
    publish = (
        "30 1a 0003 742f74"  # PUBLISH to t/t
        "11 03 0005 742f637376 08 0006 63616d2f696e"  # properties: content type t/csv, response topic cam/in
        "312c32"  # 1,2
    )
    found = [c for c in play(module, device(connect), device(publish)) if isinstance(c, Content)]
    assert [(c.where, c.data, c.media_type) for c in found] == [
        ("mqtt.client_id", b"c", ""),
        ("mqtt.topic", b"w/w", ""),
        ("mqtt.will", b"gone", "a/b"),
        ("mqtt.topic", b"cam/in", ""),
        ("mqtt.topic", b"t/t", ""),
        ("mqtt.payload", b"1,2", "t/csv"),
    ]


def test_both_ends_may_publish() -> None:
    found = play(module, device(CONNECT), server(publish(b"cmd/go", b"now")))
    assert ("mqtt.payload", "cmd/go", b"now") in contents(found)


def test_a_payload_beyond_the_bound_is_cut_and_the_next_packet_read() -> None:
    data = publish(b"big/one", bytes(PACKET_LEN + 500)) + publish(b"next", b"x")
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    found = [x for n in range(0, len(data), 50_000) for x in session.feed(Segment(1, True, 1, 1, n, data[n : n + 50_000]))]
    payloads = [(c.key, c.truncated) for c in found if isinstance(c, Content) and c.where == "mqtt.payload"]
    assert payloads == [("big/one", True), ("next", False)]


def test_topics_are_kept_up_to_a_bound() -> None:
    data = b"".join(publish(b"t/%05d" % n, b"x") for n in range(TOPICS_KEPT + 20))
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    found = session.feed(Segment(1, True, 1, 1, 0, data))
    mqtt = session.reading().mqtt
    assert mqtt is not None
    assert len(mqtt.topics) == TOPICS_KEPT
    assert sum(isinstance(c, Content) and c.where == "mqtt.payload" for c in found) == TOPICS_KEPT + 20


def test_a_gap_inside_of_a_payload_keeps_the_framing() -> None:
    data = publish(b"map/x", b"abcdefghij")
    found = play(module, device(data[:12]), gap(3, outbound=True), device(data[15:] + publish(b"next", b"y")))
    assert contents(found)[1:] == [
        ("mqtt.payload", "map/x", b"abc"),
        ("mqtt.topic", "", b"next"),
        ("mqtt.payload", "next", b"y"),
    ]


def test_after_a_gap_between_packets_reading_goes_on_at_one_that_is_recognised() -> None:
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    session.feed(Segment(1, True, 1, 1, 0, bytes.fromhex(CONNECT)))
    session.feed(Segment(1, True, 2, 2, 0, b"", 100))
    assert session.feed(Segment(1, True, 3, 3, 0, b"\xff\xfftail of a payload")) == ()
    found = session.feed(Segment(1, True, 4, 4, 0, publish(b"next", b"y")))
    assert [c.where for c in found if isinstance(c, Content)] == ["mqtt.topic", "mqtt.payload"]


def test_a_cut_publish_gives_what_is_there() -> None:
    (_, payload) = play(module, device(publish(b"map/x", b"abcdef")[:-2]))
    assert isinstance(payload, Content)
    assert (payload.data, payload.truncated) == (b"abcd", True)


def test_a_field_longer_than_its_packet_is_an_oddity() -> None:
    (oddity,) = play(module, device("10 0e 0004 4d515454 04 02 003c 00ff 6162"))
    assert isinstance(oddity, Oddity)
    assert oddity.detail == "mqtt: packet of type 1"


def test_a_broken_packet_header_ends_the_direction() -> None:
    found = play(module, device(CONNECT), device("00 00"), device(PUBLISH))
    assert [item.detail for item in found if isinstance(item, Oddity)] == ["mqtt: packet header"]


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (CONNECT, Likeness.CERTAIN),
        ("10 10 0004", Likeness.MORE),
        ("10 10 0004 4d515454 09", Likeness.NO),  # no such level
        ("10 10 0004 4d515455 04", Likeness.NO),
        ("10 ffffffff 01", Likeness.NO),  # a length without end
        (PUBLISH, Likeness.LIKELY),
        ("30 09 0004 61622f23 414141", Likeness.NO),  # a topic with a wildcard
        ("36 09 0004 61622f63 414141", Likeness.NO),  # QoS 3
        ("c0 00", Likeness.WEAK),
        ("c0 01 00", Likeness.NO),
        ("20 02 00 00", Likeness.WEAK),
        ("16 0301 0200 01", Likeness.NO),
        ("00", Likeness.NO),
    ],
)
def test_recognition_by_the_first_packet(data: str, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


def test_inconclusive_without_a_sign_on_no_one_is_named() -> None:
    summary = reading(module, device(PUBLISH))
    assert summary.mqtt == Mqtt(None, None, False, ("map/thre",), None)
    assert summary.encryption.reason == "MQTT in the clear, sign-on not seen"


def test_fail_another_protocol_is_not_taken_for_mqtt() -> None:
    assert recognise(module, b"GET / HTTP/1.1\r\n") is Likeness.NO
    assert recognise(module, b"SSH-2.0-x\r\n") is Likeness.NO


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([bytes.fromhex(CONNECT), bytes.fromhex(PUBLISH)])), max_size=6))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    module.recognise(Head(b"".join(pieces), TCP))
    found = play(module, *[device(piece) for piece in pieces])
    assert sum(len(c.data) for c in found if isinstance(c, Content)) <= 2 * sum(map(len, pieces))
