"""DNS messages in HTTP: by type, and in a target."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import doh
from iotaudit.dissect.session import TCP, Context
from iotaudit.model.events import DnsAnswer, DnsQuery
from iotaudit.model.raw import Content
from tests.dissect.play import DEVICE, SERVER


@pytest.mark.parametrize(
    ("media_type", "fits"),
    [
        ("application/dns-message", True),
        ("Application/DNS-Message; charset=x", True),
        ("application/dns-message2", False),
        ("application/dns", False),
        ("", False),
    ],
)
def test_messages_are_told_by_their_type(media_type: str, fits: bool) -> None:  # noqa: FBT001
    assert doh.is_message(media_type) is fits


@given(st.binary(min_size=12, max_size=80), st.booleans())
@settings(max_examples=100, deadline=None)
def test_pass_what_was_put_into_a_target_comes_out(message: bytes, padded: bool) -> None:  # noqa: FBT001
    text = base64.urlsafe_b64encode(message)
    assert doh.asked(b"/q?a=1&dns=" + (text if padded else text.rstrip(b"=")) + b"#x") == message


@pytest.mark.parametrize("target", [b"/q?dns=", b"/q?dns=AAAA", b"/dns=AAAAAAAAAAAAAAAAAAAA", b"/q?dns=" + b"A" * 17, b""])
def test_fail_other_targets_hold_none(target: bytes) -> None:
    assert doh.asked(target) == b""


QUESTION = bytes.fromhex("0000 0100 0001 0000 0000 0000 01 61 04 74657374 00 0001 0001")  # a.test, A, IN


def test_pass_a_message_tells_who_asks_and_whom() -> None:
    (query,) = doh.told(Context(1, TCP, DEVICE, SERVER), (7, 9), QUESTION, outbound=True)
    assert query == DnsQuery(1, 7, 9, True, "a.test", "A", DEVICE.ip, SERVER.ip, "dns")


def test_pass_what_a_query_tells_of_the_client_is_content() -> None:
    message = QUESTION[:10] + bytes.fromhex("0001") + QUESTION[12:]
    message += bytes.fromhex("00 0029 04d0 00000000 000b 0008 0007 0001 18 00 c00002")  # OPT: client subnet, IPv4, 24 bits
    found = doh.told(Context(1, TCP, DEVICE, SERVER), (7, 9), message, outbound=True)
    assert [(c.where, c.data) for c in found if isinstance(c, Content)] == [("dns.client_subnet", b"192.0.2.0/24")]


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(QUESTION.__add__)), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_events_or_nothing(message: bytes, outbound: bool) -> None:  # noqa: FBT001
    for event in doh.told(Context(1, TCP, DEVICE, SERVER), (1, 1), message, outbound=outbound):
        if isinstance(event, DnsQuery | DnsAnswer):
            assert event.client == (DEVICE.ip if outbound is isinstance(event, DnsQuery) else SERVER.ip)
