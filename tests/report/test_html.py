"""The page: self-contained, under its own policy, nothing of a capture acts; looked at in a browser where one is there."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from iotaudit import report
from iotaudit.model.result import Audit
from iotaudit.report import RenderOptions

VOID = {"br", "col", "hr", "img", "input", "link", "meta", "wbr", "path", "rect", "line", "circle", "use"}


class Reader(HTMLParser):
    """Collects tags and attributes as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:  # noqa: D102
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:  # noqa: D102
        self.text += data


def page_of(document: Any) -> Reader:
    reader = Reader()
    reader.feed(str(report.render(document, "html")))
    return reader


def test_tags_are_balanced_and_nothing_is_fetched(any_document: dict[str, Any]) -> None:
    page = page_of(any_document)
    assert page.open == []
    for tag, attributes in page.tags:
        assert tag not in ("iframe", "object", "embed", "base", "link")
        assert "src" not in attributes or (attributes["src"] or "").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)
        assert "style" not in attributes


def test_the_policy_allows_only_the_two_blocks_of_ours(hostile_audit: Audit) -> None:
    page = page_of(report.document(hostile_audit))
    policy = next(a["content"] or "" for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert len(re.findall(r"'sha256-", policy)) == 2
    assert [t for t, _ in page.tags].count("script") == 1


def test_hostile_texts_add_no_tag(hostile_audit: Audit) -> None:
    tags = page_of(report.document(hostile_audit)).tags
    assert not {"img", "iframe", "b"} & {t for t, _ in tags}
    for _, attributes in tags:
        assert not (attributes.get("href") or "").lower().startswith(("javascript:", "data:"))


def test_the_answer_stands_on_the_page(audit: Audit) -> None:
    document = report.document(audit)
    text = re.sub(r"\s+", " ", page_of(document).text)
    assert re.sub(r"\s+", " ", document["verdict"]["statement"]) in text


def test_rows_left_out_are_counted(audit: Audit) -> None:
    text = str(report.render(report.document(audit), "html", RenderOptions(max_rows=1)))
    assert re.search(r"\bmore\b", text)


def test_the_same_document_gives_the_same_page(any_document: dict[str, Any]) -> None:
    assert report.render(any_document, "html") == report.render(any_document, "html")


@pytest.mark.chromium
def test_nothing_of_a_hostile_capture_runs_in_a_browser(hostile_audit: Audit, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(str(report.render(report.document(hostile_audit), "html")), "utf-8")
    browser = shutil.which("chromium")
    assert browser
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    done = subprocess.run(
        [browser, *options.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    dom = done.stdout.decode("utf-8", "replace")
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title
    assert title.group(1).startswith("Data-flow audit: ")
    assert "<img" not in dom
