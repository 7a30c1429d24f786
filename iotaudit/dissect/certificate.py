"""The certificates of a handshake: the leaf in full, the chain as it was sent.

Nothing is verified: no signature is checked, no store of roots is asked, so a chain is told and never judged.
Source: RFC 5280 (certificate), RFC 5246 section 7.4.2 and RFC 8446 section 4.4.2 (the message); parsing is that
of the cryptography library.
"""

import datetime
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from iotaudit.codec.guard import Fault, guarded
from iotaudit.model.flows import Certificate

SANS_KEPT = 200
CHAIN_READ = 10
"""Certificates of one message that are looked at: chains in the field have two to four."""
REMEMBERED = 128
REMEMBERED_LEN = 8192
"""Certificates that are remembered, and how long each may be: the devices of a lab meet the same few."""
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class _Read:
    """A certificate with the names, as they are encoded, that tie a chain together."""

    told: Certificate
    subject: bytes
    issuer: bytes


def certificates_of(message: bytes, *, tls13: bool = False) -> tuple[bytes, ...]:
    """Gives the certificates (DER) of a Certificate message's body, leaf first, as far as they are whole."""
    at = 3
    if tls13:
        at += 1 + message[0] if message else 0  # the request's context
    found: list[bytes] = []
    while at + 3 <= len(message) and len(found) < CHAIN_READ:
        end = at + 3 + int.from_bytes(message[at : at + 3])
        if end > len(message) or end == at + 3:
            break
        found.append(message[at + 3 : end])
        at = end
        if tls13:
            at += 2 + int.from_bytes(message[at : at + 2])  # the certificate's extensions
    return tuple(found)


def read_chain(ders: tuple[bytes, ...], packet: int, time_ns: int) -> Certificate | Fault:
    """Reads the certificates of one message, leaf first; a `Fault` where the leaf cannot be read.

    Args:
        ders: at least one certificate.
        packet: where the message ended.
        time_ns: when: what the leaf's validity is told for.
    """
    reads = [_remembered(der) for der in ders]
    leaf = reads[0]
    if isinstance(leaf, Fault):
        return leaf
    pairs = pairwise(reads)
    return replace(
        leaf.told,
        packet=packet,
        validity=_validity(leaf.told, time_ns),
        chain=tuple(None if isinstance(read, Fault) else read.told.issuer_cn for read in reads),
        in_order=all(
            isinstance(one, Fault) or isinstance(above, Fault) or one.issuer == above.subject
            for one, above in pairs
        ),
    )


def _validity(told: Certificate, time_ns: int) -> str:
    if time_ns < told.not_before_ns:
        return "not_yet"
    return "expired" if time_ns > told.not_after_ns else "valid"


def _remembered(der: bytes) -> _Read | Fault:
    return (_parsed if len(der) <= REMEMBERED_LEN else _parsed.__wrapped__)(der)


@lru_cache(maxsize=REMEMBERED)
def _parsed(der: bytes) -> _Read | Fault:
    return guarded("x509", _read, der)


def _read(der: bytes) -> _Read:
    with warnings.catch_warnings():
        # A device's certificate may be odd (negative serial, bad country); reading it is still our job.
        warnings.simplefilter("ignore")
        found = x509.load_der_x509_certificate(der)
        kind, bits = _key(found)
        told = Certificate(
            subject_cn=_text(found.subject, NameOID.COMMON_NAME),
            subject_o=_text(found.subject, NameOID.ORGANIZATION_NAME),
            issuer_cn=_text(found.issuer, NameOID.COMMON_NAME),
            sans=_sans(found),
            not_before_ns=_ns(found.not_valid_before_utc),
            not_after_ns=_ns(found.not_valid_after_utc),
            self_signed=found.subject == found.issuer,
            packet=0,
            key_kind=kind,
            key_bits=bits,
            signature_hash=_signature_hash(found),
        )
        return _Read(told, found.subject.public_bytes(), found.issuer.public_bytes())


def _key(found: x509.Certificate) -> tuple[str | None, int | None]:
    """Gives kind and size of the key; None where the library knows neither."""
    key = guarded("x509.key", found.public_key)
    match key:
        case rsa.RSAPublicKey():
            return "rsa", key.key_size
        case dsa.DSAPublicKey():
            return "dsa", key.key_size
        case ec.EllipticCurvePublicKey():
            return "ec", key.key_size
        case ed25519.Ed25519PublicKey():
            return "ed25519", 256
        case ed448.Ed448PublicKey():
            return "ed448", 456
        case _:
            return None, None


def _signature_hash(found: x509.Certificate) -> str | None:
    """Gives the hash under the signature; None where the scheme has none of its own (Ed25519) or is not known."""
    hashed = guarded("x509.hash", lambda: found.signature_hash_algorithm)
    return None if hashed is None or isinstance(hashed, Fault) else hashed.name


def _text(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    values = name.get_attributes_for_oid(oid)
    if not values:
        return None
    value = values[0].value
    return value if isinstance(value, str) else value.hex()


def _sans(found: x509.Certificate) -> tuple[str, ...]:
    extension = guarded("x509.san", _alternative_names, found)
    if isinstance(extension, Fault) or extension is None:
        return ()
    names = [name.lower() for name in extension.get_values_for_type(x509.DNSName)]
    addresses = [str(ip) for ip in extension.get_values_for_type(x509.IPAddress)]
    return tuple(dict.fromkeys(names + addresses))[:SANS_KEPT]


def _alternative_names(found: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        extension = found.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return None
    value = extension.value
    return value if isinstance(value, x509.SubjectAlternativeName) else None


def _ns(moment: datetime.datetime) -> int:
    return (moment - EPOCH) // datetime.timedelta(microseconds=1) * 1000
