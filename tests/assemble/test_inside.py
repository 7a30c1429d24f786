"""Inside and outside, also where the capture claims more than is true."""

from ipaddress import IPv4Address

import pytest

from iotaudit.assemble.inside import find_inside, router_addresses
from iotaudit.model.events import DhcpSeen, RouterAdvertised
from iotaudit.model.flows import HostSeen

DEVICE, GATEWAY = 0x020000000014, 0x020000000001


def frame(mac: int, ip: str) -> HostSeen:
    return HostSeen(mac, ip, 1, 1, "frame")


def dhcp(subnet: str | None, routers: tuple[str, ...] = ()) -> DhcpSeen:
    return DhcpSeen(0, 1, 0, False, "ack", "02:00:00:00:00:14", None, None, None, (), subnet, routers, ())


def advertised(prefix: str | None) -> RouterAdvertised:
    return RouterAdvertised(0, 1, 0, True, "fe80::1", prefix, ())


@pytest.mark.parametrize("ip", ["192.168.1.20", "10.1.2.3", "172.31.0.1", "169.254.1.1", "fe80::1", "fd00::1"])
def test_pass_private_and_link_local_addresses_are_inside(ip: str) -> None:
    assert find_inside((), (), ()).holds(ip)


@pytest.mark.parametrize("ip", ["172.32.0.1", "203.0.113.9", "2001:db8::1", "224.0.0.251", "ff02::fb", str(IPv4Address(0)), "::"])
def test_fail_public_group_and_missing_addresses_are_not(ip: str) -> None:
    assert not find_inside((), (), ()).holds(ip)


def test_what_the_user_adds_is_inside() -> None:
    inside = find_inside((), (), ("203.0.113.0/24",), ("198.51.100.7",))
    assert inside.holds("203.0.113.9")
    assert inside.holds("198.51.100.7")
    assert not inside.holds("198.51.100.8")
    assert inside.is_group("203.0.113.255")
    assert not inside.is_group("198.51.100.7")


def test_inconclusive_a_claimed_public_network_holds_only_hosts_on_the_link() -> None:
    hosts = (frame(DEVICE, "203.0.113.20"), frame(GATEWAY, "203.0.113.99"), frame(GATEWAY, "198.51.100.7"))
    inside = find_inside(hosts, (dhcp("203.0.113.0/24"),), ())
    assert inside.gateway_macs == {GATEWAY}
    assert inside.holds("203.0.113.20")
    assert not inside.holds("203.0.113.99")  # comes from behind the gateway
    assert not inside.holds("203.0.113.50")  # never seen on the link


def test_a_host_with_a_private_address_has_no_public_one_by_a_claim() -> None:
    hosts = (frame(DEVICE, "192.168.1.20"), frame(DEVICE, "203.0.113.20"))
    assert not find_inside(hosts, (dhcp("203.0.113.0/24"),), ()).holds("203.0.113.20")


def test_a_router_advertisement_makes_the_addresses_of_its_prefix_inside() -> None:
    hosts = (frame(DEVICE, "fe80::14"), frame(DEVICE, "2001:db8:1::14"), frame(GATEWAY, "2001:db8:ffff::9"))
    inside = find_inside(hosts, (advertised("2001:db8:1::/64"),), ())
    assert inside.holds("2001:db8:1::14")
    assert not inside.holds("2001:db8:ffff::9")
    assert inside.gateway_macs == {GATEWAY}


def test_a_claim_wider_than_a_site_is_ignored() -> None:
    hosts = (frame(DEVICE, "47.1.2.3"),)
    assert not find_inside(hosts, (dhcp("47.0.0.0/8"),), ()).holds("47.1.2.3")
    assert not find_inside(hosts, (dhcp("0.0.0.0/0"), dhcp("no network")), ()).holds("47.1.2.3")


def test_broadcasts_are_those_of_networks_that_are_inside_anyway() -> None:
    inside = find_inside((), (dhcp("192.168.1.0/24"),), ())
    assert inside.is_group("192.168.1.255")
    assert inside.is_group("255.255.255.255")
    assert inside.is_group("239.255.255.250")
    assert not inside.is_group("192.168.1.20")


@pytest.mark.parametrize("claim", ["203.0.113.8/30", "203.0.113.10/31", "203.0.113.11/32", "203.0.113.0/28"])
def test_a_claim_makes_no_host_of_the_internet_a_broadcast_address(claim: str) -> None:
    inside = find_inside((), (dhcp(claim),), ())
    assert not inside.is_group("203.0.113.11")
    assert not inside.is_group("203.0.113.15")


def test_ipv6_networks_have_no_broadcast_address() -> None:
    inside = find_inside((), (advertised("fd00::/64"),), ("2001:db8::/64",))
    assert not inside.is_group("fd00::ffff:ffff:ffff:ffff")
    assert not inside.is_group("2001:db8::ffff:ffff:ffff:ffff")


def test_arp_alone_makes_no_gateway() -> None:
    assert find_inside((HostSeen(DEVICE, "203.0.113.20", 1, 1, "arp"),), (), ()).gateway_macs == frozenset()


def test_routers_are_named_by_dhcp_and_advertisements() -> None:
    assert router_addresses((dhcp(None, ("192.168.1.1",)), advertised(None))) == {"192.168.1.1", "fe80::1"}
