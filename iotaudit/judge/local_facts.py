"""Facts of what is not a destination outside: devices, their services, log-ins, announcements, tests, the look itself."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from iotaudit.judge import notes, promises
from iotaudit.judge.conditions import AtLeast, Value
from iotaudit.judge.inside import CHOSEN, Listener, Login
from iotaudit.judge.scene import Scene
from iotaudit.judge.steps import step_at
from iotaudit.judge.subject import UNKNOWN, LookUp, Subject
from iotaudit.model.declared import DeclaredRow
from iotaudit.model.destinations import Destination, Zone
from iotaudit.model.devices import Device
from iotaudit.model.exposures import Channel, Confidence, Exposure
from iotaudit.model.observations import KINDS, Observation

NS = 1_000_000_000
SERVICE_ENDS = "._tcp", "._udp"
GROUP_PLACES = frozenset(("dhcp", "dhcpv6", "llmnr", "mdns", "netbios", "ssdp"))
"""First parts of where an exposure stood that go to everybody on the network, before any log-in."""
READ_SERVICES = frozenset(("http", "mqtt"))
"""Protocols of which it is kept whether a service gave data."""
SECRETS = "credential."


def listeners(scene: Scene) -> tuple[Listener, ...]:
    """Gives the services of audited devices: those that answered, were found open by a test, or were announced."""
    return scene.once("listeners", "", lambda: _listeners(scene))


def _listeners(scene: Scene) -> tuple[Listener, ...]:
    found: dict[tuple[str, str, int | str | None], Listener] = {
        (row.device, row.protocol, row.port): row for row in scene.inside.listeners()
    }
    for row in (*_tested(scene), *_announced(scene)):
        found.setdefault((row.device, row.protocol, row.port or row.service), row)
    return tuple(found.values())


def _tested(scene: Scene) -> list[Listener]:
    """Gives the services that a test found open: the target is `tcp/23`, after a host where there are several devices."""
    found = []
    for row in scene.facts.observations:
        host, _, text = (row.target or "").strip().rpartition(" ")
        protocol, _, port = text.partition("/")
        if row.kind != "listening_service" or row.result != "open" or not port.isdigit():
            continue
        device = scene.inside.device_of.get(host)
        if device is None and len(scene.facts.devices) == 1:
            device = scene.facts.devices[0].id
        if device is not None and protocol in ("tcp", "udp"):
            found.append(Listener(device, protocol, int(port[:5]), tested=True))
    return found


def _announced(scene: Scene) -> list[Listener]:
    """Gives the services that devices announced by multicast DNS, by their names."""
    found: dict[tuple[str, str], Listener] = {}
    for answer, _ in scene.facts.dns_rows:
        if answer.protocol != "mdns" or answer.type != "SRV":
            continue
        device = scene.inside.device_of.get(answer.resolver)
        name = _service_name(answer.name)
        if device is not None and name is not None:
            protocol = name.rpartition("_")[2]
            row = Listener(device, protocol, None, name, announced=True, packets=(answer.packet,))
            found.setdefault((device, name), row)
    return list(found.values())


def _service_name(text: str) -> str | None:
    """Gives the kind of service in an instance's name: _http._tcp of robot._http._tcp.local."""
    for end in SERVICE_ENDS:
        head, found, _ = text.partition(end)
        label = head.rpartition(".")[2]
        if found and label.startswith("_"):
            return label + end
    return None


def logins(scene: Scene) -> tuple[Login, ...]:
    """Gives the log-ins of conversations that were not encrypted, those of which a password was read among them."""
    return scene.once("logins", "", lambda: _logins(scene))


def _logins(scene: Scene) -> tuple[Login, ...]:
    rows = {(row.kind, row.destination, row.read): row for row in scene.inside.logins()}
    for exposure in scene.facts.exposures:
        if exposure.data_type != "credential.password" or exposure.channel is not Channel.PLAINTEXT:
            continue
        kind = exposure.where.partition(".")[0]
        found = Login("", kind, exposure.destination, True, exposure.id, exposure.flows[:CHOSEN], exposure.packets)
        rows[kind, exposure.destination, True] = found
    read = {(kind, where) for kind, where, known in rows if known}
    return tuple(row for (kind, where, known), row in rows.items() if known or (kind, where) not in read)


def announcements(scene: Scene) -> list[Exposure]:
    """Gives what devices told on their own network."""
    local = {d.id for d in scene.facts.destinations if d.zone is Zone.LOCAL}
    return [e for e in scene.facts.exposures if e.destination in local]


def secrets(scene: Scene) -> dict[str, list[Exposure]]:
    """Gives the exposures of passwords, keys and tokens by value."""
    found: dict[str, list[Exposure]] = defaultdict(list)
    for exposure in scene.facts.exposures:
        if exposure.data_type.startswith(SECRETS) and exposure.confidence is not Confidence.INFERRED:
            found[exposure.value_group or exposure.id].append(exposure)
    return found


def trials(scene: Scene) -> tuple[Observation, ...]:
    """Gives the results of active tests, and what a proxy's log tells of its certificate."""
    told = [row for row in scene.facts.observations if row.kind in KINDS]
    tried = {row.target for row in told if row.kind == "certificate_acceptance"}
    told += [
        Observation("certificate_acceptance", name, "refused" if "refused" in results else "opened")
        for name, results in sorted(scene.inside.proxied.items())
        if name not in tried
    ]
    return tuple(told)


def _login_state(listener: Listener) -> Value:
    if listener.asked:
        return True
    return False if listener.content else UNKNOWN


def _gave_data(listener: Listener) -> Value:
    if listener.content:
        return True
    read = listener.states == ("plaintext",) and set(listener.applications) <= READ_SERVICES
    return False if listener.asked or read else UNKNOWN


def _protection(listener: Listener) -> Value:
    return tuple(listener.states) if listener.states else UNKNOWN


def _steps(scene: Scene, listener: Listener) -> Value:
    return tuple(sorted({step for ns in listener.starts if (step := step_at(scene.steps, ns))}))


LISTENER_FACTS: dict[str, Callable[[Scene, Listener], Value]] = {
    "listener.protocol": lambda _, row: row.protocol,
    "listener.port": lambda _, row: UNKNOWN if row.port is None else row.port,
    "listener.kind": lambda _, row: row.kind or UNKNOWN,
    "listener.answered": lambda _, row: row.answered or row.tested,
    "listener.announced": lambda _, row: row.announced,
    "listener.protection": lambda _, row: _protection(row),
    "listener.gave_data": lambda _, row: _gave_data(row),
    "listener.asked_login": lambda _, row: _login_state(row),
    "listener.from_outside": lambda _, row: row.outside,
    "listener.declared": promises.port_declared,
    "listener.steps": _steps,
}
LOGIN_FACTS: dict[str, Callable[[Login], Value]] = {
    "login.kind": lambda row: row.kind,
    "login.readable": lambda row: True if row.read else UNKNOWN,
}
TRIAL_FACTS: dict[str, Callable[[Observation], Value]] = {
    "trial.kind": lambda row: row.kind,
    "trial.result": lambda row: row.result if row.result in KINDS[row.kind] else UNKNOWN,
}
LINE_FACTS: dict[str, Callable[[DeclaredRow], Value]] = {
    "line.kind": promises.line_kind,
    "line.state": lambda row: row.state.value,
    "line.seen": promises.line_seen,
}


def _told_before_login(exposure: Exposure) -> Value:
    return True if exposure.where.partition(".")[0] in GROUP_PLACES else UNKNOWN


TOLD_FACTS: dict[str, Callable[[Exposure], Value]] = {
    "told.protocol": lambda e: e.where.partition(".")[0],
    "told.before_login": _told_before_login,
}


def _units(scene: Scene, subject: Subject) -> set[str]:
    """Gives the audited devices that showed a value."""
    by_id = scene.flow_by_id
    flows = (by_id.get(ident) for e in subject.exposures for ident in e.flows)
    return {flow.device for flow in flows if flow is not None and flow.device}


def _shared(scene: Scene, subject: Subject) -> Value:
    if len(scene.facts.devices) < 2 or len(_units(scene, subject)) < 2:
        return False
    return True if notes.said(scene, "two_units") is True else UNKNOWN


SECRET_FACTS: dict[str, LookUp] = {
    "secret.data_type": lambda _, s: s.exposures[0].data_type if s.exposures else UNKNOWN,
    "secret.shared": _shared,
    "secret.factory_made": lambda _scene, _subject: UNKNOWN,
}


def unprotected(scene: Scene, device: str) -> tuple[str, ...]:
    """Gives the services of a device that gave data and never asked for a log-in."""
    rows = (r for r in listeners(scene) if r.device == device and r.content and not r.asked)
    return tuple(dict.fromkeys(row.label for row in rows))


def _unprotected(scene: Scene, device: Device) -> Value:
    found = unprotected(scene, device.id)
    open_rows = [r for r in listeners(scene) if r.device == device.id and r.answered]
    unsure = any(_gave_data(row) is UNKNOWN for row in open_rows)
    return AtLeast(found) if unsure else found


def _shared_secret(scene: Scene, device: Device) -> Value:
    truths = []
    for rows in secrets(scene).values():
        subject = Subject("secret", exposures=tuple(rows))
        if device.id in _units(scene, subject):
            truths.append(_shared(scene, subject))
    if True in truths:
        return True
    return UNKNOWN if UNKNOWN in truths else False


def service_counts(scene: Scene, device: str) -> tuple[int, int]:
    """Gives the least and the most services that a device may have: an announced one may be one that answered, too."""
    rows = [r for r in listeners(scene) if r.device == device]
    named = sum(r.announced for r in rows)
    return max(len(rows) - named, named), len(rows)


def _over_services(scene: Scene, device: Device) -> Value:
    most = scene.profile.max_services if scene.profile else None
    if most is None:
        return UNKNOWN
    least, up_to = service_counts(scene, device.id)
    if least > most:
        return True
    return UNKNOWN if up_to > most else False


def multicast_per_s(scene: Scene, device: str) -> float:
    """Gives the packets a second that a device sent to groups, over the whole look."""
    seconds = scene.coverage.duration_s
    return round(scene.inside.group_packets[device] / seconds, 3) if seconds >= 1 else 0.0


def _over_multicast(scene: Scene, device: Device) -> Value:
    most = scene.profile.max_multicast_per_s if scene.profile else None
    return None if most is None else multicast_per_s(scene, device.id) > most


def _mapping(scene: Scene, device: Device) -> Value:
    if device.id in scene.inside.mapped:
        return True
    return UNKNOWN if device.id in scene.inside.may_map else False


def reached(scene: Scene, device: str) -> tuple[Destination, ...]:
    """Gives the destinations outside that a device sent payload to."""
    ids = dict.fromkeys(flow.destination or "" for flow in scene.flows_by_device.get(device, ()))
    return tuple(scene.destinations[ident] for ident in ids if ident in scene.destinations)


def _operators(scene: Scene, device: Device) -> Value:
    names = [d.operator.parent or d.operator.name for d in reached(scene, device.id)]
    known = len({name for name in names if name})
    return known if all(names) else AtLeast(known)


def _device_types(scene: Scene, device: Device) -> Value:
    ids = {d.id for d in scene.facts.destinations if device.id in d.devices}
    found = tuple(sorted({e.data_type for e in scene.facts.exposures if e.destination in ids}))
    return AtLeast(found) if scene.coverage.closed else found


DEVICE_FACTS: dict[str, Callable[[Scene, Device], Value]] = {
    "device.asked_for_updates": lambda scene, d: promises.asked_for_updates(scene, d.id),
    "device.lost_functions": lambda scene, _: notes.lost_functions(scene),
    "device.online_without_network": lambda scene, _: notes.online_without_network(scene),
    "device.other_links": lambda scene, _: notes.other_links(scene),
    "device.changed_from_afar": lambda scene, d: notes.changed_from_afar(scene, d.id),
    "device.tries_in_minute": lambda scene, d: scene.inside.most_tries(d.id),
    "device.multicast_per_s": lambda scene, d: multicast_per_s(scene, d.id),
    "device.multicast_over_limit": _over_multicast,
    "device.hosts_in_10min": lambda scene, d: scene.inside.most_contacts(d.id)[0],
    "device.ports_in_10min": lambda scene, d: scene.inside.most_contacts(d.id)[1],
    "device.services": lambda scene, d: AtLeast(service_counts(scene, d.id)[0]),
    "device.services_over_limit": _over_services,
    "device.port_mapping": _mapping,
    "device.unprotected_services": _unprotected,
    "device.shared_secret": _shared_secret,
    "device.known_flaws": lambda _scene, _device: UNKNOWN,
    "device.destinations": lambda scene, d: len(reached(scene, d.id)),
    "device.operators": _operators,
    "device.data_types": _device_types,
}
LOOK_FACTS: dict[str, Callable[[Scene], Value]] = {
    "look.duration_s": lambda scene: scene.coverage.duration_s,
    "look.steps": lambda scene: scene.coverage.scenarios,
    "look.whole": lambda scene: not scene.coverage.unread,
    "look.declaration": lambda scene: scene.facts.declaration is not None,
    "look.below_plan": lambda scene: None if scene.profile is None else not scene.coverage.met,
}


def _of_listener(get: Callable[[Scene, Listener], Value]) -> LookUp:
    return lambda scene, s: get(scene, s.item) if isinstance(s.item, Listener) else UNKNOWN


def _of_login(get: Callable[[Login], Value]) -> LookUp:
    return lambda _, s: get(s.item) if isinstance(s.item, Login) else UNKNOWN


def _of_trial(get: Callable[[Observation], Value]) -> LookUp:
    return lambda _, s: get(s.item) if isinstance(s.item, Observation) else UNKNOWN


def _of_line(get: Callable[[DeclaredRow], Value]) -> LookUp:
    return lambda _, s: get(s.item) if isinstance(s.item, DeclaredRow) else UNKNOWN


def _of_told(get: Callable[[Exposure], Value]) -> LookUp:
    return lambda _, s: get(s.exposure) if s.exposure else UNKNOWN


def _of_device(fact: str, get: Callable[[Scene, Device], Value]) -> LookUp:
    """Gives the look-up of a fact of a device, which is worked out once."""

    def look_up(scene: Scene, subject: Subject) -> Value:
        if subject.device is None:
            return UNKNOWN
        device = subject.device
        return scene.once(fact, device.id, lambda: get(scene, device))

    return look_up


def _of_look(get: Callable[[Scene], Value]) -> LookUp:
    return lambda scene, _: get(scene)


LOOK_UPS: dict[str, LookUp] = {
    **{fact: _of_listener(get) for fact, get in LISTENER_FACTS.items()},
    **{fact: _of_login(get) for fact, get in LOGIN_FACTS.items()},
    **{fact: _of_trial(get) for fact, get in TRIAL_FACTS.items()},
    **{fact: _of_line(get) for fact, get in LINE_FACTS.items()},
    **{fact: _of_told(get) for fact, get in TOLD_FACTS.items()},
    **{fact: _of_device(fact, get) for fact, get in DEVICE_FACTS.items()},
    **{fact: _of_look(get) for fact, get in LOOK_FACTS.items()},
    **SECRET_FACTS,
}


def labels(rows: Iterable[Listener]) -> tuple[str, ...]:
    """Gives how people call services, each once."""
    return tuple(dict.fromkeys(row.label for row in rows))
