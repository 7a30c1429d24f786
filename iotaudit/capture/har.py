"""HAR 1.2: the web log that browsers, mitmproxy and many analysis tools export.

The whole file is one JSON document, so it is read whole, up to `FILE_LEN`. Every entry stands for itself: one
that cannot be read is a problem, the others are still given. `.zhar` is the same document, zlib-compressed.

Source: http://www.softwareishard.com/blog/har-12-spec/ (fields), mitmproxy's export for `.zhar`, Chromium's
for `_webSocketMessages` and `_fromCache`.
"""

import base64
import binascii
import datetime
import json
import re
import urllib.parse
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

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

ID = "har"
FILE_LEN = 512 << 20
"""Bound of the JSON document, after decompression."""
ENTRIES = 2_000_000
PIECE_LEN = 1 << 20
BOM = b"\xef\xbb\xbf"
ZLIB_HEADS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
HEAD = re.compile(rb'\s*\{.{0,2048}?"log"\s*:', re.DOTALL)
PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def sniff(head: bytes) -> bool:
    """Says whether a file that begins so is a HAR: a JSON object whose `log` comes early."""
    if head[:2] in ZLIB_HEADS:
        opened = guarded("zlib", zlib.decompressobj().decompress, head, 4096)
        if isinstance(opened, Fault):
            return False
        head = opened
    return HEAD.match(head.removeprefix(BOM)) is not None


def read(file: BinaryIO, index: int, problems: ProblemTally) -> Iterator[Exchange]:
    """Gives the exchanges of a HAR in the order of its entries.

    Args:
        file: where to read from; only `read` is used.
        index: number of the input, for problems.
        problems: where to report what cannot be read.
    """
    text = _whole(file, index, problems)
    if text is None:
        return
    document = _parse(text)
    del text
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        detail = "not JSON" if isinstance(document, Fault) else "no list of entries"
        problems.add(Problem("not_a_regular_web_log", index, None, None, detail, loses_payload=True))
        return
    if len(entries) > ENTRIES:
        detail = f"more than {ENTRIES} entries"
        problems.add(
            Problem("event_limit", index, None, None, detail, len(entries) - ENTRIES, loses_payload=True)
        )
    for number, entry in enumerate(entries[:ENTRIES], start=1):
        exchange = guarded("har", _exchange, entry, number)
        place = packet_id(index, number)
        if isinstance(exchange, Fault):
            problems.add(
                Problem(
                    "not_a_regular_web_log",
                    index,
                    place,
                    None,
                    "entry without a sound request",
                    loses_payload=True,
                )
            )
            continue
        lost = guarded("har", _lost_body, entry)
        if lost is True and not exchange.request_body:
            detail = "the log has a request without its body"
            problems.add(Problem("not_a_regular_web_log", index, place, None, detail, loses_payload=True))
        yield exchange


def _whole(file: BinaryIO, index: int, problems: ProblemTally) -> bytes | None:
    """Gives the document's bytes, None where they are beyond the bound or cannot be decompressed."""
    pieces: list[bytes] = []
    length = 0
    inflate = None
    while piece := file.read(PIECE_LEN):
        if not pieces and inflate is None and piece[:2] in ZLIB_HEADS:
            inflate = zlib.decompressobj()
        if inflate is not None:
            opened = guarded("zlib", inflate.decompress, piece, FILE_LEN + 1 - length)
            if isinstance(opened, Fault):
                problems.add(Problem("decompression_failed", index, loses_payload=True))
                return None
            piece = opened
        pieces.append(piece)
        length += len(piece)
        if length > FILE_LEN:
            kind = "decompression_bomb" if inflate is not None else "oversized_record"
            problems.add(
                Problem(kind, index, None, FILE_LEN, f"HAR beyond {FILE_LEN} bytes", loses_payload=True)
            )
            return None
    return b"".join(pieces).removeprefix(BOM)


def _parse(text: bytes) -> Any:  # noqa: ANN401 - any JSON value, or a Fault
    """Gives the JSON value; browsers write lone surrogates, which only the slower parser takes."""
    document = guarded("orjson", orjson.loads, text)
    if isinstance(document, Fault):
        return guarded("json", lambda: json.loads(text.decode("utf-8", "replace")))
    return document


def _exchange(entry: dict[str, Any], number: int) -> Exchange:
    """Gives one entry as an exchange; raises where it has no request with a URL."""
    request = entry["request"]
    response = entry.get("response") or {}
    url = _text(request["url"])
    parts = urllib.parse.urlsplit(url)
    if not parts.scheme or not parts.hostname:
        raise ValueError
    scheme = parts.scheme.lower()
    uri = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    method = _text(request.get("method"))
    headers, answer_headers = _headers(request), _headers(response)
    body, answer_body = _request_body(request), _response_body(response)
    start = _start(entry.get("startedDateTime"))
    messages = _messages(entry)
    cached = bool(entry.get("_fromCache"))
    request_len = _stated(request, headers, body, first_line=len(method) + len(uri) + 12)
    response_len = (
        _stated(response, answer_headers, answer_body, first_line=17) if response.get("status") else 0
    )
    return Exchange(
        number=number,
        time_ns=start,
        end_ns=start + max(0, nanoseconds(entry.get("time"), unit=1_000_000)) if start >= 0 else -1,
        kind="websocket" if messages or scheme in ("ws", "wss") else "http",
        client_ip=None,
        client_port=0,
        server_ip=address(entry.get("serverIPAddress")),
        server_port=parts.port or PORTS.get(scheme, 0),
        host=host_name(parts.hostname),
        tls_version=None,
        tls_cipher=None,
        sni=None,
        alpn=None,
        method=method,
        uri=uri,
        http_version=_text(request.get("httpVersion")),
        request_headers=headers,
        request_body=body,
        status=port_number(response.get("status")) or None,
        response_headers=answer_headers,
        response_body=answer_body,
        request_len=0 if cached else request_len + sum(len(data) for out, data, _ in messages if out),
        response_len=0 if cached else response_len + sum(len(data) for out, data, _ in messages if not out),
        messages=messages,
        encrypted_in_transit=scheme in ("https", "wss"),
    )


def _text(value: object) -> str:
    """Gives a text; lone surrogates, which no output could carry, become question marks."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _headers(message: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Gives the headers as name and value, those of HTTP/2's pseudo-headers left out."""
    rows = message.get("headers")
    if not isinstance(rows, list):
        return ()
    pairs = (
        (_text(row.get("name")), _text(row.get("value")))
        for row in rows[:HEADERS_KEPT]
        if isinstance(row, dict)
    )
    return tuple((name, value) for name, value in pairs if name and not name.startswith(":"))


def _request_body(request: dict[str, Any]) -> bytes:
    post = request.get("postData")
    if not isinstance(post, dict):
        return b""
    text = _text(post.get("text"))
    if text:
        return _decoded(text, post.get("encoding"))
    rows = post.get("params")
    if not isinstance(rows, list):
        return b""
    pairs = [(_text(row.get("name")), _text(row.get("value"))) for row in rows if isinstance(row, dict)]
    return urllib.parse.urlencode(pairs).encode()


def _response_body(response: dict[str, Any]) -> bytes:
    content = response.get("content")
    if not isinstance(content, dict):
        return b""
    return _decoded(_text(content.get("text")), content.get("encoding"))


def _decoded(text: str, encoding: object) -> bytes:
    """Gives the body's bytes: base64 where the entry says so (and it is), else the text as UTF-8."""
    if encoding == "base64":
        try:
            return base64.b64decode(text)
        except (binascii.Error, ValueError):
            return text.encode()
    return text.encode()


def _lost_body(entry: dict[str, Any]) -> bool:
    """Says whether the request had a body, as its stated size tells."""
    return port_number(entry["request"].get("bodySize")) > 0


def _stated(
    message: dict[str, Any], headers: tuple[tuple[str, str], ...], body: bytes, *, first_line: int
) -> int:
    """Gives the message's length as the log states it; what it leaves open is reckoned from the text."""
    head, rest = message.get("headersSize"), message.get("bodySize")
    head_len = (
        head if isinstance(head, int) and head >= 0 else message_len(headers, b"", first_line=first_line)
    )
    return min(head_len, 1 << 50) + (min(rest, 1 << 50) if isinstance(rest, int) and rest >= 0 else len(body))


def _start(value: object) -> int:
    """Gives an ISO 8601 stamp as ns UTC, -1 where it is none; a stamp without a zone counts as UTC."""
    text = _text(value)
    try:
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    except (ValueError, OverflowError):
        return -1
    return max(-1, since // datetime.timedelta(microseconds=1) * 1000)


def _messages(entry: dict[str, Any]) -> tuple[tuple[bool, bytes, int], ...]:
    """Gives WebSocket messages as Chromium exports them: opcode 2 is binary, in base64."""
    rows = entry.get("_webSocketMessages")
    if not isinstance(rows, list):
        return ()
    return tuple(
        (
            row.get("type") == "send",
            _decoded(_text(row.get("data")), "base64" if row.get("opcode") == 2 else None),
            nanoseconds(row.get("time")),
        )
        for row in rows[:MESSAGES_KEPT]
        if isinstance(row, dict)
    )
