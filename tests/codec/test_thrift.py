"""The decoding `thrift`: messages field by field, what is none of it, what may be, nests."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import thrift
from iotaudit.codec.budget import Budget

# 1: text "AB12CD34"; 2: true; 3: number 150; 5: list of i32 [1, -1]; 6: {1: 1.5}; end
STRUCT = bytes.fromhex("18 08 4142313243443334 11 15 ac02 29 25 02 01 1c 17 000000000000f83f 00 00")
CALL = bytes.fromhex("82 21 07 06") + b"report" + STRUCT  # version 1, a call, number 7, its name


def test_pass_a_call_and_a_declared_struct() -> None:
    fields = {"1": "AB12CD34", "2": True, "3": 150, "5": [1, -1], "6": {"1": 1.5}}
    assert thrift.parse(CALL, declared=False) == fields
    assert thrift.parse(STRUCT, declared=True) == fields
    assert [p.data for p in thrift.decode(CALL, Budget())][:2] == [b"AB12CD34", b"True"]


def test_pass_maps() -> None:
    data = bytes.fromhex("1b 01 85 02 61 04 00").replace(b"\x02\x61", b"\x01\x61")
    assert thrift.parse(data, declared=True) == {"1": {"a": 2}}


def test_fail_cut_messages_and_unknown_kinds_are_none_of_it() -> None:
    for data in (CALL[:-1], CALL + b"\0", CALL[:2], b"\x1d\x00", b"\x00", b""):
        assert thrift.parse(data, declared=True) is None


def test_inconclusive_a_bare_struct_only_where_declared() -> None:
    assert thrift.parse(STRUCT, declared=False) is None
    assert thrift.parse(b"\x82\x22" + CALL[2:], declared=False) is None  # another version


def test_deep_nest_and_long_counts_are_none_of_it() -> None:
    assert thrift.parse(b"\x1c" * 5000, declared=True) is None
    assert thrift.parse(b"\x19\xf8\xff\xff\x7f", declared=True) is None


@given(st.binary(max_size=300) | st.binary(max_size=80).map(lambda d: b"\x82\x21\x01\x01a" + d))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in thrift.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
