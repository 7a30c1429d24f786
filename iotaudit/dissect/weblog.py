"""Exchanges of web logs (HAR, mitmproxy): what a proxy or a browser took apart becomes names and contents.

What a proxy opened is `encrypted` on the wire and `decrypted` here. Raw TCP, UDP and DNS flows go through the
same dissectors as packets do, so that MQTT behind an opened TLS is MQTT.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from iotaudit import dissect
from iotaudit.dissect.session import TCP, UDP
from iotaudit.model.events import Event, NameSeen
from iotaudit.model.flows import (
    Encryption,
    EncryptionState,
    Endpoint,
    FlowName,
    FlowSummary,
    HttpExchange,
    Tls,
)
from iotaudit.model.raw import Content, Exchange, Segment

OPENED = "opened by a proxy"
REFUSED = "the client refused the proxy's certificate"
HTTP_KEPT = 1000
NAMES_KEPT = 64
CODINGS = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
"""Content codings whose bytes show that they are still applied; HAR writers undo them and keep the header."""

Output = tuple[Event | Content, ...]


def read_exchange(number: int, packet: int, exchange: Exchange) -> tuple[Output, FlowSummary]:
    """Gives what one exchange shows and its part of the flow's summary.

    Args:
        number: the flow's number, as events cite it.
        packet: the packet id of the log's entry.
        exchange: the entry.
    """
    names = _names(exchange, packet)
    seen: tuple[Event | Content, ...] = tuple(
        NameSeen(number, packet, exchange.time_ns, True, name.name, name.source) for name in names
    )
    if exchange.kind in ("tcp", "udp", "dns"):
        found, summary = _read_raw(number, packet, exchange)
    else:
        found, summary = _read_http(number, packet, exchange)
    channel = "decrypted" if exchange.encrypted_in_transit else "plaintext"
    contents = tuple(replace(item, channel=channel) if isinstance(item, Content) else item for item in found)
    sent = exchange.request_len or exchange.response_len
    return (
        seen + contents,
        replace(
            summary,
            names=_unique((*names, *summary.names)),
            tls=summary.tls or _tls(exchange),
            first_payload_packet=packet if sent else None,
        ),
    )


def merge(old: FlowSummary, new: FlowSummary) -> FlowSummary:
    """Gives the summary of a flow with one more exchange; what stayed closed outweighs what was opened."""
    known = [packet for packet in (old.first_payload_packet, new.first_payload_packet) if packet is not None]
    return FlowSummary(
        application=old.application or new.application,
        encryption=max(old.encryption, new.encryption, key=_weight),
        names=_unique((*old.names, *new.names)),
        tls=old.tls or new.tls,
        http=old.http if len(old.http) >= HTTP_KEPT else (*old.http, *new.http)[:HTTP_KEPT],
        mqtt=old.mqtt or new.mqtt,
        first_payload_packet=min(known, default=None),
    )


def taken_over(packets: FlowSummary, log: FlowSummary, *, told: bool) -> FlowSummary:
    """Gives the summary of a conversation of packets that a proxy's log looks into.

    What the log read counts, and that the line was encrypted where either says so. The certificate that packets show is
    the proxy's, so it and its names are left out.

    Args:
        packets: what was read in the packets.
        log: what the log says.
        told: the log accounts for the payload; else its contents are taken, and what it lacks stays closed.
    """
    own = [name for name in packets.names if name.source != "certificate"]
    return FlowSummary(
        application=log.application or packets.application,
        encryption=_line(packets.encryption, log.encryption, told=told),
        names=_unique((*log.names, *own)),
        tls=_both(packets.tls, log.tls),
        http=log.http or packets.http,
        mqtt=log.mqtt or packets.mqtt,
        first_payload_packet=packets.first_payload_packet,
    )


def _line(packets: Encryption, log: Encryption, *, told: bool) -> Encryption:
    if log.opened and not told and not packets.opened:
        return replace(log, opened=False, reason=f"{OPENED}, whose log shows less than was sent")
    return log if log.state is EncryptionState.ENCRYPTED else max(packets, log, key=_weight)


def _both(packets: Tls | None, log: Tls | None) -> Tls | None:
    """Gives what packets show of a handshake without its certificate, and what only the log knows."""
    if packets is None or log is None:
        return log if packets is None else replace(packets, certificate=None)
    return replace(
        packets,
        sni=log.sni or packets.sni,
        alpn=log.alpn or packets.alpn,
        version=log.version or packets.version,
        cipher=log.cipher or packets.cipher,
        certificate=None,
    )


def _weight(encryption: Encryption) -> int:
    """Orders how a flow's payload was protected by what must not be lost when exchanges are summed up."""
    if encryption.state is EncryptionState.ENCRYPTED:
        return 1 if encryption.opened else 4
    return {EncryptionState.NONE: 0, EncryptionState.PLAINTEXT: 2, EncryptionState.OPAQUE: 3}[
        encryption.state
    ]


def _unique(names: Iterable[FlowName]) -> tuple[FlowName, ...]:
    found: dict[tuple[str, str], FlowName] = {}
    for name in names:
        found.setdefault((name.source, name.name), name)
    return tuple(found.values())[:NAMES_KEPT]


def _names(exchange: Exchange, packet: int) -> tuple[FlowName, ...]:
    """Gives the server's names: the hello's, the Host header's, and the host that the proxy was asked for."""
    pairs = (
        (exchange.sni, "sni"),
        (_host_header(exchange), "http_host"),
        (exchange.host, "proxy"),
    )
    return tuple(FlowName(name, source, packet) for name, source in pairs if name)


def _host_header(exchange: Exchange) -> str | None:
    for name, value in exchange.request_headers:
        if name.lower() == "host":
            host = value.strip().lower()
            bare = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
            return bare.strip("[]").rstrip(".") or None
    return None


def _tls(exchange: Exchange) -> Tls | None:
    if not exchange.encrypted_in_transit and exchange.sni is None:
        return None
    return Tls(
        sni=exchange.sni,
        alpn=(exchange.alpn,) if exchange.alpn else (),
        version=exchange.tls_version,
        cipher=exchange.tls_cipher,
        ja4=None,
        ech=False,
        certificate=None,
    )


def _opened(exchange: Exchange) -> Encryption:
    return Encryption(EncryptionState.ENCRYPTED, "tls", exchange.tls_version, exchange.tls_cipher, OPENED, opened=True)


def _read_http(number: int, packet: int, exchange: Exchange) -> tuple[Output, FlowSummary]:
    """Reads a request with its answer, and the messages of a WebSocket."""
    agent = next((value for name, value in exchange.request_headers if name.lower() == "user-agent"), None)
    row = HttpExchange(
        method=exchange.method,
        host=_host_header(exchange) or exchange.host,
        uri=exchange.uri,
        user_agent=agent,
        status=exchange.status,
        packet=packet,
    )
    if exchange.client_rejected_certificate:
        encryption = Encryption(EncryptionState.ENCRYPTED, "tls", exchange.tls_version, None, REFUSED, pinned=True)
    elif exchange.encrypted_in_transit:
        encryption = _opened(exchange)
    else:
        encryption = Encryption(EncryptionState.PLAINTEXT, reason="HTTP without TLS")
    summary = FlowSummary(
        application="websocket" if exchange.kind == "websocket" else "http",
        encryption=encryption,
        http=(row,) if exchange.method else (),
    )
    found = list(_http_contents(number, packet, exchange))
    if any(
        n.lower() == "sec-websocket-protocol" and "mqtt" in v.lower() for n, v in exchange.request_headers
    ):
        inner, inside = _dissected(number, packet, exchange, TCP)
        return (*found, *inner), replace(
            summary, mqtt=inside.mqtt, application=inside.application or "websocket"
        )
    found += (
        Content(number, packet, time_ns, outbound, _message_kind(data), "", data)
        for outbound, data, time_ns in exchange.messages
        if data
    )
    return tuple(found), summary


def _message_kind(data: bytes) -> str:
    """Gives where a WebSocket message stands; logs do not always tell text from binary."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "websocket.binary"
    return "websocket.text"


def _http_contents(number: int, packet: int, exchange: Exchange) -> Iterator[Content]:
    """Gives the URI, the headers and the bodies."""

    def content(where: str, data: bytes, *, outbound: bool, key: str = "") -> Content:
        time_ns = exchange.time_ns if outbound else exchange.end_ns
        return Content(number, packet, time_ns, outbound, where, "", data, key=key)

    if exchange.uri:
        yield content("http.uri", exchange.uri.encode("utf-8", "replace"), outbound=True)
    for outbound, headers, body in (
        (True, exchange.request_headers, exchange.request_body),
        (False, exchange.response_headers, exchange.response_body),
    ):
        for name, value in headers:
            low = name.lower()
            yield content(f"http.header.{low}", value.encode("utf-8", "replace"), outbound=outbound, key=low)
        if body:
            declared = {name.lower(): value for name, value in headers}
            yield replace(
                content("http.body", body, outbound=outbound),
                encoding=_coding(declared.get("content-encoding", ""), body),
                media_type=declared.get("content-type", ""),
            )


def _coding(declared: str, body: bytes) -> str:
    """Gives the declared content coding where the body still has it."""
    coding = declared.strip().lower()
    magic = CODINGS.get(coding)
    if magic is not None:
        return coding if body.startswith(magic) else ""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return coding
    return ""


def _read_raw(number: int, packet: int, exchange: Exchange) -> tuple[Output, FlowSummary]:
    """Reads the messages of a TCP, UDP or DNS flow as a dissector reads a conversation."""
    found, summary = _dissected(number, packet, exchange, TCP if exchange.kind == "tcp" else UDP)
    inner = summary.encryption
    if exchange.client_rejected_certificate:
        outer = Encryption(EncryptionState.ENCRYPTED, "tls", exchange.tls_version, None, REFUSED, pinned=True)
        return found, replace(summary, application=summary.application or "tls", encryption=outer)
    if not exchange.encrypted_in_transit:
        return found, summary
    outer = _opened(exchange)
    if inner.state in (EncryptionState.ENCRYPTED, EncryptionState.OPAQUE):
        outer = replace(
            outer,
            reason=f"{OPENED}, and still closed inside ({inner.reason or inner.state.value})",
            opened=False,
        )
    return found, replace(summary, encryption=outer)


def _dissected(number: int, packet: int, exchange: Exchange, protocol: int) -> tuple[Output, FlowSummary]:
    client = Endpoint(exchange.client_ip or "", exchange.client_port)
    server = Endpoint(exchange.server_ip or "", exchange.server_port)
    reader = dissect.open_flow(number, protocol, client, server)
    found: list[Event | Content] = []
    offsets = {True: 0, False: 0}
    for outbound, data, time_ns in exchange.messages:
        if reader.wants(outbound):
            found += reader.feed(Segment(number, outbound, packet, time_ns, offsets[outbound], data))
        offsets[outbound] += len(data)
    found += reader.close()
    return tuple(found), reader.summary()
