"""Regions in host names that a cloud provider gives out under its own domain. See docs/sources/region_name.md.

A name proves nothing by itself: a device may write any name into a hello, and anybody may register
`eu-central-1.evil.example`. A region counts only for an address that the provider's own network announces, and as
independent evidence only where a DNS answer tied the name to that address.
"""

from iotaudit.model.destinations import DestinationSeed, Evidence
from iotaudit.model.knowledge import Knowledge, RegionNames
from iotaudit.model.result import Settings

ID = "region_name"
KIND = "region"
UNBOUND_KIND = "name"
"""Kind of a region that only the device's own word ties to the address."""
BINDING = "dns"


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, _settings: Settings
) -> tuple[Evidence, ...]:
    """Gives a row for each of the seed's names that carries a region of the network's own operator."""
    network = knowledge.networks.look_up(seed.ip)
    entity = knowledge.by_asn.get(network[0]) if network else None
    if entity is None:
        return ()
    rows: dict[tuple[str, str], Evidence] = {}
    names = ([seed.name] if seed.name and not seed.outer_name else []) + list(seed.aliases)
    for name in names:
        found = region_of(name, knowledge.regions)
        if found is None or found[0].entity != entity.id:
            continue
        provider, region = found
        country = provider.regions[region]
        own = name == seed.name
        bound = name in seed.dns_aliases or (own and BINDING in (*seed.name_sources, seed.name_source))
        kind = KIND if bound else UNBOUND_KIND
        reverse = name in seed.reverse_aliases or (own and seed.name_source == "reverse_dns")
        word = "answered by DNS" if bound else "in reverse DNS" if reverse else "as the device or server wrote it"
        detail = (
            f"region {region} in {name}, {word}; the address is {entity.name}'s. {provider.source}"
        )
        packet = seed.name_packet if own else None
        rows.setdefault(
            (kind, country),
            Evidence(
                ID, kind, country, detail, knowledge.dates.get("regions", ""), packet, entity.id
            ),
        )
    return tuple(rows[key] for key in sorted(rows))


def region_of(name: str, providers: tuple[RegionNames, ...]) -> tuple[RegionNames, str] | None:
    """Gives provider and region of a host name; only the label directly before a provider's suffix is read."""
    labels = name.lower().rstrip(".").split(".")
    for provider in providers:
        for suffix in provider.suffixes:
            size = suffix.count(".") + 1
            if len(labels) <= size + provider.labels_before or ".".join(labels[-size:]) != suffix:
                continue
            region = _region(labels[-size - 1], provider)
            if region is not None:
                return provider, region
    return None


def _region(label: str, provider: RegionNames) -> str | None:
    for prefix in provider.prefixes:
        for ending in provider.endings:
            if label.startswith(prefix) and label.endswith(ending):
                core = label[len(prefix) : len(label) - len(ending)]
                if core in provider.regions:
                    return core
    return None
