"""`audit --lab-position`: round trips bound where a server can be; a bad place is told in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def test_the_round_trip_stands_beside_what_databases_say(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    done = iotaudit("audit", leaving, "--lab-position", "52.37,4.90", "--json", tmp_path / "a.json")
    assert done.code == 0
    document = json.loads((tmp_path / "a.json").read_text())
    assert document["settings"]["lab_position"] == [52.37, 4.9]
    told = [e["source"] for row in document["destinations"] for e in row["location"]["evidence"]]
    assert "round_trip" in told


def test_south_and_west_are_negative(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    assert iotaudit("audit", leaving, "--lab-position", "-33.9,-70.6", "--json", tmp_path / "a.json").code == 0


@pytest.mark.parametrize("text", ["52", "a,b", "1,2,3", "91,0", "0,-181", "nan,4", "inf,4", ""])
def test_what_is_no_place_is_told(iotaudit: Call, leaving: Path, text: str) -> None:
    done = iotaudit("audit", leaving, "--lab-position", text)
    assert done.code == 2
    assert done.line.startswith("iotaudit: --lab-position")
