"""The document as JSON: the same document, the same bytes."""

from typing import Any

import orjson

from iotaudit import report


def test_reading_back_gives_the_document(any_document: dict[str, Any]) -> None:
    assert orjson.loads(report.render(any_document, "json")) == any_document


def test_twice_gives_the_same_bytes(any_document: dict[str, Any]) -> None:
    assert report.render(any_document, "json") == report.render(any_document, "json")


def test_ends_with_one_line_feed(any_document: dict[str, Any]) -> None:
    text = report.render(any_document, "json")
    assert isinstance(text, bytes)
    assert text.endswith(b"}\n")
