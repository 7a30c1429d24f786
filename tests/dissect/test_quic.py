"""QUIC: hellos in Initial packets of both versions and the drafts, in any order, and what stays closed."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.quic_keys import V1, V2, Keys, initial_keys
from iotaudit.dissect import open_flow
from iotaudit.dissect import quic as module
from iotaudit.dissect.session import UDP, Context, Head, Likeness
from iotaudit.dissect.tls_hello import client_hello as read_hello
from iotaudit.dissect.tls_hello import ja4
from iotaudit.model.events import Event, NameSeen
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Content, Segment
from iotaudit.model.want import ALL, NEITHER
from tests.codec.test_quic_keys import SERVER_PACKET, seal
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, device, play, reading, recognise, server

DRAFT_29 = 0xFF00001D
CLIENT_ID = bytes.fromhex("8394c8f03e515708")
RETRY_ID = bytes.fromhex("f067a5502a4262b5")
HELLO_BODY = hellos.client_hello(
    hellos.server_name(b"api.vendor.test"), hellos.alpn(b"h3"), (43, bytes.fromhex("02 0304"))
)
HELLO = hellos.message(1, HELLO_BODY)
ANSWER = hellos.message(2, hellos.server_hello((43, b"\3\4"), cipher=0x1301))


def crypto(offset: int, data: bytes) -> bytes:
    """Gives a CRYPTO frame with lengths of two bytes."""
    return b"\x06" + (0x4000 | offset).to_bytes(2) + (0x4000 | len(data)).to_bytes(2) + data


def keys_of(version: int, connection: bytes) -> tuple[Keys, Keys]:
    keys = initial_keys(version, connection)
    assert keys is not None
    return keys


def initial(
    frames: bytes,
    *,
    version: int = V1,
    keys: Keys | None = None,
    destination: bytes = CLIENT_ID,
    token: bytes = b"",
    pad: int = 1100,
    number: int = 0,
) -> bytes:
    """Gives a protected Initial packet; the keys are the client's of its destination id where none are given."""
    keys = keys or keys_of(version, destination)[0]
    payload = frames + bytes(max(pad - len(frames), 0))
    first = 0xD0 if version == V2 else 0xC0
    header = (
        bytes([first | 1])  # long header, Initial, packet number of two bytes
        + version.to_bytes(4)
        + hellos.vector(destination, 1)
        + hellos.vector(b"", 1)
        + hellos.vector(token, 1)
        + (0x4000 | len(payload) + 2 + 16).to_bytes(2)
        + number.to_bytes(2)
    )
    return seal(keys, header, 2, payload)


def names(found: list[Event]) -> list[tuple[str, str]]:
    return [(n.name, n.source) for n in found if isinstance(n, NameSeen)]


def seen(*pieces: bytes) -> list[tuple[str, str]]:
    found = play(module, *[device(data) for data in pieces])
    return [(n.name, n.source) for n in found if isinstance(n, NameSeen)]


@pytest.mark.parametrize("version", [V1, V2, DRAFT_29, 0xFF000017])
def test_pass_the_hello_of_an_initial_names_the_server(version: int) -> None:
    packet = initial(crypto(0, HELLO), version=version)
    assert recognise(module, packet) is Likeness.CERTAIN
    assert seen(packet) == [("api.vendor.test", "quic_sni")]


def test_the_summary_has_protocol_suite_and_fingerprint() -> None:
    answer = initial(b"\x02\x00\x00\x00\x00" + crypto(0, ANSWER), keys=keys_of(V1, CLIENT_ID)[1], destination=b"")
    summary = reading(module, device(initial(crypto(0, HELLO))), server(answer))
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert (summary.encryption.protocol, summary.encryption.version) == ("quic", "TLSv1.3")
    assert summary.encryption.cipher == "TLS_AES_128_GCM_SHA256"
    assert summary.tls is not None
    assert summary.tls.alpn == ("h3",)
    assert summary.tls.ja4 == ja4(read_hello(HELLO_BODY), "q")


def test_the_server_packet_of_rfc_9001_is_read_after_the_client_spoke() -> None:
    summary = reading(module, device(initial(crypto(0, HELLO))), server(SERVER_PACKET))
    assert summary.encryption.cipher == "TLS_AES_128_GCM_SHA256"


def test_a_hello_in_pieces_over_datagrams_in_any_order_is_joined() -> None:
    parts = [crypto(at, HELLO[at : at + 20]) for at in range(0, len(HELLO), 20)]
    random.Random(7).shuffle(parts)  # noqa: S311 - an order, not a secret
    half = len(parts) // 2
    first = initial(b"\x01".join(parts[:half]), number=0)
    second = initial(b"\x00\x00".join(parts[half:]), number=1)
    assert seen(first, second) == [("api.vendor.test", "quic_sni")]
    assert seen(second, first) == [("api.vendor.test", "quic_sni")]
    assert seen(first) == []


def test_coalesced_packets_are_read_one_after_the_other() -> None:
    frames = [initial(crypto(0, HELLO[:40]), pad=60), initial(crypto(40, HELLO[40:]), pad=60, number=1)]
    assert seen(b"".join(frames)) == [("api.vendor.test", "quic_sni")]


def test_a_retry_makes_new_keys() -> None:
    retry = b"\xf0" + V1.to_bytes(4) + b"\0" + hellos.vector(RETRY_ID, 1) + b"token" + bytes(16)
    again = initial(crypto(0, HELLO), destination=RETRY_ID, token=b"token")
    answer = initial(crypto(0, ANSWER), keys=keys_of(V1, RETRY_ID)[1], destination=b"")
    pieces = (device(initial(crypto(0, HELLO))), server(retry), device(again), server(answer))
    assert reading(module, *pieces).encryption.cipher == "TLS_AES_128_GCM_SHA256"


def test_who_is_the_client_is_told_by_the_keys() -> None:
    found = play(module, server(initial(crypto(0, HELLO))))
    assert names([item for item in found if isinstance(item, NameSeen)]) == [("api.vendor.test", "quic_sni")]


def test_an_ech_hello_names_only_the_front() -> None:
    body = hellos.client_hello(hellos.server_name(b"front.test"), hellos.ECH_OUTER)
    assert seen(initial(crypto(0, hellos.message(1, body)))) == [("front.test", "ech_outer")]


def test_inconclusive_a_damaged_initial_is_encrypted_without_a_name() -> None:
    packet = bytearray(initial(crypto(0, HELLO)))
    packet[-1] ^= 1
    assert seen(bytes(packet)) == []
    summary = reading(module, device(bytes(packet)))
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert summary.encryption.version == "QUIC v1"
    assert summary.tls is None


def test_fail_short_headers_and_foreign_datagrams_are_not_recognised() -> None:
    assert recognise(module, b"\x40" + bytes(range(60)), UDP) is Likeness.NO
    assert recognise(module, b"\xc0" + bytes(60), UDP) is Likeness.NO
    assert recognise(module, "16 fefd 0000 0000 0000 0000 0004 00000000", UDP) is Likeness.NO
    assert recognise(module, b"\x0d" + bytes(8) + b"Q043" + bytes(40), UDP) is Likeness.NO
    assert recognise(module, b"\xc3Q050" + bytes(60), UDP) is Likeness.NO


def test_a_version_negotiation_is_recognised_by_what_it_lists() -> None:
    head = "80 00000000 08 0102030405060708 00"
    assert recognise(module, head + "6b3343cf 00000001") is Likeness.CERTAIN
    assert recognise(module, head + "6b3343cf 0000") is Likeness.NO
    assert recognise(module, head + "12345678") is Likeness.NO


def test_after_both_hellos_no_more_datagrams_are_asked_for() -> None:
    session = module.open(Context(1, UDP, DEVICE, SERVER))
    session.feed(Segment(1, True, 1, 1, 0, initial(crypto(0, HELLO))))
    assert session.wants(outbound=False)
    answer = initial(crypto(0, ANSWER), keys=keys_of(V1, CLIENT_ID)[1], destination=b"")
    session.feed(Segment(1, False, 2, 2, 0, answer))
    assert not session.wants(outbound=True)


def test_short_headers_are_neither_asked_for_nor_counted() -> None:
    session = module.open(Context(1, UDP, DEVICE, SERVER))
    wanted = session.wants(outbound=True)
    assert isinstance(wanted, bytes)
    assert [first for first in range(256) if wanted[first]] == sorted(module.FIRST)
    for packet in range(2 * module.DATAGRAMS):
        assert session.feed(Segment(1, True, packet, packet, 0, bytes([0x43]) + bytes(40))) == ()
    assert session.wants(outbound=True) == wanted
    (name,) = session.feed(Segment(1, True, 999, 999, 0, initial(crypto(0, HELLO))))
    assert isinstance(name, NameSeen)
    assert name.name == "api.vendor.test"


def test_long_headers_are_asked_for_up_to_a_bound() -> None:
    session = module.open(Context(1, UDP, DEVICE, SERVER))
    for packet in range(module.DATAGRAMS):
        assert session.wants(outbound=True)
        session.feed(Segment(1, True, packet, packet, 0, bytes.fromhex("e0 00000001 00 00 05 0102030405")))
    assert not session.wants(outbound=True)
    assert session.wants(outbound=False)


def test_a_flow_asks_for_what_quic_and_other_sure_protocols_begin_with() -> None:
    client, far = Endpoint("192.168.1.20", 50000), Endpoint("192.0.2.1", 443)
    flow = open_flow(1, UDP, client, far)
    assert flow.want == (ALL, ALL)
    flow.feed(Segment(1, True, 1, 1, 0, initial(crypto(0, HELLO))))
    out, back = flow.want
    assert out == back
    assert all(out[first] for first in module.FIRST)
    assert all(out[first] for first in (0x00, 0x01, 0x16))  # STUN, DTLS
    assert sum(out[0x40:0x80]) < 0x20  # most short headers are left out
    told = flow.want
    flow.feed(Segment(1, False, 2, 2, 0, bytes([0x43]) + bytes(40)))
    assert flow.want is told


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.one_of(
                st.sampled_from(
                    [
                        initial(crypto(0, HELLO)),
                        initial(crypto(0, ANSWER), keys=keys_of(V1, CLIENT_ID)[1], destination=b""),
                        initial(crypto(0, HELLO), destination=RETRY_ID, token=b"token"),
                        bytes.fromhex("80 00000000 08 0102030405060708 00 00000001"),  # version negotiation
                        b"\x0d" + bytes(8) + b"Q043" + bytes(20),
                        bytes.fromhex("0001 0000 2112a442 000102030405060708090a0b"),  # STUN
                        bytes([0x43]) + bytes(40),
                        bytes([0x5D]) + bytes(range(40)),
                    ]
                ),
                st.binary(min_size=1, max_size=30),
            ),
        ),
        max_size=12,
    )
)
def test_leaving_out_what_is_not_asked_for_changes_nothing(pieces: list[tuple[bool, bytes]]) -> None:
    whole, asked = (open_flow(1, UDP, DEVICE, Endpoint("192.0.2.1", 443)) for _ in range(2))
    found: list[Event | Content] = []
    found_asked: list[Event | Content] = []
    for packet, (outbound, data) in enumerate([(True, initial(crypto(0, HELLO))), *pieces], start=1):
        if asked.want is NEITHER:
            break  # both ends of the flow are closed now
        segment = Segment(1, outbound, packet, packet, 0, data)
        found += whole.feed(segment)
        if asked.want[0 if outbound else 1][data[0]]:
            found_asked += asked.feed(segment)
    assert [*found, *whole.close()] == [*found_asked, *asked.close()]
    assert whole.summary() == asked.summary()


FRAMES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.builds(crypto, st.integers(0, 0x3FFF), st.binary(max_size=60)),
        st.just(crypto(0, HELLO)),
    ),
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(FRAMES)
def test_any_frames_are_taken_without_a_fault(frames: list[bytes]) -> None:
    play(module, device(initial(b"".join(frames))))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([b"", b"\xc3\0\0\0\1", b"\xd3\x6b\x33\x43\xcf"]), st.binary(max_size=80))
def test_any_datagram_is_taken_without_a_fault(start: bytes, data: bytes) -> None:
    module.recognise(Head(start + data, UDP))
    play(module, device(start + data), server(start + data))
