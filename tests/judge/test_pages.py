"""The generated pages of rules and their vocabulary are those that the tool makes."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES: dict[str, str] = runpy.run_path(str(ROOT / "tools" / "docs" / "build_rules.py"))["pages"]()
FOLDER = ROOT / "docs" / "rules"


def test_the_pages_are_up_to_date() -> None:
    assert {p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.md")} == PAGES


def test_the_page_of_the_verdict_names_every_code_of_a_reason() -> None:
    text = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    for code in [
        "leaves",
        "stays",
        "no_devices",
        "no_payload",
        "idle_device",
        "disputed_place",
        "unknown_place",
        "relay",
        "unread",
        "too_short",
        "missing_steps",
        "access_place",
        "access_operator",
        "unknown_owner",
        "law_not_on_file",
        "stale_laws",
        "closed",
        "stale_knowledge",
    ]:
        assert f"`{code}`" in text, code
