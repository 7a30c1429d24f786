"""The facts that rules may ask for, with their types; `judge/facts.py` gives each its value."""

from dataclasses import dataclass
from enum import StrEnum

from iotaudit.model.flows import WEAKNESSES
from iotaudit.model.observations import KINDS


class FactType(StrEnum):
    """What values a fact has."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "true or false"
    LIST = "list of texts"


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact. `choices` are its only words, () where any text may stand."""

    id: str
    type: FactType
    about: str
    choices: tuple[str, ...] = ()


STEPS = (
    "first_boot",
    "onboarding",
    "idle",
    "normal_work",
    "mapping",
    "camera_use",
    "app_use",
    "update",
    "remote_support",
    "network_loss",
    "block_foreign",
    "reset",
    "decommission",
)
"""Scenario steps: what a technician marks and a profile asks for."""

ZONES = ("EU", "EEA", "adequate", "third-country", "local", "unknown")
_T, _N, _F, _L = FactType.TEXT, FactType.NUMBER, FactType.FLAG, FactType.LIST

FACTS: tuple[FactSpec, ...] = (
    FactSpec(
        "destination.zone",
        _T,
        "legal space of the farthest address that got payload; unknown where its place is unknown or disputed",
        ZONES,
    ),
    FactSpec(
        "destination.country",
        _T,
        "ISO 3166-1 code of that address; unknown where its place is unknown or disputed",
    ),
    FactSpec(
        "destination.disputed",
        _F,
        "sources name different countries for an address that got payload",
    ),
    FactSpec(
        "destination.anycast",
        _F,
        "the address is announced from many places; unknown where an operator is unknown or may put an address anywhere",
    ),
    FactSpec(
        "destination.party",
        _T,
        "whose service it is, seen from the vendor",
        ("first", "support", "third", "infrastructure", "unknown"),
    ),
    FactSpec(
        "destination.adequacy",
        _T,
        "whether the recipient is shown to be in scope of an adequacy decision",
        ("met", "unmet", "unknown"),
    ),
    FactSpec("destination.payload_out", _N, "payload bytes that the device sent there"),
    FactSpec(
        "destination.over_threshold",
        _F,
        "payload_out is above the profile's payload_threshold (0 without a profile)",
    ),
    FactSpec("destination.closed_payload", _N, "payload bytes sent there that could not be read"),
    FactSpec(
        "destination.closed_over_threshold",
        _F,
        "closed_payload is above the profile's payload_threshold",
    ),
    FactSpec(
        "destination.data_types",
        _L,
        "data types seen going there; unknown besides those seen where payload stayed closed",
    ),
    FactSpec(
        "destination.update_download",
        _F,
        "a file named like firmware was fetched from there; unknown where flows stayed closed",
    ),
    FactSpec(
        "destination.update_in_clear",
        _F,
        "such a file came over a line that was not encrypted; unknown where a protocol is not known",
    ),
    FactSpec(
        "destination.data_types_in_clear",
        _L,
        "data types seen going there that anybody on the way could read (inferred ones are none)",
    ),
    FactSpec(
        "destination.control_in_clear",
        _F,
        "a protocol of commands or reports (MQTT, CoAP, Modbus, ...) was spoken with it unencrypted",
    ),
    FactSpec(
        "destination.accepted_untrusted",
        _F,
        "the device went on though the server could not prove its name; unknown where nobody tried",
    ),
    FactSpec(
        "destination.remote_channel",
        _F,
        "a tunnel, a protocol of remote access, or a conversation that the other side opened",
    ),
    FactSpec(
        "destination.kept_open_s",
        _N,
        "seconds that the longest conversation stayed open while it carried under 100 bytes a second",
    ),
    FactSpec(
        "destination.upload_after_mapping",
        _F,
        "over 100 kB, and 5 times the idle rate, left unreadable in a mapping run or the 10 minutes after it; unknown without both steps",
    ),
    FactSpec(
        "destination.declared",
        _F,
        "the declaration names its host, domain or operator; absent without a declaration, unknown where it lists neither",
    ),
    FactSpec(
        "destination.country_declared",
        _F,
        "all its places are among the declared ones; absent without a declaration, unknown where a place is",
    ),
    FactSpec(
        "destination.inside_promised",
        _F,
        "all declared places of storage are in the EEA; absent without a declaration",
    ),
    FactSpec(
        "destination.remote_declared",
        _F,
        "it is declared for remote access; absent without a declaration, unknown where it is silent on that",
    ),
    FactSpec(
        "destination.over_declared_volume",
        _F,
        "more than twice the declared volume went there; absent where none is declared",
    ),
    FactSpec(
        "destination.in_test_country",
        _F,
        "it lies in the country where the capture was taken; unknown without a lab position",
    ),
    FactSpec(
        "destination.answers_too_fast",
        _F,
        "the round trip excludes the claimed place; unknown: no distances are on file",
    ),
    FactSpec(
        "destination.continues_after_opt_out",
        _F,
        "sending went on at half the rate or more after the tester's switch to off; unknown without the answer `opt_out`",
    ),
    FactSpec(
        "destination.laws",
        _L,
        "ids of access laws of countries outside the EEA that reach it, by place or operator",
    ),
    FactSpec(
        "destination.laws_by_place",
        _L,
        "those that reach it by its place; unknown where the place is",
    ),
    FactSpec(
        "destination.gags",
        _L,
        "what those laws say on notice to the customer",
        ("yes", "conditional", "no", "unclear", "unknown"),
    ),
    FactSpec("operator.name", _T, "who runs the address"),
    FactSpec("operator.country", _T, "seat of the operator"),
    FactSpec("operator.in_eea", _F, "that seat is in the EU or EEA"),
    FactSpec(
        "operator.laws",
        _L,
        "ids of access laws that reach it by the seat of the operator or of the domain's owner",
    ),
    FactSpec("operator.parent", _T, "the operator's ultimate parent"),
    FactSpec("parent.country", _T, "seat of the ultimate parent"),
    FactSpec("parent.in_eea", _F, "that seat is in the EU or EEA"),
    FactSpec("parent.laws", _L, "ids of access laws that reach it by the seat of the parent"),
    FactSpec(
        "country.has_decision", _F, "an adequacy decision for the destination's country is on file"
    ),
    FactSpec(
        "country.scope_test",
        _T,
        "what that decision's scope depends on; absent without a decision",
        ("none", "recipient", "sector", "unknown"),
    ),
    FactSpec(
        "country.decision_months_left",
        _N,
        "whole months until the decision ends; absent where it has no end",
    ),
    FactSpec(
        "country.decision_challenged", _F, "the file notes a pending case against the decision"
    ),
    FactSpec("exposure.data_type", _T, "id of data-types.yaml"),
    FactSpec("exposure.sensitivity", _N, "0 (harmless) to 4 (severe)"),
    FactSpec(
        "exposure.gdpr_class",
        _T,
        "class of the data type",
        ("personal", "special", "none-by-itself"),
    ),
    FactSpec("exposure.confidence", _T, "how sure", ("proven", "detected", "inferred")),
    FactSpec(
        "exposure.channel", _T, "how it could be read", ("plaintext", "decrypted", "encrypted")
    ),
    FactSpec(
        "exposure.proven",
        _F,
        "confidence is proven; unknown where it is only detected or inferred",
    ),
    FactSpec("exposure.count", _N, "how often it was seen"),
    FactSpec(
        "exposure.after_reset",
        _F,
        "the same value was sent before and after a reset; unknown unless the answers say that nobody entered it again",
    ),
    FactSpec(
        "exposure.replayed",
        _F,
        "an equal message was sent twice without counter, nonce or time; unknown: no stage compares messages",
    ),
    FactSpec(
        "exposure.declared",
        _F,
        "the declaration names the data type; absent without a declaration",
    ),
    FactSpec(
        "exposure.needed",
        _F,
        "the profile expects the data type of this kind of device; unknown without a profile that lists any",
    ),
    FactSpec(
        "exposure.before_terms",
        _F,
        "it was sent before the tester accepted terms; unknown without the answer `terms_accepted`",
    ),
    FactSpec(
        "flow.direction", _T, "seen from the device", ("outbound", "inbound", "local", "multicast")
    ),
    FactSpec("flow.protocol", _T, "tcp, udp, ..."),
    FactSpec("flow.application", _T, "protocol id of the content"),
    FactSpec("flow.server_port", _N, "port of the server"),
    FactSpec(
        "flow.encryption",
        _T,
        "how the payload was protected; unknown where nobody could look",
        ("encrypted", "plaintext", "opaque", "none", "unknown"),
    ),
    FactSpec("flow.device_sent", _N, "payload bytes that the device sent"),
    FactSpec(
        "tls.weak",
        _L,
        "what is weak in the handshake; unknown besides what was seen where suite or certificate was not in the clear",
        WEAKNESSES,
    ),
    FactSpec(
        "tls.weak_session",
        _L,
        "what is weak in the version and suite that were agreed on; unknown besides what was seen without the server's hello",
        WEAKNESSES,
    ),
    FactSpec(
        "tls.self_signed",
        _F,
        "the server's certificate names itself as its issuer; unknown where none was seen",
    ),
    FactSpec(
        "tls.expired",
        _F,
        "the server's certificate had run out when it was shown; unknown where none was seen",
    ),
    FactSpec(
        "resolver.configured",
        _F,
        "the network gave the device this name server; unknown without DHCP or router advertisement",
    ),
    FactSpec("resolver.zone", _T, "legal space of the name server", ZONES),
    FactSpec("value.data_types", _L, "data types that the value was seen as"),
    FactSpec(
        "value.domains",
        _N,
        "registrable domains (addresses where there is no name) outside that it reached",
    ),
    FactSpec(
        "value.operators", _N, "different operators behind them; unknown where too few are known"
    ),
    FactSpec(
        "service.countries",
        _N,
        "countries by place, operator or parent; unknown where too little is known",
    ),
    FactSpec("told.protocol", _T, "where it was told: mdns, ssdp, http, ..."),
    FactSpec(
        "told.before_login",
        _F,
        "it was told to everybody on the network, before any log-in; unknown of what one host was told",
    ),
    FactSpec("secret.data_type", _T, "which credential it is: id of data-types.yaml"),
    FactSpec(
        "secret.shared",
        _F,
        "two units showed it; unknown where two devices did and the answers do not say that they are units of one model",
    ),
    FactSpec(
        "secret.factory_made",
        _F,
        "it is in a list of defaults or follows from the label; unknown: values are not handed to rules",
    ),
    FactSpec("listener.protocol", _T, "tcp or udp"),
    FactSpec("listener.port", _N, "its port; unknown where only a name was announced"),
    FactSpec(
        "listener.kind",
        _T,
        "protocol id of its content, else what is usual at its port (telnet, ftp, tftp, adb, vnc, rdp, ssh)",
    ),
    FactSpec("listener.answered", _F, "somebody spoke with it, or a test found it open"),
    FactSpec("listener.announced", _F, "it was announced by multicast DNS and not seen to answer"),
    FactSpec(
        "listener.protection",
        _L,
        "how its payload was protected; unknown where it carried none",
        ("encrypted", "plaintext", "opaque", "none"),
    ),
    FactSpec("listener.gave_data", _F, "it gave readable data; unknown where its answers could not be read"),
    FactSpec(
        "listener.asked_login",
        _F,
        "it asked for a log-in or got one; unknown where its answers could not be read",
    ),
    FactSpec("listener.from_outside", _F, "a host outside spoke with it"),
    FactSpec(
        "listener.declared",
        _F,
        "the declaration lists its port; absent where none lists ports, unknown where its port is",
    ),
    FactSpec("listener.steps", _L, "the marked steps in which it was spoken with", STEPS),
    FactSpec("login.kind", _T, "protocol of the log-in"),
    FactSpec(
        "login.readable",
        _F,
        "name or secret were read; unknown where a protocol of typed log-ins was spoken and none was seen",
    ),
    FactSpec("trial.kind", _T, "which test it was", tuple(KINDS)),
    FactSpec(
        "trial.result",
        _T,
        "its result; unknown where a proxy read the content and nobody said whose certificate it showed",
        (*dict.fromkeys(word for words in KINDS.values() for word in words), "unknown"),
    ),
    FactSpec(
        "line.kind",
        _T,
        "what is declared",
        ("country", "data_type", "destination", "operator", "other", "port", "remote_access", "update_host", "volume"),
    ),
    FactSpec(
        "line.state",
        _T,
        "how it compares",
        ("seen_and_declared", "seen_not_declared", "declared_not_seen", "contradicted"),
    ),
    FactSpec("line.seen", _F, "it was seen; unknown where the place is or payload stayed closed"),
    FactSpec(
        "device.asked_for_updates",
        _F,
        "it spoke with a declared update host, or one whose name or path says update, firmware or OTA",
    ),
    FactSpec(
        "device.lost_functions",
        _L,
        "functions that stopped without the network or a remote host; unknown besides those noted",
    ),
    FactSpec(
        "device.online_without_network",
        _F,
        "it stayed online while its network was cut; unknown where nobody looked",
    ),
    FactSpec(
        "device.other_links",
        _L,
        "links that the capture does not see (cellular, bluetooth); unknown besides those noted",
    ),
    FactSpec(
        "device.changed_from_afar",
        _F,
        "a conversation from outside began within 10 s before a change that nobody on site made; unknown without answers",
    ),
    FactSpec("device.tries_in_minute", _N, "most conversations that it began in a minute by the clock"),
    FactSpec("device.multicast_per_s", _N, "packets a second that it sent to groups, over the whole look"),
    FactSpec(
        "device.multicast_over_limit",
        _F,
        "that is above the profile's max_multicast_per_s; absent without such a limit",
    ),
    FactSpec("device.hosts_in_10min", _N, "most inside hosts that it contacted within 10 minutes"),
    FactSpec("device.ports_in_10min", _N, "most ports of inside hosts that it contacted within 10 minutes"),
    FactSpec("device.services", _N, "services that it offers; there may be more than were seen"),
    FactSpec(
        "device.services_over_limit",
        _F,
        "they are more than the profile's max_services; unknown without such a limit",
    ),
    FactSpec(
        "device.port_mapping",
        _F,
        "it asked a router for a way in (NAT-PMP, PCP); unknown where it posted to a UPnP control path",
    ),
    FactSpec(
        "device.unprotected_services",
        _L,
        "services that gave data and never asked for a log-in; unknown besides those where answers could not be read",
    ),
    FactSpec("device.shared_secret", _F, "one of its secrets is shared by two units; see secret.shared"),
    FactSpec(
        "device.known_flaws",
        _F,
        "a version that it announces has exploitable flaws on file; unknown: no such file",
    ),
    FactSpec("device.destinations", _N, "destinations outside that it sent payload to"),
    FactSpec("device.operators", _N, "different operators or parents behind them; unknown where one is"),
    FactSpec(
        "device.data_types",
        _L,
        "data types that it was seen sending, inside and outside; unknown besides those where payload stayed closed",
    ),
    FactSpec("look.duration_s", _N, "seconds that the inputs cover"),
    FactSpec("look.steps", _L, "steps that were marked"),
    FactSpec("look.whole", _F, "nothing was unread"),
    FactSpec("look.declaration", _F, "the vendor's declaration was given"),
    FactSpec("look.below_plan", _F, "the profile asks for more time or steps; absent without a profile"),
)

FACTS_BY_ID = {spec.id: spec for spec in FACTS}
