"""Facts of a declaration: what the vendor declared, as far as one destination, data type or service asks.

Without a declaration each is absent (None), so that nothing is held against anything; where the declaration is silent on
the matter, it is unknown. A declaration heals nothing: these facts say what stands in it, and no more.
"""

import re
from collections.abc import Callable, Iterable

from iotaudit.judge.conditions import Value
from iotaudit.judge.inside import Listener
from iotaudit.judge.places import EEA_COUNTRIES, countries_in
from iotaudit.judge.scene import Scene
from iotaudit.judge.subject import UNKNOWN
from iotaudit.model.declared import Declaration, DeclaredRow, DeclaredState
from iotaudit.model.destinations import Destination
from iotaudit.model.exposures import Exposure
from iotaudit.model.reach import Reach

WHO = ("destinations[", "update_hosts", "remote_access[", "operators", "sub_processors")
"""Beginnings of the lines that say whose a destination is or that it is used."""
UPDATE_NAME = re.compile(r"(?:^|[.\-_/])(?:f?ota|fw|firmware|updates?|upgrades?)\d{0,3}(?:$|[.\-_/?])", re.IGNORECASE)
"""Names and paths of update servers. Reasoning: how vendors call them; an update may come from any other name too."""
LINE_KINDS: tuple[tuple[str, str], ...] = (
    ("storage_countries", "country"),
    ("data_types", "data_type"),
    ("update_hosts", "update_host"),
    ("operators", "operator"),
    ("sub_processors", "operator"),
    ("ports", "port"),
    ("volumes", "volume"),
    ("remote_access[", "remote_access"),
    ("destinations[", "destination"),
)


def _of(get: Callable[[Scene, Declaration, Destination], Value]) -> Callable[[Scene, Destination], Value]:
    """Gives the look-up of a fact of a destination that is absent without a declaration."""

    def look_up(scene: Scene, destination: Destination) -> Value:
        told = scene.facts.declaration
        return None if told is None else get(scene, told, destination)

    return look_up


def _ids(scene: Scene, starts: tuple[str, ...], state: DeclaredState) -> frozenset[str]:
    """Gives the destinations of the lines that begin so and are in a state."""

    def make() -> frozenset[str]:
        rows = (row for row in scene.lines if row.state is state and row.item.startswith(starts))
        return frozenset(ident for row in rows for ident in row.destinations)

    return scene.once(state.value, "|".join(starts), make)


def _declared(scene: Scene, told: Declaration, destination: Destination) -> Value:
    if destination.id in _ids(scene, WHO, DeclaredState.SEEN_AND_DECLARED):
        return True
    return UNKNOWN if told.destinations is None and told.operators is None else False


def places_declared(told: Declaration) -> tuple[str, ...]:
    """Gives the countries and regions that a declaration names as places of data."""
    hosts = (row.country for row in (*(told.destinations or ()), *(told.remote_access or ())) if row.country)
    return tuple(dict.fromkeys((*(told.storage_countries or ()), *hosts)))


def _country(scene: Scene, told: Declaration, destination: Destination) -> Value:
    places = places_declared(told)
    if not places and told.storage_countries is None:
        return UNKNOWN
    found = {p.location.country if p.reach is not Reach.UNKNOWN else None for p in scene.places[destination.id]}
    if {country for country in found if country} - countries_in(places):
        return False
    return UNKNOWN if None in found else True


def _inside_only(_scene: Scene, told: Declaration, _destination: Destination) -> Value:
    if told.storage_countries is None:
        return UNKNOWN
    return bool(told.storage_countries) and countries_in(told.storage_countries) <= EEA_COUNTRIES


def _remote(scene: Scene, told: Declaration, destination: Destination) -> Value:
    if told.remote_access is None:
        return UNKNOWN
    return destination.id in _ids(scene, ("remote_access[",), DeclaredState.SEEN_AND_DECLARED)


def _over_volume(scene: Scene, told: Declaration, destination: Destination) -> Value:
    if told.volumes is None:
        return None
    return destination.id in _ids(scene, ("volumes",), DeclaredState.CONTRADICTED)


PROMISE_FACTS: dict[str, Callable[[Scene, Destination], Value]] = {
    "destination.declared": _of(_declared),
    "destination.country_declared": _of(_country),
    "destination.inside_promised": _of(_inside_only),
    "destination.remote_declared": _of(_remote),
    "destination.over_declared_volume": _of(_over_volume),
}


def type_declared(scene: Scene, exposure: Exposure) -> Value:
    """Says whether the declaration names a data type, for the whole device or for one host."""
    told = scene.facts.declaration
    if told is None:
        return None
    types = {t for row in told.destinations or () for t in row.data_types} | set(told.data_types or ())
    return UNKNOWN if told.data_types is None and not types else exposure.data_type in types


def type_needed(scene: Scene, exposure: Exposure) -> Value:
    """Says whether the profile expects a data type of this kind of device."""
    wanted = scene.profile.data_types if scene.profile else ()
    return exposure.data_type in wanted if wanted else UNKNOWN


def port_declared(scene: Scene, listener: Listener) -> Value:
    """Says whether the declaration lists the port of a service."""
    told = scene.facts.declaration
    if told is None or told.ports is None:
        return None
    if listener.port is None:
        return UNKNOWN
    return (listener.protocol, listener.port) in {(row.protocol, row.port) for row in told.ports}


def asked_for_updates(scene: Scene, device: str) -> bool:
    """Says whether a device asked a host for updates: a declared one, or one whose name or path says so."""
    declared = _ids(scene, ("update_hosts",), DeclaredState.SEEN_AND_DECLARED)
    hosts = (d for d in scene.facts.destinations if device in d.devices)
    if any(_updates(d, declared, scene) for d in hosts):
        return True
    return any(UPDATE_NAME.search(x.uri) for flow in scene.flows_by_device.get(device, ()) for x in flow.http)


def _updates(destination: Destination, declared: Iterable[str], scene: Scene) -> bool:
    named = bool(destination.name and UPDATE_NAME.search(destination.name))
    return named or destination.id in declared or destination.id in scene.fetched_at


def line_kind(row: DeclaredRow) -> str:
    """Gives what a line of a declaration is about."""
    if row.item.startswith("destinations[") and not row.item.endswith("]"):
        return "other"
    return next((kind for start, kind in LINE_KINDS if row.item.startswith(start)), "other")


def line_seen(row: DeclaredRow) -> Value:
    """Says whether what a line declares was seen; unknown where the look left it open."""
    if row.state is DeclaredState.DECLARED_NOT_SEEN:
        return False if row.observed is None else UNKNOWN
    return True
