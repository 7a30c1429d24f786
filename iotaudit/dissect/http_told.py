"""What one head of HTTP/1.x says, worked out once: hosts, fields to hand on, how its body ends.

Devices send the same few heads again and again, so those of a usual length are remembered.
Source: RFC 9112 section 6.3 (how a body ends), RFC 9110 sections 7.2 (Host), 9.3.6 (CONNECT).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from iotaudit.dissect.http_body import Framing
from iotaudit.dissect.http_head import MessageHead, read_head
from iotaudit.dissect.tls_hello import host_text
from iotaudit.model.quick import quick

TEXT_LEN = 2048
"""Characters of a URI that stand in the summary (the whole is a content)."""
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
    and `media` are the body's.
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


def tell(raw: bytes) -> Told | None:
    """Gives what a head says, None where it is none."""
    head = read_head(raw)
    if head is None:
        return None
    first = dict(reversed(head.fields))
    framing, length = _framing(head)
    agent = None if head.status else first.get("user-agent")
    codings = head.listed("content-encoding") if "content-encoding" in first else ()
    codings += head.listed("transfer-encoding") if "transfer-encoding" in first else ()
    return Told(
        method=head.method,
        target=head.target,
        status=head.status,
        names=() if head.status else _hosts(head),
        uri=_text(head.target),
        agent=_text(agent) if agent else None,
        switches=head.method == "CONNECT" or (
            not head.status and "connection" in first and "upgrade" in head.listed("connection")
        ),
        handed=handed(head.fields, request=not head.status),
        framing=framing,
        length=length,
        encoding=", ".join(c for c in codings if c not in ("chunked", "identity"))[:64],
        media=first.get("content-type", b"").decode("latin-1")[:256],
    )


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


def _hosts(head: MessageHead) -> tuple[str, ...]:
    """Gives the hosts that a request names: of its fields, of an absolute target, of a tunnel."""
    raw = [value for name, value in head.fields if name == "host"][:4]
    if head.method == "CONNECT":
        raw.insert(0, head.target)
    elif absolute := ABSOLUTE.match(head.target):
        raw.append(absolute[1])
    names = (host_of(value[:1024]) for value in raw)
    return tuple(dict.fromkeys(name for name in names if name))


def _framing(head: MessageHead) -> tuple[Framing | None, int]:
    """Says how the body ends: by which rule, and its length."""
    status = head.status
    if 100 <= status < 200 or status in (204, 304):
        return Framing.LENGTH, 0
    codings = head.listed("transfer-encoding")
    if codings and codings[-1] == "chunked":
        return Framing.CHUNKED, 0
    if codings and status:
        return Framing.CLOSE, 0
    lengths = head.lengths()
    if lengths is None or len(lengths) > 1:
        return None, 0
    if lengths:
        return Framing.LENGTH, lengths.pop()
    return (Framing.CLOSE if status else Framing.LENGTH), 0


def _text(raw: bytes) -> str:
    return raw[:TEXT_LEN].decode("utf-8", "replace")
