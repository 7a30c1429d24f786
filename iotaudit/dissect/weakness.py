"""What is weak in a handshake that was seen: stable ids, each with its ground in docs/protocols/tls.md.

An id says what was chosen or shown, never what follows from it. What was not seen in the clear (in TLS 1.3
the certificate) gives none, so no id is no praise.
Source: RFC 8996 (TLS 1.0 and 1.1), RFC 7465 (RC4), RFC 9325 section 4 (suites, forward secrecy, key sizes,
hashes), RFC 6125 section 6.4 (names).
"""

from functools import lru_cache

from iotaudit.model.flows import Certificate

OLD_VERSIONS = frozenset({"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "DTLSv1.0"})
SUITE_MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("anonymous_suite", ("_anon_",)),
    ("export_suite", ("_EXPORT_", "_DES40_", "_RC4_40_", "_RC2_CBC_40_")),
    ("null_suite", ("_WITH_NULL_", "TLS_NULL_", "TLS_SHA256_SHA256", "TLS_SHA384_SHA384")),
    ("rc4_suite", ("_RC4_",)),
    ("des_suite", ("_DES_", "_DES40_", "_3DES_", "_IDEA_", "_RC2_")),
)
"""What the name of a suite tells, by its parts; `des_suite` are ciphers of 64-bit blocks (DES, 3DES, IDEA, RC2)."""
FORWARD = (
    "TLS_DHE_",
    "TLS_ECDHE_",
    "TLS_DH_anon_",
    "TLS_ECDH_anon_",
    "TLS_PSK_DHE_",
    "TLS_SRP_",
    "TLS_AES_",
    "TLS_CHACHA20_",
    "TLS_SM4_",
)
"""How suites begin that agree on a fresh key; of TLS 1.3 all (that a shared key went alone the suite does not tell)."""
LEAST_RSA = 2048
LEAST_EC = 224
WEAK_HASHES = frozenset({"md5", "sha1"})


def weak_of(
    version: str | None, suite: str | None, certificate: Certificate | None, name: str | None
) -> tuple[str, ...]:
    """Gives the ids of what is weak, sorted.

    Args:
        version: the printed version that was chosen, None where it was not seen.
        suite: the name of the chosen suite, None where it was not seen.
        certificate: the server's, None where it was not seen.
        name: the host that the client asked for, None where it is hidden or was not named.
    """
    found = set(_of_suite(suite)) if suite else set()
    if version in OLD_VERSIONS:
        found.add("old_version")
    if certificate:
        found.update(_of_certificate(certificate))
        if name and not names_host(certificate, name):
            found.add("name_mismatch")
    return tuple(sorted(found))


def names_host(certificate: Certificate, name: str) -> bool:
    """Says whether a certificate is for a host; its common name counts where it lists no other."""
    listed = certificate.sans or ((certificate.subject_cn or "").lower(),)
    parent = name.partition(".")[2]
    return any(one.rstrip(".") in {name, f"*.{parent}"} for one in listed)


@lru_cache(maxsize=256)
def _of_suite(suite: str) -> tuple[str, ...]:
    if not suite.startswith("TLS_"):
        return ()  # a number without a name
    found = [name for name, parts in SUITE_MARKS if any(part in suite for part in parts)]
    integrity_only = suite in {"TLS_SHA256_SHA256", "TLS_SHA384_SHA384"}
    if not suite.startswith(FORWARD) and not integrity_only and suite != "TLS_NULL_WITH_NULL_NULL":
        found.append("no_forward_secrecy")
    return tuple(found)


def _of_certificate(certificate: Certificate) -> tuple[str, ...]:
    bits, kind = certificate.key_bits, certificate.key_kind
    least = {"rsa": LEAST_RSA, "dsa": LEAST_RSA, "ec": LEAST_EC}.get(kind or "", 0)
    facts = (
        ("expired", certificate.validity == "expired"),
        ("not_yet_valid", certificate.validity == "not_yet"),
        ("short_key", bits is not None and bits < least),
        ("weak_signature", certificate.signature_hash in WEAK_HASHES),
    )
    return tuple(name for name, holds in facts if holds)
