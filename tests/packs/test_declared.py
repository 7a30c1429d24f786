"""Declarations: every key, and every mistake with its place."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.errors import InputError, PackError
from iotaudit.model.declared import (
    Declaration,
    DeclaredCompany,
    DeclaredHost,
    DeclaredPort,
    DeclaredVolume,
)
from iotaudit.packs.declared import KEYS, load_declaration

ROOT = Path(__file__).resolve().parents[2]


def load(folder: Path, text: str) -> Declaration:
    path = folder / "declared.yaml"
    path.write_text(text, encoding="utf-8")
    return load_declaration(str(path))


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(PackError) as caught:
        load(folder, text)
    return [f"{place.line}:{place.column} {told}" for place, told in caught.value.mistakes]


def test_the_example_uses_every_key() -> None:
    text = (ROOT / "docs" / "declared.yaml").read_text(encoding="utf-8")
    assert {line.partition(":")[0] for line in text.splitlines() if line[:1].isalpha()} == set(KEYS)
    assert load_declaration(str(ROOT / "docs" / "declared.yaml")).vendor == "Moppel Robotics GmbH"


def test_left_out_is_another_thing_than_none(tmp_path: Path) -> None:
    assert load(tmp_path, "vendor: V\n") == Declaration("V")
    given_none = load(tmp_path, "vendor: V\noperators: []\nremote_access: false\n")
    assert (given_none.operators, given_none.remote_access) == ((), ())


def test_short_forms_stand_for_rows(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "vendor: V\ndestinations: [A.Vendor.Example., 2001:DB8::1]\nsub_processors: [X Ltd]\nports: [22, {port: 53, protocol: udp}]\n"
        "volumes: [{bytes_per_day: 10, host: '*.vendor.example'}]\nstorage_countries: [no, EU]\n",
    )
    assert found.destinations == (DeclaredHost("a.vendor.example"), DeclaredHost("2001:db8::1"))
    assert found.sub_processors == (DeclaredCompany("X Ltd"),)
    assert found.ports == (DeclaredPort(22), DeclaredPort(53, "udp"))
    assert found.volumes == (DeclaredVolume(10, "*.vendor.example"),)
    assert found.storage_countries == ("NO", "EU"), "YAML 1.1 would read no as false"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("vendr: V", "1:1 the declaration has no key of this name; did you mean vendor?"),
        ("device: X", "1:1 the declaration lacks vendor"),
        ("vendor: V\nstorage_countries: [Germany]", "2:21 storage_countries takes country codes such as DE, or EU, EEA; did you mean DE (Germany)?"),
        ("vendor: V\nstorage_countries: DE", "2:20 storage_countries must be a list; [] says that there is none"),
        ("vendor: V\noperators: [X, X]", "2:16 this stands twice in operators"),
        ("vendor: V\ndestinations: [{hots: a.example}]", "2:17 a row of destinations has no key of this name; did you mean host?"),
        ("vendor: V\ndestinations: [not a host]", "2:16 destinations takes host names, *. and a domain, addresses or networks"),
        ("vendor: V\ndata_types: [geo.gsp]", "2:14 data_types takes data types of docs/data-types/; did you mean geo.gps?"),
        ("vendor: V\nports: [70000]", "2:9 a port is a number from 1 to 65535"),
        ("vendor: V\nremote_access: true", "2:16 remote_access takes false or a list of hosts"),
        ("vendor: V\nsupport_until: soon", "2:16 support_until takes a date such as 2030-12 or 2030-12-31"),
        ("vendor: V\nvolumes: [{bytes_per_day: 1.5}]", "2:27 bytes_per_day must be a whole number that is not negative"),
        ("vendor: V\nworks_offline: maybe", "2:16 works_offline must be true or false"),
        ("vendor: V\nretention: [{days: 1, data_type: x}]", "2:34 data_type takes data types of docs/data-types/"),
    ],
)
def test_a_mistake_has_its_place_and_a_suggestion(tmp_path: Path, text: str, told: str) -> None:
    assert told in mistakes(tmp_path, text)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, "vendr: V\nports: [0]\ndata_types: [x]\n")) == 4


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_declaration(str(tmp_path / "none.yaml"))


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), max_size=80), key=st.sampled_from(KEYS))
def test_any_text_is_a_declaration_or_a_placed_mistake(tmp_path_factory: pytest.TempPathFactory, text: str, key: str) -> None:
    folder = tmp_path_factory.mktemp("d")
    try:
        found = load(folder, f"vendor: V\n{key}: {text}\n")
    except PackError as error:
        told = {place.path for place, _ in error.mistakes}
    else:
        told = {found.vendor and str(folder / "declared.yaml")}
    assert told == {str(folder / "declared.yaml")}
