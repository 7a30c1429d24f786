"""The detector `site.lan_inventory`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "site.lan_inventory"


def test_true_list_of_hosts_is_proven(lab: Any) -> None:
    assert lab.sure(
        ID,
        {
            "neighbors": [
                {"mac": "a4:5e:60:01:02:03", "ip": "192.168.1.2"},
                {"mac": "a4:5e:60:01:02:04", "ip": "192.168.1.3"},
            ]
        },
    ) == ["proven"]


def test_near_miss_one_host(lab: Any) -> None:
    assert lab.hits(ID, {"neighbors": [{"mac": "a4:5e:60:01:02:03", "ip": "192.168.1.2"}]}) == []


def test_near_miss_access_points(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            {
                "ap_list": [
                    {"mac": "a4:5e:60:01:02:03", "rssi": -4},
                    {"mac": "a4:5e:60:01:02:04", "rssi": -5},
                ]
            },
        )
        == []
    )


def test_undecidable_names_without_addresses(lab: Any) -> None:
    assert lab.hits(ID, {"hosts": [{"name": "a"}, {"name": "b"}]}) == []
