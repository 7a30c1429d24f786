"""The document as JSON: the same document, the same bytes."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from iotaudit import report
from iotaudit.model.result import Audit
from iotaudit.report.rows import CHUNK


def test_reading_back_gives_the_document(any_document: dict[str, Any]) -> None:
    assert orjson.loads(report.render(any_document, "json")) == any_document


def test_twice_gives_the_same_bytes(any_document: dict[str, Any]) -> None:
    assert report.render(any_document, "json") == report.render(any_document, "json")


def test_ends_with_one_line_feed(any_document: dict[str, Any]) -> None:
    text = report.render(any_document, "json")
    assert isinstance(text, bytes)
    assert text.endswith(b"}\n")


@pytest.mark.parametrize("name", ["audit", "empty_audit", "two_input_audit", "hostile_audit"])
def test_lazy_pieces_are_the_same_bytes(name: str, request: pytest.FixtureRequest) -> None:
    audit = request.getfixturevalue(name)
    whole = report.render(report.document(audit), "json")
    lazy = report.document(audit, lazy=True)
    assert b"".join(report.pieces(lazy)) == whole
    assert report.render(lazy, "json") == whole


@pytest.mark.parametrize("number", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_many_flows_come_in_pieces_and_give_the_same_bytes(audit: Audit, number: int) -> None:
    first = audit.flow_rows[0]
    flows = tuple(replace(first, id=f"f{i}", number=i, first_packet=i) for i in range(1, number + 1))
    many = replace(audit, flow_rows=flows)
    pieces = list(report.pieces(report.document(many, lazy=True)))
    assert len(pieces) == 2 + -(-number // CHUNK) + 4  # one chunk of dns, and what stands around the two
    assert b"".join(pieces) == report.render(report.document(many), "json")


def test_a_text_like_an_empty_list_of_flows_does_not_part_the_document(audit: Audit) -> None:
    told = replace(audit, warnings=('\n  "flows": []', '"flows": []'))
    assert b"".join(report.pieces(report.document(told, lazy=True))) == report.render(report.document(told), "json")


def test_lazy_flows_are_a_sequence_of_the_same_rows(hostile_audit: Audit) -> None:
    rows = report.document(hostile_audit)["flows"]
    lazy = report.document(hostile_audit, lazy=True)["flows"]
    assert len(lazy) == len(rows)
    assert list(lazy) == rows
    assert lazy[-1] == rows[-1]
    assert lazy[1:3] == rows[1:3]
