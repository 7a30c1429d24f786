"""The detector `usage.schedule`: true hits, near misses, and what cannot be decided."""

from typing import Any

import pytest

from iotaudit.detect.usage_schedule import is_cron

ID = "usage.schedule"


@pytest.mark.parametrize("text", ["30 8 * * 1-5", "*/15 7-18 * * *", "0 30 8 ? * mon-fri", "0 8 1,15 * *"])
def test_pass_cron_expression(lab: Any, text: str) -> None:
    assert lab.values(ID, {"cron": text}) == ["cron expression"]


@pytest.mark.parametrize(
    "text", ["61 8 * * 1", "30 25 * * *", "* * * * *", "a b c d e", "1 2 3", "30 8 * 13 *"]
)
def test_fail_no_cron_expression(text: str) -> None:
    assert not is_cron(text)


def test_pass_times_under_a_name_for_a_schedule(lab: Any) -> None:
    assert lab.values(ID, {"working_hours": "08:00-17:30"}) == ["times"]
    assert lab.values(ID, {"timers": "mon,tue 08:30"}) == ["times"]
    assert lab.values(ID, {"schedule": [{"time": "08:30", "enabled": True}]}) == ["times"]


def test_pass_days_of_a_plan(lab: Any) -> None:
    assert lab.values(ID, {"schedules": [{"days": [1, 2, 5], "room": 3}]}) == ["times"]
    assert lab.values(ID, {"schedule": {"weekdays": "1111100"}}) == ["times"]


def test_pass_hour_and_minute(lab: Any) -> None:
    assert lab.values(ID, {"dnd": {"start_hour": 22, "start_minute": 0, "end_hour": 8, "end_minute": 0}}) == [
        "times"
    ]


def test_fail_values_that_are_no_times(lab: Any) -> None:
    assert lab.hits(ID, {"schedule": "default", "timer": 1000, "cron": True}) == []
    assert lab.hits(ID, {"schedule": {"id": 7, "name": "night"}, "working_hours": "25:90"}) == []


def test_fail_times_under_other_names(lab: Any) -> None:
    assert lab.hits(ID, {"local_time": "08:30", "uptime": "12:30:11", "prescheduled": "x"}) == []


def test_inconclusive_one_time_of_a_timer_may_be_a_countdown(lab: Any) -> None:
    assert lab.hits(ID, {"timer": "00:10"}) == []
