"""Whose service a destination is, seen from the device's vendor.

The first that fits: the vendor's own domains; names of the common infrastructure (time, names, connectivity checks);
measuring and advertising (third parties); services that vendors build on. What no table knows stays unknown: a name
alone does not tell whether a company is the vendor's processor or somebody else's. Every answer comes with its ground.
"""

from collections.abc import Container, Iterable
from functools import lru_cache

from iotaudit.model.destinations import DestinationSeed, Party
from iotaudit.model.knowledge import Knowledge, find_up

RESOLVER_APPLICATIONS = frozenset({"dns", "doq", "dot"})
ENCRYPTED = frozenset({"tls", "dtls", "quic"})
RESOLVER_PORTS = frozenset({53, 853})
NO_NAME = "no name led to the address"


class DomainBook:
    """Finds what of a name the tables know, so that what follows from it is worked out once for all names below."""

    __slots__ = ("_above", "_tables")

    def __init__(self, knowledge: Knowledge, first_party: tuple[str, ...]) -> None:
        roles = knowledge.roles
        self._tables: tuple[Container[str], ...] = (
            roles.third_parties,
            knowledge.by_domain,
            roles.support,
            roles.infrastructure,
            frozenset(_domains(first_party)),
        )
        self._above: dict[str, str] = {}

    def known_part(self, name: str) -> str:
        """Gives the longest domain at or above a name that any table knows, "" for none: its party and owner are the name's."""
        host = name.lower().rstrip(".")
        if self._knows(host):
            return host
        above = host.partition(".")[2]
        found = self._above.get(above)
        if found is None:
            found = above
            while found and not self._knows(found):
                found = found.partition(".")[2]
            self._above[above] = found
        return found

    def _knows(self, domain: str) -> bool:
        third_parties, owned, support, infrastructure, own = self._tables
        return domain in third_parties or domain in owned or domain in support or domain in infrastructure or domain in own


def party_of(
    name: str | None,
    seeds: Iterable[DestinationSeed],
    knowledge: Knowledge,
    first_party: tuple[str, ...],
) -> tuple[Party, str]:
    """Gives the party and the ground of it."""
    if name is None:
        return _without_name(seeds, knowledge)
    host = name.lower().rstrip(".")
    if mine := next((own for own in _domains(first_party) if host == own or host.endswith(f".{own}")), None):
        return Party.FIRST, f"the vendor's own domain: {mine} (profile or declaration)"
    roles = knowledge.roles
    if (found := find_up(roles.infrastructure, host)) is not None:
        return Party.INFRASTRUCTURE, f"{found[0]}: {found[1]}"
    if (third := find_up(roles.third_parties, host)) is not None:
        return Party.THIRD, f"{third[0]}: {third[1][0]} ({third[1][1]})"
    if (found := find_up(roles.support, host)) is not None:
        return Party.SUPPORT, f"{found[0]}: {found[1]}"
    owner = knowledge.owner(host)
    if owner is not None and owner.kind in roles.support_kinds:
        return Party.SUPPORT, f"the domain belongs to {owner.name}, a service that vendors build on ({owner.kind})"
    return Party.UNKNOWN, "no table says whose service the name is"


@lru_cache(8)
def _domains(first_party: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(d.lower().removeprefix("*").strip(".") for d in first_party if d.strip("*."))


def _without_name(seeds: Iterable[DestinationSeed], knowledge: Knowledge) -> tuple[Party, str]:
    for seed in seeds:
        service = knowledge.anycast.find(seed.ip)
        if service is None or service.kind not in {"resolver", "root", "time"}:
            return Party.UNKNOWN, NO_NAME
        if service.kind == "resolver" and not is_resolver_only(seed):
            return Party.UNKNOWN, NO_NAME
    return Party.INFRASTRUCTURE, "public resolver, root or time server"


def is_resolver_only(seed: DestinationSeed) -> bool:
    """Tells whether all that was seen with the address is name resolution."""
    on_its_ports = bool(seed.ports) and RESOLVER_PORTS.issuperset(seed.ports)
    known = RESOLVER_APPLICATIONS | ENCRYPTED if on_its_ports else RESOLVER_APPLICATIONS
    return known.issuperset(seed.applications) if seed.applications else on_its_ports
