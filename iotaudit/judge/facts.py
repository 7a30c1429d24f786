"""Gives the facts of the vocabulary their values, subject by subject.

`FACTS` is the one list; `model/vocabulary.py` says what each id means and which type it has. A value is `None` where
it is known not to be there and `Doubt.UNKNOWN` where nobody knows; `AtLeast` is what is known so far.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable

from iotaudit.judge import local_facts, notes, promises
from iotaudit.judge.conditions import AtLeast, Value
from iotaudit.judge.coverage import why_closed
from iotaudit.judge.places import EEA_COUNTRIES, REMOTE_APPLICATIONS, is_relay
from iotaudit.judge.scene import Scene, laws_by_operator, laws_by_place
from iotaudit.judge.subject import UNKNOWN, LookUp, Resolver, Subject
from iotaudit.model.destinations import AccessLaw, Destination, Party
from iotaudit.model.exposures import Channel, Confidence, Exposure
from iotaudit.model.facts import CountryFact
from iotaudit.model.flows import Direction, EncryptionState, Flow
from iotaudit.model.reach import Reach

CONTROL = frozenset(("amqp", "bacnet", "coap", "kasa", "modbus", "mqtt", "snmp", "telnet"))
"""Protocols whose use is to tell a device what to do, or to let it report."""
SESSION_WEAKNESSES = frozenset(
    ("anonymous_suite", "des_suite", "export_suite", "null_suite", "old_version", "rc4_suite")
)
"""What is weak in what both ends agreed on, whatever the certificate."""


def value_of(fact: str, scene: Scene, subject: Subject) -> Value:
    """Gives the value of a fact for a subject; what a test case assumes comes first."""
    return look_up_of(fact, scene)(scene, subject)


def look_up_of(fact: str, scene: Scene) -> LookUp:
    """Gives what looks up a fact, or what a test case assumes of it."""
    if fact not in scene.assumed:
        return _LOOK_UPS[fact]
    assumed = scene.assumed[fact]
    value: Value = assumed if isinstance(assumed, str | int | float | bool | tuple) else UNKNOWN
    return lambda _scene, _subject: value


def _zone(scene: Scene, destination: Destination) -> Value:
    place = scene.worst_place(destination)
    if place.reach is Reach.UNKNOWN and place.zone.value != "local":
        return UNKNOWN
    return place.zone.value


def _country(scene: Scene, destination: Destination) -> Value:
    place = scene.worst_place(destination)
    return UNKNOWN if place.reach is Reach.UNKNOWN else place.location.country or UNKNOWN


def _disputed(scene: Scene, destination: Destination) -> Value:
    return any(place.disputed for place in scene.places[destination.id])


def _anycast(scene: Scene, destination: Destination) -> Value:
    places = scene.places[destination.id]
    if any(e.kind == "anycast" for place in places for e in place.location.evidence):
        return True
    known = destination.operator.name is not None
    anywhere = any(place.location.why == "cloud_without_region" for place in places)
    return False if known and not anywhere else UNKNOWN


def _party(_scene: Scene, destination: Destination) -> Value:
    return UNKNOWN if destination.party is Party.UNKNOWN else destination.party.value


def _adequacy(_scene: Scene, destination: Destination) -> Value:
    return destination.adequacy if destination.adequacy in {"met", "unmet"} else UNKNOWN


def _payload(scene: Scene, destination: Destination) -> Value:
    return scene.sent(destination)


def _over(scene: Scene, destination: Destination) -> Value:
    return scene.sent(destination) > scene.threshold


def _closed(scene: Scene, destination: Destination) -> Value:
    return scene.closed_at.get(destination.id, 0)


def _closed_over(scene: Scene, destination: Destination) -> Value:
    return scene.closed_at.get(destination.id, 0) > scene.threshold


def _data_types(scene: Scene, destination: Destination) -> Value:
    found = tuple(sorted(scene.types_of.get(destination.id, ())))
    return AtLeast(found) if scene.closed_at.get(destination.id) else found


def _update(scene: Scene, destination: Destination) -> Value:
    if destination.id in scene.fetched_at:
        return True
    return UNKNOWN if destination.id in scene.unread_at else False


def _update_in_clear(scene: Scene, destination: Destination) -> Value:
    if destination.id in scene.fetched_in_clear_at:
        return True
    flows = scene.flows_of.get(destination.id, ())
    return UNKNOWN if any(why_closed(flow) == "unknown_protocol" for flow in flows) else False


def _types_in_clear(scene: Scene, destination: Destination) -> Value:
    types = scene.once("types in clear", "", lambda: _clear_types(scene))
    found = tuple(sorted(types.get(destination.id, ())))
    flows = scene.flows_of.get(destination.id, ())
    return AtLeast(found) if any(why_closed(flow) == "unknown_protocol" for flow in flows) else found


def _clear_types(scene: Scene) -> dict[str, set[str]]:
    """Gives the data types that could be read on the way, by destination."""
    found: dict[str, set[str]] = defaultdict(set)
    for e in scene.facts.exposures:
        if e.channel is Channel.PLAINTEXT and e.confidence is not Confidence.INFERRED:
            found[e.destination].add(e.data_type)
    return found


def _control_in_clear(scene: Scene, destination: Destination) -> Value:
    return any(
        flow.application in CONTROL and flow.encryption.state is EncryptionState.PLAINTEXT
        for flow in scene.flows_of.get(destination.id, ())
    )


def _remote_channel(scene: Scene, destination: Destination) -> Value:
    return any(
        flow.direction is Direction.INBOUND or "tunnel" in flow.tags or flow.application in REMOTE_APPLICATIONS
        for flow in scene.flows_of.get(destination.id, ())
    )


def _in_test_country(scene: Scene, destination: Destination) -> Value:
    country = _country(scene, destination)
    here = scene.facts.test_country
    return UNKNOWN if here is None or country is UNKNOWN else country == here


def _nobody_knows(_scene: Scene, _destination: Destination) -> Value:
    return UNKNOWN


def law_rows(scene: Scene, destination: Destination) -> tuple[AccessLaw, ...]:
    """Gives the access laws of countries outside the EEA that reach a destination, as far as known."""
    return laws_by_place(scene, destination) + laws_by_operator(scene, destination)


def _laws(scene: Scene, destination: Destination) -> Value:
    found = _ids(law_rows(scene, destination))
    return found if _all_known(scene, destination) else AtLeast(found)


def _laws_by_place(scene: Scene, destination: Destination) -> Value:
    found = _ids(laws_by_place(scene, destination))
    return found if _places_known(scene, destination) else AtLeast(found)


def _gags(scene: Scene, destination: Destination) -> Value:
    found = tuple(sorted({law.gag or "unknown" for law in law_rows(scene, destination)}))
    return found if _all_known(scene, destination) else AtLeast(found)


def _operator_laws(scene: Scene, destination: Destination) -> Value:
    operator = destination.operator
    found = _ids(
        law
        for law in laws_by_operator(scene, destination)
        if law.country == operator.country or law.country != operator.parent_country
    )
    return found if operator.country else AtLeast(found)


def _parent_laws(scene: Scene, destination: Destination) -> Value:
    home = destination.operator.parent_country
    found = _ids(law for law in laws_by_operator(scene, destination) if law.country == home)
    return found if home else AtLeast(())


def _places_known(scene: Scene, destination: Destination) -> bool:
    relayed = any(is_relay(flow) for flow in scene.flows_of.get(destination.id, ()))
    return not relayed and all(p.reach is not Reach.UNKNOWN for p in scene.places[destination.id])


def is_owned(destination: Destination) -> bool:
    """Says whether operator and ultimate parent are known with their seats."""
    operator = destination.operator
    return all((operator.name, operator.country, operator.parent, operator.parent_country))


def _all_known(scene: Scene, destination: Destination) -> bool:
    return _places_known(scene, destination) and is_owned(destination)


def _ids(laws: Iterable[AccessLaw]) -> tuple[str, ...]:
    return tuple(sorted({law.id for law in laws}))


def _text(text: str | None) -> Value:
    return text or UNKNOWN


def _seat(country: str | None) -> Value:
    return country in EEA_COUNTRIES if country else UNKNOWN


def country_fact(scene: Scene, destination: Destination) -> CountryFact | None:
    """Gives what zones.yaml says of the country where a destination is known to be."""
    country = _country(scene, destination)
    return scene.countries.get(country) if isinstance(country, str) else None


def _of_country(
    get: Callable[[CountryFact, Scene], Value],
) -> Callable[[Scene, Destination], Value]:
    def look_up(scene: Scene, destination: Destination) -> Value:
        fact = country_fact(scene, destination)
        return UNKNOWN if fact is None else get(fact, scene)

    return look_up


def _months_left(fact: CountryFact, scene: Scene) -> Value:
    if fact.decision is None or fact.expires is None:
        return None
    try:
        end = datetime.date.fromisoformat(fact.expires)
        now = datetime.date.fromisoformat(scene.settings.as_of)
    except ValueError:
        return UNKNOWN
    return (end.year - now.year) * 12 + end.month - now.month - (end.day < now.day)


def _challenged(fact: CountryFact, _scene: Scene) -> Value:
    return fact.decision is not None and "pending" in (fact.note or "").lower()


def _flow_encryption(flow: Flow) -> Value:
    state = flow.encryption.state
    return UNKNOWN if state is EncryptionState.NONE and flow.device_sent else state.value


def _weak(flow: Flow) -> Value:
    if flow.tls is None:
        return _without_tls(flow)
    whole = flow.tls.cipher is not None and flow.tls.certificate is not None
    return flow.tls.weak if whole else AtLeast(flow.tls.weak)


def _weak_session(flow: Flow) -> Value:
    protocol = flow.encryption.protocol
    if flow.tls is None:
        other = flow.encryption.state is EncryptionState.ENCRYPTED and protocol not in (None, "tls", "dtls", "quic")
        return None if other else _without_tls(flow)
    found = tuple(weak for weak in flow.tls.weak if weak in SESSION_WEAKNESSES)
    return found if flow.tls.cipher is not None and flow.tls.version is not None else AtLeast(found)


def _self_signed(flow: Flow) -> Value:
    if flow.tls is None:
        return _without_tls(flow)
    return flow.tls.certificate.self_signed if flow.tls.certificate else UNKNOWN


def _expired(flow: Flow) -> Value:
    if flow.tls is None:
        return _without_tls(flow)
    validity = flow.tls.certificate.validity if flow.tls.certificate else None
    return validity == "expired" if validity else UNKNOWN


def _without_tls(flow: Flow) -> Value:
    """Gives None where the flow is known to have no TLS, since it was read; else nobody knows."""
    return None if flow.encryption.state is EncryptionState.PLAINTEXT else UNKNOWN


def _domains(_scene: Scene, subject: Subject) -> Value:
    return len({domain_of(d) for d in subject.destinations})


def _operators(_scene: Scene, subject: Subject) -> Value:
    names = [d.operator.parent or d.operator.name for d in subject.destinations]
    known = len({name for name in names if name})
    return known if all(names) else AtLeast(known)


def _value_types(_scene: Scene, subject: Subject) -> Value:
    return tuple(sorted({e.data_type for e in subject.exposures}))


def _countries(scene: Scene, subject: Subject) -> Value:
    known = len(countries_of(scene, subject.destinations))
    whole = all(_all_known(scene, d) for d in subject.destinations)
    return known if whole else AtLeast(known)


def countries_of(scene: Scene, destinations: Iterable[Destination]) -> tuple[str, ...]:
    """Gives the countries that destinations fall under by place, operator or parent, sorted."""
    found: set[str] = set()
    for destination in destinations:
        found |= {
            p.location.country
            for p in scene.places[destination.id]
            if p.location.country and p.reach is not Reach.UNKNOWN
        }
        operator = destination.operator
        found |= {code for code in (operator.country, operator.parent_country) if code}
    return tuple(sorted(found))


def domain_of(destination: Destination) -> str:
    """Gives the registrable domain of a destination, else its name, else its first address."""
    first = destination.ips[0] if destination.ips else ""
    return destination.registrable_domain or destination.name or first or destination.id


PLACE_FACTS: dict[str, Callable[[Scene, Destination], Value]] = {
    **promises.PROMISE_FACTS,
    **notes.NOTED_FACTS,
    "destination.zone": _zone,
    "destination.country": _country,
    "destination.disputed": _disputed,
    "destination.anycast": _anycast,
    "destination.party": _party,
    "destination.adequacy": _adequacy,
    "destination.payload_out": _payload,
    "destination.over_threshold": _over,
    "destination.closed_payload": _closed,
    "destination.closed_over_threshold": _closed_over,
    "destination.data_types": _data_types,
    "destination.update_download": _update,
    "destination.update_in_clear": _update_in_clear,
    "destination.data_types_in_clear": _types_in_clear,
    "destination.control_in_clear": _control_in_clear,
    "destination.remote_channel": _remote_channel,
    "destination.in_test_country": _in_test_country,
    "destination.answers_too_fast": _nobody_knows,
    "destination.laws": _laws,
    "destination.laws_by_place": _laws_by_place,
    "destination.gags": _gags,
    "operator.name": lambda _, d: _text(d.operator.name),
    "operator.country": lambda _, d: _text(d.operator.country),
    "operator.in_eea": lambda _, d: _seat(d.operator.country),
    "operator.laws": _operator_laws,
    "operator.parent": lambda _, d: _text(d.operator.parent),
    "parent.country": lambda _, d: _text(d.operator.parent_country),
    "parent.in_eea": lambda _, d: _seat(d.operator.parent_country),
    "parent.laws": _parent_laws,
    "country.has_decision": _of_country(lambda fact, _: fact.decision is not None),
    "country.scope_test": _of_country(lambda fact, _: fact.scope_test),
    "country.decision_months_left": _of_country(_months_left),
    "country.decision_challenged": _of_country(_challenged),
}
EXPOSURE_FACTS: dict[str, Callable[[Scene, Exposure], Value]] = {
    "exposure.data_type": lambda _, e: e.data_type,
    "exposure.sensitivity": lambda _, e: e.sensitivity,
    "exposure.gdpr_class": lambda _, e: e.gdpr_class,
    "exposure.confidence": lambda _, e: e.confidence.value,
    "exposure.proven": lambda _, e: True if e.confidence is Confidence.PROVEN else UNKNOWN,
    "exposure.channel": lambda _, e: e.channel.value,
    "exposure.count": lambda _, e: e.count,
    "exposure.before_terms": notes.before_terms,
    "exposure.after_reset": notes.after_reset,
    "exposure.replayed": lambda _scene, _exposure: UNKNOWN,
    "exposure.declared": promises.type_declared,
    "exposure.needed": promises.type_needed,
}
FLOW_FACTS: dict[str, Callable[[Flow], Value]] = {
    "flow.direction": lambda f: f.direction.value,
    "flow.protocol": lambda f: f.protocol,
    "flow.application": lambda f: f.application or UNKNOWN,
    "flow.server_port": lambda f: f.server.port,
    "flow.encryption": _flow_encryption,
    "flow.device_sent": lambda f: f.device_sent,
    "tls.weak": _weak,
    "tls.weak_session": _weak_session,
    "tls.self_signed": _self_signed,
    "tls.expired": _expired,
}
RESOLVER_FACTS: dict[str, Callable[[Resolver], Value]] = {
    "resolver.configured": lambda r: UNKNOWN if r.configured is None else r.configured,
    "resolver.zone": lambda r: UNKNOWN if r.zone == "unknown" else r.zone,
}
GROUP_FACTS: dict[str, Callable[[Scene, Subject], Value]] = {
    "value.data_types": _value_types,
    "value.domains": _domains,
    "value.operators": _operators,
    "service.countries": _countries,
}


def _of_place(fact: str) -> LookUp:
    """Gives the look-up of a fact of a destination, which is worked out once."""

    def look_up(scene: Scene, subject: Subject) -> Value:
        destination = subject.destination
        if destination is None:
            return UNKNOWN
        return scene.once(fact, destination.id, lambda: PLACE_FACTS[fact](scene, destination))

    return look_up


def _of_exposure(get: Callable[[Scene, Exposure], Value]) -> LookUp:
    return lambda scene, subject: get(scene, subject.exposure) if subject.exposure else UNKNOWN


def _of_flow(get: Callable[[Flow], Value]) -> LookUp:
    return lambda _, subject: get(subject.flow) if subject.flow else UNKNOWN


def _of_resolver(get: Callable[[Resolver], Value]) -> LookUp:
    return lambda _, subject: get(subject.resolver) if subject.resolver else UNKNOWN


_LOOK_UPS: dict[str, LookUp] = {
    **{fact: _of_place(fact) for fact in PLACE_FACTS},
    **{fact: _of_exposure(get) for fact, get in EXPOSURE_FACTS.items()},
    **{fact: _of_flow(get) for fact, get in FLOW_FACTS.items()},
    **{fact: _of_resolver(get) for fact, get in RESOLVER_FACTS.items()},
    **GROUP_FACTS,
    **local_facts.LOOK_UPS,
}
FACTS = frozenset(_LOOK_UPS)
"""The ids of all facts that have a value here: those of the vocabulary, no more and no less (a test compares)."""
