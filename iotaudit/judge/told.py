"""The words of messages about devices, services, log-ins, tests and declarations."""

from iotaudit.judge import local_facts, notes, words
from iotaudit.judge.conditions import AtLeast, Value
from iotaudit.judge.inside import Listener, Login
from iotaudit.judge.promises import places_declared
from iotaudit.judge.scene import Scene
from iotaudit.judge.subject import Subject
from iotaudit.model.declared import DeclaredRow, Told
from iotaudit.model.devices import Device
from iotaudit.model.exposures import Channel
from iotaudit.model.flows import Flow
from iotaudit.model.observations import Observation

CHANNELS = {
    Channel.PLAINTEXT: "unencrypted",
    Channel.DECRYPTED: "after decryption in the test",
    Channel.ENCRYPTED: "inferred from closed traffic",
}


def told_words(subject: Subject, scene: Scene) -> dict[str, str]:
    """Gives the words that a subject fills in, besides those of its destination."""
    found: dict[str, str] = {}
    if subject.flow is not None:
        found |= _of_flow(subject.flow)
    if subject.exposure is not None:
        found |= {"channel": CHANNELS[subject.exposure.channel], "protocol": subject.exposure.where.partition(".")[0]}
        found |= {"seconds": notes.seconds_before_terms(scene, subject.exposure)}
    if subject.destination is not None and subject.exposure is None:
        hours = notes.kept_open_ns(scene.flows_of.get(subject.destination.id, ())) / 3_600_000_000_000
        found |= {"hours": f"{hours:.1f}", "declared": _countries(scene)}
    if subject.device is not None:
        found |= _of_device(subject.device, scene)
    match subject.item:
        case Listener() as row:
            found |= {"service": row.label, "protocol": row.kind or row.protocol, "peer": words.listed(row.peers, 3) or "a test"}
        case Login() as row:
            found |= {"protocol": row.kind}
            if subject.destination is None:
                found |= {"destination": "its peer"}
        case Observation() as row:
            found |= {"kind": row.kind.replace("_", " "), "target": row.target or "", "result": row.result.replace("_", " ")}
        case DeclaredRow() as row:
            found |= {"item": row.item, "declared": _text(row.declared), "seen": _text(row.observed)}
    if subject.scope in ("device", "line", "look"):
        found |= _of_look(scene)
    return found


def _of_flow(flow: Flow) -> dict[str, str]:
    tls = flow.tls
    return {
        "version": (tls.version if tls else None) or flow.encryption.version or "",
        "cipher": (tls.cipher if tls else None) or flow.encryption.cipher or "",
        "weakness": words.listed(weak.replace("_", " ") for weak in (tls.weak if tls else ())),
        "protocol": flow.application or flow.protocol,
    }


def _countries(scene: Scene) -> str:
    told = scene.facts.declaration
    return words.listed(_place(code) for code in places_declared(told)) if told else ""


def _place(code: str) -> str:
    return f"the {code}" if code in ("EU", "EEA") else words.country(code)


def _text(value: Told) -> str:
    if isinstance(value, tuple):
        return words.listed(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _listed(value: Value) -> str:
    inner = value.value if isinstance(value, AtLeast) else value
    return words.listed(inner) if isinstance(inner, tuple) else ""


def _of_device(device: Device, scene: Scene) -> dict[str, str]:
    hosts, ports = scene.inside.most_contacts(device.id)
    rows = (row for row in local_facts.listeners(scene) if row.device == device.id)
    mapped = device.id in scene.inside.mapped
    return {
        "n": str(len(local_facts.reached(scene, device.id))),
        "device": device.hostname or next(iter(device.ips), device.id),
        "functions": _listed(notes.lost_functions(scene)) or "none noted",
        "cut": words.listed(notes.cut_from(scene)) or "the network",
        "links": _listed(notes.other_links(scene)) or "nothing",
        "tries": f"{scene.inside.most_tries(device.id):,}",
        "multicast": f"{local_facts.multicast_per_s(scene, device.id):g}",
        "hosts": str(hosts),
        "ports": str(ports),
        "services": words.listed(local_facts.labels(rows)) or "none",
        "mapping": "yes" if mapped else "perhaps" if device.id in scene.inside.may_map else "no",
    }


def _of_look(scene: Scene) -> dict[str, str]:
    coverage = scene.coverage
    parts = []
    if coverage.required_duration_s:
        parts.append(words.span(coverage.required_duration_s))
    if coverage.required_steps:
        parts.append(words.listed(step.replace("_", " ") for step in coverage.required_steps))
    return {
        "duration": words.span(coverage.duration_s),
        "scenarios": words.listed(step.replace("_", " ") for step in coverage.scenarios) or "no marked step",
        "required": ", ".join(parts),
    }
