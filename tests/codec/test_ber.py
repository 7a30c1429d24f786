"""BER: elements, lengths, numbers and object identifiers; hostile bytes give less, never a fault."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import ber


def test_elements_stand_one_behind_the_other_and_inside_of_each_other() -> None:
    row = ber.items(bytes.fromhex("0201 05  3004 0402 6162  0500"))
    assert [item.tag for item in row] == [ber.INTEGER, ber.SEQUENCE, ber.NULL]
    assert ber.integer(row[0]) == 5
    assert ber.at(row[1].items(), 0) == ber.Item(ber.OCTETS, b"ab")
    assert ber.at(row, 7) is ber.ABSENT
    assert ber.tagged(row, ber.NULL).data == b""


def test_a_cut_element_is_given_as_far_as_it_goes() -> None:
    assert ber.first(bytes.fromhex("0405 6162")) == ber.Item(ber.OCTETS, b"ab", whole=False)
    assert ber.items(b"\x04") == ()


@pytest.mark.parametrize(
    ("data", "size"),
    [
        ("30", (0, 0)),
        ("3003", (2, 3)),
        ("3081", (0, 0)),
        ("308180", (3, 128)),
        ("3084000000ff", (6, 255)),
        ("3080", None),  # of indefinite length
        ("3085", None),  # longer than anything sound
        ("1f", None),  # a tag of several bytes
        ("1f01", None),
    ],
)
def test_the_extent_of_an_element(data: str, size: tuple[int, int] | None) -> None:
    assert ber.extent(bytes.fromhex(data)) == size


@pytest.mark.parametrize(
    ("data", "dotted"),
    [
        ("2b06010201010500", "1.3.6.1.2.1.1.5.0"),
        ("8837", "2.999"),
        ("2b8f51", "1.3.2001"),
        ("", ""),
        ("2b86", ""),  # cut inside of a number
        ("ff" * 20 + "01", ""),  # a number beyond 64 bits
    ],
)
def test_object_identifiers_are_dotted_numbers(data: str, dotted: str) -> None:
    assert ber.oid(bytes.fromhex(data)) == dotted


def test_integers_have_a_sign_and_a_bound() -> None:
    assert ber.integer(ber.Item(ber.INTEGER, b"\xff")) == -1
    assert ber.integer(ber.Item(ber.INTEGER, bytes(10))) is None
    assert ber.integer(ber.ABSENT) is None


def test_no_more_elements_are_given_than_the_bound() -> None:
    assert len(ber.items(b"\5\0" * 10_000)) == ber.ITEMS


@settings(max_examples=200)
@given(st.binary(max_size=80))
def test_any_bytes_are_taken(data: bytes) -> None:
    for item in ber.items(data):
        ber.integer(item)
        ber.oid(item.data)
        item.items()
