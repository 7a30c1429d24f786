"""What exchanges of web logs become: names, contents, summaries."""

import gzip
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.weblog import OPENED, REFUSED, merge, read_exchange, taken_over
from iotaudit.model.events import Event, NameSeen
from iotaudit.model.flows import (
    Certificate,
    Encryption,
    EncryptionState,
    FlowName,
    FlowSummary,
    HttpExchange,
    Tls,
)
from iotaudit.model.raw import Content, Exchange

FLOW, PACKET = 1 << 32, 5
POST = Exchange(
    number=5,
    time_ns=1_000,
    end_ns=2_000,
    kind="http",
    client_ip="192.168.50.10",
    client_port=41000,
    server_ip="203.0.113.10",
    server_port=443,
    host="api.vendor.example",
    tls_version="TLSv1.3",
    tls_cipher="TLS_AES_128_GCM_SHA256",
    sni="api.vendor.example",
    alpn="h2",
    method="POST",
    uri="/v1?id=7",
    http_version="HTTP/1.1",
    request_headers=(("Host", "API.vendor.example:443"), ("Cookie", "sid=1"), ("User-Agent", "dev/1")),
    request_body=b"serial=7",
    status=200,
    response_headers=(("Content-Type", "application/json"),),
    response_body=b"{}",
    request_len=120,
    response_len=60,
    encrypted_in_transit=True,
)
# a TLS 1.2 client hello: record 22 of version 3.1, handshake 1, no extensions
HELLO = bytes.fromhex("160301002f 0100002b 0303" + "11" * 32 + "00 0004 13011302 0100")


def contents(seen: tuple[Event | Content, ...]) -> dict[str, Content]:
    return {item.where: item for item in seen if isinstance(item, Content)}


def raw(kind: str = "tcp", *messages: tuple[bool, bytes, int], **fields: object) -> Exchange:
    sent = sum(len(data) for outbound, data, _ in messages if outbound)
    plain = replace(
        POST, kind=kind, method="", uri="", request_headers=(), request_body=b"", messages=messages
    )
    bare = replace(
        plain, response_headers=(), response_body=b"", status=None, request_len=sent, response_len=0
    )
    return replace(bare, **fields)  # type: ignore[arg-type]


def test_everything_readable_of_a_request_is_handed_on() -> None:
    seen, _ = read_exchange(FLOW, PACKET, POST)
    found = contents(seen)
    assert set(found) == {
        "http.uri",
        "http.header.host",
        "http.header.cookie",
        "http.header.user-agent",
        "http.header.content-type",
        "http.body",
    }
    assert found["http.uri"].data == b"/v1?id=7"
    assert (found["http.header.cookie"].key, found["http.header.cookie"].data) == ("cookie", b"sid=1")
    bodies = [c for c in seen if isinstance(c, Content) and c.where == "http.body"]
    assert [(c.outbound, c.data, c.media_type, c.time_ns) for c in bodies] == [
        (True, b"serial=7", "", 1_000),
        (False, b"{}", "application/json", 2_000),
    ]
    assert {c.channel for c in found.values()} == {"decrypted"}
    assert all(item.flow == FLOW and item.packet == PACKET for item in seen)


def test_plain_http_is_plaintext_and_has_no_tls() -> None:
    seen, summary = read_exchange(FLOW, PACKET, replace(POST, encrypted_in_transit=False, sni=None))
    assert {c.channel for c in contents(seen).values()} == {"plaintext"}
    assert summary.encryption.state is EncryptionState.PLAINTEXT
    assert summary.tls is None


def test_what_a_proxy_opened_is_encrypted_on_the_wire() -> None:
    _, summary = read_exchange(FLOW, PACKET, POST)
    assert summary.application == "http"
    assert summary.encryption == Encryption(
        EncryptionState.ENCRYPTED, "tls", "TLSv1.3", "TLS_AES_128_GCM_SHA256", OPENED, opened=True
    )
    assert summary.tls is not None
    assert (summary.tls.sni, summary.tls.alpn) == ("api.vendor.example", ("h2",))
    (row,) = summary.http
    assert (row.method, row.host, row.uri, row.user_agent, row.status) == (
        "POST", "api.vendor.example", "/v1?id=7", "dev/1", 200)  # fmt: skip
    assert summary.first_payload_packet == PACKET


def test_names_come_from_the_hello_the_host_header_and_the_proxy() -> None:
    seen, summary = read_exchange(
        FLOW, PACKET, replace(POST, host="proxy-asked.example", sni="front.example")
    )
    expected = [
        ("front.example", "sni"),
        ("api.vendor.example", "http_host"),
        ("proxy-asked.example", "proxy"),
    ]
    assert [(n.name, n.source) for n in summary.names] == expected
    assert [(e.name, e.source) for e in seen if isinstance(e, NameSeen)] == expected


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("[2001:db8::1]:8443", "2001:db8::1"),
        ("h.example.", "h.example"),
        ("h.example:80", "h.example"),
        ("  ", None),
    ],
)
def test_a_host_header_is_stripped_of_its_port(header: str, wanted: str | None) -> None:
    _, summary = read_exchange(FLOW, PACKET, replace(POST, request_headers=(("host", header),)))
    assert next((n.name for n in summary.names if n.source == "http_host"), None) == wanted


@pytest.mark.parametrize(
    ("declared", "body", "wanted"),
    [
        ("gzip", gzip.compress(b"x", mtime=0), "gzip"),
        ("gzip", b"serial=7", ""),
        ("br", b"\x0b\x02\x80hello\x03", "br"),
        ("br", b"serial=7", ""),
        ("", b"serial=7", ""),
        ("zstd", b"\x28\xb5\x2f\xfd\x04", "zstd"),
    ],
)
def test_a_coding_is_told_only_where_the_body_still_has_it(declared: str, body: bytes, wanted: str) -> None:
    given_body = replace(
        POST, request_headers=(("Content-Encoding", declared),), request_body=body, response_body=b""
    )
    seen, _ = read_exchange(FLOW, PACKET, given_body)
    assert contents(seen)["http.body"].encoding == wanted


def test_messages_of_a_websocket_are_contents_with_their_direction() -> None:
    web = replace(POST, kind="websocket", messages=((True, b"hi", 7), (False, b"", 8), (False, b"\xff\0", 9)))
    seen, summary = read_exchange(FLOW, PACKET, web)
    found = [c for c in seen if isinstance(c, Content) and c.where.startswith("websocket.")]
    assert [(c.where, c.outbound, c.data, c.time_ns, c.channel) for c in found] == [
        ("websocket.text", True, b"hi", 7, "decrypted"),
        ("websocket.binary", False, b"\xff\0", 9, "decrypted"),
    ]
    assert summary.application == "websocket"


def test_a_raw_flow_is_read_by_the_dissectors_of_packets() -> None:
    passed = raw("tcp", (True, HELLO, 7), encrypted_in_transit=False, sni=None)
    seen, summary = read_exchange(FLOW, PACKET, passed)
    assert summary.application == "tls"
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert summary.encryption.reason != OPENED
    assert contents(seen) == {}
    assert all(item.packet == PACKET for item in seen)


def test_text_inside_an_opened_flow_is_decrypted() -> None:
    seen, summary = read_exchange(FLOW, PACKET, raw("tcp", (True, b"serial=7;state=cleaning\n" * 4, 7)))
    assert [(c.where, c.channel) for c in contents(seen).values()] == [("text", "decrypted")]
    assert (summary.encryption.state, summary.encryption.reason) == (EncryptionState.ENCRYPTED, OPENED)


def test_what_is_closed_inside_an_opened_flow_is_not_called_opened() -> None:
    _, summary = read_exchange(FLOW, PACKET, raw("tcp", (True, HELLO, 7)))
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert summary.encryption.reason is not None
    assert summary.encryption.reason.startswith(f"{OPENED}, and still closed inside")


def test_a_refused_certificate_leaves_nothing_opened() -> None:
    refused = raw("tcp", client_rejected_certificate=True, encrypted_in_transit=False)
    seen, summary = read_exchange(FLOW, PACKET, refused)
    assert contents(seen) == {}
    assert (summary.application, summary.encryption.state, summary.encryption.reason) == (
        "tls", EncryptionState.ENCRYPTED, REFUSED)  # fmt: skip
    assert summary.first_payload_packet is None


def test_no_payload_means_no_payload_packet() -> None:
    _, summary = read_exchange(FLOW, PACKET, replace(POST, request_len=0, response_len=0))
    assert summary.first_payload_packet is None


def test_merging_keeps_every_name_and_request_once() -> None:
    _, first = read_exchange(FLOW, 5, POST)
    _, second = read_exchange(FLOW, 9, replace(POST, sni="other.example", uri="/v2"))
    both = merge(first, second)
    assert [(n.name, n.source, n.packet) for n in both.names] == [
        ("api.vendor.example", "sni", 5),
        ("api.vendor.example", "http_host", 5),
        ("api.vendor.example", "proxy", 5),
        ("other.example", "sni", 9),
    ]
    assert [(r.uri, r.packet) for r in both.http] == [("/v1?id=7", 5), ("/v2", 9)]
    assert both.first_payload_packet == 5


def test_merging_is_bounded() -> None:
    _, one = read_exchange(FLOW, PACKET, POST)
    many = one
    for _ in range(1200):
        many = merge(many, one)
    assert len(many.http) == 1000


OPEN = Encryption(EncryptionState.ENCRYPTED, "tls", reason=OPENED, opened=True)
CLOSED = Encryption(EncryptionState.ENCRYPTED, "tls", reason="TLS handshake seen")
PLAIN = Encryption(EncryptionState.PLAINTEXT)


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [(OPEN, CLOSED, CLOSED), (OPEN, PLAIN, PLAIN), (PLAIN, CLOSED, CLOSED), (Encryption(), OPEN, OPEN)],
)
def test_what_stayed_closed_outweighs_what_was_opened(
    one: Encryption, other: Encryption, wanted: Encryption
) -> None:
    assert merge(FlowSummary(encryption=one), FlowSummary(encryption=other)).encryption == wanted
    assert merge(FlowSummary(encryption=other), FlowSummary(encryption=one)).encryption == wanted


def test_a_name_is_kept_with_its_first_packet() -> None:
    early, late = FlowName("a.example", "proxy", 3), FlowName("a.example", "proxy", 8)
    assert merge(FlowSummary(names=(early,)), FlowSummary(names=(late,))).names == (early,)


@given(
    st.sampled_from(["http", "websocket", "tcp", "udp", "dns"]),
    st.lists(st.tuples(st.booleans(), st.binary(max_size=40), st.integers(-1, 9)), max_size=4),
    st.booleans(),
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_any_exchange_gives_a_summary_and_its_channel(
    kind: str,
    messages: list[tuple[bool, bytes, int]],
    encrypted: bool,  # noqa: FBT001 - hypothesis fills it
    headers: list[tuple[str, str]],
) -> None:
    plain = replace(POST, kind=kind, messages=tuple(messages), encrypted_in_transit=encrypted)
    one = replace(plain, request_headers=tuple(headers), client_ip=None, server_ip=None)
    seen, summary = read_exchange(FLOW, PACKET, one)
    channels = {item.channel for item in seen if isinstance(item, Content)}
    assert channels <= {"decrypted" if encrypted else "plaintext"}
    if encrypted:
        assert summary.encryption.state is EncryptionState.ENCRYPTED


PACKETS = FlowSummary(
    application="tls",
    encryption=Encryption(EncryptionState.ENCRYPTED, "tls", "TLS 1.2", "packets' cipher", "TLS handshake"),
    names=(FlowName("api.vendor.example", "sni", 1), FlowName("proxy.lab.example", "certificate", 2)),
    tls=Tls(
        sni="api.vendor.example", alpn=("h2",), version="TLS 1.2", cipher=None, ja4="t12d", ech=False,
        certificate=Certificate("proxy.lab.example", None, "lab", (), 0, 1, False, 2),
    ),
    http=(HttpExchange("CONNECT", None, "api.vendor.example:443", None, 200, 1),),
    first_payload_packet=1,
)  # fmt: skip


def test_packets_take_over_what_the_log_read_and_not_the_proxys_certificate() -> None:
    _, log = read_exchange(FLOW, PACKET, POST)
    one = taken_over(PACKETS, log, told=True)
    assert (one.application, one.encryption, one.http) == ("http", log.encryption, log.http)
    assert one.tls is not None
    assert (one.tls.ja4, one.tls.version, one.tls.certificate) == ("t12d", "TLSv1.3", None)
    assert [name.source for name in one.names] == ["sni", "http_host", "proxy"]
    assert one.first_payload_packet == 1


def test_what_the_log_does_not_account_for_stays_closed() -> None:
    _, log = read_exchange(FLOW, PACKET, POST)
    one = taken_over(PACKETS, log, told=False)
    assert (one.encryption.state, one.encryption.opened) == (EncryptionState.ENCRYPTED, False)
    assert one.http == log.http


def test_a_log_that_read_nothing_leaves_what_the_packets_show() -> None:
    one = taken_over(PACKETS, FlowSummary(), told=True)
    assert (one.application, one.encryption, one.http) == ("tls", PACKETS.encryption, PACKETS.http)
    assert (one.tls, taken_over(FlowSummary(), FlowSummary(), told=True)) == (
        replace(PACKETS.tls, certificate=None),  # type: ignore[type-var]
        FlowSummary(),
    )
