"""The types that hold payload: `capture`, `assemble`, `dissect`, `detect` and `pipeline` alone may import this."""

from dataclasses import dataclass

from iotaudit.model.flows import Column
from iotaudit.model.quick import quick


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Frames of one block of one input, as columns of n rows; nothing is parsed but the container.

    number: (n,) int64, packet ids (`model.packets`) · time_ns: (n,) int64, ns since the epoch UTC, -1 where the
    container has no time (SPB) · interface: (n,) int32 · link_type: (n,) int32, LINKTYPE_ values of
    https://www.tcpdump.org/linktypes.html · wire_len: (n,) int64, original length without FCS where the container
    says that one is there · captured_len: (n,) int64 · frame_at: (n,) int64, offset of the frame in `buffer`
    · buffer: (m,) uint8 array, followed by at least 256 bytes of padding that belong to no frame. The buffer is
    only valid until the next batch is asked for: copy what is to be kept.
    """

    input: int
    number: Column
    time_ns: Column
    interface: Column
    link_type: Column
    wire_len: Column
    captured_len: Column
    frame_at: Column
    buffer: Column


@dataclass(frozen=True, slots=True)
class PacketTable:
    """One row per network-layer packet: a frame with a tunnel gives one row per IP layer, outermost first.

    number, time_ns, wire_len, captured_len, frame_at as in FrameBatch (per row, so repeated for inner layers)
    · layer uint8 (0 outermost) · ip_version uint8 · protocol uint8 · src_hi src_lo dst_hi dst_lo uint64 (IPv4 in the
    low 32 bits) · src_port dst_port uint16 · tcp_flags uint8 · tcp_seq tcp_ack uint32 · payload_at int64 (offset in
    buffer) · payload_len int64 (transport payload as the IP header says) · payload_captured int64 (of these, in the
    buffer) · src_mac dst_mac uint64 (0 none) · frag uint8 (0 whole, 1 first fragment, 2 later fragment, or a first one
    whose ports cannot be read) · frag_id uint32 · frag_at int64 (offset in the datagram) · frag_more bool · flow int64 (-1 until assembled) · buffer.
    """

    number: Column
    time_ns: Column
    wire_len: Column
    captured_len: Column
    frame_at: Column
    layer: Column
    ip_version: Column
    protocol: Column
    src_hi: Column
    src_lo: Column
    dst_hi: Column
    dst_lo: Column
    src_port: Column
    dst_port: Column
    tcp_flags: Column
    tcp_seq: Column
    tcp_ack: Column
    payload_at: Column
    payload_len: Column
    payload_captured: Column
    src_mac: Column
    dst_mac: Column
    frag: Column
    frag_id: Column
    frag_at: Column
    frag_more: Column
    flow: Column
    buffer: Column


@dataclass(frozen=True, slots=True)
class ArpTable:
    """One row per ARP packet with a sender: number int64 (packet id) · mac uint64 · ip uint64 (IPv4)."""

    number: Column
    mac: Column
    ip: Column


@quick
@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of one direction of a flow, in stream order (TCP) or one datagram (everything else).

    `offset` is the position in the direction's stream (TCP, from the first byte seen; datagrams: running sum).
    `gap_len` > 0 says that so many bytes are missing here; then `data` is empty. `truncated_len` is the number of
    bytes that the datagram had beyond `data` (snap length).
    """

    flow: int
    outbound: bool
    packet: int
    time_ns: int
    offset: int
    data: bytes
    gap_len: int = 0
    truncated_len: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Content:
    """A readable string that a party sent: what detectors search.

    `where` is a dotted path ("http.uri", "http.header.cookie", "http.body", "mqtt.payload", "dns.name"),
    `channel` plaintext or decrypted, `outbound` as in Segment, `encoding` the declared content coding
    ("gzip"), `media_type` the declared type, `key` the name that the protocol gives the value (a header's name,
    the MQTT topic), "" where none. `truncated` says that bytes of it are missing.
    """

    flow: int
    packet: int
    time_ns: int
    outbound: bool
    where: str
    channel: str
    data: bytes
    encoding: str = ""
    media_type: str = ""
    key: str = ""
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and answer of a web log (HAR, mitmproxy), with no packets: `number` is the 1-based entry.

    Addresses are RFC 5952 text or None where the log has none; lengths are bytes as the log states them.
    `proxy_ip` and `proxy_port` are the end of the client's connection at the proxy, where the log tells it.
    `kind`: http, websocket, tcp, udp, dns. `messages` are (from_client, data, time_ns) of a WebSocket or raw flow.
    """

    number: int
    time_ns: int
    end_ns: int
    kind: str
    client_ip: str | None
    client_port: int
    server_ip: str | None
    server_port: int
    host: str | None
    tls_version: str | None
    tls_cipher: str | None
    sni: str | None
    alpn: str | None
    method: str
    uri: str
    http_version: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    status: int | None
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes
    request_len: int
    response_len: int
    messages: tuple[tuple[bool, bytes, int], ...] = ()
    client_rejected_certificate: bool = False
    encrypted_in_transit: bool = False
    proxy_ip: str | None = None
    proxy_port: int = 0


@dataclass(frozen=True, slots=True)
class Secret:
    """Key-log lines (NSS format) from a Decryption Secrets Block; handed on, never printed."""

    kind: str
    data: bytes
