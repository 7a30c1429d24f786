"""Which addresses are inside the lab network, and which of them lead out of it.

Inside are private, link-local and unique-local addresses, the networks that DHCP and router advertisements
name, what the user adds, and the audited device itself. A device can forge a DHCP answer, so a *public* network
that only the capture claims makes an address inside only where that address was seen behind a link address of
its own; otherwise "47.0.0.0/8 is my LAN" would hide a whole country. For the same reason it has no broadcast address.

Source: RFC 1918, RFC 3927, RFC 4193, RFC 4291, RFC 6890.
"""

import ipaddress
from dataclasses import dataclass

from iotaudit.model.events import DhcpSeen, Event, RouterAdvertised
from iotaudit.model.flows import HostSeen

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fe80::/10",
        "fc00::/7",
        "::1/128",
    )
)
NOBODY = (ipaddress.ip_address("0.0.0.0"), ipaddress.ip_address("::"))  # noqa: S104 - "no address yet"
WIDEST_CLAIM = {4: 16, 6: 48}
"""Shortest prefix of a public network that a capture may claim as its own LAN (a site's usual size)."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Tells inside from outside.

    `trusted` are networks that hold for every address, `claimed` public networks that hold only for addresses
    in `own_link` (seen behind a link address that is not a gateway's). `gateway_macs` lead outside.
    """

    trusted: tuple[Network, ...]
    claimed: tuple[Network, ...]
    own_link: frozenset[str]
    gateway_macs: frozenset[int]
    broadcasts: frozenset[str]

    def holds(self, ip: str) -> bool:
        """Tells whether an address (RFC 5952 text) is inside; group addresses are not."""
        address = ipaddress.ip_address(ip)
        if address.is_multicast or address in NOBODY:
            return False
        if any(address in network for network in self.trusted if network.version == address.version):
            return True
        return ip in self.own_link and any(
            address in network for network in self.claimed if network.version == address.version
        )

    def is_group(self, ip: str) -> bool:
        """Tells whether an address is multicast or a broadcast of a known network ("", not known, is neither)."""
        return ip != "" and (ipaddress.ip_address(ip).is_multicast or ip in self.broadcasts)


def find_inside(
    hosts: tuple[HostSeen, ...],
    events: tuple[Event, ...],
    networks: tuple[str, ...],
    device_ips: tuple[str, ...] = (),
) -> Inside:
    """Gives the inside of a capture.

    Args:
        hosts: source addresses with their link addresses.
        events: DHCP and router-advertisement events are used.
        networks: CIDR texts that the user added; they are trusted.
        device_ips: addresses of the device that the user named; they are trusted.
    """
    trusted = list(PRIVATE)
    trusted += [ipaddress.ip_network(text, strict=False) for text in networks]
    trusted += [ipaddress.ip_network(ip) for ip in device_ips]
    claimed: set[Network] = set()
    broadcasts = {"255.255.255.255"}
    for event in events:
        text = None
        if isinstance(event, DhcpSeen):
            text = event.subnet
        elif isinstance(event, RouterAdvertised):
            text = event.prefix
        network = _network(text)
        if network is None:
            continue
        if _within(network, trusted):
            broadcasts |= _broadcast(network)
        elif network.prefixlen >= WIDEST_CLAIM[network.version]:
            claimed.add(network)
    for network in trusted[len(PRIVATE) :]:
        broadcasts |= _broadcast(network)

    known = [*trusted, *claimed]
    gateway_macs = {h.mac for h in hosts if h.mac and h.source == "frame" and not _near(h.ip, known)}
    routers = router_addresses(events)
    # a router's link address carries what lies behind it; and an IPv4 host has a private or a public address
    not_own = gateway_macs | {h.mac for h in hosts if h.ip in routers}
    private_v4 = {h.mac for h in hosts if "." in h.ip and _near(h.ip, trusted)}
    own_link = {h.ip for h in hosts if h.mac and h.mac not in not_own and (":" in h.ip or h.mac not in private_v4)}
    return Inside(
        trusted=tuple(trusted),
        claimed=tuple(sorted(claimed, key=lambda n: (n.version, int(n.network_address), n.prefixlen))),
        own_link=frozenset(own_link),
        gateway_macs=frozenset(gateway_macs),
        broadcasts=frozenset(broadcasts),
    )


def router_addresses(events: tuple[Event, ...]) -> frozenset[str]:
    """Gives the addresses that DHCP or router advertisements name as routers."""
    routers: set[str] = set()
    for event in events:
        if isinstance(event, DhcpSeen):
            routers.update(event.routers)
        elif isinstance(event, RouterAdvertised):
            routers.add(event.router)
    routers.discard("")
    return frozenset(routers)


def _network(text: str | None) -> Network | None:
    if not text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _broadcast(network: Network) -> set[str]:
    """Gives the broadcast address of a network, if it has one (IPv6 and links of two have none: RFC 3021).

    Never asked for a network that only the capture claims: the claim would hide a host of the internet.
    """
    return {str(network.broadcast_address)} if network.version == 4 and network.prefixlen < 31 else set()


def _within(network: Network, others: list[Network]) -> bool:
    for other in others:
        if isinstance(network, ipaddress.IPv4Network) and isinstance(other, ipaddress.IPv4Network):
            if network.subnet_of(other):
                return True
        elif (
            isinstance(network, ipaddress.IPv6Network)
            and isinstance(other, ipaddress.IPv6Network)
            and network.subnet_of(other)
        ):
            return True
    return False


def _near(ip: str, networks: list[Network]) -> bool:
    """Tells whether a source address is of a known network, a group or "no address yet"."""
    address = ipaddress.ip_address(ip)
    if address.is_multicast or address in NOBODY or ip == "255.255.255.255":
        return True
    return any(address in network for network in networks if network.version == address.version)
