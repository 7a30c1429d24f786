"""Which hosts on the inside are devices under audit.

A device is an inside host that sent something and is not the gateway. Hosts are told apart by link address, and
by IP address where there is none (raw IP captures) or where the link address leads outside (a routed lab).
The gateway is the inside host behind a link address that also carries outside addresses, or that DHCP or router
advertisements name as router; but a host that itself sends payload outside is never set aside as a gateway, since
that would hide it from the audit.
"""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from iotaudit.assemble.inside import Inside, find_inside, router_addresses
from iotaudit.errors import UsageError
from iotaudit.model.devices import Device, DeviceEvidence
from iotaudit.model.events import DhcpSeen, Event, HostNamed
from iotaudit.model.flows import HostSeen
from iotaudit.model.packets import mac_text

MAC = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{12}|([0-9a-f]{4}\.){2}[0-9a-f]{4}")
EVIDENCE_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Census:
    """Who is who: the audited devices, the inside, and the hosts that were set aside.

    `by_ip` gives the device id of an address (audited devices only); `group_by_ip` a key for every inside host,
    equal for addresses of one host (the asker of a DNS name is a host, not an address).
    """

    devices: tuple[Device, ...]
    inside: Inside
    by_ip: dict[str, str]
    group_by_ip: dict[str, str]
    gateways: tuple[str, ...]


def normal_device(text: str) -> str:
    """Gives `--device` in normal form: a MAC in lower case with colons, or an RFC 5952 address.

    Raises:
        UsageError: it is neither.
    """
    lower = text.strip().lower()
    if MAC.fullmatch(lower):
        digits = re.sub(r"[^0-9a-f]", "", lower)
        return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    try:
        return str(ipaddress.ip_address(lower))
    except ValueError:
        raise UsageError(
            f"--device takes a MAC or an IP address, not {text!r}; try 52:54:00:12:34:56 or 192.168.1.20"
        ) from None


def take_census(
    hosts: tuple[HostSeen, ...],
    events: tuple[Event, ...],
    *,
    networks: tuple[str, ...],
    wanted: str | None,
    senders: frozenset[str],
    vendor: Callable[[int], str | None],
    log_clients: Mapping[str, int] | None = None,
) -> Census:
    """Gives the devices under audit.

    Args:
        hosts: source addresses with their link addresses.
        events: DHCP, mDNS and router advertisements are used.
        networks: CIDR texts that the user counts as inside.
        wanted: `--device` in normal form (see `normal_device`), or None.
        senders: addresses that sent payload to an address that is not private or a group.
        vendor: OUI look-up, MAC as int.
        log_clients: client addresses of web logs ("" where the log names none) with their first entry's id: the
            client of a proxy is under audit wherever it sits.

    Raises:
        UsageError: no host of the capture is the wanted one.
    """
    wanted_mac = int(wanted.replace(":", ""), 16) if wanted and MAC.fullmatch(wanted) else None
    named_ips = tuple(h.ip for h in hosts if h.mac == wanted_mac) if wanted_mac else ((wanted,) if wanted else ())
    if wanted_mac:
        # a router's link address carries the whole world: only what is inside anyway belongs to it
        plain = find_inside(hosts, events, networks)
        if wanted_mac in plain.gateway_macs:
            named_ips = ()
    inside = find_inside(hosts, events, networks, tuple(ip for ip in named_ips if not _group(ip)))
    groups = _groups(hosts, inside, wanted_mac)
    for ip, packet in sorted((log_clients or {}).items()):
        if not any(m.ip == ip for members in groups.values() for m in members):
            groups[ip or "client of the web log"] = [HostSeen(0, ip, 0, packet, "proxy")]
    routers = router_addresses(events)
    gateways = {
        key
        for key, members in groups.items()
        if (any(m.mac in inside.gateway_macs for m in members) or any(m.ip in routers for m in members))
        and not any(m.ip in senders for m in members)
    }
    picked = {key: members for key, members in groups.items() if key not in gateways}
    if wanted is not None:
        picked = {
            key: members
            for key, members in groups.items()
            if any(m.ip == wanted or (wanted_mac is not None and m.mac == wanted_mac) for m in members)
        }
        if not picked:
            raise UsageError(_unknown_device(wanted, groups))
    said = _said(events)
    order = sorted(picked.items(), key=lambda item: (min(m.first_packet for m in item[1]), item[0]))
    devices = tuple(
        _device(f"dev{number}", members, said, vendor) for number, (_, members) in enumerate(order, start=1)
    )
    return Census(
        devices=devices,
        inside=inside,
        by_ip={m.ip: d.id for d, (_, members) in zip(devices, order, strict=True) for m in members},
        group_by_ip={m.ip: key for key, members in groups.items() for m in members},
        gateways=tuple(sorted(m.ip for key in gateways for m in groups[key])),
    )


def _group(ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    return address.is_multicast or address.is_unspecified


def _groups(hosts: tuple[HostSeen, ...], inside: Inside, wanted_mac: int | None) -> dict[str, list[HostSeen]]:
    groups: dict[str, list[HostSeen]] = defaultdict(list)
    by_ip: dict[str, set[int]] = defaultdict(set)
    for host in hosts:
        if host.mac:
            by_ip[host.ip].add(host.mac)
    for host in hosts:
        if not inside.holds(host.ip) or ipaddress.ip_address(host.ip).is_loopback:
            continue
        mac = host.mac
        if not mac and by_ip[host.ip]:
            mac = min(by_ip[host.ip])
        routed = mac in inside.gateway_macs and mac != wanted_mac
        groups[host.ip if not mac or routed else mac_text(mac)].append(host)
    return dict(groups)


def _unknown_device(wanted: str, groups: dict[str, list[HostSeen]]) -> str:
    seen = sorted(groups)
    first = {key: min(host.ip for host in groups[key]) for key in seen[:8]}
    listed = ", ".join(key if key == ip else f"{key} ({ip})" for key, ip in first.items())
    more = f" and {len(seen) - 8} more" if len(seen) > 8 else ""
    return f"no device {wanted} in the capture; seen inside: {listed or 'none'}{more}"


def _said(events: tuple[Event, ...]) -> dict[str, list[DhcpSeen | HostNamed]]:
    """Gives what hosts say of themselves: DHCP messages by link address, announcements by address."""
    found: dict[str, list[DhcpSeen | HostNamed]] = defaultdict(list)
    for event in events:
        if isinstance(event, DhcpSeen):
            found[event.mac].append(event)
        elif isinstance(event, HostNamed):
            found[event.ip].append(event)
    return found


def _device(
    device_id: str,
    members: list[HostSeen],
    said: Mapping[str, list[DhcpSeen | HostNamed]],
    vendor: Callable[[int], str | None],
) -> Device:
    macs = sorted({m.mac for m in members if m.mac})
    mac = macs[0] if macs else 0
    ips = tuple(sorted({m.ip for m in members if m.ip}, key=_address_order))
    maker = vendor(mac) if mac else None
    evidence = [
        DeviceEvidence(m.source, f"{m.ip} at {mac_text(m.mac)}" if m.mac else m.ip or "client", m.first_packet)
        for m in members
    ]
    if maker:
        evidence.append(DeviceEvidence("oui", maker, None))
    hostname: tuple[int, str] | None = None
    for event in (e for key in ((mac_text(mac), *ips) if mac else ips) for e in said.get(key, ())):
        if isinstance(event, DhcpSeen):
            if event.hostname:
                evidence.append(DeviceEvidence("dhcp", event.hostname, event.packet))
                hostname = min(hostname or (0, event.hostname.lower()), (0, event.hostname.lower()))
            if event.vendor_class:
                evidence.append(DeviceEvidence("dhcp", event.vendor_class, event.packet))
        else:
            evidence.append(DeviceEvidence(event.source, event.name, event.packet))
            if event.source == "mdns" and (hostname is None or (1, event.name) < hostname):
                hostname = (1, event.name)
    unique: dict[tuple[str, str], DeviceEvidence] = {}
    for item in sorted(evidence, key=lambda e: (e.source, e.value, e.packet or 0)):
        unique.setdefault((item.source, item.value), item)
    return Device(
        id=device_id,
        mac=mac_text(mac) if mac else None,
        ips=ips,
        vendor=maker,
        hostname=hostname[1] if hostname else None,
        evidence=tuple(unique.values())[:EVIDENCE_LIMIT],
    )


def _address_order(ip: str) -> tuple[int, int]:
    address = ipaddress.ip_address(ip)
    return address.version, int(address)
