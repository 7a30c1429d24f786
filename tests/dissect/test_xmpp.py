"""XMPP: opening, credentials, stanzas, STARTTLS."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import FlowDissector, tls
from iotaudit.dissect import xmpp as module
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, device, gap, play, reading, recognise, server

OPEN = (
    b"<?xml version='1.0'?><stream:stream from='cam@vendor.test' to=\"push.vendor.test\" version='1.0'"
    b" xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
)
ANSWER = (
    b"<stream:stream id='1' from='push.vendor.test' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'><stream:features><starttls "
    b"xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
)
AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGNhbQBzM2NyZXQ=</auth>"
MESSAGE = b"<message to='a@vendor.test'><body lang=\"a>b\">motion <b/> at the door</body></message>"
TLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
TOLD_OPEN = [("xmpp.to", "to", b"push.vendor.test"), ("xmpp.from", "from", b"cam@vendor.test")]
TOLD_ANSWER = [("xmpp.from", "from", b"push.vendor.test")]


def contents(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_the_ends_the_credentials_and_the_stanzas_are_told() -> None:
    pieces = (
        device(OPEN),
        server(ANSWER),
        device(AUTH),
        server(b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
        device(OPEN + b" \n " + MESSAGE + MESSAGE + b"</stream:stream>"),
    )
    assert contents(play(module, *pieces)) == [
        *TOLD_OPEN,
        *TOLD_ANSWER,
        ("xmpp.username", "username", b"cam"),
        ("xmpp.password", "password", b"s3cret"),
        *TOLD_OPEN,
        ("xmpp.stanza", "", MESSAGE),
        ("xmpp.stanza", "", MESSAGE),
    ]
    assert reading(module, *pieces).encryption.state is EncryptionState.PLAINTEXT


def test_pass_the_older_sign_on_by_query_is_told_by_name() -> None:
    query = (
        b"<iq type='set' id='1'><query xmlns='jabber:iq:auth'><username>cam</username>"
        b"<password>s3cret</password></query></iq>"
    )
    assert contents(play(module, device(OPEN + query)))[2:] == [
        ("xmpp.username", "username", b"cam"),
        ("xmpp.password", "password", b"s3cret"),
        ("xmpp.stanza", "", query),
    ]


def test_after_starttls_the_bytes_are_recognised_afresh() -> None:
    hello = hellos.record(
        22, hellos.message(1, hellos.client_hello(hellos.server_name(b"push.vendor.test")))
    )
    flow = FlowDissector(Context(1, TCP, DEVICE, SERVER), (module, tls))
    talk = (
        (True, OPEN),
        (False, ANSWER),
        (True, TLS),
        (False, b"<proceed xmlns='x'/>"),
        (True, hello),
    )
    for packet, (outbound, data) in enumerate(talk, start=1):
        flow.feed(Segment(1, outbound, packet, packet, 0, data))
    flow.close()
    assert [(n.name, n.source) for n in flow.summary().names] == [("push.vendor.test", "sni")]


def test_a_refused_change_goes_on_in_the_clear() -> None:
    pieces = (device(OPEN), server(ANSWER), device(TLS + AUTH), server(b"<failure xmlns='x'/>"))
    assert ("xmpp.password", "password", b"s3cret") in contents(play(module, *pieces))


def test_compression_closes_the_stream() -> None:
    pieces = (
        device(OPEN),
        server(ANSWER + b"<compressed xmlns='x'/>"),
        device(b"\x78\x9c<message/>"),
    )
    assert contents(play(module, *pieces)) == [*TOLD_OPEN, *TOLD_ANSWER]
    assert reading(module, *pieces).encryption.state is EncryptionState.OPAQUE


def test_inconclusive_a_cut_stanza_says_so_and_a_gap_ends_a_direction() -> None:
    (*_, cut) = play(module, device(OPEN + MESSAGE[:-12]))
    assert isinstance(cut, Content)
    assert (cut.data, cut.truncated) == (MESSAGE[:-12], True)
    assert contents(play(module, device(OPEN), gap(5, outbound=True), device(MESSAGE))) == TOLD_OPEN


def test_a_stanza_beyond_the_bound_is_cut_and_the_next_is_read() -> None:
    long = b"<message><body>" + b"x" * (1 << 17) + b"</body></message>"
    (*_, cut, after) = play(module, device(OPEN + long + MESSAGE))
    assert isinstance(cut, Content)
    assert isinstance(after, Content)
    assert (len(cut.data), cut.truncated, after.data) == (1 << 17, True, MESSAGE)


@pytest.mark.parametrize("data", [b"<" * 3 + b" >", b"<a " + b"x" * 20_000, b"<a>" * 300])
def test_fail_broken_tags_are_an_oddity(data: bytes) -> None:
    oddity = play(module, device(OPEN + data))[-1]
    assert isinstance(oddity, Oddity)
    assert oddity.kind == "malformed_message"


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (OPEN, Likeness.CERTAIN),
        (ANSWER, Likeness.CERTAIN),
        (OPEN[:30], Likeness.MORE),
        (b"<?xml version='1.0'?>\n<stream:stream ", Likeness.CERTAIN),
        (b"<?xml version='1.0'?><html>", Likeness.NO),
        (b"<13>Oct 11", Likeness.NO),
        (b"<stream:streams", Likeness.NO),
        (b"<message>", Likeness.NO),
    ],
)
def test_recognition_by_the_opening(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


PIECES = st.sampled_from(
    [
        OPEN,
        ANSWER,
        AUTH,
        MESSAGE,
        TLS,
        b"<proceed/>",
        b"<failure/>",
        b"<a>",
        b"</a>",
        b"<a b='",
        b"'",
        b">",
        b"<!x>",
        b"\x16",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.one_of(PIECES, st.binary(max_size=12))), max_size=10))
def test_any_bytes_give_the_same_in_every_cut(pieces: list[tuple[bool, bytes]]) -> None:
    play(module, *[device(data) if outbound else server(data) for outbound, data in pieces])
