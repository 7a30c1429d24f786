"""The decoding `gzip`: round trip, what is none of it, damage, bounds."""

import gzip as standard

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import gzip
from iotaudit.codec.budget import Budget

PLAIN = b'{"sn": "AB12CD34"}' * 50


def test_pass_round_trip() -> None:
    assert [p.data for p in gzip.decode(standard.compress(PLAIN), Budget())] == [PLAIN]


def test_fail_other_bytes_are_none_of_it() -> None:
    for data in (b"", b"\x1f", PLAIN, bytes(64)):
        assert gzip.decode(data, Budget()) == ()


def test_inconclusive_cut_stream_gives_what_came_out() -> None:
    packed = standard.compress(bytes(range(256)) * 4096)
    (piece,) = gzip.decode(packed[: len(packed) - 40], Budget())
    assert 0 < len(piece.data) <= 256 * 4096


def test_bomb_is_cut_at_the_bound_and_noted() -> None:
    budget = Budget(step_len=1 << 20)
    (piece,) = gzip.decode(standard.compress(bytes(64 << 20)), budget)
    assert len(piece.data) <= 1 << 20
    assert budget.exceeded == "size"


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in gzip.decode(b"\x1f\x8b\x08" + data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0


def test_members_are_joined() -> None:
    both = standard.compress(b"first ") + standard.compress(b"second")
    assert [p.data for p in gzip.decode(both, Budget())] == [b"first second"]
