"""The decoding `xml`: elements and attributes, what is none of it, entities, nests."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import xml
from iotaudit.codec.budget import Budget

PLAIN = b"""<?xml version="1.0"?>
<d:device xmlns:d="urn:x" sn="AB12CD34"><room>hall</room><room>lab</room><pos unit="m">5<x>1</x></pos></d:device>"""
BOMB = b"""<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>"""
OUTSIDE = b"""<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/hostname">]><a>&f;</a>"""


def test_pass_elements_attributes_and_lists() -> None:
    assert xml.parse(PLAIN) == {
        "device": {
            "d": "urn:x",
            "sn": "AB12CD34",
            "room": ["hall", "lab"],
            "pos": {"unit": "m", "x": "1", "#text": "5"},
        }
    }
    assert b"AB12CD34" in [p.data for p in xml.decode(PLAIN, Budget())]


def test_fail_other_texts_pages_and_cut_documents_are_none_of_it() -> None:
    for data in (
        b"",
        b"<",
        b"a < b > c",
        b"<!DOCTYPE html><html></html>",
        PLAIN[:-3],
        b"<a><b></a></b>",
        b"<a>&x;</a>",
    ):
        assert xml.parse(data) is None


def test_fail_a_document_that_declares_an_entity_is_refused() -> None:
    assert xml.parse(BOMB) is None
    assert xml.parse(OUTSIDE) is None


def test_inconclusive_a_document_type_without_entities_is_read() -> None:
    assert xml.parse(b'<!DOCTYPE a SYSTEM "http://vendor.example/a.dtd"><a><b>1</b></a>') == {"a": {"b": "1"}}


def test_deep_nest_and_many_elements_are_none_of_it() -> None:
    assert xml.parse(b"<a>" * 5000 + b"</a>" * 5000) is None
    assert xml.parse(b"<r>" + b"<a/>" * 30_000 + b"</r>") is None


@given(
    st.binary(max_size=300)
    | st.text("<>/ab&;=\"' ", max_size=60).map(lambda t: b"<a>" + t.encode() + b"</a>")
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in xml.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
