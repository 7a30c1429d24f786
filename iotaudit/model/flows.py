"""Flows, and what was read in them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from iotaudit.model.quick import quick

Column = Any
"""A numpy array, one element per row (numpy is not imported here: `--help` must start fast)."""


class Direction(StrEnum):
    """Seen from the device."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    LOCAL = "local"
    MULTICAST = "multicast"


class EncryptionState(StrEnum):
    """`opaque`: cannot be read, but nothing proves encryption. `none`: no payload at all."""

    ENCRYPTED = "encrypted"
    PLAINTEXT = "plaintext"
    OPAQUE = "opaque"
    NONE = "none"


@quick
@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a conversation: RFC 5952 address and port (0 where the protocol has none)."""

    ip: str
    port: int


@quick
@dataclass(frozen=True, slots=True)
class FlowName:
    """A name of the flow's server. `source` as in the contract, e.g. sni, dns, http_host."""

    name: str
    source: str
    packet: int


@quick
@dataclass(frozen=True, slots=True)
class Encryption:
    """How the payload was protected, as far as seen. `reason` says why the state was chosen.

    `opened`: the line was encrypted and its content was read all the same (by a proxy, by keys). `pinned`: the
    client refused a certificate that was not its own server's, so a proxy could not read.
    """

    state: EncryptionState = EncryptionState.NONE
    protocol: str | None = None
    version: str | None = None
    cipher: str | None = None
    reason: str | None = None
    opened: bool = False
    pinned: bool = False


WEAKNESSES = (
    "anonymous_suite",
    "des_suite",
    "expired",
    "export_suite",
    "name_mismatch",
    "no_forward_secrecy",
    "not_yet_valid",
    "null_suite",
    "old_version",
    "rc4_suite",
    "short_key",
    "weak_signature",
)
"""What can be weak in a handshake, by the ids of docs/protocols/tls.md."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The leaf certificate that the server showed (times: ns since the epoch, UTC).

    `validity`: valid, not_yet or expired at the time of its packet. `key_bits` is the size of the modulus or field,
    `signature_hash` as in the signature's name; None where it cannot be read or there is none. `chain` are the
    issuers' common names of all certificates as they were sent, the leaf's first; `in_order`: each is signed in the
    name of the next.
    """

    subject_cn: str | None
    subject_o: str | None
    issuer_cn: str | None
    sans: tuple[str, ...]
    not_before_ns: int
    not_after_ns: int
    self_signed: bool
    packet: int
    validity: str | None = None
    key_kind: str | None = None
    key_bits: int | None = None
    signature_hash: str | None = None
    chain: tuple[str | None, ...] = ()
    in_order: bool = True


@quick
@dataclass(frozen=True, slots=True)
class Tls:
    """What the handshake showed. `ech`: the hello offered Encrypted Client Hello (outer name only).

    `retry`: the server asked for a second hello. `resumed`: it took up an earlier session or a shared key, None where
    its hello was not seen. `weak` are ids of docs/protocols/tls.md: what was seen in the clear and is weak.
    """

    sni: str | None
    alpn: tuple[str, ...]
    version: str | None
    cipher: str | None
    ja4: str | None
    ech: bool
    certificate: Certificate | None
    retry: bool = False
    resumed: bool | None = None
    weak: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class HttpExchange:
    """One request, with the status of its answer where seen."""

    method: str
    host: str | None
    uri: str
    user_agent: str | None
    status: int | None
    packet: int


@dataclass(frozen=True, slots=True)
class Mqtt:
    """What an MQTT session showed in the clear (a password is never here, only that one was sent)."""

    client_id: str | None
    username: str | None
    password_sent: bool
    topics: tuple[str, ...]
    version: str | None


@quick
@dataclass(frozen=True, slots=True)
class FlowSummary:
    """All that dissection gives for one flow. `application` is the protocol id (dns, tls, http, mqtt, ...)."""

    application: str | None = None
    encryption: Encryption = Encryption()
    names: tuple[FlowName, ...] = ()
    tls: Tls | None = None
    http: tuple[HttpExchange, ...] = ()
    mqtt: Mqtt | None = None
    first_payload_packet: int | None = None


NO_SUMMARY = FlowSummary()
"""Of a flow in which nothing was read."""


@dataclass(frozen=True, slots=True)
class FlowTable:
    """One row per conversation, in order of first packet; columns are numpy arrays of n rows.

    protocol (uint8, IP protocol number) · ip_version (uint8) · client_hi client_lo server_hi server_lo (uint64)
    · client_port server_port (uint16) · packets_out bytes_out payload_out packets_in bytes_in payload_in (int64)
    · first_ns last_ns (int64) · first_packet (int64 packet id) · first_payload_out (int64 packet id of the first
    packet with payload from the client, -1 none) · first_payload_in · rtt_min_ns (int64, -1 none)
    · client_mac server_mac (uint64, 0 unknown) · layer (uint8, 0 = outermost, 1 = inside one tunnel)
    · by_syn (bool: the client is known from a SYN).
    """

    protocol: Column
    ip_version: Column
    client_hi: Column
    client_lo: Column
    server_hi: Column
    server_lo: Column
    client_port: Column
    server_port: Column
    packets_out: Column
    bytes_out: Column
    payload_out: Column
    packets_in: Column
    bytes_in: Column
    payload_in: Column
    first_ns: Column
    last_ns: Column
    first_packet: Column
    first_payload_out: Column
    first_payload_in: Column
    rtt_min_ns: Column
    client_mac: Column
    server_mac: Column
    layer: Column
    by_syn: Column


@quick
@dataclass(frozen=True, slots=True)
class Flow:
    """One conversation as it is judged and written. `number` is the row of the FlowTable (events cite it).

    Sizes are bytes, times ns since the epoch; `out` is client to server. `device_sent` is the payload that the
    audited device sent (out where it is the client, in where it is the server). `reached` is the server that a proxy's
    log names where the packets go to the proxy: the place of the data is there.
    """

    id: str
    number: int
    device: str | None
    direction: Direction
    protocol: str
    client: Endpoint
    server: Endpoint
    application: str | None
    packets_out: int
    bytes_out: int
    packets_in: int
    bytes_in: int
    payload_out: int
    payload_in: int
    first_ns: int
    last_ns: int
    first_packet: int
    rtt_min_ns: int | None
    names: tuple[FlowName, ...]
    encryption: Encryption
    tls: Tls | None = None
    http: tuple[HttpExchange, ...] = ()
    mqtt: Mqtt | None = None
    destination: str | None = None
    device_sent: int = 0
    first_device_payload_packet: int | None = None
    layer: int = 0
    tags: tuple[str, ...] = field(default=())
    reached: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class HostSeen:
    """A source address with the link address that it was seen behind. `source`: frame, arp, ndp."""

    mac: int
    ip: str
    packets: int
    first_packet: int
    source: str
