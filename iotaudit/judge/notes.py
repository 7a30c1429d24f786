"""Facts that rest on what was noted beside the traffic: the technician's answers, active tests, marked steps.

What nobody noted is unknown. Conversations tell when they began and ended and not what they carried in between, so one
that reaches over the moment in question leaves the fact unknown.
"""

from collections.abc import Callable

from iotaudit.judge.conditions import AtLeast, Value
from iotaudit.judge.hosts import network_text
from iotaudit.judge.scene import Scene
from iotaudit.judge.subject import UNKNOWN
from iotaudit.model.destinations import Destination
from iotaudit.model.exposures import Exposure
from iotaudit.model.flows import EncryptionState, Flow
from iotaudit.model.observations import ANSWER, NO, YES, Observation
from iotaudit.model.packets import input_of

NS = 1_000_000_000
GRACE_NS = 60 * NS
"""What was under way when a switch was set may still end."""
LIKE_SHARE = 0.5
"""Bytes per second after a switch, as a share of those before it, from which sending is like before."""
AFTER_MAPPING_NS = 600 * NS
UPLOAD_LEN = 100_000
TIMES_IDLE = 5
"""The bounds of rule pb-011."""
CAUSE_NS = 10 * NS
KEPT_OPEN_NS = 3600 * NS
IDLE_PER_S = 100
"""Payload bytes per second, both ways, below which a conversation counts as waiting.
Reasoning: keep-alives of MQTT, XMPP and tunnels are tens of bytes each half minute or so."""


def answers(scene: Scene, question: str) -> tuple[Observation, ...]:
    """Gives what the technician answered to a question, in the order of time."""
    return tuple(
        row for row in scene.facts.observations if row.kind == ANSWER and row.target == question
    )


def has_answers(scene: Scene) -> bool:
    """Says whether the technician wrote anything down."""
    return any(row.kind == ANSWER for row in scene.facts.observations)


def said(scene: Scene, question: str) -> Value:
    """Gives a yes or no; unknown where it was not asked or answered otherwise."""
    words = {row.result.strip().lower() for row in answers(scene, question)}
    if words & YES:
        return True
    return False if words & NO else UNKNOWN


def _moment(scene: Scene, question: str) -> int | None:
    times = [row.time_ns for row in answers(scene, question) if row.time_ns is not None]
    return min(times) if times else None


def continues(scene: Scene, destination: Destination) -> Value:
    """Says whether sending to a destination went on, much as before, after the switch to off."""
    moment = _moment(scene, "opt_out")
    if moment is None:
        return UNKNOWN
    flows = scene.flows_of.get(destination.id, ())
    after = [f for f in flows if f.first_ns > moment + GRACE_NS]
    across = any(f.first_ns <= moment + GRACE_NS < f.last_ns for f in flows)
    if not after:
        return UNKNOWN if across else False
    before = [f for f in flows if f.last_ns <= moment]
    begin, end = _span(scene)
    if not before or moment <= begin or end <= moment:
        return UNKNOWN
    rate_before = sum(f.device_sent for f in before) / (moment - begin)
    rate_after = sum(f.device_sent for f in after) / (end - moment)
    return True if rate_after >= LIKE_SHARE * rate_before else UNKNOWN


def _span(scene: Scene) -> tuple[int, int]:
    times = [(i.first_ns, i.last_ns) for i in scene.facts.inputs if i.first_ns >= 0]
    return (min(t[0] for t in times), max(t[1] for t in times)) if times else (0, 0)


def before_terms(scene: Scene, exposure: Exposure) -> Value:
    """Says whether a value was sent before the tester accepted terms."""
    moment = _moment(scene, "terms_accepted")
    by_id = scene.flow_by_id if moment is not None else {}
    flows = [by_id[ident] for ident in exposure.flows if ident in by_id]
    if moment is None or not flows:
        return UNKNOWN
    if any(flow.last_ns < moment for flow in flows):
        return True
    return False if all(flow.first_ns > moment for flow in flows) else UNKNOWN


def seconds_before_terms(scene: Scene, exposure: Exposure) -> str:
    """Gives how long before terms were accepted a value was sent at the latest, "" where nobody knows."""
    moment = _moment(scene, "terms_accepted")
    by_id = scene.flow_by_id if moment is not None else {}
    early = [by_id[i].last_ns for i in exposure.flows if i in by_id and by_id[i].last_ns < (moment or 0)]
    return str(((moment or 0) - min(early)) // NS) if early else ""


def after_reset(scene: Scene, exposure: Exposure) -> Value:
    """Says whether a value was sent before a reset and again after it, though nobody had entered it again."""
    resets = [mark.packet for mark in scene.facts.marks if mark.step == "reset" and mark.packet is not None]
    again = False
    for packet in resets:
        seen = [p for p in exposure.packets if input_of(p) == input_of(packet)]
        if seen and min(seen) < packet:
            if max(seen) >= packet:
                again = True
            elif exposure.count > len(exposure.packets):
                return UNKNOWN
    if again:
        return True if said(scene, "new_account_after_reset") is True else UNKNOWN
    return False if resets else UNKNOWN


def upload_after_mapping(scene: Scene, destination: Destination) -> Value:
    """Says whether much more than when idle was sent, unreadable, in a mapping run and the ten minutes after it."""
    _, end = _span(scene)
    idle = [(s.start_ns, s.end_ns or end) for s in scene.steps if s.name == "idle"]
    runs = [(s.start_ns, (s.end_ns or end) + AFTER_MAPPING_NS) for s in scene.steps if s.name == "mapping"]
    idle_ns = sum(b - a for a, b in idle)
    if not idle_ns or not runs:
        return UNKNOWN
    flows = [
        f
        for f in scene.flows_of.get(destination.id, ())
        if not f.encryption.opened and f.encryption.state in (EncryptionState.ENCRYPTED, EncryptionState.OPAQUE)
    ]
    idle_rate = sum(f.device_sent for f in flows if any(a <= f.first_ns < b for a, b in idle)) / idle_ns
    doubt = False
    for a, b in runs:
        sent = sum(f.device_sent for f in flows if a <= f.first_ns < b and f.last_ns <= b)
        if sent > UPLOAD_LEN and sent / (b - a) >= TIMES_IDLE * idle_rate:
            return True
        across = (f for f in flows if f.first_ns < b and f.last_ns > a and not (a <= f.first_ns and f.last_ns <= b))
        doubt |= sent + sum(f.device_sent for f in across) > UPLOAD_LEN
    return UNKNOWN if doubt else False


def kept_open_s(scene: Scene, destination: Destination) -> Value:
    """Gives for how many seconds the longest conversation that mostly waited stayed open, 0 where none did."""
    return kept_open_ns(scene.flows_of.get(destination.id, ())) // NS


def kept_open_ns(flows: tuple[Flow, ...]) -> int:
    """Gives how long the longest of some conversations that mostly waited stayed open (ns)."""
    spans = (
        f.last_ns - f.first_ns
        for f in flows
        if (f.payload_out + f.payload_in) * NS <= IDLE_PER_S * (f.last_ns - f.first_ns)
    )
    return max(spans, default=0)


def accepted_untrusted(scene: Scene, destination: Destination) -> Value:
    """Says whether the device went on although a server could not prove its name; unknown where nobody tried."""
    results = {
        row.result
        for row in scene.facts.observations
        if row.kind == "certificate_acceptance" and names(row.target, destination)
    }
    if "accepted" in results:
        return True
    if "refused" in results:
        return False
    flows = scene.flows_of.get(destination.id, ())
    closed = any(f.tls is not None or f.encryption.state is not EncryptionState.PLAINTEXT for f in flows)
    return UNKNOWN if closed else False


def names(target: str | None, destination: Destination) -> bool:
    """Says whether a test's target (a host, with or without a port) is a destination."""
    if not target:
        return False
    host = target.strip().lower()
    if network_text(host) is None and host.rpartition(":")[2].isdigit():
        host = host.rpartition(":")[0].strip("[]")
    return host == destination.name or host in destination.ips


def lost_functions(scene: Scene) -> Value:
    """Gives the functions that stopped without the network or a remote host."""
    rows = answers(scene, "function_lost")
    cuts = [r for r in scene.facts.observations if r.kind in ("cut_off", "dns_withheld")]
    named = [r.result for r in rows if r.result.strip().lower() not in NO and r.result]
    named += [r.evidence or "a function" for r in cuts if r.result == "function_lost"]
    found = tuple(dict.fromkeys(named))
    told = bool(rows) or any(r.result in ("works", "function_lost") for r in cuts)
    return found if told else AtLeast(())


def cut_from(scene: Scene) -> tuple[str, ...]:
    """Gives what the device was cut off from where a function stopped."""
    cuts = (r for r in scene.facts.observations if r.kind in ("cut_off", "dns_withheld"))
    return tuple(dict.fromkeys(r.target for r in cuts if r.result == "function_lost" and r.target))


def other_links(scene: Scene) -> Value:
    """Gives the links that the capture does not see, as the technician found them."""
    rows = answers(scene, "other_links")
    named = [part.strip().lower() for row in rows for part in row.result.split(",")]
    found = tuple(dict.fromkeys(part for part in named if part and part not in NO))
    return found if rows else AtLeast(())


def online_without_network(scene: Scene) -> Value:
    """Says whether the device stayed online while its network was cut."""
    cuts = [r.result for r in scene.facts.observations if r.kind == "cut_off"]
    if "online" in cuts:
        return True
    told = said(scene, "online_without_network")
    return False if told is UNKNOWN and cuts else told


def changed_from_afar(scene: Scene, device: str) -> Value:
    """Says whether somebody outside opened a conversation in the ten seconds before a change that nobody on site made."""
    if not has_answers(scene):
        return UNKNOWN
    times = [row.time_ns for row in answers(scene, "changed_by_itself")]
    came = scene.inside.came_at.get(device, ())
    known = [time for time in times if time is not None]
    if any(time - CAUSE_NS <= begin <= time for time in known for begin, _ in came):
        return True
    return UNKNOWN if times else False


NOTED_FACTS: dict[str, Callable[[Scene, Destination], Value]] = {
    "destination.continues_after_opt_out": continues,
    "destination.upload_after_mapping": upload_after_mapping,
    "destination.kept_open_s": kept_open_s,
    "destination.accepted_untrusted": accepted_untrusted,
}
