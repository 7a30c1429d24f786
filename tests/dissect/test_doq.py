"""DNS over QUIC: messages behind a length, those of the first drafts without one, cut streams."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.doq import Doq
from iotaudit.dissect.session import UDP, Context
from iotaudit.model.events import DnsQuery, Event
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER

QUERY = bytes.fromhex("0000 0100 0001 0000 0000 0000 0c 303031313232333334343535 0474657374 00 0001 0001")
NAME = "001122334455.test"


def said(alpn: str, *pieces: bytes, cut: bool = False, gap: int = 0) -> list[Event | Content]:
    doq = Doq(Context(1, UDP, DEVICE, SERVER), alpn)
    found: list[Event | Content] = []
    for packet, data in enumerate(pieces, start=1):
        found += doq.feed(Segment(1, True, packet, packet, 0, data), 0)
    if gap:
        found += doq.feed(Segment(1, True, 9, 9, 0, b"", gap), 0)
    return found + doq.end(0, outbound=True, cut=cut) + doq.close()


def names(found: list[Event | Content]) -> list[str]:
    return [item.name for item in found if isinstance(item, DnsQuery)]


def test_pass_a_message_behind_its_length_is_read() -> None:
    whole = len(QUERY).to_bytes(2) + QUERY
    for alpn in ("doq", "doq-i03", "doq-i11"):
        found = said(alpn, whole[:7], whole[7:])
        assert names(found) == [NAME]
        assert [(item.where, item.channel) for item in found if isinstance(item, Content)] == [
            ("dns.name", "decrypted")
        ]


def test_the_first_drafts_sent_a_message_alone() -> None:
    assert names(said("doq-i00", QUERY[:9], QUERY[9:])) == [NAME]


def test_inconclusive_a_cut_message_says_nothing() -> None:
    assert said("doq", len(QUERY).to_bytes(2) + QUERY[:-1]) == []
    assert said("doq-i00", QUERY, cut=True) == []
    assert said("doq-i00", QUERY, gap=3) == []


def test_fail_other_bytes_are_no_query() -> None:
    assert names(said("doq", b"\0\x0fGET / HTTP/1.1\r")) == []


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["doq", "doq-i00"]), st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_are_taken_without_a_fault(alpn: str, pieces: list[bytes]) -> None:
    assert isinstance(said(alpn, *pieces), list)
