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
