"""Handshake messages made to order, as TLS, DTLS and QUIC carry them."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

RANDOM = bytes(range(32))
SHA256 = hashes.SHA256()
ECH_OUTER = (0xFE0D, bytes.fromhex("00 0001 0001 07 0000 0000"))
"""An outer encrypted_client_hello: type, suite, config id, empty key, empty payload."""


def vector(data: bytes, size: int) -> bytes:
    """Gives the data behind its length."""
    return len(data).to_bytes(size) + data


def server_name(name: bytes) -> tuple[int, bytes]:
    """Gives the server_name extension."""
    return 0, vector(b"\0" + vector(name, 2), 2)


def alpn(*names: bytes) -> tuple[int, bytes]:
    """Gives the ALPN extension."""
    return 16, vector(b"".join(vector(name, 1) for name in names), 2)


def client_hello(
    *extensions: tuple[int, bytes],
    version: int = 0x0303,
    ciphers: tuple[int, ...] = (0x1301, 0xC02F),
    cookie: bytes | None = None,
    session: bytes = b"",
) -> bytes:
    """Gives the body of a ClientHello; `cookie` makes it one of DTLS."""
    return (
        version.to_bytes(2)
        + RANDOM
        + vector(session, 1)
        + (b"" if cookie is None else vector(cookie, 1))
        + vector(b"".join(c.to_bytes(2) for c in ciphers), 2)
        + vector(b"\0", 1)  # compression: null
        + vector(b"".join(kind.to_bytes(2) + vector(data, 2) for kind, data in extensions), 2)
    )


def server_hello(
    *extensions: tuple[int, bytes],
    version: int = 0x0303,
    cipher: int = 0xC02F,
    random: bytes = RANDOM,
    session: bytes = b"",
) -> bytes:
    """Gives the body of a ServerHello."""
    return (
        version.to_bytes(2)
        + random
        + vector(session, 1)
        + cipher.to_bytes(2)
        + b"\0"
        + vector(b"".join(kind.to_bytes(2) + vector(data, 2) for kind, data in extensions), 2)
    )


def message(kind: int, body: bytes) -> bytes:
    """Gives a handshake message with its header of TLS."""
    return bytes([kind]) + vector(body, 3)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    """Gives a TLS record."""
    return bytes([kind]) + version.to_bytes(2) + vector(body, 2)


def certificate(
    common_name: str,
    *names: str,
    organisation: str = "Example Ltd",
    issuer: str | None = None,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    hashed: hashes.HashAlgorithm | None = SHA256,
) -> bytes:
    """Gives a certificate (DER) for the names, in the name of `issuer` (None: its own), signed with its own key."""
    key = key or ec.generate_private_key(ec.SECP256R1())

    def named(common: str) -> x509.Name:
        attributes = ((NameOID.COMMON_NAME, common), (NameOID.ORGANIZATION_NAME, organisation))
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])

    built = (
        x509.CertificateBuilder()
        .subject_name(named(common_name))
        .issuer_name(named(issuer or common_name))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2034, 1, 1, tzinfo=datetime.UTC))
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        built = built.add_extension(alternatives, critical=False)
    signed = built.sign(key, hashed)  # type: ignore[arg-type]
    return signed.public_bytes(serialization.Encoding.DER)


def certificate_message(*ders: bytes) -> bytes:
    """Gives the body of a Certificate message of TLS 1.2."""
    return vector(b"".join(vector(der, 3) for der in ders), 3)
