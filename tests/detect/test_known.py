"""Known values: what the file's rows become, and how they are found."""

import base64
import hashlib
import json
import zlib

import pytest

from iotaudit.detect import Detector, FlowRef
from iotaudit.detect.known import LABELS, Known, find_present, known_values
from iotaudit.detect.node import Kind, Node
from iotaudit.model.raw import Content
from iotaudit.packs.knowledge import load_knowledge


def test_labels_become_types_of_the_vocabulary() -> None:
    assert set(LABELS.values()) <= {row.id for row in load_knowledge([]).data_types}
    found = known_values(
        [
            ("serial", None, "AB12CD34"),
            ("other", "person.vehicle_plate", "E-AB 1"),
            ("salt", None, "x"),
        ]
    )
    assert [(v.data_type, v.label, v.origin) for v in found] == [
        ("device.serial", "serial", "file"),
        ("person.vehicle_plate", "other", "file"),
        ("", "salt", "file"),
    ]


def test_empty_values_are_no_values() -> None:
    assert known_values([("serial", None, "  ")]) == ()


def test_more_values_than_the_bound_are_counted() -> None:
    rows = [("serial", None, f"AB12CD{n:05}") for n in range(2010)]
    assert Known(known_values(rows)).too_many == 10


def test_found_in_any_case_and_with_its_own_spelling() -> None:
    known = Known(known_values([("serial", None, "AB12CD34")]))
    present = known.present(b"id=ab12cd34;")
    (hit,) = find_present(Node(Kind.TEXT, "id", "http.body", text="id=ab12cd34;"), present)
    assert (hit.texts, hit.value) == (("ab12cd34",), "ab12cd34")
    assert not known.present(b"id=ab12cd35;")
    assert "ab12cd34" not in repr(known).lower() + repr(hit).lower() + repr(present).lower()


def test_position_with_mistakes_is_left_out() -> None:
    known = Known(known_values([("gps", None, "north, east"), ("gps", None, "51.4")]))
    assert not known.present(b"51.4 north, east")


def found(label: str, value: str, data: bytes | str, *, salts: tuple[str, ...] = (), data_type: str | None = None) -> list[str]:
    """Gives how a known value is found in a content, by its last step ("" as it is)."""
    rows = [(label, data_type, value), *(("salt", None, salt) for salt in salts)]
    detector = Detector(load_knowledge([]).data_types, known_values(rows))
    body = data.encode() if isinstance(data, str) else data
    detector.feed(Content(0, 7, 0, True, "http.body", "plaintext", body))
    rows_found = detector.finish((), {0: FlowRef("f1", "d1", local=False, device_is_client=True)}).exposures
    return [row.decoding[-1] if row.decoding else "" for row in rows_found if row.confidence.value == "proven"]


@pytest.mark.parametrize(
    ("label", "value", "spelt"),
    [
        ("mac", "02:64:75:73:02:21", "0264.7573.0221"),
        ("mac", "02:64:75:73:02:21", "21:02:73:75:64:02"),  # the other way round, as Bluetooth sends it
        ("mac", "02:64:75:73:02:21", str(0x026475730221)),
        ("serial", "1234567890123", f"{1234567890123:x}"),
        ("serial", "9f3a77b2c1", str(0x9F3A77B2C1)),
        ("email", "erika.m+lab@gmail.com", "erikam@googlemail.com"),
        ("email", "erika.m+lab@firma.example", "erika.m@firma.example"),
        ("name", "Erika Mustermann", "mustermann, erika"),
        ("name", "Erika Mustermann", "ERIKA_MUSTERMANN"),
        ("gps", "51.45563,7.01164", '{"a": 51.4556, "b": 7.012}'),
        ("gps", "51.45563,7.01164", '{"a": 514556300, "b": 70116400}'),  # 1e-7 degrees
    ],
)
def test_usual_spellings_are_found(label: str, value: str, spelt: str) -> None:
    assert found(label, value, f"the value is {spelt} here") == [""]


@pytest.mark.parametrize(
    ("label", "value", "spelt"),
    [
        ("mac", "02:64:75:73:02:21", "22:02:73:75:64:02"),
        ("serial", "1234567890123", f"{1234567890124:x}"),
        ("name", "Erika Mustermann", "mustermann, erik"),
        ("gps", "51.45563,7.01164", '{"a": 514566300, "b": 70116400}'),
        ("gps", "51.45563,7.01164", '{"a": 51455630012, "b": 70116400}'),
    ],
)
def test_near_misses_are_not(label: str, value: str, spelt: str) -> None:
    assert found(label, value, f"the value is {spelt} here") == []


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
def test_digests_are_found_in_hexadecimal_and_base64(name: str) -> None:
    for form in ("02:64:75:73:02:21", "026475730221", "026475730221".upper()):
        digest = hashlib.new(name, form.encode())
        assert found("mac", "02:64:75:73:02:21", json.dumps({"a": digest.hexdigest()})) == [name]
        assert found("mac", "02:64:75:73:02:21", json.dumps({"a": base64.b64encode(digest.digest()).decode()})) == [name]
    salted = hashlib.new(name, b"pepper" + b"DW1-0000-0031").hexdigest()
    assert found("serial", "DW1-0000-0031", salted, salts=("pepper",)) == [f"{name}+salt"]
    assert found("serial", "DW1-0000-0031", salted) == []


def test_check_sums_are_found_as_words_of_their_own() -> None:
    total = zlib.crc32(b"DW1-0000-0031")
    assert found("serial", "DW1-0000-0031", f'{{"a": "{total:08X}"}}') == ["crc32"]
    assert found("serial", "DW1-0000-0031", f'{{"a": {total}}}') == ["crc32"]
    assert found("serial", "DW1-0000-0031", f'{{"a": "1{total:08x}"}}') == []


def test_bytes_of_identifiers_are_found_in_bytes() -> None:
    noise = bytes(range(128, 160))
    assert found("mac", "02:64:75:73:02:21", noise + bytes.fromhex("026475730221") + noise) == ["bytes"]
    assert found("mac", "02:64:75:73:02:21", noise + bytes.fromhex("210273756402") + noise) == ["bytes"]
    assert found("other", "6f1c1c50-0000-4000-8000-00000000abcd", noise + bytes.fromhex("6f1c1c5000004000800000000000abcd"), data_type="device.uuid") == ["bytes"]
    assert found("imei", "490154203237518", noise + bytes.fromhex("94104502237315f8") + noise) == ["bytes"]
    assert found("mac", "02:64:75:73:02:21", noise + bytes.fromhex("026475730222") + noise) == []


def test_thousands_of_values_are_found_like_one() -> None:
    known = Known(known_values([("serial", None, f"AB12CD{n:05}") for n in range(1500)]))
    (needle,) = known.present(b"id=ab12cd00777;").needles
    assert needle.value.value == "AB12CD00777"
    assert not known.present(b"id=ab12cd01501; or AB12CD0077")
    assert not any(b"\xff" in text.encode() for text, _ in known.texts())
