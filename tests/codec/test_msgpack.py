"""The decoding `msgpack`: objects field by field, what is none of it, what may be, chance."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import msgpack
from iotaudit.codec.budget import Budget

# {"serial": "AB12CD34", "on": true, "pos": [51.5, -1], "raw": bytes 01 02}
MAP = bytes.fromhex(
    "84 a6 73657269616c a8 4142313243443334 a2 6f6e c3 a3 706f73 92 ca424e0000 ff a3 726177 c4 02 0102"
)


def test_pass_maps_lists_bytes_and_numbers() -> None:
    assert msgpack.parse(MAP, declared=False) == {
        "serial": "AB12CD34",
        "on": True,
        "pos": [51.5, -1],
        "raw": b"\x01\x02",
    }
    assert [p.data for p in msgpack.decode(MAP, Budget())][:2] == [b"AB12CD34", b"True"]


def test_pass_long_forms_and_extensions() -> None:
    data = bytes.fromhex("de0002 d901 61 cd0100 da0001 62 d6ff 514b67b0")
    assert msgpack.parse(data, declared=True) == {"a": 256, "b": bytes.fromhex("514b67b0")}
    assert msgpack.parse(bytes.fromhex("dc0002 d0ff c0"), declared=True) == [-1, None]


def test_fail_cut_objects_unused_heads_and_long_counts_are_none_of_it() -> None:
    for data in (
        MAP[:-1],
        b"\x81\xa1a\xc1",
        bytes.fromhex("dfffffffff"),
        bytes.fromhex("82a16101a16102"),
        b"\x01",
        b"",
    ):
        assert msgpack.parse(data, declared=True) is None


def test_inconclusive_short_names_only_where_declared() -> None:
    assert msgpack.parse(bytes.fromhex("81a16101"), declared=True) == {"a": 1}
    assert msgpack.parse(bytes.fromhex("81a16101"), declared=False) is None


def test_random_bytes_are_none_of_it() -> None:
    dice = random.Random(1)  # noqa: S311 - inputs, not secrets
    assert not any(msgpack.parse(dice.randbytes(8 + n % 500), declared=False) for n in range(5000))


def test_deep_nest_is_none_of_it() -> None:
    assert msgpack.parse(b"\x91" * 5000 + b"\x01", declared=True) is None


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in msgpack.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
