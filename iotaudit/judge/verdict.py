"""The two answers of an audit, with their reasons. docs/verdict.md has the table of cases.

`no` must be earned: payload was sent, every address that got some is known to be inside, nothing was unread, no relay
passed anything on, and the profile's coverage was reached. One doubt makes it `undetermined`; one known destination
outside makes it `yes`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from iotaudit.judge import words
from iotaudit.judge.coverage import coverage_of
from iotaudit.judge.facts import is_owned, law_rows
from iotaudit.judge.findings import evidence_packets
from iotaudit.judge.places import EEA_COUNTRIES, Placed, is_relay, places_of, reaches_of
from iotaudit.judge.scene import Scene, natural
from iotaudit.judge.statement import statement_of
from iotaudit.model.destinations import AccessLaw, Destination, Zone
from iotaudit.model.devices import Device
from iotaudit.model.flows import Flow
from iotaudit.model.reach import Answer, Coverage, Reach, Reason, Verdict

MAX_CITED = 20
"""Packets cited by one reason."""
LAWS = "laws"
"""Name of the knowledge whose age forbids a "no" on access."""
HIDDEN_NAMES = (
    ("encrypted_dns", "names_hidden", "names were asked for on an encrypted line, so which ones is not known"),
    (
        "possible_encrypted_dns",
        "names_possibly_hidden",
        "names may have been asked for on an encrypted line; only an address or a port says so",
    ),
)
"""Tags of flows, with the code and the text of what they mean for the answer."""


@dataclass(frozen=True, slots=True)
class Trip:
    """All that one destination got from the devices looked at. `relays`: some of it goes on to somewhere else.

    `packets` show it: the DNS answer that named it and the first payload.
    """

    destination: Destination | None
    flows: tuple[Flow, ...]
    reach: Reach
    places: tuple[Placed, ...]
    sent: int
    relays: bool
    packets: tuple[int, ...]


def verdict_of(scene: Scene) -> Verdict:
    """Gives the verdict on all devices together: the join of the verdicts on each."""
    return _verdict(scene, scene.facts.devices, scene.flows)


def verdict_of_device(scene: Scene, device: Device) -> Verdict:
    """Gives the verdict on one device. Losses of the capture belong to no device and count for each."""
    return _verdict(scene, (device,), scene.flows_by_device.get(device.id, ()))


def _verdict(scene: Scene, devices: tuple[Device, ...], flows: tuple[Flow, ...]) -> Verdict:
    coverage = coverage_of(scene.facts, scene.profile, flows)
    trips = _trips(flows, scene)
    doubts = (
        *_sender_doubts(devices, flows),
        *_place_doubts(trips),
        *_look_doubts(coverage),
    )
    gone = sorted((trip for trip in trips if trip.reach is Reach.LEAVES), key=lambda trip: -trip.sent)
    leaving = tuple(_leaves(trip, scene) for trip in gone)
    reached, unsure = _access(trips, scene)
    leaves = Answer.YES if leaving else Answer.UNDETERMINED if doubts else Answer.NO
    access = Answer.YES if reached else Answer.UNDETERMINED if doubts or unsure else Answer.NO
    inside = (_stays(trips),) if leaves is Answer.NO else ()
    reasons = (*leaving, *inside, *doubts, *reached, *unsure, *_notes(coverage, trips, scene))
    verdict = Verdict(leaves, access, "", reasons, coverage)
    return replace(verdict, statement=statement_of(verdict))


def _trips(flows: Iterable[Flow], scene: Scene) -> tuple[Trip, ...]:
    groups: dict[str, list[Flow]] = {}
    for flow in flows:
        groups.setdefault(flow.destination or "", []).append(flow)
    return tuple(
        _trip(groups[key], scene.destinations.get(key), scene) for key in sorted(groups, key=natural)
    )


def _trip(flows: list[Flow], destination: Destination | None, scene: Scene) -> Trip:
    return Trip(
        destination=destination,
        flows=tuple(flows),
        reach=max(reaches_of(flows, destination)),
        places=places_of(destination, flows),
        sent=sum(flow.device_sent for flow in flows),
        relays=any(is_relay(flow) for flow in flows),
        packets=_cited(flows, destination, scene),
    )


def _leaves(trip: Trip, scene: Scene) -> Reason:
    """Gives the reason of a "yes": what reached which place outside, by which packets."""
    row = trip.destination
    reaches = reaches_of(trip.flows, row)
    gone = [flow for flow, reach in zip(trip.flows, reaches, strict=True) if reach is Reach.LEAVES]
    places = places_of(row, gone)
    where = sorted({_claim(place) for place in places})
    sent = words.size(sum(flow.device_sent for flow in gone))
    text = f"{sent} of payload reached {_name(trip)} in {words.listed(where)}"
    cited = trip.packets if len(gone) == len(trip.flows) else _cited(gone, row, scene)
    return _reason("leaves", text, (replace(trip, packets=cited),))


def _claim(place: Placed) -> str:
    """Gives a country with how well the place is known, and that a decision is on file where one is."""
    adequate = ", adequacy decision on file" if place.zone is Zone.ADEQUATE else ""
    return f"{words.country(place.location.country)} ({place.location.status.value}{adequate})"


def _stays(trips: tuple[Trip, ...]) -> Reason:
    codes = {p.location.country for trip in trips for p in trip.places if p.location.country}
    where = words.listed((words.country(code) for code in sorted(codes)), most=30)
    text = f"every address that got payload is in the EU/EEA ({where})"
    return Reason("stays", text, tuple(t.destination.id for t in trips if t.destination))


def _sender_doubts(devices: tuple[Device, ...], flows: tuple[Flow, ...]) -> tuple[Reason, ...]:
    if not devices:
        return (Reason("no_devices", "no device under audit was seen"),)
    active = {flow.device for flow in flows}
    idle = sorted((device.id for device in devices if device.id not in active), key=natural)
    if not idle:
        return ()
    if len(idle) == len(devices):
        return (Reason("no_payload", "no payload was seen leaving for the outside"),)
    number = words.count(len(idle), "device")
    return (
        Reason("idle_device", f"{number} sent no payload to the outside ({words.listed(idle)})"),
    )


def _place_doubts(trips: tuple[Trip, ...]) -> tuple[Reason, ...]:
    """Gives the reasons why a place is not known, one for each kind."""
    found: list[Reason] = []

    def add(code: str, text: str, test: Callable[[Trip], bool]) -> None:
        hit = tuple(trip for trip in trips if test(trip))
        if hit:
            told = f"{text}: {words.listed(_name(trip) for trip in hit)}"
            found.append(_reason(code, told, hit))

    add("disputed_place", "sources disagree on where payload went", _is_disputed)
    add("unknown_place", "the place of a destination with payload is not known", _is_unplaced)
    add("relay", "a tunnel or proxy passes payload on to somewhere else", _is_relayed)
    return tuple(found)


def _is_disputed(trip: Trip) -> bool:
    return any(place.disputed for place in trip.places)


def _is_unplaced(trip: Trip) -> bool:
    return any(place.reach is Reach.UNKNOWN and not place.disputed for place in trip.places)


def _is_relayed(trip: Trip) -> bool:
    return trip.relays


def _look_doubts(coverage: Coverage) -> tuple[Reason, ...]:
    """Gives the reasons why the look was not enough for a "no"."""
    found = [
        Reason("unread", f"not read: {row.what.replace('_', ' ')} ({row.count:,})")
        for row in coverage.unread
    ]
    if coverage.met:
        return tuple(found)
    least = coverage.required_duration_s or 0.0
    if coverage.duration_s < least:
        text = f"the look lasted {words.span(coverage.duration_s)}, the profile asks for {words.span(least)}"
        found.append(Reason("too_short", text))
    if coverage.missing_steps:
        missing = words.listed((step.replace("_", " ") for step in coverage.missing_steps), most=20)
        found.append(
            Reason("missing_steps", f"steps that the profile asks for were not marked: {missing}")
        )
    return tuple(found)


def _access(trips: tuple[Trip, ...], scene: Scene) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Gives the reasons for "yes" on access by a third country's law, and those that forbid a "no"."""
    reached: list[Reason] = []
    due: list[Reason] = []
    unowned: list[Trip] = []
    hosted: list[Trip] = []
    for trip in trips:
        row = trip.destination
        laws = law_rows(scene, row) if row else ()
        for reach in ("place", "operator"):
            found = [law for law in laws if law.reach == reach]
            fresh = [law for law in found if not law.stale]
            if fresh:
                reached.append(_reach(trip, reach, fresh))
            elif found:
                due.append(_due(trip, reach, found))
        if row is None or not is_owned(row):
            unowned.append(trip)
        elif not (row.owner.country and row.owner.parent_country):
            hosted.append(trip)
    unsure = due
    if unowned:
        names = words.listed(_name(trip) for trip in unowned)
        text = f"operator or ultimate parent is not on file: {names}"
        unsure.append(_reason("unknown_owner", text, tuple(unowned)))
    if hosted:
        names = words.listed(_name(trip) for trip in hosted)
        text = f"who hosts it is on file, whose service it is or its ultimate parent is not: {names}"
        unsure.append(_reason("unknown_service", text, tuple(hosted)))
    strange = [trip for trip in trips if _lawless(trip, scene)]
    if strange:
        names = words.listed(_name(trip) for trip in strange)
        text = f"no access law of a country that a destination belongs to is on file: {names}"
        unsure.append(_reason("law_not_on_file", text, tuple(strange)))
    if LAWS in scene.facts.stale:
        unsure.append(Reason("stale_laws", "the knowledge of access laws is past its review date"))
    return tuple(reached), tuple(unsure)


def _reach(trip: Trip, reach: str, laws: list[AccessLaw]) -> Reason:
    """Gives the reason that laws reach a destination: which, and by which seat or place."""
    titles = dict.fromkeys(law.title for law in laws)
    grounds = dict.fromkeys(_ground(law) for law in laws)
    text = f"{_name(trip)} is within reach of {words.listed(titles)} by its {reach}: {words.listed(grounds, most=3)}"
    return _with_laws(_reason(f"access_{reach}", text, (trip,)), laws)


def _due(trip: Trip, reach: str, laws: list[AccessLaw]) -> Reason:
    """Gives the reason why laws that may have changed settle nothing."""
    titles = dict.fromkeys(law.title for law in laws)
    text = f"{_name(trip)} would be within reach of {words.listed(titles)} by its {reach}, but "
    text += "that knowledge is past its review date"
    return _with_laws(_reason("access_stale", text, (trip,)), laws)


def _ground(law: AccessLaw) -> str:
    """Gives the first ground of a law: who has its seat, or what was placed, where."""
    return law.why.partition(";")[0]


def _with_laws(reason: Reason, laws: list[AccessLaw]) -> Reason:
    return replace(reason, laws=tuple(dict.fromkeys(law.id for law in laws)))


def _lawless(trip: Trip, scene: Scene) -> bool:
    """Says whether a place or seat outside the EEA has no law on file: not to know a law is not to know of none."""
    if trip.destination is None:
        return False
    laws = law_rows(scene, trip.destination)
    operator = trip.destination.operator
    seats = {code for code in (operator.country, operator.parent_country) if code}
    by_operator = {law.country for law in laws if law.reach == "operator"}
    outside = any(place.reach is Reach.LEAVES for place in trip.places)
    return bool(seats - EEA_COUNTRIES - by_operator) or (
        outside and not any(law.reach == "place" for law in laws)
    )


def _beside_proxy(trips: tuple[Trip, ...], scene: Scene) -> list[Reason]:
    """Gives a reason for payload that packets show and the log of a proxy does not: nobody could look into it."""
    if not any("web_log" in flow.tags for trip in trips for flow in trip.flows):
        return []
    passed = [
        (trip, rows)
        for trip in trips
        if (rows := [flow for flow in trip.flows if "web_log" not in flow.tags and not is_relay(flow)])
    ]
    if not passed:
        return []
    sent = words.size(sum(flow.device_sent for _, rows in passed for flow in rows))
    text = f"{sent} of payload passed beside the proxy: {words.listed(_name(trip) for trip, _ in passed)}"
    ids = tuple(trip.destination.id for trip, _ in passed if trip.destination is not None)
    packets = sorted({packet for trip, rows in passed for packet in _cited(rows, trip.destination, scene)})
    return [Reason("beside_proxy", text, ids, tuple(packets[:MAX_CITED]))]


def _hidden_names(trips: tuple[Trip, ...]) -> list[Reason]:
    """Gives a reason where names were, or may have been, asked for on a line that nobody could read."""
    found = []
    for tag, code, text in HIDDEN_NAMES:
        some = tuple(trip for trip in trips if any(tag in flow.tags and not flow.encryption.opened for flow in trip.flows))
        if some:
            found.append(_reason(code, f"{text}: {words.listed(_name(trip) for trip in some)}", some))
    return found


def _notes(coverage: Coverage, trips: tuple[Trip, ...], scene: Scene) -> tuple[Reason, ...]:
    """Gives what else must be known of the answer: what stayed closed, and knowledge past its date."""
    found = []
    if coverage.closed:
        total = sum(row.bytes for row in coverage.closed)
        where = tuple(
            sorted({row.destination for row in coverage.closed if row.destination}, key=natural)
        )
        text = f"{words.size(total)} of payload stayed closed; what is in it is not known"
        found.append(Reason("closed", text, where))
    found += _beside_proxy(trips, scene)
    found += _hidden_names(trips)
    stale = [name for name in scene.facts.stale if name != LAWS]
    if stale:
        found.append(
            Reason("stale_knowledge", f"past its review date: {words.listed(stale, most=20)}")
        )
    return tuple(found)


def _reason(code: str, text: str, trips: tuple[Trip, ...]) -> Reason:
    """Gives a reason with the packets that show its trips."""
    ids = tuple(trip.destination.id for trip in trips if trip.destination is not None)
    packets = sorted({packet for trip in trips for packet in trip.packets})
    return Reason(code, text, ids, tuple(packets[:MAX_CITED]))


def _cited(flows: list[Flow], destination: Destination | None, scene: Scene) -> tuple[int, ...]:
    if destination is not None:
        return evidence_packets(destination, flows, scene)
    first = (flow.first_device_payload_packet for flow in flows)
    return tuple(sorted({packet for packet in first if packet is not None}))


def _name(trip: Trip) -> str:
    if trip.destination is not None:
        return words.destination(trip.destination)
    return trip.places[0].ip if trip.places and trip.places[0].ip else "an unnamed peer"
