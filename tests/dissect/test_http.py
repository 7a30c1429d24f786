"""HTTP/1.x: heads, bodies, pairs of request and answer, changes of protocol, gaps, and hostile bytes."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import http as module
from iotaudit.dissect import open_flow
from iotaudit.dissect.http_body import BODY_LEN, Framing
from iotaudit.dissect.http_head import HEAD_LEN, read_head
from iotaudit.dissect.http_told import handed, host_of, tell
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import DnsAnswer, DnsQuery, Event, NameSeen, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, Piece, device, gap, play, reading, recognise, server

GET = b"GET /a?id=7 HTTP/1.1\r\nHost: Api.Vendor.test:8080\r\nUser-Agent: robot/1.0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def contents(found: list[Event | Content], where: str = "") -> list[tuple[str, bytes]]:
    return [(c.where, c.data) for c in found if isinstance(c, Content) and c.where.startswith(where)]


def bodies(*pieces: Piece) -> list[tuple[bytes, bool]]:
    found = play(module, *pieces)
    return [(c.data, c.truncated) for c in found if isinstance(c, Content) and c.where == "http.body"]


def names(found: list[Event | Content]) -> list[str]:
    return [item.name for item in found if isinstance(item, NameSeen)]


def oddities(found: list[Event | Content]) -> list[str]:
    return [item.detail for item in found if isinstance(item, Oddity)]


LINES = st.lists(
    st.sampled_from(
        [
            b"Host: api.vendor.test\r\n",
            b"Content-Length: 5\r\n",
            b"content-length:7\n",
            b"Content-Length: 5, 5\r\n",
            b"Content-Length: x\r\n",
            b" folded\r\n",
            b"X-Token: t\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Encoding: gzip\r\n",
            b"no field\r\n",
        ]
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([b"POST /a HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 304 No\r\n"]), LINES)
def test_what_is_remembered_of_fields_changes_nothing(start: bytes, lines: list[bytes]) -> None:
    raw = start + b"".join(lines) + b"\r\n"
    told, head = tell(raw), read_head(raw)
    assert told
    assert head
    assert (told.method, told.status, told.target) == (head.method, head.status, head.target)
    assert told.handed == handed(head.fields, request=not head.status)
    lengths, codings = head.lengths(), head.listed("transfer-encoding")
    if head.status == 304:
        assert (told.framing, told.length) == (Framing.LENGTH, 0)
    elif codings and codings[-1] == "chunked":
        assert told.framing is Framing.CHUNKED
    elif codings and head.status:
        assert told.framing is Framing.CLOSE
    elif lengths is None or len(lengths) > 1:
        assert told.framing is None
    elif lengths:
        assert (told.framing, told.length) == (Framing.LENGTH, lengths.pop())
    else:
        assert told.framing is (Framing.CLOSE if head.status else Framing.LENGTH)


def test_pass_a_request_gives_name_target_and_fields() -> None:
    found = play(module, device(GET), server(OK))
    assert found[0] == NameSeen(1, 1, 1_000_000_000, True, "api.vendor.test", "http_host")
    assert contents(found) == [
        ("http.uri", b"/a?id=7"),
        ("http.header.user-agent", b"robot/1.0"),
        ("http.body", b"hello"),
    ]
    summary = reading(module, device(GET), server(OK))
    assert summary.encryption.state is EncryptionState.PLAINTEXT
    (exchange,) = summary.http
    assert (exchange.method, exchange.host, exchange.uri) == ("GET", "api.vendor.test", "/a?id=7")
    assert (exchange.user_agent, exchange.status, exchange.packet) == ("robot/1.0", 200, 1)


def test_pipelined_requests_are_paired_in_order() -> None:
    asked = b"GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"
    answered = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n"
    summary = reading(module, device(asked), server(answered))
    assert [(e.method, e.uri, e.status) for e in summary.http] == [("GET", "/1", 404), ("POST", "/2", 201)]
    assert bodies(device(asked), server(answered)) == [(b"hi", False)]


def test_a_chunked_body_is_joined_and_its_trailer_read() -> None:
    data = (
        b"POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"
        b"Content-Type: application/json\r\n\r\n"
        b'3;name="x"\r\nabc\r\n00B\r\n0123456789a\r\n0\r\nX-Serial: 77\r\n\r\n' + GET
    )
    found = play(module, device(data))
    (body,) = [c for c in found if isinstance(c, Content) and c.where == "http.body"]
    assert body.data == b"abc0123456789a"
    assert (body.encoding, body.media_type, body.truncated) == ("gzip", "application/json", False)
    assert ("http.header.x-serial", b"77") in contents(found)
    assert names(found) == ["a.test", "api.vendor.test"]


def test_answers_without_a_body_are_followed_by_the_next() -> None:
    asked = b"".join(method + b" / HTTP/1.1\r\nHost: a.test\r\n\r\n" for method in (b"HEAD", b"GET", b"GET", b"GET"))
    answered = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"  # to HEAD: the length of what is not sent
        b"HTTP/1.1 204 None\r\n\r\n"
        b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n"
        b"HTTP/1.1 100 Go on\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    assert bodies(device(asked), server(answered)) == [(b"ok", False)]
    assert [e.status for e in reading(module, device(asked), server(answered)).http] == [200, 204, 304, 200]


def test_an_answer_without_length_ends_with_the_connection() -> None:
    answer = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end\r\n\r\nHTTP/1.0 200 is text\r\n"
    assert bodies(device(GET), server(answer)) == [(answer.split(b"\r\n\r\n", 1)[1], False)]


def test_a_body_that_is_cut_is_given_and_marked() -> None:
    assert bodies(device(GET), server(OK[:-2])) == [(b"hel", True)]


def test_a_body_beyond_the_bound_is_cut_and_the_next_message_read() -> None:
    size = BODY_LEN + 70_000
    data = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % size + bytes(size) + GET
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    found = [x for n in range(0, len(data), 65_000) for x in session.feed(Segment(1, True, 1, 1, n, data[n : n + 65_000]))]
    pieces = [c for c in found if isinstance(c, Content) and c.where == "http.body"]
    assert [(len(c.data), c.truncated) for c in pieces] == [(BODY_LEN, True)]
    assert names(found) == ["a.test", "api.vendor.test"]


def test_credentials_are_contents_and_safe_fields_are_not() -> None:
    data = b"GET / HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nAuthorization: Basic Ym9iOmhp\r\nCookie: s=1\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: now\r\nSet-Cookie: s=2\r\nX-Auth-Token: t\r\n\r\n"
    assert contents(play(module, device(data), server(answer))) == [
        ("http.header.authorization", b"Basic Ym9iOmhp"),
        ("http.header.cookie", b"s=1"),
        ("http.header.set-cookie", b"s=2"),
        ("http.header.x-auth-token", b"t"),
    ]


def test_an_absolute_target_names_its_host_too() -> None:
    data = b"GET http://user@Inner.test:81/x HTTP/1.1\r\nHost: outer.test\r\n\r\n"
    assert names(play(module, device(data))) == ["outer.test", "inner.test"]


def test_connect_hands_the_tunnel_on() -> None:
    hello = hellos.record(22, hellos.message(1, hellos.client_hello(hellos.server_name(b"api.vendor.test"))))
    flow = open_flow(1, TCP, DEVICE, SERVER)
    for packet, (outbound, data) in enumerate(
        (
            (True, b"CONNECT Api.Vendor.test:443 HTTP/1.1\r\nHost: proxy.test\r\n\r\n"),
            (False, b"HTTP/1.1 200 Connection established\r\n\r\n"),
            (True, hello),
        ),
        start=1,
    ):
        flow.feed(Segment(1, outbound, packet, packet, 0, data))
    flow.close()
    summary = flow.summary()
    assert [(n.name, n.source) for n in summary.names] == [
        ("api.vendor.test", "http_host"),
        ("proxy.test", "http_host"),
        ("api.vendor.test", "sni"),
    ]
    assert summary.application == "tls"
    assert summary.encryption.state is EncryptionState.ENCRYPTED
    assert [(e.method, e.status) for e in summary.http] == [("CONNECT", 200)]


def test_a_tunnel_is_told_by_its_bytes_where_the_answer_is_missing() -> None:
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    session.feed(Segment(1, True, 1, 1, 0, b"CONNECT a.test:443 HTTP/1.1\r\n\r\n"))
    assert session.rest() is None
    session.feed(Segment(1, True, 2, 2, 0, b"\x16\x03\x01"))
    rest = session.rest()
    assert rest is not None
    assert [(s.outbound, s.data, s.packet) for s in rest] == [(True, b"\x16\x03\x01", 2)]


def test_a_refused_tunnel_goes_on_as_http() -> None:
    asked = b"CONNECT a.test:443 HTTP/1.1\r\n\r\n" + GET
    answered = b"HTTP/1.1 407 Who\r\nContent-Length: 2\r\n\r\nno" + OK
    assert [e.status for e in reading(module, device(asked), server(answered)).http] == [407, 200]


def test_an_upgrade_gives_the_answer_and_what_follows() -> None:
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    asked = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"
    answer = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"
    session.feed(Segment(1, True, 1, 1, 0, asked))
    session.feed(Segment(1, False, 2, 2, 0, answer + b"\x81\x00"))
    rest = session.rest()
    assert rest is not None
    assert [s.data for s in rest] == [answer, b"\x81\x00"]


def test_a_gap_inside_of_a_body_is_bridged_and_marked() -> None:
    pieces = (server(OK[:-3]), gap(2, outbound=False), server(OK[-1:] + OK))
    assert bodies(device(GET + GET), *pieces) == [(b"he", True), (b"o", True), (b"hello", False)]


def test_after_a_gap_reading_goes_on_at_the_next_start_line() -> None:
    found = play(module, device(GET), gap(500, outbound=True), device(b'tail of a "body"}' + GET + GET))
    assert names(found) == ["api.vendor.test"] * 3
    assert oddities(found) == []


def test_a_head_that_is_cut_by_a_gap_is_read_as_far_as_it_goes() -> None:
    found = play(module, device(b"GET /x HTTP/1.1\r\nHost: a.test\r\nCookie: s"), gap(50, outbound=True))
    assert names(found) == ["a.test"]
    assert contents(found) == [("http.uri", b"/x")]


def test_a_capture_that_begins_inside_a_body_skips_its_tail() -> None:
    found = play(module, device(b"...rest of a body" + GET), server(b"\0\1\2" + OK))
    assert names(found) == ["api.vendor.test"]
    assert oddities(found) == []


def test_a_head_beyond_the_bound_is_an_oddity() -> None:
    data = b"GET / HTTP/1.1\r\nX: " + b"y" * HEAD_LEN + b"\r\n\r\n" + GET
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    found = list(session.feed(Segment(1, True, 1, 1, 0, data)))
    assert oddities(found) == [f"http: head longer than {HEAD_LEN} bytes"]
    assert names(found) == ["api.vendor.test"]


@pytest.mark.parametrize("value", [b"12, 13", b"-5", b"1e3", b"9" * 30])
def test_a_length_that_cannot_be_true_is_an_oddity(value: bytes) -> None:
    data = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: " + value + b"\r\n\r\n" + GET
    found = play(module, device(data))
    assert oddities(found) == ["http: content-length"]
    assert names(found) == ["a.test", "api.vendor.test"]


@pytest.mark.parametrize(
    ("fields", "doubt"),
    [
        (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "content-length beside transfer-encoding"),
        (b"Transfer-Encoding : chunked\r\nContent-Length: x\r\n", "content-length beside transfer-encoding"),
        (b"Transfer-Encoding: chunked, x\r\n", "a request whose last transfer-encoding is not chunked"),
        (b"Host: b.test\r\n", "host fields that differ"),
    ],
)
def test_fail_a_head_that_its_readers_may_read_differently_is_told(fields: bytes, doubt: str) -> None:
    data = b"POST / HTTP/1.1\r\nHost: a.test\r\n" + fields + b"\r\n0\r\n\r\n"
    assert oddities(play(module, device(data)))[0] == f"http: {doubt}"


def test_of_both_lengths_the_chunks_count_and_the_smuggled_request_is_seen() -> None:
    data = (
        b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 39\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /x HTTP/1.1\r\nHost: b.test\r\n\r\n"
    )
    found = play(module, device(data))
    assert names(found) == ["a.test", "b.test"]
    assert ("http.uri", b"/x") in contents(found)


@pytest.mark.parametrize("fields", [b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5, 5\r\n", b"Host: a.test\r\n"])
def test_one_way_to_read_a_head_is_no_oddity(fields: bytes) -> None:
    data = b"POST / HTTP/1.1\r\nHost: a.test\r\n" + fields + b"\r\n0\r\n\r\n"
    assert not [text for text in oddities(play(module, device(data))) if "start line" not in text]


def test_early_hints_come_before_the_answer() -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK
    assert [e.status for e in reading(module, device(GET), server(answer)).http] == [200]
    assert bodies(device(GET), server(answer)) == [(b"hello", False)]


QUESTION = bytes.fromhex("0000 0100 0001 0000 0000 0000 01 61 04 74657374 00 0001 0001")  # a.test, A, IN
ANSWERED = bytes.fromhex(
    "0000 8180 0001 0001 0000 0000 01 61 04 74657374 00 0001 0001 c00c 0001 0001 0000003c 0004 c0000207"
)
MESSAGE = b"Content-Type: application/dns-message\r\nContent-Length: %d\r\n\r\n%b"
TOLD = b"HTTP/1.1 200 OK\r\n" + MESSAGE % (len(ANSWERED), ANSWERED)
IN_TARGET = base64.urlsafe_b64encode(QUESTION).rstrip(b"=")


@pytest.mark.parametrize(
    "asked",
    [
        b"POST /dns-query HTTP/1.1\r\nHost: dns.test\r\n" + MESSAGE % (len(QUESTION), QUESTION),
        b"GET /dns-query?dns=" + IN_TARGET + b" HTTP/1.1\r\nHost: dns.test\r\n\r\n",
        b"GET /q?ct&dns=" + IN_TARGET + b"&x=1 HTTP/1.1\r\nHost: dns.test\r\nX: " + b"y" * 2000 + b"\r\n\r\n",
    ],
)
def test_pass_dns_messages_in_bodies_and_targets_are_read(asked: bytes) -> None:
    found = play(module, device(asked), server(TOLD))
    (query,) = [e for e in found if isinstance(e, DnsQuery)]
    (row,) = [e for e in found if isinstance(e, DnsAnswer)]
    assert (query.name, query.client, query.resolver) == ("a.test", DEVICE.ip, SERVER.ip)
    assert (row.name, row.answers, row.client, row.resolver) == ("a.test", ("192.0.2.7",), DEVICE.ip, SERVER.ip)
    assert ("http.body", ANSWERED) in contents(found)


@pytest.mark.parametrize(
    "asked",
    [
        b"GET /dns-query?dns=" + IN_TARGET[:20] + b"* HTTP/1.1\r\nHost: dns.test\r\n\r\n",
        b"GET /dns-query?adns=" + IN_TARGET + b" HTTP/1.1\r\nHost: dns.test\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: dns.test\r\n" + MESSAGE % (9, b"no answer"),
        b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Encoding: gzip\r\n" + MESSAGE % (len(QUESTION), QUESTION),
        b"POST / HTTP/1.1\r\nHost: a.test\r\n" + MESSAGE % (len(QUESTION) + 9, QUESTION),  # its end is missing
    ],
)
def test_inconclusive_what_is_no_whole_dns_message_asks_for_nothing(asked: bytes) -> None:
    found = play(module, device(asked))
    assert names(found)
    assert not [e for e in found if isinstance(e, DnsQuery | DnsAnswer)]


def test_a_broken_chunk_is_an_oddity_and_what_came_before_is_given() -> None:
    data = b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n" + GET
    found = play(module, device(data))
    assert oddities(found) == ["http: chunk"]
    assert bodies(device(data)) == [(b"abc", True)]
    assert names(found) == ["a.test", "api.vendor.test"]


def test_bare_line_feeds_and_folded_fields_are_read() -> None:
    data = b"GET / HTTP/1.0\nHost:  a.test  \nX-Long: one\n two\n\n"
    found = play(module, device(data))
    assert names(found) == ["a.test"]
    assert contents(found) == [("http.header.x-long", b"one two")]


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        (b"Api.Vendor.test.", "api.vendor.test"),
        (b"192.0.2.7:8080", "192.0.2.7"),
        (b"[2001:db8::1]:80", "2001:db8::1"),
        (b"a.test:", "a.test"),
        (b" ", None),
        (b"a\x1b[31m", "a\\027[31m"),
    ],
)
def test_hosts_are_bare_and_printable(raw: bytes, host: str | None) -> None:
    assert host_of(raw) == host


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (b"GET / HTTP/1.1\r\n", Likeness.CERTAIN),
        (b"POST /a/very/long/path/that/goes/on", Likeness.CERTAIN),
        (b"PROPFIND /x HTTP/1.1\r\n", Likeness.CERTAIN),
        (b"NOTIFY /event HTTP/1.1\r\n", Likeness.CERTAIN),
        (b"HTTP/1.1 200 OK", Likeness.CERTAIN),
        (b"HTTP/1.1 101 Sw", Likeness.NO),
        (b"PROPFIND /x", Likeness.MORE),
        (b"OPTIONS rtsp://cam.test/ RTSP/1.0\r\n", Likeness.NO),
        (b"GET / RTSP/1.0\r\n", Likeness.NO),
        (b"INVITE sip:bob@vendor.test SIP/2.0\r\n", Likeness.NO),
        (b"REGISTER sip:HTTP/1.1 SIP/2.0\r\n", Likeness.NO),
        (b"PRI * HTTP/2.0\r\n", Likeness.NO),
        (b"GET /\0binary", Likeness.NO),
        (b"hello there", Likeness.NO),
        (b"GETAWAYGETAWAYGETAWAYGETAWAY / HTTP/1.1\r\n", Likeness.NO),
    ],
)
def test_recognition_by_the_start_line(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


def test_inconclusive_an_answer_alone_is_plaintext_without_an_exchange() -> None:
    summary = reading(module, server(OK))
    assert summary.encryption.state is EncryptionState.PLAINTEXT
    assert summary.http == ()


def test_fail_bytes_that_are_no_http_give_nothing_but_an_oddity_once() -> None:
    found = play(module, device(GET + bytes(range(256)) * 4))
    assert oddities(found) == ["http: start line"]


FRAGMENTS = st.sampled_from(
    [
        GET,
        OK,
        b"HTTP/1.1 101 S\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"4\r\nabcd\r\n",
        b"0\r\n",
        b"\r\n",
        b"\n\n",
        b"HTTP/1.0 200 \r\n\r\n",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.one_of(FRAGMENTS, st.binary(max_size=40))), max_size=8))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[tuple[bool, bytes]]) -> None:
    sent = [device(data) if outbound else server(data) for outbound, data in pieces]
    total = sum(len(data) for _, data in pieces)
    found = play_until_rest(sent)
    assert sum(len(data) for where, data in contents(found) if where == "http.body") <= total


def play_until_rest(pieces: list[Piece]) -> list[Event | Content]:
    """Plays up to a change of protocol: what a session says after it is nobody's to ask."""
    session = module.open(Context(1, TCP, DEVICE, SERVER))
    kept = []
    for piece in pieces:
        kept.append(piece)
        session.feed(Segment(1, piece.outbound, 1, 1, 0, piece.data))
        if session.rest() is not None:
            break
    return play(module, *kept)
