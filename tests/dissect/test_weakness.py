"""What is weak in a handshake: each id where it holds, and where it just does not."""

from dataclasses import replace

import pytest

from iotaudit.dissect.tls_ciphers import SUITES
from iotaudit.dissect.weakness import names_host, weak_of
from iotaudit.model.flows import WEAKNESSES, Certificate

SOUND = Certificate(
    "api.vendor.test",
    None,
    "Example CA",
    ("api.vendor.test",),
    0,
    1,
    self_signed=False,
    packet=1,
    validity="valid",
    key_kind="rsa",
    key_bits=2048,
    signature_hash="sha256",
)
SUITE = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"


def test_a_sound_handshake_has_no_weakness() -> None:
    assert weak_of("TLSv1.2", SUITE, SOUND, "api.vendor.test") == ()
    assert weak_of("TLSv1.3", "TLS_AES_128_GCM_SHA256", None, "api.vendor.test") == ()


@pytest.mark.parametrize(
    ("version", "weak"),
    [
        ("SSLv3", True),
        ("TLSv1.0", True),
        ("TLSv1.1", True),
        ("DTLSv1.0", True),
        ("TLSv1.2", False),
        (None, False),
    ],
)
def test_versions_before_1_2_are_old(version: str | None, weak: bool) -> None:  # noqa: FBT001
    assert weak_of(version, None, None, None) == (("old_version",) if weak else ())


@pytest.mark.parametrize(
    ("suite", "weak"),
    [
        ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", {"export_suite", "rc4_suite", "no_forward_secrecy"}),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", {"des_suite", "no_forward_secrecy"}),
        ("TLS_DHE_RSA_WITH_DES_CBC_SHA", {"des_suite"}),
        ("TLS_RSA_WITH_NULL_SHA256", {"null_suite", "no_forward_secrecy"}),
        ("TLS_NULL_WITH_NULL_NULL", {"null_suite"}),
        ("TLS_SHA256_SHA256", {"null_suite"}),
        ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", {"anonymous_suite"}),
        ("TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", {"no_forward_secrecy"}),
        ("TLS_PSK_WITH_AES_128_CCM_8", {"no_forward_secrecy"}),
        ("TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", set()),
        ("TLS_PSK_DHE_WITH_AES_128_CCM_8", set()),
        ("TLS_SRP_SHA_WITH_AES_128_CBC_SHA", set()),
        ("TLS_AES_128_CCM_8_SHA256", set()),
        ("0xfafb", set()),
    ],
)
def test_a_suite_is_weak_by_its_name(suite: str, weak: set[str]) -> None:
    assert set(weak_of(None, suite, None, None)) == weak


@pytest.mark.parametrize(
    ("change", "weak"),
    [
        ({"key_bits": 1024}, ("short_key",)),
        ({"key_bits": 2047}, ("short_key",)),
        ({"key_kind": "dsa", "key_bits": 1024}, ("short_key",)),
        ({"key_kind": "ec", "key_bits": 192}, ("short_key",)),
        ({"key_kind": "ec", "key_bits": 256}, ()),
        ({"key_kind": None, "key_bits": None}, ()),
        ({"signature_hash": "sha1"}, ("weak_signature",)),
        ({"signature_hash": "md5"}, ("weak_signature",)),
        ({"signature_hash": None}, ()),
        ({"validity": "expired"}, ("expired",)),
        ({"validity": "not_yet"}, ("not_yet_valid",)),
        ({"validity": None}, ()),
    ],
)
def test_a_certificate_is_weak_by_key_signature_and_dates(
    change: dict[str, object], weak: tuple[str, ...]
) -> None:
    assert weak_of(None, None, replace(SOUND, **change), None) == weak  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("common", "listed", "name", "fits"),
    [
        ("x", ("api.vendor.test",), "api.vendor.test", True),
        ("x", ("*.vendor.test",), "api.vendor.test", True),
        ("x", ("*.vendor.test",), "a.api.vendor.test", False),
        ("x", ("*.vendor.test",), "vendor.test", False),
        ("api.vendor.test", ("other.test",), "api.vendor.test", False),
        ("API.vendor.test", (), "api.vendor.test", True),
        (None, (), "api.vendor.test", False),
        ("x", ("192.0.2.1",), "192.0.2.1", True),
    ],
)
def test_a_certificate_names_a_host_by_its_list_else_by_its_common_name(
    common: str | None,
    listed: tuple[str, ...],
    name: str,
    fits: bool,  # noqa: FBT001
) -> None:
    certificate = replace(SOUND, subject_cn=common, sans=listed)
    assert names_host(certificate, name) is fits
    assert ("name_mismatch" in weak_of(None, None, certificate, name)) is not fits
    assert weak_of(None, None, certificate, None) == ()


def test_every_id_is_one_of_the_models() -> None:
    bad = replace(SOUND, validity="expired", key_bits=512, signature_hash="md5")
    found = {one for suite in SUITES.values() for one in weak_of("TLSv1.0", suite, bad, "other.test")}
    found |= set(weak_of(None, None, replace(bad, validity="not_yet"), None))
    assert found == set(WEAKNESSES)
