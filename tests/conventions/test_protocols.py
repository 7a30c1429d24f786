"""The table of protocols is the one that the tool makes, and has a row for each."""

import runpy
from pathlib import Path

from iotaudit.dissect import DISSECTORS

ROOT = Path(__file__).resolve().parents[2]
PAGE: str = runpy.run_path(str(ROOT / "tools" / "docs" / "build_protocols.py"))["page"]()


def test_the_table_is_up_to_date() -> None:
    assert (ROOT / "docs/protocols/README.md").read_text("utf-8") == PAGE, (
        "run python tools/docs/build_protocols.py"
    )


def test_every_protocol_has_a_row_that_says_what_is_read() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| [")]
    assert [row.split("]")[0][3:] for row in rows] == sorted(module.ID for module in DISSECTORS)
    for row in rows:
        cells = row.strip("| ").split(" | ")
        assert len(cells) == 6, row
        assert all(cells), row
        assert "see its page" not in row, row
