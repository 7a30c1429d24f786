"""Values of simple XML: elements that hold text, bounded."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.xml_values import ELEMENTS, xml_values


def test_elements_that_hold_text_are_given_in_order() -> None:
    text = b'<?xml version="1.0"?><a><b version="1.1">one &amp; two</b><c> </c><d/><e.f>3</e.f></a>'
    assert list(xml_values(text)) == [("b", b"one & two"), ("e.f", b"3")]


def test_elements_that_are_cut_or_crossed_are_not_given() -> None:
    assert list(xml_values(b"<a>one</b><c>two")) == []


def test_no_more_than_the_bound_are_given() -> None:
    assert len(list(xml_values(b"<a>1</a>" * (ELEMENTS + 5)))) == ELEMENTS


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_taken(data: bytes) -> None:
    assert all(value for _, value in xml_values(b"<" + data))
