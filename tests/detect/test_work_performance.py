"""The detector `work.performance`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "work.performance"


def test_pass_worker_and_measure_in_one_record(lab: Any) -> None:
    assert lab.values(ID, {"operator_id": "op-77", "efficiency": 87.5}) == ["work record"]
    assert lab.values(ID, {"employeeId": "4711", "idleTime": "340"}) == ["work record"]
    assert lab.values(ID, {"driver_name": "A. Lee", "shift": 2}) == ["work record"]


def test_pass_the_worker_is_masked_elsewhere(lab: Any, write: Any) -> None:
    found = lab.detect(write({"operator_id": "op-anna-77", "efficiency": 87.5}))
    assert "op-anna-77" not in found.redactor.text("/report/op-anna-77")


def test_fail_measure_of_a_machine(lab: Any) -> None:
    assert lab.hits(ID, {"efficiency": 87.5, "serial": "A-1"}) == []


def test_fail_worker_without_a_number(lab: Any) -> None:
    assert lab.hits(ID, {"operator_id": "op-77", "efficiency": "high"}) == []
    assert lab.hits(ID, {"operator_id": "", "efficiency": 87.5}) == []


def test_fail_operator_of_a_mobile_network(lab: Any) -> None:
    assert lab.hits(ID, {"operator": "Lab Mobile", "efficiency": 3}) == []


def test_inconclusive_worker_and_measure_in_two_records(lab: Any) -> None:
    assert lab.hits(ID, [{"operator_id": "op-77"}, {"efficiency": 87.5}]) == []
