"""The decoding `deflate`: whole streams, what is none of it, cut ones, bombs, chance."""

import random
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import deflate
from iotaudit.codec.budget import Budget

PLAIN = b'{"serial": "AB12CD34", "state": "cleaning the hall"}'


def packed(data: bytes) -> bytes:
    machine = zlib.compressobj(9, wbits=-15)
    return machine.compress(data) + machine.flush()


def test_pass_a_whole_stream_of_text() -> None:
    assert [p.data for p in deflate.decode(packed(PLAIN), Budget())] == [PLAIN]


def test_fail_cut_streams_and_what_is_no_text_are_none_of_it() -> None:
    for data in (packed(PLAIN)[:-3], packed(PLAIN) + b"\0", packed(bytes(range(256))), b"", PLAIN):
        assert deflate.decode(data, Budget()) == ()


def test_inconclusive_stored_blocks_are_left_to_the_search_for_strings() -> None:
    machine = zlib.compressobj(0, wbits=-15)
    assert deflate.decode(machine.compress(PLAIN) + machine.flush(), Budget()) == ()


def test_bomb_is_cut_and_noted() -> None:
    budget = Budget(step_len=1 << 20)
    (piece,) = deflate.decode(packed(b"A" * (8 << 20)), budget)
    assert len(piece.data) <= 1 << 20
    assert budget.exceeded == "size"


def test_random_bytes_are_none_of_it() -> None:
    dice = random.Random(1)  # noqa: S311 - inputs, not secrets
    assert not any(deflate.decode(dice.randbytes(16 + n % 200), Budget()) for n in range(3000))


@given(st.binary(max_size=300) | st.binary(max_size=100).map(packed))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in deflate.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
