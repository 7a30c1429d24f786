"""The decoding `csv`: rows under names, what is none of it, damage."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import csv
from iotaudit.codec.budget import Budget

TABLE = b'time,serial,"room name"\r\n1,AB12CD34,"hall, north"\r\n2,AB12CD35,lab\r\n'


def test_pass_rows_become_records() -> None:
    assert csv.parse(TABLE) == [
        {"time": "1", "serial": "AB12CD34", "room name": "hall, north"},
        {"time": "2", "serial": "AB12CD35", "room name": "lab"},
    ]
    assert [p.key for p in csv.decode(TABLE, Budget())][:3] == ["time", "serial", "room name"]


def test_pass_semicolons_and_tabs() -> None:
    for sign in (";", "\t"):
        assert csv.parse(f"lat{sign}lon\n51.5{sign}7,0".encode()) == [{"lat": "51.5", "lon": "7,0"}]


def test_fail_texts_numbers_and_uneven_rows_are_none_of_it() -> None:
    for data in (
        b"",
        b"serial,room",
        b"1,2\n3,4",  # no names
        b"a,b\n1,2\n3",  # a row of another width
        b"Hello, this is a text.\nIt has a comma, but no table!",
        b"a,a\n1,2",
        b'a,b\n"1,2',
    ):
        assert csv.parse(data) is None


def test_inconclusive_pairs_are_left_to_the_search_for_pairs() -> None:
    assert csv.parse(b"sn=AB12CD34,room=hall\nsn=AB12CD35,room=lab") is None


@given(st.binary(max_size=300) | st.text('a1,;"\n\r\t ', max_size=60).map(lambda t: b"a,b\n" + t.encode()))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in csv.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
