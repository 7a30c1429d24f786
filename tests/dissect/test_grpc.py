"""Messages of gRPC: any cut gives the same, and what is no message gives nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.grpc import Message, Messages, is_call
from iotaudit.dissect.http_body import BODY_LEN


@pytest.mark.parametrize(
    ("media_type", "fits"),
    [
        ("application/grpc", True),
        ("application/grpc+proto; charset=x", True),
        ("Application/grpc-web+json", True),
        ("application/grpc-web-text", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_calls_are_told_by_their_type(media_type: str, fits: bool) -> None:  # noqa: FBT001
    assert is_call(media_type) is fits


def test_pass_messages_come_out_one_by_one() -> None:
    messages = Messages()
    assert messages.feed(bytes.fromhex("00 00000002 6869 01 00000001")) == [Message(b"hi", False, False)]
    assert messages.feed(b"x") == [Message(b"x", True, False)]
    assert len(messages) == 0


def test_inconclusive_a_message_without_its_end_is_given_at_the_end() -> None:
    messages = Messages()
    assert messages.feed(bytes.fromhex("01 00000009 6869")) == []
    assert messages.close() == [Message(b"hi", True, True)]
    assert messages.close() == []


@pytest.mark.parametrize(
    ("before", "length", "after", "told"),
    [
        ("00 00000004 6162", 2, "00 00000001 78", [(b"ab", True), (b"x", False)]),
        ("00 00000004 6162", 1, "64 00 00000001 78", [(b"ab", True), (b"x", False)]),
        ("00 00000004 6162", 3, "000001 78 00 00000001 79", [(b"ab", True)]),  # the beginning of another is missing
        ("00 0000", 1, "01 78 00 00000001 79", []),
        ("00 00000001 78", 5, "79", [(b"x", False)]),
    ],
    ids=["to its end", "in its midst", "beyond its end", "in its length", "between"],
)
def test_after_a_gap_the_messages_go_on_where_their_lengths_are_known(
    before: str, length: int, after: str, told: list[tuple[bytes, bool]]
) -> None:
    messages = Messages()
    found = messages.feed(bytes.fromhex(before)) + messages.miss(length) + messages.feed(bytes.fromhex(after))
    assert [(message.data, message.truncated) for message in found + messages.close()] == told


def test_a_gap_in_what_is_left_out_of_a_long_message_costs_nothing() -> None:
    messages = Messages()
    (start,) = messages.feed(b"\0" + (BODY_LEN + 10).to_bytes(4) + bytes(BODY_LEN))
    assert (len(start.data), start.truncated) == (BODY_LEN, True)
    assert messages.miss(4) == []
    assert messages.feed(bytes(6) + bytes.fromhex("00 00000001 78")) == [Message(b"x", False, False)]


@given(st.lists(st.binary(max_size=30), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_the_same_in_every_cut(pieces: list[bytes]) -> None:
    whole, cut = Messages(), Messages()
    once = whole.feed(b"".join(pieces))
    parts = [message for piece in pieces for message in cut.feed(piece)]
    assert parts == once
    assert cut.close() == whole.close()
