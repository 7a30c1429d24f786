"""Hello messages of TLS, DTLS and QUIC: what they offer, choose and name.

Source: RFC 8446 section 4.1 (ClientHello, ServerHello), RFC 6066 section 3 (server_name), RFC 7301 (ALPN), RFC 8701
(GREASE), draft-ietf-tls-esni (encrypted_client_hello, 0xfe0d), RFC 6347 and 9147 (DTLS), RFC 5246. JA4: FoxIO,
"JA4: TLS Client Fingerprinting" (https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md).
"""

import hashlib
import re
import struct
from dataclasses import dataclass, field
from functools import lru_cache

from iotaudit.dissect.cursor import Cursor, ShortError
from iotaudit.model.quick import quick

VERSIONS = {
    0x0002: "SSLv2",
    0x0300: "SSLv3",
    0x0301: "TLSv1.0",
    0x0302: "TLSv1.1",
    0x0303: "TLSv1.2",
    0x0304: "TLSv1.3",
    0xFEFF: "DTLSv1.0",
    0xFEFD: "DTLSv1.2",
    0xFEFC: "DTLSv1.3",
}
JA4_VERSIONS = {
    0x0002: "s2",
    0x0300: "s3",
    0x0301: "10",
    0x0302: "11",
    0x0303: "12",
    0x0304: "13",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}
SERVER_NAME = 0x0000
SIGNATURE_ALGORITHMS = 0x000D
ALPN = 0x0010
ENCRYPT_THEN_MAC = 0x0016
PRE_SHARED_KEY = 0x0029
SUPPORTED_VERSIONS = 0x002B
ESNI = 0xFFCE
ECH = 0xFE0D
ECH_OUTER = 0
_EXTENSION = struct.Struct(">HH")
RANDOM_END = 34
"""Both hellos begin with a version and 32 random bytes."""
PLAIN = re.compile(rb"[!-\[\]-~]*\Z")
"""Printable ASCII but the space and the backslash."""
REPEATED_COUNT = 256
"""Hellos that list more numbers are not remembered."""
NO_HASH = "000000000000"
HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a HelloRetryRequest: SHA-256 of that text (RFC 8446 section 4.1.3)."""


@quick
@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers. `version` is the highest offered; `sni` lower case without final dot, None: none.

    `ech`: the encrypted_client_hello extension of type outer is there, real or GREASE: the two cannot be told apart.
    """

    sni: str | None
    alpn: tuple[str, ...]
    version: int
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    signatures: tuple[int, ...]
    ech: bool
    esni: bool


@quick
@dataclass(frozen=True, slots=True)
class ServerHello:
    """What a server chose. `retry`: a HelloRetryRequest, the client says hello once more.

    `encrypt_then_mac`: CBC records are those of RFC 7366. `session_id`: up to TLS 1.2 the client's own where an earlier
    session is taken up; `psk`: in TLS 1.3 a shared key is.
    """

    version: int
    cipher: int
    alpn: str | None
    retry: bool
    encrypt_then_mac: bool = False
    session_id: bytes = field(default=b"", repr=False)
    psk: bool = False


def is_grease(number: int) -> bool:
    """Says whether a 16-bit value is one of RFC 8701's."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def version_name(number: int) -> str:
    """Gives the printed name of a version number."""
    return VERSIONS.get(number, f"0x{number:04x}")


def client_hello(body: bytes, *, datagram: bool = False) -> ClientHello:
    """Reads the body of a ClientHello (after the 4-byte handshake header; DTLS: after the 12-byte one).

    Raises:
        ShortError: a length cannot be true before the extensions are reached.
    """
    if len(body) < RANDOM_END:
        raise ShortError
    at = _behind(body, RANDOM_END, 1)  # session id
    if datagram:
        at = _behind(body, at, 1)  # cookie
    end = _behind(body, at, 2)
    ciphers = _numbers(body[at + 2 : end])
    extensions, by_type = _extensions(body, _behind(body, end, 1))
    offered = [v for v in _listed(by_type.get(SUPPORTED_VERSIONS, b""), 1) if not is_grease(v)]
    # DTLS numbers count down: the newest is the least.
    version = (min(offered) if datagram else max(offered)) if offered else int.from_bytes(body[:2])
    ech = by_type.get(ECH)
    return ClientHello(
        sni=_server_name(by_type.get(SERVER_NAME, b"")),
        alpn=_protocols(by_type.get(ALPN, b"")),
        version=version,
        ciphers=ciphers,
        extensions=extensions,
        signatures=_listed(by_type.get(SIGNATURE_ALGORITHMS, b""), 2),
        ech=ech is not None and ech[:1] == bytes([ECH_OUTER]),
        esni=ESNI in by_type,
    )


def server_hello(body: bytes) -> ServerHello:
    """Reads the body of a ServerHello (or HelloRetryRequest).

    Raises:
        ShortError: it ends before the cipher suite.
    """
    if len(body) < RANDOM_END:
        raise ShortError
    version, random = int.from_bytes(body[:2]), body[2:RANDOM_END]
    # Drafts of TLS 1.3 up to 21 left out session id and compression; they are of the past and read as malformed.
    at = _behind(body, RANDOM_END, 1)
    if at + 2 > len(body):
        raise ShortError
    cipher = int.from_bytes(body[at : at + 2])
    _, by_type = _extensions(body, at + 3)
    chosen = by_type.get(SUPPORTED_VERSIONS, b"")
    if len(chosen) == 2:
        version = int.from_bytes(chosen)
    protocols = _protocols(by_type.get(ALPN, b""))
    return ServerHello(
        version,
        cipher,
        protocols[0] if protocols else None,
        random == HELLO_RETRY,
        ENCRYPT_THEN_MAC in by_type,
        session_id(body),
        PRE_SHARED_KEY in by_type,
    )


def session_id(body: bytes) -> bytes:
    """Gives the session id of either hello."""
    return body[RANDOM_END + 1 : _behind(body, RANDOM_END, 1)]


def encrypted_alpn(body: bytes) -> str | None:
    """Gives the protocol that the server chose in EncryptedExtensions (RFC 8446 section 4.3.1), None where it chose none."""
    _, by_type = _extensions(body, 0)
    try:
        protocols = _protocols(by_type.get(ALPN, b""))
    except ShortError:
        return None
    return protocols[0] if protocols else None


def ja4(hello: ClientHello, transport: str) -> str:
    """Gives the JA4 fingerprint; `transport` is "t" (TCP), "q" (QUIC) or "d" (DTLS)."""
    listed = len(hello.ciphers) + len(hello.extensions) + len(hello.signatures)
    return (_ja4 if listed <= REPEATED_COUNT else _ja4.__wrapped__)(hello, transport)


@lru_cache(maxsize=256)
def _ja4(hello: ClientHello, transport: str) -> str:
    ciphers = [c for c in hello.ciphers if not is_grease(c)]
    extensions = [e for e in hello.extensions if not is_grease(e)]
    head = (
        transport
        + JA4_VERSIONS.get(hello.version, "00")
        + ("d" if SERVER_NAME in extensions else "i")
        + f"{min(len(ciphers), 99):02d}{min(len(extensions), 99):02d}"
        + _alpn_mark(hello.alpn)
    )
    hashed = ",".join(sorted(f"{e:04x}" for e in extensions if e not in (SERVER_NAME, ALPN)))
    signatures = ",".join(f"{s:04x}" for s in hello.signatures if not is_grease(s))
    if signatures:
        hashed += "_" + signatures
    return (
        f"{head}_{_digest(','.join(sorted(f'{c:04x}' for c in ciphers)))}"
        f"_{_digest(hashed) if extensions else NO_HASH}"
    )


def host_text(raw: bytes) -> str | None:
    """Gives a host name as it is printed: lower case, no final dot, other bytes as RFC 1035 escapes; None: empty."""
    raw = raw[:1024].lower()
    if PLAIN.match(raw):
        text = raw.decode("ascii")
    else:
        text = "".join(chr(b) if 0x21 <= b <= 0x7E and b != 0x5C else f"\\{b:03d}" for b in raw)
    return text.rstrip(".") or None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else NO_HASH


def _alpn_mark(alpn: tuple[str, ...]) -> str:
    """Gives first and last character of the first protocol; hexadecimal digits where one is not alphanumeric."""
    first = alpn[0].encode("latin-1") if alpn else b""
    if not first:
        return "00"
    if all(bytes([b]).isalnum() for b in (first[0], first[-1])):
        return chr(first[0]) + chr(first[-1])
    digits = first.hex()
    return digits[0] + digits[-1]


def _behind(body: bytes, at: int, size: int) -> int:
    """Gives where the bytes behind a length of `size` bytes end.

    Raises:
        ShortError: the body ends before.
    """
    end = at + size + int.from_bytes(body[at : at + size])
    if at + size > len(body) or end > len(body):
        raise ShortError
    return end


def _extensions(body: bytes, at: int) -> tuple[tuple[int, ...], dict[int, bytes]]:
    """Gives the extensions' types in order, and the first of each type.

    Those behind a broken length are left out, what came before stays.
    """
    kinds: list[int] = []
    found: dict[int, bytes] = {}
    end = min(at + 2 + int.from_bytes(body[at : at + 2]), len(body))
    at += 2
    while at + 4 <= end:
        kind, size = _EXTENSION.unpack_from(body, at)
        at += 4
        kinds.append(kind)
        if kind not in found:
            found[kind] = body[at : min(at + size, end)]
        at += size
    return tuple(kinds), found


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // 2}H", data[: len(data) // 2 * 2])


def _listed(data: bytes, size: int) -> tuple[int, ...]:
    """Gives the 16-bit numbers of a vector with a length of `size` bytes."""
    return _numbers(data[size : size + int.from_bytes(data[:size])])


def _server_name(data: bytes) -> str | None:
    """Gives the first host_name of a server_name list."""
    reader = Cursor(data[2:])
    while len(reader) >= 3:
        kind, size = reader.number(1), reader.number(2)
        name = reader.take(min(size, len(reader)))
        if kind == 0:
            return host_text(name)
    return None


def _protocols(data: bytes) -> tuple[str, ...]:
    reader = Cursor(data[2:])
    found = []
    while len(reader):
        size = reader.number(1)
        found.append(reader.take(min(size, len(reader))).decode("latin-1"))
    return tuple(found)
