"""The decoding `plist`: binary and XML lists, what is none of it, damage, references without end."""

import plistlib

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import plist
from iotaudit.codec.budget import Budget

VALUE = {
    "serial": "AB12CD34",
    "n": [1, -2, 2.5, True],
    "raw": b"\x01\x02\x03",
    "name": "Pr\u00fcfer",
    "big": 1 << 40,
}


def test_pass_binary_and_xml() -> None:
    assert plist.parse(plistlib.dumps(VALUE, fmt=plistlib.FMT_BINARY)) == VALUE
    found = plist.parse(plistlib.dumps(VALUE))
    assert found == VALUE | {"n": [1, -2, "2.5", True]}
    assert b"AB12CD34" in [p.data for p in plist.decode(plistlib.dumps(VALUE), Budget())]


def test_fail_other_bytes_and_cut_lists_are_none_of_it() -> None:
    whole = plistlib.dumps(VALUE, fmt=plistlib.FMT_BINARY)
    for data in (
        b"",
        whole[:-1],
        whole[:20],
        b"bplist00" + bytes(40),
        b"<plist>",
        b"<plist><a/><b/></plist>",
        b"<a>plist</a>",
    ):
        assert plist.parse(data) is None


def test_inconclusive_entities_are_refused() -> None:
    assert plist.parse(b'<!DOCTYPE plist [<!ENTITY a "b">]><plist><string>&a;</string></plist>') is None


def test_references_without_end_are_none_of_it() -> None:
    # object 0 is a list that holds itself twice; one offset of one byte; trailer
    loop = (
        b"bplist00"
        + bytes.fromhex("a20000 08")
        + bytes(6)
        + bytes.fromhex("0101")
        + (1).to_bytes(8)
        + bytes(8)
        + (11).to_bytes(8)
    )
    assert plist.parse(loop) is None


@given(st.binary(max_size=20), st.integers(0, 150))
@settings(max_examples=150, deadline=None)
def test_damaged_lists_never_raise(noise: bytes, at: int) -> None:
    whole = plistlib.dumps(VALUE, fmt=plistlib.FMT_BINARY)
    plist.parse(whole[:at] + noise + whole[at + len(noise) :])


@given(st.binary(max_size=300) | st.binary(max_size=80).map(lambda d: b"bplist00" + d))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in plist.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
