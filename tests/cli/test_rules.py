"""`iotaudit rules`: list, show, lint, test."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
Call = Callable[..., Any]


def test_every_shipped_rule_is_listed(iotaudit: Call) -> None:
    done = iotaudit("rules", "list")
    assert done.code == 0
    ids = re.findall(r"^  (\S+)", done.text, re.MULTILINE)
    assert ids
    assert sorted(ids) == sorted(p.stem for p in (ROOT / "rules").glob("*/*.yaml") if p.name != "pack.yaml")


def test_one_pack_is_listed_alone(iotaudit: Call) -> None:
    text = iotaudit("rules", "list", "foreign-access").text
    assert "fa-001" in text
    assert "gt-001" not in text


def test_a_rule_is_shown_with_its_limits(iotaudit: Call) -> None:
    done = iotaudit("rules", "show", "GT-001")
    assert done.code == 0
    for head in ("rule", "severity", "ground", "ask", "no proof of"):
        assert re.search(rf"^{head} ", done.text, re.MULTILINE)


def test_a_rule_that_is_none_names_a_near_one(iotaudit: Call) -> None:
    done = iotaudit("rules", "show", "gt-0011")
    assert "did you mean gt-0" in done.line
    assert done.code == 2


def test_shipped_packs_have_no_mistake_and_their_cases_hold(iotaudit: Call) -> None:
    assert "no mistakes" in iotaudit("rules", "lint").text
    done = iotaudit("rules", "test")
    assert done.code == 0
    assert done.text.endswith("0 failed\n")


def test_mistakes_are_told_one_by_one(iotaudit: Call, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("id: mine\nseverty: high\n")
    done = iotaudit("rules", "lint", file)
    assert done.code == 2
    lines = done.text.splitlines()
    assert len(lines) > 1
    assert all(line.startswith(f"{file}:") for line in lines)


def test_a_case_that_fails_is_exit_code_1(iotaudit: Call, tmp_path: Path) -> None:
    text = (ROOT / "rules/gdpr-transfers/gt-001.yaml").read_text("utf-8")
    file = tmp_path / "gt-001.yaml"
    swapped = text.replace("expect: fail_indicator", "expect: swap").replace(
        "expect: no_indicator", "expect: fail_indicator"
    )
    file.write_text(swapped.replace("expect: swap", "expect: no_indicator"))
    done = iotaudit("rules", "test", file)
    assert done.code == 1
    assert "expected no_indicator, got fail_indicator" in done.text


@pytest.mark.parametrize("verb", ["list", "lint", "test"])
def test_a_pack_that_is_none_is_one_line(iotaudit: Call, verb: str) -> None:
    done = iotaudit("rules", verb, "foreign-acces")
    assert "did you mean foreign-access?" in done.line
    assert done.code == 2
