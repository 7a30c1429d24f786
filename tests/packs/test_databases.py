"""The user's address databases: every form that is read, and every file that is refused in one line."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.errors import InputError
from iotaudit.model.knowledge import GeoAnswer
from iotaudit.packs.databases import adapt
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.packs.library import DATA

KNOWLEDGE = load_knowledge()
write_mmdb = runpy.run_path(str(Path(__file__).parents[1] / "locate" / "mmdb_file.py"))[
    "write_mmdb"
]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"country_code": "DE"}, GeoAnswer("DE")),
        ({"country": {"iso_code": "IT", "names": {"en": "Italy"}}}, GeoAnswer("IT")),
        ({"country": "RU", "country_name": "Russia"}, GeoAnswer("RU")),
        ({"country": "el"}, GeoAnswer("GR")),
        ({"country_code": "NO"}, GeoAnswer("NO")),
        ({"country_code": "XK"}, GeoAnswer("XK")),
        ({"country_code": "EU"}, GeoAnswer(vague="it names a region, not a country")),
        ({"country_code": "AP"}, GeoAnswer(vague="it names a region, not a country")),
        ({"country_code": "ZZ"}, GeoAnswer(vague="it names a region, not a country")),
        ({"registered_country": {"iso_code": "US"}}, None),
        (
            {"traits": {"is_anycast": True}, "country": {"iso_code": "US"}},
            GeoAnswer("US", anycast=True),
        ),
        (
            {"autonomous_system_number": 64496, "autonomous_system_organization": "Moppel"},
            GeoAnswer(None, 64496, "Moppel"),
        ),
        (
            {"asn": "AS64496", "as_name": "Moppel", "country": "DE"},
            GeoAnswer("DE", 64496, "Moppel"),
        ),
        ({"asn": "ASx"}, None),
        ({"asn": True}, None),
        ({"country": "Germany"}, None),
        (["DE"], None),
        (None, None),
    ],
)
def test_records_of_all_makers_say_the_same(record: Any, expected: Any) -> None:
    assert adapt(record, KNOWLEDGE.zones) == expected


def test_user_file_becomes_a_source_with_its_date_and_digest(tmp_path: Any) -> None:
    path = write_mmdb(
        tmp_path / "mine.mmdb", {"192.0.2.0/24": {"country_code": "DE"}}, epoch=1_750_000_000
    )
    knowledge = load_knowledge([str(path)])
    database = knowledge.databases[-1]
    assert (database.id, database.date) == ("geoip:mine.mmdb", "2025-06-15")
    assert database.look_up("192.0.2.9") == GeoAnswer("DE")
    assert database.look_up("198.51.100.1") is None
    assert database.look_up("not an address") is None
    file = knowledge.files[-1]
    assert (file.name, len(file.sha256), file.licence) == (
        "geoip:mine.mmdb",
        64,
        "as licensed to the user",
    )


@pytest.mark.parametrize(
    "kind", ["GeoLite2-Country", "GeoIP2-City", "DBIP-Country-Lite", "GeoIP2-Enterprise"]
)
def test_maxmind_style_file_is_read_through_geoip2(tmp_path: Any, kind: Any) -> None:
    rows = {
        "198.51.100.0/24": {
            "country": {"iso_code": "IT", "geoname_id": 1},
            "traits": {"is_anycast": True},
        }
    }
    database = load_knowledge([str(write_mmdb(tmp_path / "c.mmdb", rows, kind))]).databases[-1]
    answer = database.look_up("198.51.100.7")
    assert answer is not None
    assert answer.country == "IT"
    assert database.look_up("203.0.113.1") is None


def test_asn_file_gives_networks(tmp_path: Any) -> None:
    rows = {
        "198.51.100.0/24": {
            "autonomous_system_number": 64500,
            "autonomous_system_organization": "Dustwhale Net",
        }
    }
    database = load_knowledge(
        [str(write_mmdb(tmp_path / "a.mmdb", rows, "GeoLite2-ASN"))]
    ).databases[-1]
    assert database.look_up("198.51.100.7") == GeoAnswer(None, 64500, "Dustwhale Net")
    assert database.look_up("198.51.100.7") is database.look_up("198.51.100.8")  # equal answers are one object


def test_copy_of_the_embedded_database_is_no_second_voice() -> None:
    knowledge = load_knowledge([str(DATA / "dbip-country.mmdb")])
    assert [d.family for d in knowledge.databases] == ["dbip", "ipfire", "dbip"]


def test_files_of_one_maker_are_one_family(tmp_path: Any) -> None:
    rows = {"198.51.100.0/24": {"country": {"iso_code": "IT"}}}
    paths = [
        str(write_mmdb(tmp_path / "a.mmdb", rows, "GeoLite2-Country", epoch=1)),
        str(write_mmdb(tmp_path / "b.mmdb", rows, "GeoIP2-City", epoch=2)),
    ]
    assert [d.family for d in load_knowledge(paths).databases[2:]] == ["maxmind", "maxmind"]


def test_missing_file_is_one_line(tmp_path: Any) -> None:
    with pytest.raises(InputError, match=r"none\.mmdb: no such file"):
        load_knowledge([str(tmp_path / "none.mmdb")])


def test_folder_is_one_line(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="is a folder"):
        load_knowledge([str(tmp_path)])


@pytest.mark.parametrize(
    "content", [b"", b"not a database", b"\xab\xcd\xefMaxMind.com", b"\xab\xcd\xefMaxMind.com\xe0"]
)
def test_file_of_another_kind_is_one_line(tmp_path: Any, content: Any) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not an MMDB file"):
        load_knowledge([str(path)])


def test_database_without_countries_and_networks_is_refused(tmp_path: Any) -> None:
    path = write_mmdb(tmp_path / "x.mmdb", {"198.51.100.0/24": {"is_vpn": True}}, "Some-Proxy-List")
    with pytest.raises(InputError, match="neither countries nor networks"):
        load_knowledge([str(path)])


def test_damaged_record_is_an_answer_without_a_country(tmp_path: Any) -> None:
    rows = {"198.51.100.0/24": {"country_code": "DE"}, "203.0.113.0/24": {"country_code": "FR"}}
    path = write_mmdb(tmp_path / "x.mmdb", rows)
    data = path.read_bytes()
    at = data.index(b"\xe1\x4ccountry_code\x42FR")
    # the second record claims to be a pointer (type 1) far outside the file
    path.write_bytes(data[:at] + b"\x38\xff\xff\xff\xff" + data[at + 5 :])
    answer = load_knowledge([str(path)]).databases[-1].look_up("203.0.113.4")
    assert answer == GeoAnswer(vague="the record could not be read")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=12),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(["country", "iso_code", "traits", "asn", "org", "is_anycast"]),
                inner,
                max_size=4,
            )
            | st.lists(inner, max_size=2)
        ),
        max_leaves=8,
    )
)
def test_any_record_gives_an_answer_or_nothing(record: Any) -> None:
    answer = adapt(record, KNOWLEDGE.zones)
    assert (
        answer is None or answer.country is None or answer.country in KNOWLEDGE.zones.codes | {"XK"}
    )
