"""Streams of QUIC: parts in any order, overlaps, ends, gaps, and bounds."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import quic_streams
from iotaudit.dissect.quic_streams import PARTS, Piece, Streams

TEXT = bytes(range(256)) * 5


def joined(pieces: list[Piece]) -> bytes:
    assert all(piece.at == 0 or not piece.gap_len for piece in pieces)
    return b"".join(piece.data for piece in pieces)


def test_pass_parts_in_order_come_out_at_once() -> None:
    streams = Streams()
    assert streams.add(0, 0, b"ab", end=False, outbound=True) == [Piece(0, b"ab")]
    assert streams.add(0, 2, b"cd", end=True, outbound=True) == [Piece(2, b"cd"), Piece(4, b"", end=True)]


def test_overlaps_and_repetitions_are_given_once_and_the_first_copy_counts() -> None:
    streams = Streams()
    found = streams.add(0, 0, b"abcd", end=False, outbound=True)
    found += streams.add(0, 2, b"XXef", end=False, outbound=True)
    found += streams.add(0, 0, b"abcd", end=False, outbound=True)
    assert joined(found) == b"abcdef"


def test_an_empty_end_ends_the_stream_and_what_comes_after_is_nothing() -> None:
    streams = Streams()
    streams.add(0, 0, b"ab", end=False, outbound=True)
    assert streams.add(0, 2, b"", end=True, outbound=True) == [Piece(2, b"", end=True)]
    assert streams.add(0, 0, b"ab", end=True, outbound=True) == []


def test_directions_and_streams_are_kept_apart() -> None:
    streams = Streams()
    assert streams.add(0, 0, b"a", end=False, outbound=True) == [Piece(0, b"a")]
    assert streams.add(0, 0, b"b", end=False, outbound=False) == [Piece(0, b"b")]
    assert streams.add(4, 0, b"c", end=False, outbound=True) == [Piece(0, b"c")]


def test_inconclusive_what_waits_at_the_close_comes_behind_a_gap() -> None:
    streams = Streams()
    streams.add(0, 10, b"late", end=True, outbound=True)
    assert streams.close() == [(True, 0, [Piece(0, b"", 10), Piece(10, b"late")])]


def test_a_reset_gives_what_waits_and_ends() -> None:
    streams = Streams()
    streams.add(0, 3, b"late", end=False, outbound=True)
    assert streams.reset(0, outbound=True) == [Piece(0, b"", 3), Piece(3, b"late")]
    assert streams.add(0, 0, b"more", end=False, outbound=True) == []


def test_more_parts_than_may_wait_count_what_is_missing_as_lost() -> None:
    streams = Streams()
    found: list[Piece] = []
    for index in range(PARTS + 1):
        found += streams.add(0, 10 + 2 * index, b"x", end=False, outbound=True)
    assert found[:2] == [Piece(0, b"", 10), Piece(10, b"x")]


def test_more_streams_than_are_read_are_counted() -> None:
    streams = Streams()
    for number in range(quic_streams.OPEN + 3):
        streams.add(4 * number, 0, b"x", end=False, outbound=True)
    assert streams.refused == 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(0, 1000))
def test_any_cut_in_any_order_gives_the_same_bytes(cuts: list[int], seed: int) -> None:
    parts, at = [], 0
    for length in cuts:
        parts.append((at, TEXT[at : at + length + 3]))
        at += length
    parts.append((at, TEXT[at:]))
    random.Random(seed).shuffle(parts)  # noqa: S311 - an order, not a secret
    streams = Streams()
    found: list[Piece] = []
    for start, data in parts:
        found += streams.add(0, start, data, end=False, outbound=True)
    assert joined(found) == TEXT[: max(start + len(data) for start, data in parts)]
    assert streams.close() == [(True, 0, [])]
