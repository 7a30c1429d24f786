"""The embedded look-ups: vendors, networks, public suffixes; and damaged files."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from iotaudit.errors import SetupError
from iotaudit.packs.columns import read_columns
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.packs.library import DATA

KNOWLEDGE = load_knowledge()
REFERENCE = PublicSuffixList()
ICANN = PublicSuffixList(only_icann=True)


@pytest.mark.parametrize(
    ("mac", "vendor"),
    [
        (0x7811DC000001, "XIAOMI Electronics,CO.,LTD"),
        (0x240AC4123456, "Espressif Inc."),
        (0x02AA00000001, None),  # locally administered: a random address has no vendor
        (0x01005E0000FB, None),  # group address
        (0xFFFFFFFFFFFF, None),
        (0x000000000000, "XEROX CORPORATION"),
    ],
)
def test_vendor_of_a_link_address(mac: Any, vendor: Any) -> None:
    assert KNOWLEDGE.vendor(mac) == vendor


def test_longer_block_decides_over_the_shorter_one() -> None:
    columns = read_columns(DATA / "oui.bin")
    small = int(columns["p36_step"][0])  # the first 36-bit block
    name = KNOWLEDGE.vendor(small << 12 | 0x123)
    assert name
    assert name != "IEEE Registration Authority"


@pytest.mark.parametrize(
    ("ip", "asn"),
    [
        ("78.46.0.1", 24940),
        ("2a01:4f8::1", 24940),
        ("8.8.8.8", 15169),
        ("0.0.0.0", None),  # noqa: S104 - looked up, not bound
        ("255.255.255.255", None),
        ("::", None),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
        ("192.0.2.1", None),
        ("", None),
        ("host.example", None),
    ],
)
def test_network_of_an_address(ip: Any, asn: Any) -> None:
    found = KNOWLEDGE.networks.look_up(ip)
    assert (found[0] if found else None) == asn


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("mqtt.eu.moppel.example", "moppel.example"),
        ("a.b.co.uk", "b.co.uk"),
        ("co.uk", None),
        ("example", None),
        ("printer.local", None),
        ("nas.home.arpa", None),
        ("box.lan", None),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("", None),
        (".", None),
        ("a..example", None),
        ("www.ck", "www.ck"),  # exception rule
        ("a.b.kawasaki.jp", "a.b.kawasaki.jp"),  # wildcard rule
        ("city.kawasaki.jp", "city.kawasaki.jp"),
        ("kawasaki.jp", "kawasaki.jp"),
        ("bucket.s3.amazonaws.com", "bucket.s3.amazonaws.com"),  # the customer's
        ("s3.amazonaws.com", "amazonaws.com"),  # the operator's own
        ("x.iot.eu-central-1.amazonaws.com", "amazonaws.com"),
        ("WWW.Bücher.DE.", "xn--bcher-kva.de"),
    ],
)
def test_registrable_domain(name: Any, domain: Any) -> None:
    assert KNOWLEDGE.registrable(name) == domain


LABEL = st.sampled_from(
    [
        "a",
        "b",
        "com",
        "co",
        "uk",
        "jp",
        "kawasaki",
        "city",
        "s3",
        "amazonaws",
        "ck",
        "www",
        "github",
        "io",
        "xn--p1ai",
    ]
)


@given(st.lists(LABEL, min_size=1, max_size=5))
def test_suffixes_are_read_as_the_library_reads_them(labels: Any) -> None:
    name = ".".join(labels)
    # *.kawasaki.jp says nothing of kawasaki.jp itself (publicsuffix.org, "Algorithm"); the library takes it for a suffix
    if len(labels) > 1 and name != "kawasaki.jp":
        assert KNOWLEDGE.suffixes.registrable(name, private=True) == REFERENCE.privatesuffix(name)
        assert KNOWLEDGE.suffixes.registrable(name, private=False) == ICANN.privatesuffix(name)


@given(st.text(max_size=80))
def test_any_text_has_a_registrable_domain_or_none(text: Any) -> None:
    domain = KNOWLEDGE.registrable(text)
    assert domain is None or "." in domain


@pytest.mark.parametrize("cut", [0, 5, 11, 40, 1000])
def test_cut_column_file_is_an_installation_fault(tmp_path: Any, cut: Any) -> None:
    path = tmp_path / "asn.bin"
    path.write_bytes((DATA / "asn.bin").read_bytes()[:cut])
    with pytest.raises(SetupError, match=r"asn\.bin is damaged"):
        read_columns(path)
