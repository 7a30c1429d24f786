"""Markdown for a ticket: the answers first, hostile names inert."""

import re
from typing import Any

from iotaudit import report
from iotaudit.model.result import Audit


def text_of(document: Any) -> str:
    return str(report.render(document, "md"))


def test_the_answers_stand_on_top(audit: Audit) -> None:
    document = report.document(audit)
    head = text_of(document).split("##")[0]
    assert f"**Data leaves the EU: {document['verdict']['data_leaves_eu'].upper()}**" in head


def test_every_finding_is_told(audit: Audit) -> None:
    document = report.document(audit)
    assert len(re.findall(r"^- \*\*(?:critical|high|medium|low|info)\*\* ", text_of(document), re.MULTILINE)) == len(
        document["findings"]
    )


def test_an_empty_audit_says_that_silence_is_no_proof(empty_audit: Audit) -> None:
    assert "no proof that none was sent" in text_of(report.document(empty_audit))


def test_hostile_names_start_no_html_link_or_cell(hostile_audit: Audit) -> None:
    for line in text_of(report.document(hostile_audit)).split("\n"):
        assert line.isprintable()
        prose = re.sub(r"`[^`]*`", "", line).replace("\\<", "").replace("\\[", "").replace("\\]", "")
        assert not re.search(r"<[a-z/!]", prose, re.IGNORECASE), line
        if "attacker.example" in prose:
            assert "](" not in prose, line
