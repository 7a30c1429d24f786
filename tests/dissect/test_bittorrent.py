"""BitTorrent: handshakes of peers, the hash table, UDP trackers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import bittorrent as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, play, reading, recognise, server

HASH = bytes(range(20))
PEER = b"-XX1234-abcdefghijkl"
HANDSHAKE = b"\x13BitTorrent protocol" + bytes.fromhex("0000000000100005") + HASH + PEER
EXTENDED = b"d1:md6:ut_pexi1ee1:v9:XClient 1e"
BITFIELD = bytes.fromhex("00000003 05 ffff")
QUERY = b"d1:ad2:id20:" + PEER + b"9:info_hash20:" + HASH + b"e1:q9:get_peers1:t2:aa1:y1:qe"
ANSWER = b"d1:rd2:id20:" + PEER[::-1] + b"5:nodes0:e1:t2:aa1:y1:re"
CONNECT = "0000041727101980 00000000 0a0b0c0d"


def told(found: list[Event | Content]) -> list[tuple[str, bytes]]:
    return [(c.where, c.data) for c in found if isinstance(c, Content)]


def framed(number: int, body: bytes) -> bytes:
    """Gives a message behind the handshake."""
    return (len(body) + 1).to_bytes(4) + bytes((number,)) + body


def test_pass_handshake_and_client_are_told() -> None:
    pieces = (device(HANDSHAKE), server(HANDSHAKE), device(BITFIELD + framed(20, b"\0" + EXTENDED)))
    assert told(play(module, *pieces)) == [
        ("bittorrent.info_hash", HASH.hex().encode()),
        ("bittorrent.peer_id", PEER),
        ("bittorrent.client", b"XClient 1"),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_behind_the_first_messages_nothing_is_asked_for() -> None:
    many = BITFIELD * (module.MESSAGES + 4)
    assert told(play(module, device(HANDSHAKE), device(many), device(framed(20, b"\0" + EXTENDED)))) != []


def test_messages_of_the_hash_table_name_nodes_and_what_is_looked_for() -> None:
    assert told(play(module, device(QUERY), server(ANSWER), device(QUERY), protocol=UDP)) == [
        ("bittorrent.node_id", PEER.hex().encode()),
        ("bittorrent.info_hash", HASH.hex().encode()),
        ("bittorrent.node_id", PEER[::-1].hex().encode()),
    ]


def test_an_announce_to_a_tracker_names_the_hash() -> None:
    announce = bytes.fromhex("1122334455667788 00000001 0a0b0c0e") + HASH + PEER + bytes(42)
    answer = server(bytes.fromhex("00000000 0a0b0c0d 1122334455667788"))
    assert told(play(module, device(CONNECT), answer, device(announce), protocol=UDP)) == [
        ("bittorrent.info_hash", HASH.hex().encode()),
        ("bittorrent.peer_id", PEER),
    ]


def test_a_handshake_inside_of_utp_is_told() -> None:
    datagram = bytes.fromhex("0100 0001 00000001 00000001 00010000 0001 0001") + HANDSHAKE
    assert recognise(module, datagram, UDP) is Likeness.CERTAIN
    assert told(play(module, device(datagram), protocol=UDP))[0] == (
        "bittorrent.info_hash",
        HASH.hex().encode(),
    )


def test_fail_a_dictionary_that_is_cut_is_an_oddity() -> None:
    found = play(module, device(QUERY), device(b"d1:ad2:id20:short"), protocol=UDP)
    assert [type(item) for item in found if not isinstance(item, Content)] == [Oddity]


def test_inconclusive_a_cut_handshake_tells_what_is_there() -> None:
    assert told(play(module, device(HANDSHAKE[:60]))) == [("bittorrent.info_hash", HASH.hex().encode())]
    assert play(module, device(HANDSHAKE[:40])) == []


def test_inconclusive_a_direction_that_begins_in_the_middle_tells_nothing() -> None:
    assert play(module, server(BITFIELD)) == []


@pytest.mark.parametrize(
    ("data", "protocol", "likeness"),
    [
        (HANDSHAKE, TCP, Likeness.CERTAIN),
        (HANDSHAKE[:10], TCP, Likeness.MORE),
        (b"\x13BitTorrent protocoL", TCP, Likeness.NO),
        (QUERY, UDP, Likeness.CERTAIN),
        (ANSWER, UDP, Likeness.CERTAIN),
        (bytes.fromhex(CONNECT), UDP, Likeness.CERTAIN),
        (bytes.fromhex(CONNECT) + b"\0", UDP, Likeness.NO),
        (b"d3:foo3:bare", UDP, Likeness.NO),
        (b"\1\0" + bytes(60), UDP, Likeness.NO),  # a DNS header has such bytes
    ],
)
def test_recognition(data: bytes, protocol: int, likeness: Likeness) -> None:
    assert recognise(module, data, protocol) is likeness


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"i-5e", -5),
        (b"4:spam", b"spam"),
        (b"l4:spami7ee", [b"spam", 7]),
        (b"d1:a0:1:bl0:ee", {b"a": b"", b"b": [b""]}),
        (b"i5", None),
        (b"9:spam", None),
        (b"l", None),
        (b"i" + b"9" * 40 + b"e", None),
        (b"l" * 50 + b"e" * 50, None),
        (b"l" + b"0:" * 5000 + b"e", None),
        (b"x", None),
    ],
)
def test_bencoding_is_read_within_bounds(data: bytes, value: object) -> None:
    assert module.parse(data) == value


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 80))
def test_any_bytes_give_events_in_every_cut(data: bytes, at: int) -> None:
    play(module, device(HANDSHAKE[:at] + data), server(HANDSHAKE + data))
    play(module, device(QUERY[:at] + data + QUERY[at + 1 :]), device(data), protocol=UDP)
