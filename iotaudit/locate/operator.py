"""Who runs an address, and who stands behind: network number, then the curated table of organisations.

`Operator.name` is who runs the address (the host). Whose service it is, is another question: the owner of the
name's domain and the organisation that the certificate was issued to are told beside it (`ownership_of`), and all of
them count for laws that reach a company.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from iotaudit.model.destinations import DestinationSeed, Evidence, Operator, Owner
from iotaudit.model.knowledge import Entity, Knowledge, company_key

KIND = "registry"
OWNER_KIND = "name"
MAX_CERTIFICATES = 4
"""Organisations of certificates that are told of one destination."""
CLOUD_KINDS = frozenset({"cloud", "cdn", "resolver"})
"""Kinds of organisations whose networks announce addresses at many places, or place them anywhere."""


@dataclass(frozen=True, slots=True)
class Network:
    """What is known of the network that announces an address. `cloud`: it may put an address anywhere.

    `places` are the only countries of its data centres, () where not known. `entities` are the organisations of
    all network numbers that sources gave, the first one's first.
    """

    operator: Operator
    cloud: bool
    places: tuple[str, ...]
    entities: tuple[Entity, ...]


Answer = tuple[str, str, int, str | None]
"""Source, date of its data, network number, name of the network."""


class NetworkBook:
    """Finds networks; those that all sources name alike are one object."""

    __slots__ = ("_knowledge", "_known")

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._known: dict[tuple[Answer, ...], Network] = {}

    def network_of(self, ip: str) -> Network:
        """Gives the network of an address; where the user's database names another one, the user's is taken first."""
        answers = tuple(_answers(ip, self._knowledge))
        found = self._known.get(answers)
        if found is None:
            found = self._known[answers] = _network(answers, self._knowledge)
        return found


def _network(answers: tuple[Answer, ...], knowledge: Knowledge) -> Network:
    date = knowledge.dates.get("entities", "")
    entities: dict[str, Entity] = {}
    rows: list[Evidence] = []
    for source, day, asn, as_name in answers:
        entity = knowledge.by_asn.get(asn)
        rows.append(Evidence(source, KIND, None, f"AS{asn} {as_name or ''}".strip(), day))
        if entity is not None and entity.id not in entities:
            entities[entity.id] = entity
            rows.append(Evidence("entities", KIND, entity.country, _ground(entity), date))
    cloud = any(_is_cloud(asn, name, knowledge) for _, _, asn, name in answers)
    places = _places(answers, knowledge)
    if not answers:
        return Network(Operator(), cloud=cloud, places=places, entities=())
    _, _, asn, as_name = answers[0]
    entity = knowledge.by_asn.get(asn)
    operator = Operator(
        name=entity.name if entity else as_name,
        asn=asn,
        as_name=as_name,
        country=entity.country if entity else None,
        parent=entity.parent if entity else None,
        parent_country=entity.parent_country if entity else None,
        evidence=tuple(rows),
    )
    return Network(operator, cloud, places, tuple(entities.values()))


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose service a destination is. `domain` and `certified`: the rows that name and certificate lead to."""

    owner: Owner
    domain: tuple[Entity, ...] = ()
    certified: tuple[Entity, ...] = ()


NOBODY = Ownership(Owner())


def ownership_of(
    name: str | None, seeds: Iterable[DestinationSeed], networks: Iterable[Network], knowledge: Knowledge
) -> Ownership:
    """Gives whose service a destination is, by its name and its certificates.

    An organisation that runs the network itself is no owner by its certificate: a front shows its own certificate for
    all of its customers. Where no row knows the one organisation that certificates name, its name alone is told.
    """
    domain = owners(name, knowledge) if name else ()
    shown: dict[str, int] = {}
    for seed in seeds:
        for text, packet in seed.certificates:
            shown[text] = min(packet, shown.get(text, packet))
    if not domain and not shown:
        return NOBODY
    date = knowledge.dates.get("entities", "")
    rows = [Evidence("entities", OWNER_KIND, e.country, f"owner of the domain: {_ground(e)}", date) for e in domain]
    hosts = {entity.id for network in networks for entity in network.entities}
    certified: dict[str, Entity] = {}
    strangers = []
    for text, packet in sorted(shown.items())[:MAX_CERTIFICATES]:
        rows.append(Evidence("certificate", OWNER_KIND, None, f"certificate issued to {text}", "", packet))
        entity = knowledge.by_name.get(company_key(text))
        if entity is None:
            strangers.append(text)
        elif entity.id not in hosts and entity not in domain:
            certified[entity.id] = entity
            rows.append(Evidence("entities", OWNER_KIND, entity.country, f"organisation of the certificate: {_ground(entity)}", date))
    known = (*domain, *certified.values())
    if known:
        first = known[0]
        owner = Owner(first.name, first.country, first.parent, first.parent_country, tuple(rows))
    else:
        owner = Owner(strangers[0] if len(strangers) == 1 else None, evidence=tuple(rows))
    return Ownership(owner, domain, tuple(certified.values()))


def owners(name: str | None, knowledge: Knowledge) -> tuple[Entity, ...]:
    """Gives the organisation whose domain the name lies under, none where no row knows it."""
    owner = knowledge.owner(name) if name else None
    return (owner,) if owner else ()


def _answers(ip: str, knowledge: Knowledge) -> list[Answer]:
    found: list[Answer] = []
    for database in knowledge.databases:
        answer = database.look_up(ip)
        if answer is not None and answer.asn is not None:
            found.append((database.id, database.date, answer.asn, answer.as_name))
    embedded = knowledge.networks.look_up(ip)
    if embedded is not None:
        found.append(("asn", knowledge.dates.get("asn", ""), *embedded))
    return found


def _is_cloud(asn: int, as_name: str | None, knowledge: Knowledge) -> bool:
    entity = knowledge.by_asn.get(asn)
    if entity is not None:
        return entity.kind in CLOUD_KINDS or any(number == asn for number, _ in entity.places)
    text = (as_name or "").lower()
    return any(word in text for word in knowledge.roles.cloud_words)


def _places(answers: tuple[Answer, ...], knowledge: Knowledge) -> tuple[str, ...]:
    """Gives the places of the network, only where all sources name one and the same network."""
    numbers = {asn for _, _, asn, _ in answers}
    if len(numbers) != 1:
        return ()
    (asn,) = numbers
    entity = knowledge.by_asn.get(asn)
    return next((codes for number, codes in entity.places if number == asn), ()) if entity else ()


def _ground(entity: Entity) -> str:
    return f"{entity.name}: {entity.source} ({entity.checked}, as of {entity.as_of})"
