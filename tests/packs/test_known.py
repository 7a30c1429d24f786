"""Known values: triples of label, data type, value; mistakes never quote a value."""

from pathlib import Path

import pytest

from iotaudit.errors import InputError, PackError
from iotaudit.packs.known import load_known

FULL = """\
serial: [0012345, RX-77-000123]
mac: 02:00:5e:10:00:01
email: tester@site.example
gps: [52.5200, 13.4050]
map_label: Hall 3
other:
  - {data_type: person.vehicle_plate, value: AB-CD 123}
salts: [pepper]
"""


def write(folder: Path, text: str) -> str:
    path = folder / "known.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_value_comes_with_its_label(tmp_path: Path) -> None:
    assert load_known(write(tmp_path, FULL)) == (
        ("serial", None, "0012345"),
        ("serial", None, "RX-77-000123"),
        ("mac", None, "02:00:5e:10:00:01"),
        ("email", None, "tester@site.example"),
        ("map_label", None, "Hall 3"),
        ("gps", None, "52.5200,13.4050"),
        ("other", "person.vehicle_plate", "AB-CD 123"),
        ("salt", None, "pepper"),
    )


def test_several_positions_are_a_list_of_pairs(tmp_path: Path) -> None:
    assert load_known(write(tmp_path, "gps: [[1.5, 2], [-3, 4.25]]")) == (
        ("gps", None, "1.5,2"),
        ("gps", None, "-3,4.25"),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("serail: SECRET-1", "did you mean serial?"),
        ("serial: {a: SECRET-1}", "takes a value or a list"),
        ("serial: S1", "must have 3 to"),
        ("gps: [91.5, 7]", "gps takes [latitude, longitude]"),
        ("gps: SECRET-1", "gps takes [latitude, longitude]"),
        ("other: [{data_type: person.emial, value: SECRET-1}]", "did you mean person.email?"),
        ("other: [{data_type: person.email}]", "other lacks value"),
        ("password: 'SECRET-1", "not well-formed YAML"),
        ("- SECRET-1", "must be keys with values"),
        ("password:", "names no value"),
        ("serial: true", "takes a value or a list"),
    ],
)
def test_mistakes_are_told_without_the_value(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(PackError) as caught:
        load_known(write(tmp_path, text))
    assert told in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert "91.5" not in str(caught.value)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_known(str(tmp_path / "none.yaml"))
