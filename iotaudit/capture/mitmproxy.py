"""mitmproxy flow files, formats 0.10 to 21: tnetstrings, one after the other, one for each flow.

mitmproxy itself is not needed. Keys and shapes changed over the years (bytes, then text; addresses wrapped in
a mapping; renamed fields): every look-up names the forms it takes.

Source: https://tnetstrings.info (container); the flow states are those that mitmproxy 0.18 to 11 write
(https://docs.mitmproxy.org/stable/).
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from iotaudit.capture.weblog_values import (
    HEADERS_KEPT,
    MESSAGES_KEPT,
    address,
    host_name,
    message_len,
    nanoseconds,
    port_number,
)
from iotaudit.codec.guard import Fault, guarded
from iotaudit.model.packets import packet_id
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import Exchange

ID = "mitmproxy"
FLOW_LEN = 512 << 20
"""Bound of one flow; a longer one is passed over."""
FLOWS = 10_000_000
DEPTH = 32
ITEMS = 4_000_000
"""Bound of the values in one flow."""
PIECE_LEN = 1 << 20
LEN_DIGITS = 12
HEAD = re.compile(rb"[1-9][0-9]{0,11}:[0-9]{1,3}:[a-z_]{1,40}[,;]")
REFUSED = "does not trust the proxy's certificate for"
"""What mitmproxy 7 and later write where the client answered with an alert about the certificate."""
NAME_LABEL = 63


def sniff(head: bytes) -> bool:
    """Says whether a file that begins so holds flows: a tnetstring whose first item is a word."""
    return HEAD.match(head) is not None


def read(file: BinaryIO, index: int, problems: ProblemTally) -> Iterator[Exchange]:
    """Gives the exchanges of a flow file in its order.

    Args:
        file: where to read from; only `read` is used.
        index: number of the input, for problems.
        problems: where to report what cannot be read.
    """
    source = _Source(file)
    for number in range(1, FLOWS + 1):
        at = source.at
        place = packet_id(index, number)
        try:
            payload = source.next_flow()
        except _OversizedError:
            detail = f"a flow beyond {FLOW_LEN} bytes"
            problems.add(Problem("oversized_record", index, place, at, detail, loses_payload=True))
            continue
        except EOFError:
            problems.add(Problem("truncated_file", index, place, at, "", loses_payload=True))
            return
        except ValueError:
            problems.add(Problem("bad_record", index, place, at, "not a tnetstring", loses_payload=True))
            return
        if payload is None:
            return
        state = guarded("tnetstring", parse_items, payload)
        exchange = None if isinstance(state, Fault) else guarded("mitmproxy", _exchange, state, number)
        if exchange is None or isinstance(exchange, Fault):
            detail = "a flow that could not be read"
            problems.add(Problem("not_a_regular_web_log", index, place, at, detail, loses_payload=True))
            continue
        if not isinstance(state, Fault) and _lost_body(state):
            detail = "the log has a request without its body"
            problems.add(Problem("not_a_regular_web_log", index, place, at, detail, loses_payload=True))
        yield exchange
    problems.add(
        Problem("event_limit", index, None, source.at, f"more than {FLOWS} flows", loses_payload=True)
    )


class _OversizedError(Exception):
    """A flow is longer than the bound; it was passed over."""


class _Source:
    """Cuts a file into the payloads of its top-level tnetstrings."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._held = b""
        self.at = 0

    def next_flow(self) -> bytes | None:
        """Gives the payload of the next mapping, None at the end of the file.

        Raises:
            ValueError: what comes is no tnetstring of a mapping.
            EOFError: the file ends inside one.
        """
        self._fill(1)
        if not self._held:
            return None
        self._fill(LEN_DIGITS + 1)
        digits, colon, _ = self._held[: LEN_DIGITS + 1].partition(b":")
        if not digits.isdigit():
            raise ValueError
        if not colon:
            if len(self._held) <= LEN_DIGITS:
                raise EOFError
            raise ValueError
        length = int(digits)
        self._take(len(digits) + 1)
        if length > FLOW_LEN:
            self._skip(length + 1)
            raise _OversizedError
        self._fill(length + 1)
        if len(self._held) < length + 1:
            raise EOFError
        kind = self._held[length : length + 1]
        payload = self._held[:length]
        self._take(length + 1)
        if kind != b"}":
            raise ValueError
        return payload

    def _fill(self, length: int) -> None:
        if len(self._held) >= length:
            return
        pieces, have = [self._held], len(self._held)
        while have < length and (
            piece := self._file.read(max(PIECE_LEN, min(length - have, 16 * PIECE_LEN)))
        ):
            pieces.append(piece)
            have += len(piece)
        self._held = b"".join(pieces)

    def _take(self, length: int) -> None:
        self._held = self._held[length:]
        self.at += length

    def _skip(self, length: int) -> None:
        while length:
            if not self._held:
                self._fill(1)
            if not self._held:
                raise EOFError
            step = min(length, len(self._held))
            self._take(step)
            length -= step


def parse_items(payload: bytes) -> dict[str, Any]:
    """Gives the mapping inside a tnetstring's payload; keys that were written as bytes are text as well.

    Raises:
        ValueError: a length, a type or the depth is not sound.
    """
    found = _parse_container(payload, "}", DEPTH, [ITEMS])
    if not isinstance(found, dict):
        raise TypeError
    return found


def _parse_container(payload: bytes, kind: str, depth: int, budget: list[int]) -> list[Any] | dict[str, Any]:
    if depth == 0:
        raise ValueError
    values = []
    at = 0
    while at < len(payload):
        budget[0] -= 1
        if budget[0] < 0:
            raise ValueError
        colon = payload.find(b":", at, at + LEN_DIGITS + 1)
        if colon < 0 or not payload[at:colon].isdigit():
            raise ValueError
        end = colon + 1 + int(payload[at:colon])
        if end >= len(payload):
            raise ValueError
        inner, mark = payload[colon + 1 : end], payload[end : end + 1].decode("latin-1")
        values.append(
            _parse_container(inner, mark, depth - 1, budget) if mark in "]}" else SCALARS[mark](inner)
        )
        at = end + 1
    if kind == "]":
        return values
    if len(values) % 2:
        raise ValueError
    return {_key(values[i]): values[i + 1] for i in range(0, len(values), 2)}


def _key(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if not isinstance(value, str):
        raise TypeError
    return value


def _null(_: bytes) -> None:
    return None


SCALARS: dict[str, Callable[[bytes], Any]] = {
    ",": bytes,
    ";": lambda data: data.decode("utf-8", "replace"),
    "#": lambda data: int(data[:20]),
    "^": float,
    "!": lambda data: data == b"true",
    "~": _null,
}


def _exchange(state: dict[str, Any], number: int) -> Exchange | None:
    """Gives a flow's state as an exchange, None where its type is not known."""
    kind = _text(state.get("type")) or "http"
    if kind == "websocket":
        return _raw(state, number, "websocket")  # formats before 12 keep the handshake in a flow of its own
    if kind == "http":
        return _http(state, number)
    if kind in ("tcp", "udp"):
        return _raw(state, number, kind)
    return _dns(state, number) if kind == "dns" else None


def _http(state: dict[str, Any], number: int) -> Exchange:
    request = state["request"]
    response = _mapping(state.get("response"))
    web = _mapping(state.get("websocket"))
    client, server = _connections(state)
    headers, answer_headers = _headers(request), _headers(response)
    body, answer_body = _body(request), _body(response)
    method, uri = _text(request.get("method")), _text(request.get("path"))
    messages = _websocket_messages(web.get("messages"))
    start = nanoseconds(request.get("timestamp_start"))
    host = host_name(request.get("host"))
    client_ip, client_port = _peer(client)
    proxy_ip, proxy_port = _end(client)
    if method == "CONNECT":
        uri = f"{host or ''}:{port_number(request.get('port'))}"
    request_len = message_len(headers, body, first_line=len(method) + len(uri) + 12)
    response_len = message_len(answer_headers, answer_body, first_line=17) if response else 0
    return Exchange(
        number=number,
        time_ns=start,
        end_ns=max(start, nanoseconds(response.get("timestamp_end")), nanoseconds(web.get("timestamp_end"))),
        kind="websocket" if web else "http",
        client_ip=client_ip,
        client_port=client_port,
        server_ip=_server_ip(server),
        server_port=port_number(request.get("port")),
        host=host,
        tls_version=_text(client.get("tls_version")) or None,
        tls_cipher=_text(client.get("cipher") or client.get("cipher_name")) or None,
        sni=_sni(client, server),
        alpn=_text(client.get("alpn") or client.get("alpn_proto_negotiated")) or None,
        method=method,
        uri=uri,
        http_version=_version(request),
        request_headers=headers,
        request_body=body,
        status=port_number(response.get("status_code", response.get("code"))) or None,
        response_headers=answer_headers,
        response_body=answer_body,
        request_len=request_len + sum(len(data) for out, data, _ in messages if out),
        response_len=response_len + sum(len(data) for out, data, _ in messages if not out),
        messages=messages,
        client_rejected_certificate=_rejected(state, client),
        encrypted_in_transit=_text(request.get("scheme")) in ("https", "wss"),
        proxy_ip=proxy_ip,
        proxy_port=proxy_port,
    )


def _raw(state: dict[str, Any], number: int, kind: str) -> Exchange:
    """Gives a flow of messages: raw TCP or UDP, or the WebSocket flows of old formats."""
    client, server = _connections(state)
    rows = state.get("messages")
    messages = _websocket_messages(rows) if kind == "websocket" else _messages(rows)
    return _plain_exchange(state, number, kind, messages, (client, server))


def _dns(state: dict[str, Any], number: int) -> Exchange:
    """Gives a DNS flow with its question and answer as messages in wire format (RFC 1035 section 4)."""
    messages = []
    for outbound, key in ((True, "request"), (False, "response")):
        message = _mapping(state.get(key))
        if message:
            messages.append((outbound, dns_wire(message), nanoseconds(message.get("timestamp"))))
    return _plain_exchange(state, number, "dns", tuple(messages), _connections(state))


def _plain_exchange(
    state: dict[str, Any],
    number: int,
    kind: str,
    messages: tuple[tuple[bool, bytes, int], ...],
    connections: tuple[dict[str, Any], dict[str, Any]],
) -> Exchange:
    client, server = connections
    times = [time_ns for _, _, time_ns in messages if time_ns >= 0]
    start = min(times, default=nanoseconds(client.get("timestamp_start")))
    client_ip, client_port = _peer(client)
    proxy_ip, proxy_port = _end(client)
    asked, asked_port = _pair(server.get("address"))
    return Exchange(
        number=number,
        time_ns=start,
        end_ns=max(times, default=start),
        kind=kind,
        client_ip=client_ip,
        client_port=client_port,
        server_ip=_server_ip(server),
        server_port=asked_port,
        host=host_name(asked),
        tls_version=_text(client.get("tls_version")) or None,
        tls_cipher=_text(client.get("cipher") or client.get("cipher_name")) or None,
        sni=_sni(client, server),
        alpn=_text(client.get("alpn") or client.get("alpn_proto_negotiated")) or None,
        method="",
        uri="",
        http_version="",
        request_headers=(),
        request_body=b"",
        status=None,
        response_headers=(),
        response_body=b"",
        request_len=sum(len(data) for out, data, _ in messages if out),
        response_len=sum(len(data) for out, data, _ in messages if not out),
        messages=messages,
        client_rejected_certificate=_rejected(state, client),
        encrypted_in_transit=_has_tls(client),
        proxy_ip=proxy_ip,
        proxy_port=proxy_port,
    )


def _connections(state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Gives the connections to client and server; format 0.10 keeps the client's in the request."""
    client = state.get("client_conn") or _mapping(state.get("request")).get("client_conn")
    return _mapping(client), _mapping(state.get("server_conn"))


def _has_tls(client: dict[str, Any]) -> bool:
    """Says whether the client spoke TLS to the proxy and the proxy opened it."""
    done = client.get("timestamp_tls_setup") or client.get("timestamp_ssl_setup")
    return bool(
        client.get("tls_established") or client.get("ssl_established") or (client.get("tls") and done)
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _pair(value: object) -> tuple[object, int]:
    """Gives host and port of an address: a pair, or (before format 2) a mapping with one."""
    if isinstance(value, dict):
        value = value.get("address")
    if isinstance(value, list) and len(value) >= 2:
        return value[0], port_number(value[1])
    return None, 0


def _peer(client: dict[str, Any]) -> tuple[str | None, int]:
    """Gives the client's address and port."""
    ip, port = _pair(client.get("peername") or client.get("address"))
    return address(ip), port


def _end(client: dict[str, Any]) -> tuple[str | None, int]:
    """Gives the proxy's end of the client's connection (format 7 and later)."""
    ip, port = _pair(client.get("sockname"))
    return address(ip), port


def _server_ip(server: dict[str, Any]) -> str | None:
    """Gives the address that the proxy connected to, None where that is only a further proxy."""
    if server.get("via") or server.get("via2"):
        return None
    ip, _ = _pair(server.get("peername") or server.get("ip_address") or server.get("peer_address"))
    return address(ip)


def _sni(client: dict[str, Any], server: dict[str, Any]) -> str | None:
    """Gives the name in the client's hello; before a reverse proxy that names the proxy, so the server's."""
    if not _text(client.get("proxy_mode")).startswith("reverse"):
        own = host_name(client.get("sni"))
        if own:
            return own
    return host_name(server.get("sni")) if server.get("timestamp_tls_setup") else None


def _version(request: dict[str, Any]) -> str:
    numbers = request.get("httpversion")
    if isinstance(numbers, list) and len(numbers) == 2:
        return f"HTTP/{port_number(numbers[0])}.{port_number(numbers[1])}"
    return _text(request.get("http_version"))


def _rejected(state: dict[str, Any], client: dict[str, Any]) -> bool:
    """Says whether the client refused the certificate that the proxy showed."""
    error = _mapping(state.get("error"))
    return any(REFUSED in _text(text) for text in (error.get("msg"), client.get("error")))


def _headers(message: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = message.get("headers")
    if not isinstance(rows, list):
        return ()
    pairs = (
        (_text(row[0]), _text(row[1]))
        for row in rows[:HEADERS_KEPT]
        if isinstance(row, list) and len(row) == 2
    )
    return tuple((name, value) for name, value in pairs if name and not name.startswith(":"))


def _body(message: dict[str, Any]) -> bytes:
    body = message.get("content", message.get("body"))
    return body if isinstance(body, bytes) else b""


def _lost_body(state: dict[str, Any]) -> bool:
    """Says whether the proxy saw a request's body but kept none (it was streamed)."""
    request = state.get("request")
    if not isinstance(request, dict) or "content" not in request or request["content"] is not None:
        return False
    lengths = [value for name, value in _headers(request) if name.lower() == "content-length"]
    return lengths != ["0"] and _text(state.get("type")) in ("", "http")


def _messages(rows: object) -> tuple[tuple[bool, bytes, int], ...]:
    """Gives raw messages: (from the client, bytes, time)."""
    if not isinstance(rows, list):
        return ()
    if any(not isinstance(row, list) or len(row) < 3 or not isinstance(row[1], bytes) for row in rows):
        raise ValueError
    if len(rows) > MESSAGES_KEPT:
        raise ValueError
    return tuple((bool(row[0]), row[1], nanoseconds(row[2])) for row in rows)


def _websocket_messages(rows: object) -> tuple[tuple[bool, bytes, int], ...]:
    """Gives WebSocket messages: (opcode, from the client, content, time, ...)."""
    if not isinstance(rows, list):
        return ()
    if len(rows) > MESSAGES_KEPT or any(not isinstance(row, list) or len(row) < 4 for row in rows):
        raise ValueError
    return tuple((bool(row[1]), _content(row[2]), nanoseconds(row[3])) for row in rows)


def _content(value: object) -> bytes:
    return value if isinstance(value, bytes) else _text(value).encode()


def dns_wire(message: dict[str, Any]) -> bytes:
    """Gives a DNS message in wire format; raises where a name or number does not fit."""
    flags = (
        (0 if message.get("query") else 0x8000)
        | (message.get("op_code") or 0) << 11
        | bool(message.get("authoritative_answer")) << 10
        | bool(message.get("truncation")) << 9
        | bool(message.get("recursion_desired")) << 8
        | bool(message.get("recursion_available")) << 7
        | (message.get("response_code") or 0)
    )
    parts = [message.get(key) or [] for key in ("questions", "answers", "authorities", "additionals")]
    wire = struct.pack(">6H", message.get("id") or 0, flags, *(len(part) for part in parts))
    for question in parts[0]:
        wire += _dns_name(question["name"]) + struct.pack(">HH", question["type"], question["class_"])
    for record in (row for part in parts[1:] for row in part):
        wire += _dns_name(record["name"])
        wire += struct.pack(">HHIH", record["type"], record["class_"], record["ttl"], len(record["data"]))
        wire += record["data"]
    return wire


def _dns_name(name: object) -> bytes:
    labels = [label.encode() for label in _text(name).split(".") if label]
    if any(len(label) > NAME_LABEL for label in labels):
        raise ValueError
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
