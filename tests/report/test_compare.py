"""Firmware B against A: what is new, gone, changed; an address that moved under one operator is neither."""

import copy
from typing import Any

import pytest

from iotaudit import report
from iotaudit.model.result import Audit
from iotaudit.report.compare import changes, compare


@pytest.fixture
def before(audit: Audit) -> dict[str, Any]:
    return report.document(audit)


def test_an_audit_against_itself_has_no_change(before: dict[str, Any]) -> None:
    assert changes(before, before) == {"new": [], "gone": [], "changed": []}


def test_a_new_host_is_new_and_the_other_way_gone(before: dict[str, Any]) -> None:
    after = copy.deepcopy(before)
    outside = next(d for d in after["destinations"] if d["zone"] != "local")
    fresh = copy.deepcopy(outside) | {"id": "dst99", "name": "new.third.example", "zone": "third-country"}
    after["destinations"].append(fresh)
    assert [r["key"][0] for r in changes(before, after)["new"]] == ["new.third.example"]
    assert [r["key"][0] for r in changes(after, before)["gone"]] == ["new.third.example"]


def test_an_address_that_moved_under_one_operator_is_no_change(before: dict[str, Any]) -> None:
    after = copy.deepcopy(before)
    named = next(d for d in after["destinations"] if d["zone"] != "local" and d["name"])
    named["ips"] = ["198.51.100.7"]
    assert changes(before, after) == {"new": [], "gone": [], "changed": []}


def test_another_zone_under_the_same_name_is_a_change(before: dict[str, Any]) -> None:
    after = copy.deepcopy(before)
    named = next(d for d in after["destinations"] if d["zone"] == "third-country" and d["name"])
    named["zone"] = "EU"
    told = changes(before, after)
    assert [r["key"][0] for r in told["changed"] if r["what"] == "destination"] == [named["name"]]
    assert told["new"] == told["gone"] == []


def test_a_changed_answer_is_told(before: dict[str, Any]) -> None:
    after = copy.deepcopy(before)
    after["verdict"]["data_leaves_eu"] = "undetermined"
    assert [r["key"] for r in changes(before, after)["changed"]] == [["data_leaves_eu"]]


def test_the_table_has_a_cell_for_each_audit(before: dict[str, Any], empty_audit: Audit) -> None:
    told = compare([before, report.document(empty_audit), before])
    assert all(len(cells) == 3 for cells in told["table"].values())
    assert len(told["changes"]) == 2
