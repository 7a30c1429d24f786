"""What a rule looks at one by one: the subjects of each scope, in the order of the facts."""

from collections import defaultdict

from iotaudit.judge import local_facts
from iotaudit.judge.facts import domain_of
from iotaudit.judge.scene import Scene
from iotaudit.judge.subject import Resolver, Subject
from iotaudit.model.exposures import Channel, Exposure


def subjects_of(scope: str, scene: Scene) -> tuple[Subject, ...]:
    """Gives the subjects of a scope, worked out once; only what concerns audited devices and leads outside."""
    if scope not in scene.subjects:
        scene.subjects[scope] = _subjects(scope, scene)
    found: tuple[Subject, ...] = scene.subjects[scope]
    return found


def _subjects(scope: str, scene: Scene) -> tuple[Subject, ...]:
    match scope:
        case "destination":
            return tuple(Subject(scope, destination=d) for d in scene.outside)
        case "exposure":
            return tuple(
                Subject(scope, destination=scene.destinations[e.destination], exposure=e)
                for e in _exposures(scene)
            )
        case "flow":
            return tuple(
                Subject(scope, destination=scene.destinations[flow.destination], flow=flow)
                for flow in scene.flows
                if flow.destination is not None and flow.destination in scene.destinations
            )
        case "resolver":
            return _resolvers(scene)
        case "value":
            return _values(scene)
        case "service":
            return _services(scene)
        case _:
            return _of_devices(scope, scene)


def _of_devices(scope: str, scene: Scene) -> tuple[Subject, ...]:
    """Gives the subjects of a scope that does not look outside."""
    match scope:
        case "announcement":
            rows = local_facts.announcements(scene)
            return tuple(Subject(scope, scene.destinations[e.destination], e) for e in rows)
        case "secret":
            return tuple(
                Subject(
                    scope,
                    exposure=rows[0],
                    exposures=tuple(rows),
                    destinations=tuple(scene.destinations[i] for i in dict.fromkeys(e.destination for e in rows)),
                )
                for rows in local_facts.secrets(scene).values()
            )
        case "listener":
            devices = {device.id: device for device in scene.facts.devices}
            found = local_facts.listeners(scene)
            return tuple(Subject(scope, device=devices.get(row.device), item=row) for row in found)
        case "login":
            logins = local_facts.logins(scene)
            return tuple(Subject(scope, scene.destinations.get(row.destination), item=row) for row in logins)
        case "trial":
            return tuple(Subject(scope, item=row) for row in local_facts.trials(scene))
        case "line":
            return tuple(Subject(scope, item=row) for row in scene.lines)
        case "device":
            return tuple(Subject(scope, device=device) for device in scene.facts.devices)
        case "look":
            return (Subject(scope),)
        case _:
            raise KeyError(scope)


def _exposures(scene: Scene) -> list[Exposure]:
    """Gives the exposures at destinations outside that got payload of an audited device.

    What is inferred from the rhythm of closed traffic was not seen: rules count it as closed payload alone.
    """
    return [
        e
        for e in scene.facts.exposures
        if e.destination in scene.flows_of and e.channel is not Channel.ENCRYPTED
    ]


def _resolvers(scene: Scene) -> tuple[Subject, ...]:
    """Gives the name servers that devices asked by plain DNS, with what is known of each."""
    zones = dict(scene.facts.local_resolvers)
    told: dict[str, list[bool | None]] = defaultdict(list)
    packets: dict[str, list[int]] = defaultdict(list)
    for answer, configured in scene.facts.dns_rows:
        if answer.protocol == "dns" and answer.resolver:
            told[answer.resolver].append(configured)
            packets[answer.resolver].append(answer.packet)
    by_ip = {ip: d for d in scene.facts.destinations for ip in d.ips}
    found = []
    for ip in sorted(told):
        known = {flag for flag in told[ip] if flag is not None}
        configured = known.pop() if len(known) == 1 and None not in told[ip] else None
        first = tuple(sorted(set(packets[ip]))[:1])
        row = Resolver(ip, zones.get(ip, "unknown"), configured, first)
        found.append(Subject("resolver", destination=by_ip.get(ip), resolver=row))
    return tuple(found)


def _values(scene: Scene) -> tuple[Subject, ...]:
    groups: dict[str, list[Exposure]] = defaultdict(list)
    for exposure in _exposures(scene):
        if exposure.value_group:
            groups[exposure.value_group].append(exposure)
    found = []
    for key in sorted(groups):
        rows = tuple(groups[key])
        ids = dict.fromkeys(e.destination for e in rows)
        destinations = tuple(scene.destinations[i] for i in ids)
        if len(rows) > 1:
            found.append(
                Subject("value", exposure=rows[0], exposures=rows, destinations=destinations)
            )
    return tuple(found)


def _services(scene: Scene) -> tuple[Subject, ...]:
    groups: dict[str, list[str]] = defaultdict(list)
    for destination in scene.outside:
        groups[domain_of(destination)].append(destination.id)
    return tuple(
        Subject(
            "service",
            destination=scene.destinations[groups[key][0]],
            destinations=tuple(scene.destinations[i] for i in groups[key]),
        )
        for key in sorted(groups)
    )
