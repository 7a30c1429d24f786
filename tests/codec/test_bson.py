"""The decoding `bson`: the specification's own examples, what is none of it, damage."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import bson
from iotaudit.codec.budget import Budget

# {"BSON": ["awesome", 5.05, 1986]}
LIST = bytes.fromhex(
    "31000000 04 42534f4e00 26000000 02 3000 08000000 617765736f6d6500 01 3100 3333333333331440 10 3200 c2070000 00 00"
)
# {"id": bytes ab cd, "on": true, "no": null}
PLAIN = bytes.fromhex("19000000 05 696400 02000000 00 abcd 08 6f6e00 01 0a 6e6f00 00")


def test_pass_lists_bytes_and_words() -> None:
    assert bson.parse(LIST) == {"BSON": ["awesome", 5.05, 1986]}
    assert bson.parse(PLAIN) == {"id": b"\xab\xcd", "on": True, "no": None}
    assert [p.data for p in bson.decode(LIST, Budget())] == [b"awesome", b"5.05", b"1986"]


def test_fail_wrong_lengths_and_unknown_kinds_are_none_of_it() -> None:
    for data in (LIST[:-1], b"\x32" + LIST[1:], LIST + b"\0", PLAIN[:4] + b"\x20" + PLAIN[5:], b"", bytes(8)):
        assert bson.parse(data) is None


def test_inconclusive_a_text_without_its_end_is_none_of_it() -> None:
    assert bson.parse(LIST.replace(b"awesome\0", b"awesomeX")) is None


def test_deep_nest_is_none_of_it() -> None:
    data = bytes.fromhex("0500000000")
    for _ in range(100):
        data = (len(data) + 8).to_bytes(4, "little") + b"\x03a\0" + data + b"\0"
    assert bson.parse(data) is None


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in bson.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
