"""Which access laws may reach a destination: by the place of the machine, or by the company behind it.

A row is a reason to ask, no evidence of access. Only laws of role `access` that are in force (or lapsed with lasting
effects) are named; one row per law and reach, with all its grounds in `why` and the parts of the destination whose
evidence they come from in `rests_on`.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace

from iotaudit.model.destinations import AccessLaw, Location, Operator, Status
from iotaudit.model.knowledge import Entity, Knowledge, Law

Ground = tuple[str, str, str]
"""A country, why it counts, and the part of the destination that has the evidence."""
NAMED_STATUS = frozenset({"in-force", "in-force-in-part", "lapsed-effects-continue"})


class LawBook:
    """Finds laws; grounds that were seen before are answered from memory (most destinations share theirs)."""

    __slots__ = ("_as_of", "_asked", "_knowledge", "_known")

    def __init__(self, knowledge: Knowledge, as_of: str) -> None:
        self._knowledge = knowledge
        self._as_of = as_of
        self._known: dict[tuple[tuple[Ground, ...], tuple[Ground, ...]], tuple[AccessLaw, ...]] = {}
        self._asked: dict[Hashable, tuple[AccessLaw, ...]] = {}

    def laws_for(
        self,
        locations: Sequence[Location],
        operator: Operator,
        entities: Sequence[Entity],
        owners: Sequence[Entity],
        certified: Sequence[Entity] = (),
    ) -> tuple[AccessLaw, ...]:
        """Gives the laws, sorted by id and reach; those due for review before the audit's day are marked stale.

        Args:
            locations: conclusions on all addresses of the destination.
            operator: who runs the addresses.
            entities: further organisations of their networks.
            owners: organisations whose domain the name lies under.
            certified: organisations that certificates were issued to.
        """
        question = (
            *[_place_key(location) for location in locations],
            (operator.name, operator.country, operator.parent, operator.parent_country),
            *[tuple([entity.id for entity in group]) if group else () for group in (entities, owners, certified)],
        )
        found = self._asked.get(question)
        if found is None:
            found = self._asked[question] = self._answer(locations, operator, entities, owners, certified)
        return found

    def _answer(
        self,
        locations: Iterable[Location],
        operator: Operator,
        entities: Iterable[Entity],
        owners: Iterable[Entity],
        certified: Iterable[Entity],
    ) -> tuple[AccessLaw, ...]:
        seats = _seats(
            operator.name,
            operator.country,
            operator.parent,
            operator.parent_country,
            "the operator",
            "operator",
        )
        for entity in entities:
            seats += _entity_seats(entity, "the network's operator", "operator")
        for entity in owners:
            seats += _entity_seats(entity, "the owner of the domain,", "owner")
        for entity in certified:
            seats += _entity_seats(entity, "the organisation in the certificate,", "owner")
        places = [g for location in locations for g in _place_grounds(location, self._knowledge)]
        key = tuple(dict.fromkeys(places)), tuple(dict.fromkeys(seats))
        if key not in self._known:
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, places: tuple[Ground, ...], seats: tuple[Ground, ...]) -> tuple[AccessLaw, ...]:
        rows = []
        for law in self._knowledge.laws:
            if law.role == "access" and law.status in NAMED_STATUS:
                rows += _row(law, "place", law.places, places, self._as_of)
                rows += _row(law, "operator", law.operators, seats, self._as_of)
        return tuple(sorted(rows, key=lambda row: (row.id, row.reach)))


def _row(
    law: Law, reach: str, triggers: tuple[str, ...], grounds: tuple[Ground, ...], as_of: str
) -> list[AccessLaw]:
    found = [(text, part) for country, text, part in grounds if country in triggers]
    if not found:
        return []
    why = [text for text, _ in found]
    if law.status != "in-force":
        why.append(f"status on file: {law.status.replace('-', ' ')}")
    stale = bool(law.review_by) and law.review_by < as_of
    if stale:
        why.append(f"the row was due for review by {law.review_by}")
    row = AccessLaw(law.id, law.title, reach, "; ".join(why), law.country, law.gag, stale)
    parts = tuple(sorted({part for _, part in found}))
    return [
        replace(
            row,
            rests_on=parts,
            status=law.status,
            as_of=law.as_of,
            review_by=law.review_by,
            checked=law.checked,
        )
    ]


def _place_key(location: Location) -> Hashable:
    """Gives all of a location that its grounds depend on."""
    if location.status is Status.DISPUTED:
        return tuple(sorted({row.country for row in location.evidence if row.country}))
    if location.status is Status.UNKNOWN:
        return None
    return location.country, location.status is Status.CONFIRMED


def _place_grounds(location: Location, knowledge: Knowledge) -> list[Ground]:
    zones = knowledge.zones
    if location.country and location.status in {Status.CONFIRMED, Status.CLAIMED}:
        text = f"placed in {location.country} ({location.status})"
        return [(zones.law_country(location.country), text, "location")]
    if location.status is Status.DISPUTED:
        named = sorted({row.country for row in location.evidence if row.country})
        return [
            (zones.law_country(code), f"location disputed: a source places it in {code}", "location")
            for code in named
        ]
    return []


def _entity_seats(entity: Entity, who: str, part: str) -> list[Ground]:
    return _seats(entity.name, entity.country, entity.parent, entity.parent_country, who, part)


def _seats(
    name: str | None, country: str | None, parent: str | None, parent_country: str | None, who: str, part: str
) -> list[Ground]:
    grounds = []
    if name and country:
        grounds.append((country, f"{who} {name} has its seat in {country}", part))
    if parent and parent_country and parent != name:
        grounds.append(
            (parent_country, f"{parent}, parent of {name}, has its seat in {parent_country}", part)
        )
    return grounds
