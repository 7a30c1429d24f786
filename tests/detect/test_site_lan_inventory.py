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


ARP = """IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         02:64:75:00:00:01     *        wlan0
192.168.1.7      0x1         0x2         02:64:75:00:00:07     *        wlan0
"""


def test_pass_table_of_neighbours(lab: Any) -> None:
    assert lab.sure("site.lan_inventory", ARP) == ["proven"]
    told = "? (192.168.1.1) at 02:64:75:00:00:01 [ether] on eth0\n? (192.168.1.7) at 02:64:75:00:00:07 [ether] on eth0\n"
    assert lab.values("site.lan_inventory", {"out": told}) == ["2 hosts"]


def test_fail_one_neighbour_and_outside_addresses(lab: Any) -> None:
    assert lab.hits("site.lan_inventory", "\n".join(ARP.splitlines()[:2]) + "\n") == []
    assert lab.hits("site.lan_inventory", ARP.replace("192.168.1", "8.8.4")) == []


def test_inconclusive_list_with_names_alone_is_detected(lab: Any) -> None:
    rows = [{"mac": f"02:64:75:00:00:0{at}", "name": f"part {at}"} for at in range(3)]
    assert lab.sure("site.lan_inventory", {"devices": rows}) == ["detected"]
