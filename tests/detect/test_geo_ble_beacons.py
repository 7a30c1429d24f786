"""The detector `geo.ble_beacons`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "geo.ble_beacons"
ONE, TWO = "c0:11:22:33:44:01", "d0:11:22:33:44:02"
UUID = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"


def test_pass_addresses_with_signals(lab: Any) -> None:
    body = {"ble_scan": [{"mac": ONE, "rssi": -60}, {"addr": TWO, "rssi": "-71"}]}
    assert lab.values(ID, body) == [ONE.replace(":", ""), TWO.replace(":", "")]
    assert lab.hits("geo.wifi_scan", body) == []
    assert lab.hits("device.mac", body) == []


def test_pass_mapping_by_address_and_text(lab: Any) -> None:
    assert len(lab.values(ID, {"beacons": {ONE: -60, TWO: -71}})) == 2
    assert len(lab.values(ID, {"bluetooth_devices": f"{ONE} -60;{TWO} -71"})) == 2


def test_pass_beacon_with_its_numbers(lab: Any) -> None:
    assert lab.sure(ID, {"uuid": UUID, "major": 1, "minor": 77, "rssi": -64}) == ["detected"]


def test_fail_one_address_no_signal_or_signal_out_of_range(lab: Any) -> None:
    assert lab.hits(ID, {"ble": [{"mac": ONE, "rssi": -60}]}) == []
    assert lab.hits(ID, {"ble": [{"mac": ONE}, {"mac": TWO}]}) == []
    assert lab.hits(ID, {"ble": [{"mac": ONE, "rssi": 0}, {"mac": TWO, "rssi": -300}]}) == []


def test_fail_numbers_of_a_version(lab: Any) -> None:
    assert lab.hits(ID, {"uuid": UUID, "major": 1, "minor": 77}) == []
    assert lab.hits(ID, {"major": 2, "minor": 4, "rssi": -40}) == []


def test_inconclusive_list_without_a_word_for_bluetooth(lab: Any) -> None:
    assert lab.hits(ID, {"list": [{"mac": ONE, "rssi": -60}, {"mac": TWO, "rssi": -71}]}) == []
