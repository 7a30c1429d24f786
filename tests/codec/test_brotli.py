"""The decoding `brotli`: round trip where it was declared, silence where not, damage, bounds with each kind of library."""

import random

import brotli as library
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import brotli
from iotaudit.codec.budget import Budget

PLAIN = b'{"sn": "AB12CD34"}' * 50
NOISE = random.Random(1).randbytes(200_000)  # noqa: S311 - bytes that do not compress
DECOMPRESSOR = library.Decompressor
BOMB = library.compress(bytes(64 << 20), quality=5, lgwin=24)


class Bounded:
    """Stands for the decompressor of 1.2: at most `output_buffer_limit` bytes come out, b"" gives what is left."""

    def __init__(self) -> None:
        self._machine = DECOMPRESSOR()
        self._left = b""

    def process(self, data: bytes, *, output_buffer_limit: int) -> bytes:
        """Gives some of what comes out."""
        self._left += self._machine.process(data) if data else b""
        given, self._left = self._left[:output_buffer_limit], self._left[output_buffer_limit:]
        return given

    def is_finished(self) -> bool:
        """Says whether all has come out."""
        return not self._left and bool(self._machine.is_finished())

    def can_accept_more_data(self) -> bool:
        """Says whether there is nothing left to come out."""
        return not self._left


@pytest.fixture(params=["as installed", "with a limit"])
def _library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "with a limit" and not hasattr(library.Decompressor(), "can_accept_more_data"):
        monkeypatch.setattr(library, "Decompressor", Bounded)


def plain(data: bytes, budget: Budget | None = None) -> bytes:
    return b"".join(piece.data for piece in brotli.decode_declared(data, budget or Budget()))


@pytest.mark.usefixtures("_library")
@pytest.mark.parametrize("data", [b"", b"x", PLAIN, NOISE, NOISE + bytes(3 << 20)])
def test_pass_round_trip(data: bytes) -> None:
    assert plain(library.compress(data)) == data


def test_fail_what_was_not_declared_is_left_alone() -> None:
    assert brotli.decode(library.compress(PLAIN), Budget()) == ()


@pytest.mark.usefixtures("_library")
@pytest.mark.parametrize("data", [b"", b"\xff" * 40, PLAIN])
def test_fail_bytes_that_are_none_of_it_give_nothing(data: bytes) -> None:
    assert plain(data) == b""


@pytest.mark.usefixtures("_library")
def test_inconclusive_a_cut_stream_gives_what_came_out() -> None:
    found = plain(library.compress(NOISE)[:150_000])
    assert found
    assert NOISE.startswith(found)


@pytest.mark.usefixtures("_library")
def test_bytes_behind_the_stream_give_nothing_more() -> None:
    assert PLAIN.startswith(plain(library.compress(PLAIN) + b"more"))


def test_the_bomb_is_small() -> None:
    assert len(BOMB) < 1000


@pytest.mark.usefixtures("_library")
def test_a_bomb_is_cut_at_the_bound_and_noted() -> None:
    budget = Budget(step_len=1 << 20)
    assert plain(BOMB, budget) == bytes(1 << 20)
    assert budget.exceeded == "size"


def test_of_a_bomb_at_most_one_meta_block_beyond_the_bound_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    class Counting:
        def __init__(self) -> None:
            self._machine = DECOMPRESSOR()

        def process(self, data: bytes) -> bytes:
            out: bytes = self._machine.process(data)
            given.append(len(out))
            return out

        def is_finished(self) -> bool:
            return bool(self._machine.is_finished())

    monkeypatch.setattr(library, "Decompressor", Counting)
    plain(BOMB, Budget(step_len=1 << 20))
    assert 0 < sum(given) <= (1 << 20) + (16 << 20)


@given(st.binary(max_size=300), st.integers(0, 100))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes, kept: int) -> None:
    budget = Budget()
    plain(data, budget)
    plain(library.compress(PLAIN)[:kept] + data, budget)
    assert budget.bytes_left >= 0
