"""Where payload went: for each destination the addresses that got some, and what is known of their places.

`Reach` of a flow: LEAVES where its peer's place is known and outside the EEA; STAYS where it is known and inside;
UNKNOWN otherwise. What a relay (tunnel, proxy) passes on is never known to stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from iotaudit.model.destinations import AddressLocation, Destination, Location, Status, Zone
from iotaudit.model.flows import Direction, Flow
from iotaudit.model.reach import Reach

OUTSIDE = frozenset((Zone.THIRD_COUNTRY, Zone.ADEQUATE))
INSIDE = frozenset((Zone.EU, Zone.EEA))
KNOWN = frozenset((Status.CONFIRMED, Status.CLAIMED))
RELAYS = ("tunnel", "proxied")
"""Tags of flows whose payload goes on to somewhere else."""

REMOTE_APPLICATIONS = frozenset(
    ("ssh", "telnet", "rdp", "vnc", "rfb", "wireguard", "openvpn", "ipsec", "l2tp", "gre", "socks", "pppp", "tutk")
)
"""Protocols made for reaching a device from afar."""
EFTA = frozenset(("IS", "LI", "NO"))
"""Members of the EEA that are none of the EU."""
EEA_COUNTRIES = frozenset(
    (
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    )
)
"""Seats inside the EU and EEA. Source: zones.yaml (TEU Art. 52, EEA Agreement); a test keeps both equal."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One address that got payload, with its place."""

    ip: str
    location: Location
    zone: Zone

    @property
    def reach(self) -> Reach:
        """What the place means for data sent there."""
        if self.location.status not in KNOWN:
            return Reach.UNKNOWN
        if self.zone in OUTSIDE:
            return Reach.LEAVES
        return Reach.STAYS if self.zone in INSIDE else Reach.UNKNOWN

    @property
    def disputed(self) -> bool:
        """Sources name different countries."""
        return self.location.status is Status.DISPUTED


def countries_in(told: Iterable[str]) -> frozenset[str]:
    """Gives the countries that a list of countries, EU and EEA stands for."""
    found: set[str] = set()
    for code in told:
        match code:
            case "EU":
                found |= EEA_COUNTRIES - EFTA
            case "EEA":
                found |= EEA_COUNTRIES
            case _:
                found.add(code)
    return frozenset(found)


def is_relay(flow: Flow) -> bool:
    """Says whether a flow's payload goes on to somewhere else."""
    return bool(flow.tags) and any(tag in flow.tags for tag in RELAYS)


def is_outside(flow: Flow, destination: Destination | None) -> bool:
    """Says whether a flow leads out of the local network, or through a relay to who knows where."""
    if is_relay(flow):
        return True
    if destination is not None:
        return destination.zone is not Zone.LOCAL
    return flow.direction in (Direction.OUTBOUND, Direction.INBOUND)


def peer_of(flow: Flow) -> str:
    """Gives the address of the other end, seen from the device."""
    served = flow.direction is Direction.INBOUND or "device_serves" in flow.tags
    return flow.client.ip if served else (flow.reached or flow.server).ip


def place_of_flow(flow: Flow, destination: Destination | None) -> Placed:
    """Gives the place of a flow's peer; the destination's own (its worst) where the address is not listed."""
    ip = peer_of(flow)
    if destination is None:
        return Placed(ip, Location(None, Status.UNKNOWN, ()), Zone.UNKNOWN)
    for row in destination.addresses:
        if row.ip == ip:
            return _placed(row)
    return Placed(ip, destination.location, destination.zone)


def reaches_of(flows: Iterable[Flow], destination: Destination | None) -> tuple[Reach, ...]:
    """Gives what each of some flows with payload to one destination means for the verdict."""
    known: dict[str, Reach] = {}
    found = []
    for flow in flows:
        ip = peer_of(flow)
        if ip not in known:
            known[ip] = place_of_flow(flow, destination).reach
        found.append(max(known[ip], Reach.UNKNOWN) if is_relay(flow) else known[ip])
    return tuple(found)


def paid_places(destination: Destination, flows: Iterable[Flow]) -> tuple[Placed, ...]:
    """Gives the places of the addresses that got payload, sorted; of all where no flow tells."""
    paid = places_of(destination, (flow for flow in flows if flow.device_sent > 0))
    listed = paid or tuple(
        _placed(row) for row in sorted(destination.addresses, key=lambda a: a.ip)
    )
    return listed or (Placed("", destination.location, destination.zone),)


def places_of(destination: Destination | None, flows: Iterable[Flow]) -> tuple[Placed, ...]:
    """Gives the places of the peers of flows to one destination, each address once, sorted."""
    one_each = {peer_of(flow): flow for flow in flows}
    return tuple(place_of_flow(one_each[ip], destination) for ip in sorted(one_each))


def worst(places: Iterable[Placed]) -> Placed:
    """Gives the place that decides: farthest from "stays", third countries before adequate ones."""
    return max(
        places,
        key=lambda p: (
            p.reach,
            p.zone is Zone.THIRD_COUNTRY,
            p.location.status is Status.CONFIRMED,
            p.location.country or "",
            p.ip,
        ),
    )


def _placed(row: AddressLocation) -> Placed:
    return Placed(row.ip, row.location, row.zone)
