"""The chain of evidence of one destination: every link is there, every part of the document that names it is."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from iotaudit import report
from iotaudit.errors import UsageError
from iotaudit.model.result import Audit
from iotaudit.report.explain import Node, explain, find
from iotaudit.report.html import render_tree

OURS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "div"),
    *("p", "span", "h1", "h2", "section", "ul", "li", "strong", "bdi"),
}


class Tags(HTMLParser):
    """Collects the names of tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.keys: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes a tag."""
        self.names.add(tag)
        self.keys |= {key for key, _ in attrs}


def texts(node: Node) -> Iterator[str]:
    yield f"{node.head}: {node.text} {node.cited}"
    for below in node.below:
        yield from texts(below)


def test_every_link_of_the_chain_is_told(audit: Audit) -> None:
    document = report.document(audit)
    for row in document["destinations"]:
        told = "\n".join(texts(explain(document, row)))
        for evidence in (*row["location"]["evidence"], *row["operator"]["evidence"], *row["owner"]["evidence"]):
            assert evidence["detail"] in told or row["zone"] == "local"
        for law in row["access_laws"]:
            assert law["title"] in told
            assert law["why"].split("; ")[0] in told
        for key in ("exposures", "findings"):
            for item in document[key]:
                if item["destination"] == row["id"]:
                    assert item["title"] in told
        for reason in document["verdict"]["reasons"]:
            assert (reason["text"] in told) == (row["id"] in reason["destinations"])


def test_from_where_it_is_administered_is_told_as_declared_and_never_taken_from_traffic(audit: Audit) -> None:
    document = report.document(audit)
    row = document["destinations"][0]
    head = "From where it may be administered"

    def told(lines: list[dict[str, Any]]) -> list[str]:
        nodes = explain({**document, "declared": lines}, row).below
        (found,) = [node for node in nodes if node.head == head]
        return [f"{below.head}|{below.text}" for below in found.below]

    line: dict[str, Any] = {"item": "administration_from", "declared": "CN", "observed": None, "destinations": [], "packets": [], "state": "declared_not_seen"}
    assert told([]) == ["|nothing is declared"]
    (said,) = told([line])
    assert "CN" in said or "China" in said
    assert told([{**line, "destinations": ["dst0"]}]) == ["|nothing is declared"]
    assert told([{**line, "declared": None, "observed": "CN", "state": "seen_not_declared"}]) == ["|nothing is declared"]


def test_a_destination_is_found_by_id_name_address_and_domain(audit: Audit) -> None:
    document = report.document(audit)
    row = next(d for d in document["destinations"] if d["name"] and d["registrable_domain"])
    for word in (row["id"], row["name"].upper(), f"{row['name']}.", row["ips"][0], row["registrable_domain"]):
        assert row in find(document, word)


def test_a_destination_that_is_not_there_brings_a_suggestion(audit: Audit) -> None:
    document = report.document(audit)
    row = next(d for d in document["destinations"] if d["name"])
    with pytest.raises(UsageError, match=f"did you mean {row['name']}"):
        find(document, row["name"][:-1])
    with pytest.raises(UsageError, match="no destination"):
        find(document, "")


def test_no_destination_at_all_is_said(empty_audit: Audit) -> None:
    with pytest.raises(UsageError, match="among the 0 destinations"):
        find(report.document(empty_audit), "x")


def test_hostile_names_are_inert_on_the_page(hostile_audit: Audit, hostile_texts: Any) -> None:
    document = report.document(hostile_audit)
    roots = [explain(document, row) for row in document["destinations"]]
    page = render_tree(hostile_texts[0], roots, hostile_texts[1])
    seen = Tags()
    seen.feed(page)
    assert seen.names <= OURS
    assert not any(key.startswith("on") or key == "style" for key in seen.keys)
    assert "script-src" not in page
    assert "default-src &#39;none&#39;" in page
    assert all(char.isprintable() or char == "\n" for char in page.partition("</style>")[2])
