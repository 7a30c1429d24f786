"""Whose service a destination is, seen from the device's vendor.

The first that fits: the vendor's own domains; names of the common infrastructure (time, names, connectivity checks);
measuring and advertising (third parties); services that vendors build on. What no table knows stays unknown: a name
alone does not tell whether a company is the vendor's processor or somebody else's.
"""

from collections.abc import Iterable

from iotaudit.model.destinations import DestinationSeed, Party
from iotaudit.model.knowledge import Knowledge, find_up

RESOLVER_APPLICATIONS = frozenset({"dns", "doq", "dot"})


def party_of(
    name: str | None,
    seeds: Iterable[DestinationSeed],
    knowledge: Knowledge,
    first_party: tuple[str, ...],
) -> tuple[Party, str]:
    """Gives the party and a note on the ground ("" none)."""
    if name is None:
        return _without_name(seeds, knowledge)
    host = name.lower().rstrip(".")
    if any(host == own or host.endswith(f".{own}") for own in _domains(first_party)):
        return Party.FIRST, ""
    roles = knowledge.roles
    if (found := find_up(roles.infrastructure, host)) is not None:
        return Party.INFRASTRUCTURE, f"{found[0]}: {found[1]}"
    if (third := find_up(roles.third_parties, host)) is not None:
        return Party.THIRD, f"{third[0]}: {third[1][0]} ({third[1][1]})"
    if (found := find_up(roles.support, host)) is not None:
        return Party.SUPPORT, f"{found[0]}: {found[1]}"
    owner = knowledge.owner(host)
    if owner is not None and owner.kind in roles.support_kinds:
        return Party.SUPPORT, f"the domain belongs to {owner.name}"
    return Party.UNKNOWN, ""


def _domains(first_party: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(d.lower().removeprefix("*").strip(".") for d in first_party if d.strip("*."))


def _without_name(seeds: Iterable[DestinationSeed], knowledge: Knowledge) -> tuple[Party, str]:
    for seed in seeds:
        service = knowledge.anycast.find(seed.ip)
        if service is None or service.kind not in {"resolver", "root", "time"}:
            return Party.UNKNOWN, ""
        if service.kind == "resolver" and not is_resolver_only(seed):
            return Party.UNKNOWN, ""
    return Party.INFRASTRUCTURE, "public resolver, root or time server"


def is_resolver_only(seed: DestinationSeed) -> bool:
    """Tells whether all that was seen with the address is name resolution."""
    if seed.applications:
        return RESOLVER_APPLICATIONS.issuperset(seed.applications)
    return bool(seed.ports) and set(seed.ports) <= {53, 853}
