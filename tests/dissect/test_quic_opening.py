"""QUIC with a key log: real conversations that were kept, as told by the whole flow; captures; hostile bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.keylog import KeyLog
from iotaudit.codec.quic_keys import V1, V2
from iotaudit.dissect.handshake import CLIENT_HELLO, Handshake
from iotaudit.dissect.quic import QuicSession
from iotaudit.dissect.quic_opening import HANDSHAKE, ONE_RTT, Opening
from iotaudit.dissect.session import UDP, Context, Item, Opened
from iotaudit.model.events import DnsAnswer, DnsQuery, Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect import hellos
from tests.dissect.opened import contents, oddities, told
from tests.dissect.play import DEVICE, SERVER
from tests.quic_talk import DatagramTalk, ends, frozen, http3

WHY = "opened with the key log"
PREFIXES = [
    b"",
    b"\x08\0",
    b"\x08\2",
    b"\x08\3",
    b"\x0e\0\4\5",
    b"\x09\0",
    b"\x06\0",
    b"\x08\0\x01",
    b"\x31",
    b"\x04\0",
]
"""Frames that the bytes behind them may complete."""
POSTS = (("/v1/state", b'{"serial":"SN-0042-77"}'), ("/v1/log", b"z" * 5000), ("/v1/state", b'{"n":3}'))


def test_pass_http3_over_two_key_updates_with_a_dynamic_table() -> None:
    found, summary = told(frozen("h3"))
    assert [(e.method, e.host, e.uri, e.status, e.user_agent) for e in summary.http] == [
        ("POST", "cloud.vendor.example", uri, 200, "camera/1.0")
        for uri in ("/v1/state", "/v1/state", "/v1/log")
    ]
    seen = contents(found)
    assert [data for _, where, data in seen if where == "http.header.x-device-id"] == [b"cam-0042-77"] * 3
    assert [data for _, where, data in seen if where == "http.body"] == [
        b'{"serial":"SN-0042-77"}',
        b'stored {"serial',
        b'{"n":2}',
        b'stored {"n":2}',
        b'{"n":3}',
        b'stored {"n":3}',
    ]
    assert oddities(found) == []


def test_the_summary_says_what_was_on_the_line_and_that_it_was_opened() -> None:
    summary = told(frozen("h3"))[1]
    assert summary.application == "http3"
    assert (summary.encryption.state, summary.encryption.opened) == (EncryptionState.ENCRYPTED, True)
    assert summary.encryption.reason == f"QUIC v1: hello read; {WHY}"
    assert summary.tls is not None
    assert summary.tls.alpn == ("h3",)
    assert summary.tls.certificate is not None
    assert [(name.name, name.source) for name in summary.names] == [
        ("cloud.vendor.example", "quic_sni"),
        ("cloud.vendor.example", "certificate"),
        ("cloud.vendor.example", "http_host"),
    ]


def test_data_sent_before_the_servers_hello_is_read_in_version_2() -> None:
    found, summary = told(frozen("h3-v2-early"))
    assert (1, "http.body", b'{"serial":"SN-0042-77"}') in contents(found)
    assert [(e.uri, e.status, e.packet) for e in summary.http] == [("/v1/state", 200, 1)]
    assert summary.encryption.cipher == "TLS_CHACHA20_POLY1305_SHA256"


def test_dns_is_read() -> None:
    found, summary = told(frozen("doq"), port=853)
    assert summary.application == "dns"
    assert [(item.packet, item.name) for item in found if isinstance(item, DnsQuery)] == [
        (5, "api.vendor.test")
    ]
    assert [item.answers for item in found if isinstance(item, DnsAnswer)] == [("192.0.2.1",)]


def test_streams_of_another_protocol_are_conversations_of_their_own_and_alerts_are_told() -> None:
    found, summary = told(frozen("mqtt"))
    assert contents(found) == [(5, "quic.datagram", b"reading=21"), (5, "mqtt.client_id", b"cam1")]
    assert summary.application == "mqtt"
    assert summary.encryption.opened
    assert (
        summary.encryption.reason == f"QUIC v1: hello read; closed with the TLS alert bad_certificate; {WHY}"
    )


def test_without_its_keys_nothing_is_opened_and_nothing_more_is_wanted() -> None:
    for keylog in (b"", frozen("doq").keylog):
        found, summary = told(frozen("h3"), keylog=keylog)
        assert contents(found) == []
        assert (summary.application, summary.encryption.opened, summary.http) == ("quic", False, ())
        assert oddities(found) == []


def test_with_keys_all_datagrams_are_wanted() -> None:
    talk = frozen("h3")
    keys = KeyLog()
    keys.add(talk.keylog)
    session = QuicSession(Context(1, UDP, DEVICE, SERVER, keys))
    for packet, (outbound, data) in enumerate(talk.datagrams, start=1):
        session.feed(Segment(1, outbound, packet, packet, 0, data))
    assert session.wants(outbound=True) is session.wants(outbound=False) is True


def test_inconclusive_keys_of_one_side_open_one_side_and_the_other_is_told() -> None:
    talk = frozen("h3")
    half = b"\n".join(line for line in talk.keylog.splitlines() if line.startswith(b"CLIENT"))
    found, summary = told(talk, keylog=half)
    assert [e.status for e in summary.http] == [None, None, None]
    assert oddities(found) == [("decryption_stopped", False)]


def test_fail_wrong_secrets_are_told_for_both_sides() -> None:
    talk = frozen("h3")
    wrong = b"\n".join(line[:-8] + b"00000000" for line in talk.keylog.splitlines())
    found, summary = told(talk, keylog=wrong)
    assert not summary.encryption.opened
    assert sorted(oddities(found)) == [("decryption_failed", False), ("decryption_failed", True)]


def test_datagrams_that_come_twice_and_in_another_order_tell_the_same() -> None:
    talk = frozen("h3")
    doubled = tuple(row for row in talk.datagrams for _ in range(2))
    assert [data for *_, data in contents(told(DatagramTalk(doubled, talk.keylog))[0])] == [
        data for *_, data in contents(told(talk)[0])
    ]


@pytest.mark.parametrize(
    ("versions", "suites", "resume", "key_update"),
    [
        ((V1,), (0x1301,), False, False),
        ((V1,), (0x1302,), False, True),
        ((V2,), (0x1303,), False, False),
        ((V2,), (0x1301,), True, False),
        ((V1,), (0x1302,), True, True),
    ],
)
def test_conversations_of_another_project_are_read_whole(
    versions: tuple[int, ...],
    suites: tuple[int, ...],
    resume: bool,  # noqa: FBT001
    key_update: bool,  # noqa: FBT001
) -> None:
    pytest.importorskip(
        "aioquic"
    )  # in version 2 it updates keys with the label of version 1, against RFC 9369
    found, summary = told(http3(POSTS, versions, suites, resume=resume, key_update=key_update))
    assert [(e.uri, e.status) for e in summary.http] == [(path, 200) for path, _ in POSTS]
    bodies = [data for _, where, data in contents(found) if where == "http.body"]
    assert bodies[::2] == [body for _, body in POSTS]
    assert oddities(found) == []


def test_a_large_body_over_many_datagrams_is_joined_and_cut_where_one_is_missing() -> None:
    pytest.importorskip("aioquic")
    pair = ends("h3")
    pair.carry(2)
    pair.client.send_stream_data(0, bytes.fromhex("01 04 0000 d1 c1 00 8000c350") + bytes(50_000), True)
    pair.carry(40)
    talk = pair.talk()
    bodies = [data for _, where, data in contents(told(talk)[0]) if where == "http.body"]
    assert bodies == [bytes(50_000)]
    rows = enumerate(talk.datagrams)
    long = [index for index, (outbound, data) in rows if outbound and data[0] < 0x80 and len(data) > 1000]
    missed = tuple(row for index, row in enumerate(talk.datagrams) if index != long[5])
    found = told(DatagramTalk(missed, talk.keylog))[0]
    (body,) = [item for item in found if isinstance(item, Content) and item.where == "http.body"]
    assert body.truncated
    assert 45_000 < len(body.data) < 50_000
    assert oddities(found) == [("decryption_stopped", True)]


def test_zeros_behind_the_last_packet_are_no_packet_that_stayed_closed() -> None:
    talk = frozen("h3")
    (outbound, hello) = talk.datagrams[0]
    padded = DatagramTalk(((outbound, hello + bytes(40)),), talk.keylog)
    assert oddities(told(padded)[0]) == []


def gaps(found: list[Event | Content]) -> list[tuple[str, bool]]:
    """Gives what is told to be missing, and in which direction."""
    picked = [item for item in found if isinstance(item, Oddity) and item.detail.startswith("quic: ")]
    return [(item.detail.removeprefix("quic: "), item.outbound) for item in picked]


@pytest.mark.parametrize("name", ["h3", "h3-v2-early", "doq", "mqtt"])
def test_each_datagram_that_is_missing_is_told_once_where_the_other_end_had_it(name: str) -> None:
    talk = frozen(name)
    assert gaps(told(talk)[0]) == []
    for index in range(1, len(talk.datagrams) - 1):  # the hello tells which secrets; nobody had time for the last
        missed = DatagramTalk(talk.datagrams[:index] + talk.datagrams[index + 1 :], talk.keylog)
        found = gaps(told(missed)[0])
        assert [outbound for _, outbound in found].count(talk.datagrams[index][0]) == 1
        assert len(found) == len({outbound for _, outbound in found})


def test_a_datagram_that_was_lost_on_the_way_and_sent_again_is_not_missing() -> None:
    pytest.importorskip("aioquic")
    pair = ends("doq")
    pair.carry()
    pair.client.send_stream_data(0, bytes.fromhex("0002 abcd"), True)
    lost = [data for data, _address in pair.client.datagrams_to_send(pair.now)]
    pair.now = pair.client.get_timer() or pair.now
    pair.client.handle_timer(pair.now)
    pair.carry()
    assert len(lost) == 1
    assert gaps(told(pair.talk(), port=853)[0]) == []


@pytest.mark.parametrize("resume", [False, True])
def test_an_answer_in_another_version_is_followed(resume: bool) -> None:  # noqa: FBT001
    pytest.importorskip("aioquic")
    talk = http3(POSTS, (V2, V1), (0x1301,), resume=resume, original=V1)
    assert [int.from_bytes(data[1:5]) for _, data in talk.datagrams[:2]] == [V1, V2]
    found, summary = told(talk)
    assert [(e.uri, e.status) for e in summary.http] == [(path, 200) for path, _ in POSTS]
    assert oddities(found) == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_change_after_the_handshake_is_taken_without_a_fault(data: st.DataObject) -> None:
    talk = frozen(data.draw(st.sampled_from(["h3", "h3-v2-early", "doq", "mqtt"])))
    rows = list(talk.datagrams)
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(1, len(rows) - 1))
        outbound, datagram = rows[index]
        at = data.draw(st.integers(0, len(datagram)))
        rows[index] = (outbound, datagram[:at] + data.draw(st.binary(max_size=30)) + datagram[at + 3 :])
    rows.insert(
        data.draw(st.integers(1, len(rows))),
        (data.draw(st.booleans()), b"\x40" + data.draw(st.binary(max_size=60))),
    )
    found, summary = told(DatagramTalk(tuple(rows), talk.keylog))
    assert ("dissector_fault", True) not in oddities(found)
    assert ("dissector_fault", False) not in oddities(found)
    assert summary.encryption.state is EncryptionState.ENCRYPTED


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["h3", "doq", "doq-i00", "mqtt"]),
    st.lists(st.tuples(st.booleans(), st.sampled_from(PREFIXES), st.binary(max_size=60)), max_size=8),
)
def test_any_payload_of_a_packet_that_opened_is_taken_without_a_fault(
    alpn: str, payloads: list[tuple[bool, bytes, bytes]]
) -> None:
    handshake = Handshake(1, "q", "quic_sni")
    handshake.message(CLIENT_HELLO, hellos.client_hello(hellos.alpn(alpn.encode())), (1, 1), outbound=True)
    opening = Opening(Context(1, UDP, DEVICE, SERVER), handshake, V1, 0, client=True)
    found: list[Item] = []
    last = Segment(1, True, 1, 1, 0, b"x")
    for outbound, prefix, payload in payloads:
        last = Segment(1, outbound, last.packet + 1, 1, 0, b"x")
        opening._frames(HANDSHAKE if prefix[:1] == b"\x06" else ONE_RTT, prefix + payload, last, found)
    found += opening.close(last, ())
    assert all(not isinstance(item, Opened) or alpn == "mqtt" for item in found)
