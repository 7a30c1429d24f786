"""The decoding `cbor`: the standard's own examples, what is none of it, what may be, chance."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import cbor
from iotaudit.codec.budget import Budget

# {"serial": "AB12CD34", "on": true, "pos": [51.5, -1], "raw": h'0102'}
MAP = bytes.fromhex(
    "a4 66 73657269616c 68 4142313243443334 62 6f6e f5 63 706f73 82 f95270 20 63 726177 42 0102"
)
# RFC 8949 appendix A: {_ "a": 1, "b": [_ 2, 3]}
OPEN = bytes.fromhex("bf61610161629f0203ffff")


def test_pass_maps_lists_bytes_and_numbers() -> None:
    assert cbor.parse(MAP, declared=False) == {
        "serial": "AB12CD34",
        "on": True,
        "pos": [51.5, -1],
        "raw": b"\x01\x02",
    }
    assert [(p.key, p.data) for p in cbor.decode(MAP, Budget())][:2] == [
        ("serial", b"AB12CD34"),
        ("on", b"True"),
    ]


def test_pass_open_lengths_tags_and_sequences() -> None:
    assert cbor.parse(OPEN, declared=True) == {"a": 1, "b": [2, 3]}
    assert cbor.parse(bytes.fromhex("d9d9f7") + OPEN, declared=False) == {"a": 1, "b": [2, 3]}
    assert cbor.parse(OPEN + OPEN, declared=True) == [{"a": 1, "b": [2, 3]}] * 2
    assert cbor.parse(bytes.fromhex("a1617cc11a514b67b0"), declared=True) == {"|": 1363896240}


def test_fail_cut_items_reserved_heads_and_long_counts_are_none_of_it() -> None:
    for data in (
        MAP[:-1],
        b"\xa1\x1c",
        bytes.fromhex("bbffffffffffffffff"),
        bytes.fromhex("a2 6161 01 6161 02"),
        b"\xff",
        b"",
    ):
        assert cbor.parse(data, declared=True) is None


def test_inconclusive_short_names_only_where_declared() -> None:
    assert cbor.parse(OPEN, declared=False) is None


def test_random_bytes_are_none_of_it() -> None:
    dice = random.Random(1)  # noqa: S311 - inputs, not secrets
    assert not any(cbor.parse(dice.randbytes(8 + n % 500), declared=False) for n in range(5000))


def test_deep_nest_is_none_of_it() -> None:
    assert cbor.parse(b"\x81" * 5000 + b"\x01", declared=True) is None
    assert cbor.parse(b"\x9f" * 5000, declared=True) is None
    assert cbor.parse(b"\xc1" * 5000, declared=True) is None


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in cbor.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
