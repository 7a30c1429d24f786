"""The decoding `lz4`: frames of the format's own forms, damage, bombs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import lz4
from iotaudit.codec.budget import Budget

HEAD = bytes.fromhex("04224d18 60 40 82")  # magic; version 1, independent blocks; 64 KiB; check byte


def frame(*blocks: bytes, stored: bool = False) -> bytes:
    mark = 0x80000000 if stored else 0
    return HEAD + b"".join((len(b) | mark).to_bytes(4, "little") + b for b in blocks) + bytes(4)


# token: 8 letters, match of 4 + 4; "serial=A", distance 8; token: 5 letters; "12345"
COPY = bytes.fromhex("84") + b"serial=A" + bytes.fromhex("0800") + bytes.fromhex("50") + b"12345"


def test_pass_stored_block_and_copies() -> None:
    assert [p.data for p in lz4.decode(frame(b"serial AB12CD34", stored=True), Budget())] == [
        b"serial AB12CD34"
    ]
    assert [p.data for p in lz4.decode(frame(COPY), Budget())] == [b"serial=A" * 2 + b"12345"]


def test_pass_long_lengths_and_overlapping_copies() -> None:
    block = (
        bytes.fromhex("1f") + b"A" + bytes.fromhex("0100 0a") + bytes.fromhex("10") + b"B"
    )  # match 4 + 15 + 10
    assert [p.data for p in lz4.decode(frame(block), Budget())] == [b"A" * 30 + b"B"]


def test_fail_other_magic_version_and_dictionaries_are_none_of_it() -> None:
    for data in (
        b"",
        b"\x04\x22\x4d\x19" + frame(COPY)[4:],
        HEAD[:4] + b"\xa0" + HEAD[5:] + bytes(9),
        HEAD[:4] + b"\x61" + bytes(12),
    ):
        assert lz4.decode(data, Budget()) == ()


def test_inconclusive_what_came_before_damage_is_kept() -> None:
    wrong = bytes.fromhex("14") + b"A" + bytes.fromhex("ff00")  # a distance beyond the start
    assert [p.data for p in lz4.decode(frame(COPY, wrong), Budget())] == [b"serial=A" * 2 + b"12345A"]
    assert lz4.decode(frame(COPY)[:20], Budget()) != ()


def test_bomb_is_cut_and_noted() -> None:
    budget = Budget(step_len=1 << 16)
    block = bytes.fromhex("1f") + b"A" + bytes.fromhex("0100") + b"\xff" * 10_000 + b"\x00"
    (piece,) = lz4.decode(frame(block), budget)
    assert len(piece.data) == 1 << 16
    assert budget.exceeded == "size"


@given(st.binary(max_size=300) | st.binary(max_size=200).map(frame))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in lz4.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
