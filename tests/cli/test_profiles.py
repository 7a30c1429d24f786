"""`iotaudit profiles`: list, show, lint."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
Call = Callable[..., Any]


def test_every_shipped_profile_is_listed(iotaudit: Call) -> None:
    done = iotaudit("profiles", "list")
    assert done.code == 0
    assert [line.split()[0] for line in done.text.splitlines()] == sorted(
        p.stem for p in (ROOT / "profiles").glob("*.yaml")
    )


def test_a_profile_is_shown(iotaudit: Call) -> None:
    done = iotaudit("profiles", "show", "cleaning-robot")
    assert done.code == 0
    assert "cleaning-robot" in done.text


def test_shipped_profiles_have_no_mistake(iotaudit: Call) -> None:
    for file in (ROOT / "profiles").glob("*.yaml"):
        done = iotaudit("profiles", "lint", file)
        assert (done.code, done.text) == (0, f"{file.stem}: no mistakes\n")


def test_mistakes_are_told_one_by_one(iotaudit: Call, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("id: mine\ntitel: a device\nsensors: 3\n")
    done = iotaudit("profiles", "lint", file)
    assert done.code == 2
    assert f"{file}:2:1: " in done.text
    assert "did you mean title?" in done.text
    assert f"{file}:3:" in done.text


@pytest.mark.parametrize("verb", ["show", "lint"])
def test_a_profile_that_is_none_is_one_line(iotaudit: Call, verb: str) -> None:
    done = iotaudit("profiles", verb, "cleaning-robt")
    assert "did you mean cleaning-robot?" in done.line
    assert done.code == 2
