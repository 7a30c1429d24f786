"""The decoding `protobuf`: messages field by field, what is none of it, what may be, nests, chance."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import protobuf
from iotaudit.codec.budget import Budget

# field 1, text of 16: "serial: AB12CD34"; field 2, number 300; field 3, message {1: "hall", 2: 5.5 (fixed64)}
MESSAGE = (
    bytes.fromhex("0a10") + b"serial: AB12CD34" + bytes.fromhex("10ac02")
    + bytes.fromhex("1a0f0a04") + b"hall" + bytes.fromhex("110000000000001640")
)  # fmt: skip


def test_pass_fields_messages_and_numbers() -> None:
    assert protobuf.parse(MESSAGE, declared=False) == {
        "1": "serial: AB12CD34",
        "2": 300,
        "3": {"1": "hall", "2": 5.5},
    }
    assert [p.data for p in protobuf.decode(MESSAGE, Budget())] == [
        b"serial: AB12CD34",
        b"300",
        b"hall",
        b"5.5",
    ]


def test_pass_equal_numbers_become_a_list() -> None:
    data = bytes.fromhex("0a02") + b"hi" + bytes.fromhex("0a02") + b"ho" + bytes.fromhex("0a02") + b"hu"
    assert protobuf.parse(data, declared=True) == {"1": ["hi", "ho", "hu"]}


def test_fail_cut_messages_groups_and_odd_numbers_are_none_of_it() -> None:
    for data in (
        MESSAGE[:-1],
        bytes.fromhex("0b") + MESSAGE,  # wire type 3
        bytes.fromhex("02") + MESSAGE[1:],  # field 0
        bytes.fromhex("10acff8000"),  # a number that is longer than it need be
        b"",
    ):
        assert protobuf.parse(data, declared=True) is None


def test_inconclusive_without_much_text_only_where_declared() -> None:
    data = bytes.fromhex("0801 10ac02 1a04") + b"hall"
    assert protobuf.parse(data, declared=True) == {"1": 1, "2": 300, "3": "hall"}
    assert protobuf.parse(data, declared=False) is None


def test_random_bytes_are_none_of_it() -> None:
    dice = random.Random(1)  # noqa: S311 - inputs, not secrets
    assert not any(protobuf.parse(dice.randbytes(8 + n % 500), declared=False) for n in range(5000))


def test_deep_nest_and_many_fields_end() -> None:
    data = b"\x08\x01"
    for _ in range(60):
        data = b"\x0a" + bytes([len(data)]) + data if len(data) < 128 else data
    assert protobuf.parse(data, declared=True) is not None
    assert protobuf.parse(b"\x08\x01" * 60_000, declared=True) is None


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in protobuf.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
