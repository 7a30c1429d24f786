"""The detector `usage.command`: true hits, near misses, and what cannot be decided."""

from typing import Any

import pytest

ID = "usage.command"
MQTT = "mqtt.payload"


@pytest.mark.parametrize(
    ("body", "verb"),
    [
        ({"cmd": "reboot"}, "reboot"),
        ({"method": "app_start", "params": []}, "start"),
        ({"action": "unlockDoor"}, "unlock"),
    ],
)
def test_pass_verb_under_a_name_for_a_command(lab: Any, body: object, verb: str) -> None:
    assert lab.values(ID, body, where=MQTT) == [verb]


def test_pass_field_of_a_control_protocol(lab: Any) -> None:
    assert lab.values(ID, {"system": {"set_relay_state": {"state": 0}}}, where="kasa.message") == ["set"]


def test_pass_state_in_a_topic_for_commands(lab: Any) -> None:
    assert lab.values(ID, "ON", where=MQTT, key="hall/plug/set") == ["switch"]


def test_pass_what_the_device_receives_counts(lab: Any, write: Any) -> None:
    found = lab.detect(write({"cmd": "reboot"}, where=MQTT, outbound=False)).exposures
    assert [(row.data_type, row.masked_sample, row.confidence.value) for row in found] == [
        (ID, "reboot", "detected")
    ]


def test_fail_what_the_device_sends_is_none(lab: Any, write: Any) -> None:
    assert lab.detect(write({"cmd": "reboot"}, where=MQTT)).exposures == ()


def test_fail_words_that_control_nothing(lab: Any) -> None:
    assert lab.hits(ID, {"cmd": "heartbeat", "method": "event.report", "action": "none"}, where=MQTT) == []
    assert lab.hits(ID, "ON", where=MQTT, key="hall/plug/state") == []


def test_fail_answer_over_http(lab: Any) -> None:
    assert lab.hits(ID, {"action": "open"}) == []


def test_inconclusive_command_by_number_is_not_reported(lab: Any) -> None:
    assert lab.hits(ID, {"cmd": 17}, where=MQTT) == []
