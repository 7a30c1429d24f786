"""The detector `device.ip.public`: a global address counts only where it is the device's own."""

from typing import Any

from iotaudit.model.data_types import KnownValue

ID = "device.ip.public"
OWN = KnownValue("device.ip.internal", "ip", "2001:db8:1::7", "frame")
GLOBAL = KnownValue("device.ip.internal", "ip", "2a02:908::7", "frame")


def test_true_own_global_address_is_proven(lab: Any, write: Any) -> None:
    (found,) = lab.detect(write({"addr": "wan 93.184.216.34"}), own=(KnownValue(
        "device.ip.internal", "ip", "93.184.216.34", "frame"),)).exposures  # fmt: skip
    assert (found.data_type, found.confidence.value) == (ID, "proven")


def test_near_miss_address_of_somebody_else(lab: Any, write: Any) -> None:
    assert lab.detect(write({"addr": "93.184.216.35"}), own=(GLOBAL,)).exposures == ()


def test_undecidable_without_own_addresses_is_no_hit(lab: Any, write: Any) -> None:
    assert lab.detect(write({"addr": "93.184.216.34"})).exposures == ()
    assert lab.hits(ID, {"addr": "93.184.216.34"}) == []
