"""The terminal view: verdict first, plain in a pipe, nothing of a capture interpreted."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from iotaudit import report
from iotaudit.model.result import Audit
from iotaudit.report import terminal


def shown(document: Any, *, width: int = 120, colour: bool = False) -> str:
    out = io.StringIO()
    terminal.show(document, Console(file=out, width=width, highlight=False, force_terminal=colour, color_system="standard" if colour else None))
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_the_answers_come_first_at_any_width(any_document: dict[str, Any], width: int) -> None:
    text = shown(any_document, width=width)
    answer = any_document["verdict"]["data_leaves_eu"].upper()
    assert re.search(rf"Data leaves the EU:\s+{answer}", text)
    assert text.index("Data leaves the EU") < text.index("Destinations (")


def test_a_pipe_gets_no_escape_sequence(any_document: dict[str, Any]) -> None:
    assert "\x1b" not in shown(any_document)


def test_only_our_own_styles_reach_a_terminal(hostile_audit: Audit) -> None:
    text = shown(report.document(hostile_audit), colour=True)
    rest = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert all(line.isprintable() for line in rest.split("\n"))
    assert "[red]markup[/red]" in rest.replace("\n", "")


def test_findings_and_questions_are_told(audit: Audit) -> None:
    document = report.document(audit)
    text = shown(document, width=200)
    for finding in document["findings"]:
        assert finding["rule"] in text
