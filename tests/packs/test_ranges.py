"""Published ranges, geofeeds and registry files: every form, and any bytes at all."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.errors import InputError
from iotaudit.model.knowledge import GeoAnswer, Networks
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.packs.ranges import RangeFile, read_ranges

KNOWLEDGE = load_knowledge()
AZURE = {
    "changeNumber": 1,
    "cloud": "Public",
    "values": [
        {
            "name": "AzureCloud.germanywc",
            "properties": {"region": "germanywc", "addressPrefixes": ["20.52.0.0/17", "2603:1020::/40"]},
        },
        {"name": "AzureFrontDoor.Frontend", "properties": {"region": "", "addressPrefixes": ["20.52.4.0/24"]}},
        {"name": "AzureCloud", "properties": {"region": "", "addressPrefixes": ["20.52.0.0/17", "20.0.0.0/8"]}},
    ],
}
GOOGLE = {
    "syncToken": "1",
    "creationTime": "2026-10-02T10:00:00",
    "prefixes": [
        {"ipv4Prefix": "34.89.128.0/17", "service": "Google Cloud", "scope": "europe-west3"},
        {"ipv6Prefix": "2600:1900:4000::/44", "service": "Google Cloud", "scope": "us-central1"},
        {"ipv4Prefix": "34.1.0.0/16", "service": "Google Cloud", "scope": "global"},
        {"ipv4Prefix": "8.8.8.0/24"},
    ],
}
ORACLE = {
    "last_updated_timestamp": "2026-10-03T00:00:00",
    "regions": [{"region": "eu-frankfurt-1", "cidrs": [{"cidr": "130.61.0.0/16", "tags": ["OCI"]}]}],
}


def opened(content: Any) -> Any:
    data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    ranges = read_ranges(data, KNOWLEDGE.zones, KNOWLEDGE.regions)
    return None if ranges is None else RangeFile("geoip:x", ranges.date, "x", ranges)


@pytest.mark.parametrize(
    ("content", "ip", "country"),
    [
        (AZURE, "20.52.1.1", "DE"),
        (AZURE, "2603:1020::1", "DE"),
        (GOOGLE, "34.89.200.1", "DE"),
        (GOOGLE, "2600:1900:4000::1", "US"),
        (ORACLE, "130.61.1.1", "DE"),
        ("192.0.2.0/24,AT,,,\n", "192.0.2.9", "AT"),
        ('"192.0.2.0/24","el",,,\n', "192.0.2.9", "GR"),
        ("192.0.2.7,NO\n", "192.0.2.7", "NO"),
    ],
)
def test_pass_every_form_gives_the_country_of_its_region(content: Any, ip: Any, country: Any) -> None:
    answer = opened(content).look_up(ip)
    assert answer is not None
    assert (answer.country, answer.anycast, answer.vague) == (country, False, "")
    assert answer.told


@pytest.mark.parametrize(
    ("content", "ip"),
    [
        (AZURE, "20.52.4.1"),
        ({"result": {"ipv4_cidrs": ["192.0.2.0/24"], "ipv6_cidrs": []}}, "192.0.2.1"),
        ({"addresses": ["192.0.2.0/24"], "ipv6_addresses": ["2001:db8::/32"]}, "2001:db8::1"),
        ("192.0.2.0/24\n198.51.100.0/24 # note\n", "198.51.100.1"),
    ],
)
def test_fail_ranges_of_many_places_have_no_country(content: Any, ip: Any) -> None:
    answer = opened(content).look_up(ip)
    assert answer is not None
    assert (answer.country, answer.anycast) == (None, True)


def test_inconclusive_range_without_a_region_or_with_several_names_none() -> None:
    assert opened(AZURE).look_up("20.99.1.1") is None
    assert opened(GOOGLE).look_up("8.8.8.8") is None
    assert opened(GOOGLE).look_up("34.1.2.3").country is None
    answer = opened("192.0.2.0/24,AT,,,\n192.0.2.0/24,US,,,\n").look_up("192.0.2.1")
    assert (answer.country, answer.vague) == (None, "the file names several places")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "hello\nworld\n",
        "{",
        "{}",
        "[]",
        '{"prefixes": 3, "ipv6_prefixes": {}, "createDate": []}',
        '{"values": [[], 1, {"properties": 7}], "changeNumber": 1}',
        '{"regions": [{"cidrs": [{"cidr": {}}]}], "last_updated_timestamp": 0}',
        "2|ripencc|x|y|z|w|+1\nripencc|DE|ipv4|256.0.0.0|9|x|allocated\nripencc|DE|ipv4|1.0.0.0|-4|x|allocated\n",
        "a,b\nc,d\n",
        "9" * 5000 + ",DE\n",
    ],
)
def test_file_in_no_form_is_one_line(tmp_path: Any, content: Any) -> None:
    assert opened(content) is None
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"x\.json: is not an MMDB file, published") as caught:
        load_knowledge([str(path)])
    assert "\n" not in str(caught.value)


@settings(max_examples=60)
@given(st.binary(max_size=300) | st.text("0123456789./,|DE\n{}[]\":", max_size=200).map(str.encode))
def test_any_bytes_give_ranges_or_nothing(data: Any) -> None:
    found = read_ranges(data, KNOWLEDGE.zones, KNOWLEDGE.regions)
    assert found is None or found.rows


@given(
    st.lists(
        st.tuples(st.integers(0, 255), st.integers(0, 8)).map(
            lambda row: f"192.0.2.{row[0] >> row[1] << row[1]}/{32 - row[1]}"
        ),
        max_size=12,
    ),
    st.integers(0, 255),
)
def test_longest_network_answers(networks: Any, last: Any) -> None:
    table = Networks((network, network) for network in networks)
    holding = [n for n in networks if _holds(n, last)]
    expected = max(holding, key=lambda n: int(n.partition("/")[2]), default=None)
    assert table.find(f"192.0.2.{last}") == expected
    assert table.find("192.0.3.0") is None
    assert table.find("192.0.1.255") is None


def _holds(network: str, last: int) -> bool:
    base, _, length = network.partition("/")
    size = 1 << (32 - int(length))
    first = int(base.rpartition(".")[2])
    return first <= last < first + size


def test_ipinfo_lite_record_is_read() -> None:
    from iotaudit.packs.databases import adapt

    record = {
        "asn": "AS64496", "as_name": "Moppel", "as_domain": "moppel.example", "continent": "Europe",
        "continent_code": "EU", "country": "Germany", "country_code": "DE",
    }  # fmt: skip
    assert adapt(record, KNOWLEDGE.zones) == GeoAnswer("DE", 64496, "Moppel")
