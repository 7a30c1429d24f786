"""Who runs an address, and who stands behind: network number, then the curated table of organisations.

`Operator.name` is who runs the address (the host). Whose service it is, is another question: the owner of the
name's domain is told beside it, and both count for laws that reach a company (`owners`).
"""

from dataclasses import dataclass

from iotaudit.model.destinations import Evidence, Operator
from iotaudit.model.knowledge import Entity, GeoDatabase, Knowledge

KIND = "registry"
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


def network_of(ip: str, knowledge: Knowledge) -> Network:
    """Gives the network of an address; where the user's database names another one, the user's is taken first."""
    answers = _answers(ip, knowledge)
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


def owners(name: str | None, knowledge: Knowledge) -> tuple[Entity, ...]:
    """Gives the organisation whose domain the name lies under, none where no row knows it."""
    owner = knowledge.owner(name) if name else None
    return (owner,) if owner else ()


def _answers(ip: str, knowledge: Knowledge) -> list[tuple[str, str, int, str | None]]:
    found: list[tuple[str, str, int, str | None]] = []
    for database in knowledge.databases:
        row = _user_answer(database, ip)
        if row is not None:
            found.append(row)
    embedded = knowledge.networks.look_up(ip)
    if embedded is not None:
        found.append(("asn", knowledge.dates.get("asn", ""), *embedded))
    return found


def _user_answer(database: GeoDatabase, ip: str) -> tuple[str, str, int, str | None] | None:
    answer = database.look_up(ip)
    if answer is None or answer.asn is None:
        return None
    return database.id, database.date, answer.asn, answer.as_name


def _is_cloud(asn: int, as_name: str | None, knowledge: Knowledge) -> bool:
    entity = knowledge.by_asn.get(asn)
    if entity is not None:
        return entity.kind in CLOUD_KINDS or any(number == asn for number, _ in entity.places)
    text = (as_name or "").lower()
    return any(word in text for word in knowledge.roles.cloud_words)


def _places(
    answers: list[tuple[str, str, int, str | None]], knowledge: Knowledge
) -> tuple[str, ...]:
    """Gives the places of the network, only where all sources name one and the same network."""
    numbers = {asn for _, _, asn, _ in answers}
    if len(numbers) != 1:
        return ()
    (asn,) = numbers
    entity = knowledge.by_asn.get(asn)
    return next((codes for number, codes in entity.places if number == asn), ()) if entity else ()


def _ground(entity: Entity) -> str:
    return f"{entity.name}: {entity.source} ({entity.checked}, as of {entity.as_of})"
