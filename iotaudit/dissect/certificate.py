"""The leaf certificate of a handshake that is in the clear (TLS 1.2 and older).

Source: RFC 5280 (certificate), RFC 5246 section 7.4.2 (the message); parsing is the cryptography library's.
"""

import datetime
import warnings

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from iotaudit.codec.guard import Fault, guarded
from iotaudit.model.flows import Certificate

SANS_KEPT = 200
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def leaf_of(message: bytes) -> bytes | None:
    """Gives the first certificate (DER) of a TLS 1.2 Certificate message's body, None where the list is empty."""
    if len(message) < 6:
        return None
    length = int.from_bytes(message[3:6])
    leaf = message[6 : 6 + length]
    return leaf if length and len(leaf) == length else None


def read_certificate(der: bytes, packet: int) -> Certificate | Fault:
    """Reads a DER certificate; a `Fault` where it cannot be read."""
    return guarded("x509", _read, der, packet)


def _read(der: bytes, packet: int) -> Certificate:
    with warnings.catch_warnings():
        # A device's certificate may be odd (negative serial, bad country); reading it is still our job.
        warnings.simplefilter("ignore")
        found = x509.load_der_x509_certificate(der)
        return Certificate(
            subject_cn=_text(found.subject, NameOID.COMMON_NAME),
            subject_o=_text(found.subject, NameOID.ORGANIZATION_NAME),
            issuer_cn=_text(found.issuer, NameOID.COMMON_NAME),
            sans=_sans(found),
            not_before_ns=_ns(found.not_valid_before_utc),
            not_after_ns=_ns(found.not_valid_after_utc),
            self_signed=found.subject == found.issuer,
            packet=packet,
        )


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
