"""The detector `geo.wifi_scan`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "geo.wifi_scan"


def test_true_scan_is_proven(lab: Any) -> None:
    assert lab.sure(
        ID,
        {
            "ap_list": [
                {"mac": "a4:5e:60:01:02:03", "rssi": -40},
                {"mac": "a4:5e:60:01:02:04", "rssi": -70},
            ]
        },
    ) == ["proven"]


def test_true_name_and_address_of_the_network(lab: Any) -> None:
    assert lab.values(ID, {"ssid": "Halle 3", "bssid": "A4:5E:60:01:02:03"}) == [
        "halle 3",
        "a45e60010203",
    ]


def test_near_miss_one_access_point_is_no_scan(lab: Any) -> None:
    assert lab.hits(ID, {"ap_list": [{"mac": "a4:5e:60:01:02:03", "rssi": -40}]}) == []


def test_near_miss_addresses_without_signal(lab: Any) -> None:
    assert (
        lab.hits(ID, {"ap_list": [{"mac": "a4:5e:60:01:02:03"}, {"mac": "a4:5e:60:01:02:04"}]})
        == []
    )


def test_near_miss_too_long_for_a_name(lab: Any) -> None:
    assert lab.hits(ID, {"ssid": "x" * 33, "bssid": "not an address"}) == []


def test_undecidable_name_alone_is_detected(lab: Any) -> None:
    assert lab.sure(ID, {"ssid": "Halle 3"}) == ["detected"]


def test_near_miss_cookie_called_ssid(lab: Any) -> None:
    assert lab.hits(ID, "SSID=A_xyz; lang=de", "http.header.cookie", "cookie") == []


def test_fail_group_addresses_and_signals_out_of_range(lab: Any) -> None:
    rows = [{"bssid": "01:00:5e:00:53:01", "rssi": -50}, {"bssid": "33:33:5e:00:53:02", "rssi": -60}]
    assert [hit for hit in lab.hits("geo.wifi_scan", {"scan": rows}) if hit.confidence.value == "proven"] == []
    rows = [{"mac": "02:00:5e:00:53:01", "level": 4096}, {"mac": "02:00:5e:00:53:02", "level": "high"}]
    assert lab.hits("geo.wifi_scan", {"scan": rows}) == []
