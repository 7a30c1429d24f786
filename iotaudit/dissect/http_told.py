"""What one head of HTTP/1.x says, worked out once: hosts, fields to hand on, how its body ends.

Devices send the same few heads again and again, so those of a usual length are remembered.
Source: RFC 9112 sections 6.3 (how a body ends), 11.2 (request smuggling), 3.2 (one Host field); RFC 9110 sections 7.2 (Host), 9.3.6 (CONNECT).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from iotaudit.dissect import doh
from iotaudit.dissect.http_body import Framing
from iotaudit.dissect.http_head import FIELDS_KEPT, START, MessageHead, read_fields
from iotaudit.dissect.tls_hello import host_text
from iotaudit.model.quick import quick

NO_LENGTH: frozenset[int] = frozenset()
TEXT_LEN = 2048
"""Characters of a URI that stand in the summary (the whole is a content)."""
LENGTH = re.compile(rb"\nContent-Length:[ \t]*([0-9]{1,18})[ \t]*\r?(?=\n[^ \t])", re.IGNORECASE)
"""The line that differs from message to message where the others are alike; no other line continues it."""
REPEATED_LEN = 1024
"""Longer fields are not remembered."""
ABSOLUTE = re.compile(rb"https?://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]+)", re.IGNORECASE)
SAFE_FIELDS = frozenset(
    (
        "accept",
        "accept-charset",
        "accept-encoding",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "dnt",
        "expect",
        "grpc-accept-encoding",
        "grpc-encoding",
        "grpc-timeout",
        "host",
        "keep-alive",
        "pragma",
        "priority",
        "proxy-connection",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-version",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "upgrade-insecure-requests",
        "vary",
    )
)
"""Fields of a request that say how to speak, not what of: they are not handed on."""
ANSWER_FIELDS = re.compile(r"set-cookie2?|location|content-location|.*(?:auth|token|session|cookie|api-?key)")


@quick
@dataclass(frozen=True, slots=True)
class Told:
    """One head. `uri` and `agent` are its texts for the summary, `handed` (where, name, value) of fields to hand on.

    `framing` and `length` say how the body ends unless it answers a HEAD; None: its lengths cannot be true. `encoding`
    and `media` are the body's. `asks` is the DNS message in the target of a GET. `doubt` says, "" where nothing, what of
    the head others may read differently: who is asked, or where the next message begins.
    """

    method: str
    target: bytes
    status: int
    names: tuple[str, ...]
    uri: str
    agent: str | None
    switches: bool
    handed: tuple[tuple[str, str, bytes], ...]
    framing: Framing | None
    length: int
    encoding: str
    media: str
    asks: bytes
    doubt: str


@quick
@dataclass(frozen=True, slots=True)
class _Fields:
    """What the fields of a head say by themselves; `hosts` are those of a request's Host fields."""

    count: int
    hosts: tuple[str, ...]
    agent: str | None
    upgrades: bool
    handed: tuple[tuple[str, str, bytes], ...]
    transfer: tuple[str, ...]
    lengths: frozenset[int] | None
    encoding: str
    media: str


def tell(raw: bytes) -> Told | None:
    """Gives what a head says, None where it is none."""
    line, _, lines = raw.partition(b"\n")
    start = START.match(line.rstrip(b"\r"))
    if start is None:
        return None
    status = int(start["status"] or 0)
    fields, lengths = _fields(raw, lines, request=not status)
    framing, length = _framing(status, fields.transfer, lengths)
    method, target = ("", b"") if status else (start["method"].decode("ascii"), start["target"])
    return Told(
        method,
        target,
        status,
        _hosts(method, target, fields.hosts),
        _text(target),
        fields.agent,
        fields.upgrades or method == "CONNECT",
        fields.handed,
        framing,
        length,
        fields.encoding,
        fields.media,
        doh.asked(target),
        _doubt(status, fields, lengths),
    )


def _fields(raw: bytes, lines: bytes, *, request: bool) -> tuple[_Fields, frozenset[int] | None]:
    """Gives what the lines behind the first one of a head say, and the lengths that they name.

    The line with the length is left out of what is remembered, where it is the only one.
    """
    if len(lines) > REPEATED_LEN:
        fields = _read(lines, request)
        return fields, fields.lengths
    told = LENGTH.search(raw, len(raw) - len(lines) - 1)
    if told:
        fields = _repeated(raw[len(raw) - len(lines) : told.start() + 1] + raw[told.end() + 1 :], request)
        if fields.lengths == NO_LENGTH and fields.count < FIELDS_KEPT:
            return fields, frozenset((int(told[1]),))
    fields = _repeated(lines, request)
    return fields, fields.lengths


def _read(lines: bytes, request: bool) -> _Fields:  # noqa: FBT001 - a part of the cache's key
    head = MessageHead("", "", b"", 0, read_fields(lines.split(b"\n")))
    first = dict(reversed(head.fields))
    agent = first.get("user-agent") if request else None
    transfer = head.listed("transfer-encoding")
    codings = [c for c in head.listed("content-encoding") + transfer if c not in ("chunked", "identity")]
    hosts = [value for name, value in head.fields if name == "host"][:4] if request else []
    lengths = head.lengths()
    return _Fields(
        len(head.fields),
        _named(hosts),
        _text(agent) if agent else None,
        request and "upgrade" in head.listed("connection"),
        handed(head.fields, request=request),
        transfer,
        None if lengths is None else frozenset(lengths),
        ", ".join(codings)[:64],
        first.get("content-type", b"").decode("latin-1")[:256],
    )


_repeated = lru_cache(maxsize=1024)(_read)


def handed(fields: tuple[tuple[str, bytes], ...], *, request: bool) -> tuple[tuple[str, str, bytes], ...]:
    """Gives (where, name, value) of the fields that say something of the device or its owner."""
    wanted = _says_of_sender if request else _says_of_reader
    return tuple([(f"http.header.{name}", name, value) for name, value in fields if value and wanted(name)])


def _says_of_sender(name: str) -> bool:
    return name not in SAFE_FIELDS


@lru_cache(maxsize=1024)
def _says_of_reader(name: str) -> bool:
    return ANSWER_FIELDS.fullmatch(name) is not None


def host_of(raw: bytes) -> str | None:
    """Gives the host of a Host field or authority: lower case, without port and final dot."""
    text = raw.strip()
    if text.startswith(b"["):
        return host_text(text[1:].partition(b"]")[0])
    name, colon, port = text.rpartition(b":")
    return host_text(name if colon and (port.isdigit() or not port) else text)


def _hosts(method: str, target: bytes, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Gives the hosts that a request names: of its fields, of an absolute target, of a tunnel."""
    if method == "CONNECT":
        return tuple(dict.fromkeys((*_named([target]), *hosts)))
    absolute = None if target.startswith(b"/") else ABSOLUTE.match(target)
    return tuple(dict.fromkeys((*hosts, *_named([absolute[1]])))) if absolute else hosts


def _named(raw: list[bytes]) -> tuple[str, ...]:
    names = (host_of(value[:1024]) for value in raw)
    return tuple(dict.fromkeys(name for name in names if name))


def _framing(status: int, codings: tuple[str, ...], lengths: frozenset[int] | None) -> tuple[Framing | None, int]:
    """Says how the body ends: by which rule, and its length."""
    if 100 <= status < 200 or status in (204, 304):
        return Framing.LENGTH, 0
    if codings and codings[-1] == "chunked":
        return Framing.CHUNKED, 0
    if codings and status:
        return Framing.CLOSE, 0
    if lengths is None or len(lengths) > 1:
        return None, 0
    for length in lengths:
        return Framing.LENGTH, length
    return (Framing.CLOSE if status else Framing.LENGTH), 0


def _doubt(status: int, fields: _Fields, lengths: frozenset[int] | None) -> str:
    """Says what a sound sender would not send, since its readers may disagree about it."""
    if fields.transfer and lengths != NO_LENGTH:
        return "content-length beside transfer-encoding"
    if fields.transfer and not status and fields.transfer[-1] != "chunked":
        return "a request whose last transfer-encoding is not chunked"
    return "host fields that differ" if len(fields.hosts) > 1 else ""


def _text(raw: bytes) -> str:
    return raw[:TEXT_LEN].decode("utf-8", "replace")
