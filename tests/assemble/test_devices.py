"""Who is under audit."""

from typing import Any

import pytest

from iotaudit.assemble.devices import Census, normal_device, take_census
from iotaudit.errors import UsageError
from iotaudit.model.events import DhcpSeen, Event, HostNamed
from iotaudit.model.flows import HostSeen

DEVICE, GATEWAY, PHONE = 0x020000000014, 0x020000000001, 0x020000000033
DEVICE_HOST = HostSeen(DEVICE, "192.168.1.20", 5, 3, "frame")
GATEWAY_HOSTS = (
    HostSeen(GATEWAY, "203.0.113.9", 5, 4, "frame"),
    HostSeen(GATEWAY, "192.168.1.1", 1, 1, "arp"),
)
PHONE_HOST = HostSeen(PHONE, "192.168.1.33", 2, 9, "frame")
HOSTS = (DEVICE_HOST, *GATEWAY_HOSTS, PHONE_HOST)


def census(hosts: tuple[HostSeen, ...] = HOSTS, events: tuple[Event, ...] = (), **changes: Any) -> Census:
    options: dict[str, Any] = {"networks": (), "wanted": None, "senders": frozenset(), "vendor": lambda _: None}
    return take_census(hosts, events, **(options | changes))


def dhcp(**changes: Any) -> DhcpSeen:
    fields: dict[str, Any] = {
        "flow": 0,
        "packet": 2,
        "time_ns": 0,
        "outbound": True,
        "kind": "request",
        "mac": "02:00:00:00:00:14",
        "ip": None,
        "hostname": None,
        "vendor_class": None,
        "parameters": (),
        "subnet": None,
        "routers": (),
        "resolvers": (),
    }
    return DhcpSeen(**(fields | changes))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("02-00-00-00-00-14", "02:00:00:00:00:14"),
        ("0200.0000.00AB", "02:00:00:00:00:ab"),
        ("0200000000AB", "02:00:00:00:00:ab"),
        (" 192.168.1.20 ", "192.168.1.20"),
        ("FE80:0::1", "fe80::1"),
    ],
)
def test_a_device_is_named_by_mac_or_address_in_any_usual_form(text: str, normal: str) -> None:
    assert normal_device(text) == normal


@pytest.mark.parametrize("text", ["", "robot", "192.168.1", "02:00:00:00:00", "192.168.1.0/24"])
def test_a_name_is_no_device(text: str) -> None:
    with pytest.raises(UsageError, match="MAC or an IP"):
        normal_device(text)


def test_pass_inside_hosts_but_the_gateway_are_devices_in_order_of_first_packet() -> None:
    got = census()
    assert [(d.id, d.mac, d.ips) for d in got.devices] == [
        ("dev1", "02:00:00:00:00:14", ("192.168.1.20",)),
        ("dev2", "02:00:00:00:00:33", ("192.168.1.33",)),
    ]
    assert got.gateways == ("192.168.1.1",)
    assert got.by_ip == {"192.168.1.20": "dev1", "192.168.1.33": "dev2"}
    assert got.group_by_ip["192.168.1.1"] == "192.168.1.1"


def test_fail_a_device_that_is_not_there_is_a_usage_error_that_names_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"no device 192\.168\.1\.99 .*192\.168\.1\.20"):
        census(wanted="192.168.1.99")


def test_inconclusive_no_inside_host_is_no_device() -> None:
    assert census(GATEWAY_HOSTS[:1]).devices == ()
    assert census(()).devices == ()


@pytest.mark.parametrize("wanted", ["192.168.1.20", "02:00:00:00:00:14"])
def test_a_wanted_device_is_alone(wanted: str) -> None:
    got = census(wanted=wanted)
    assert [d.ips for d in got.devices] == [("192.168.1.20",)]
    assert "192.168.1.33" in got.group_by_ip


def test_a_wanted_device_may_have_a_public_address() -> None:
    public = HostSeen(0x020000000055, "198.51.100.55", 2, 6, "frame")
    got = census((*HOSTS, public), wanted="198.51.100.55")
    assert [d.ips for d in got.devices] == [("198.51.100.55",)]
    assert got.gateways == ("192.168.1.1",)


def test_a_host_that_sends_to_the_outside_is_never_set_aside_as_a_gateway() -> None:
    events = (dhcp(routers=("192.168.1.20",)),)
    assert "192.168.1.20" in census(events=events).gateways
    assert "192.168.1.20" in census(events=events, senders=frozenset({"192.168.1.20"})).by_ip


def test_addresses_behind_one_link_address_are_one_device() -> None:
    six = HostSeen(DEVICE, "fe80::14", 1, 2, "frame")
    got = census((DEVICE_HOST, six))
    assert [d.ips for d in got.devices] == [("192.168.1.20", "fe80::14")]
    assert got.group_by_ip["fe80::14"] == got.group_by_ip["192.168.1.20"]


def test_without_link_addresses_each_address_is_a_device() -> None:
    got = census((HostSeen(0, "10.0.0.2", 1, 1, "frame"), HostSeen(0, "10.0.0.3", 1, 2, "frame")))
    assert [(d.mac, d.ips) for d in got.devices] == [(None, ("10.0.0.2",)), (None, ("10.0.0.3",))]


def test_hosts_behind_a_router_are_told_apart_by_address() -> None:
    routed = (HostSeen(GATEWAY, "10.9.0.2", 1, 7, "frame"), HostSeen(GATEWAY, "10.9.0.3", 1, 8, "frame"))
    got = census((*HOSTS, *routed), senders=frozenset({"10.9.0.2"}))
    assert got.group_by_ip["10.9.0.2"] != got.group_by_ip["10.9.0.3"]
    assert "10.9.0.2" in got.by_ip
    assert "10.9.0.3" not in got.by_ip


def test_the_client_of_a_web_log_is_under_audit() -> None:
    got = census((), log_clients={"": 5, "198.51.100.20": 3})
    assert got.by_ip == {"198.51.100.20": "dev1", "": "dev2"}
    assert got.devices[1].ips == ()
    assert got.devices[1].evidence[0].source == "proxy"


def test_what_dhcp_mdns_and_the_vendor_table_say_is_evidence() -> None:
    events = (
        HostNamed(0, 8, 0, True, "192.168.1.20", "kitchen.local", "mdns", ""),
        dhcp(hostname="robot-14", vendor_class="udhcp 1.30"),
        dhcp(hostname="other", mac="02:00:00:00:00:33"),
    )
    device = census(events=events, vendor=lambda mac: "Example Robotics" if mac == DEVICE else None).devices[0]
    assert device.vendor == "Example Robotics"
    assert device.hostname == "robot-14"
    assert [(e.source, e.value, e.packet) for e in device.evidence] == [
        ("dhcp", "robot-14", 2),
        ("dhcp", "udhcp 1.30", 2),
        ("frame", "192.168.1.20 at 02:00:00:00:00:14", 3),
        ("mdns", "kitchen.local", 8),
        ("oui", "Example Robotics", None),
    ]


def test_loopback_is_no_device() -> None:
    assert census((HostSeen(0, "127.0.0.1", 1, 1, "frame"),)).devices == ()


def test_the_order_of_hosts_does_not_matter() -> None:
    assert census(HOSTS[::-1]) == census()


def test_a_host_without_a_link_address_takes_no_message_of_the_zero_address() -> None:
    host = HostSeen(0, "192.168.1.20", 5, 3, "frame")
    found = census((host,), (dhcp(mac="00:00:00:00:00:00", hostname="ghost"),))
    assert [(d.mac, d.hostname) for d in found.devices] == [(None, None)]
