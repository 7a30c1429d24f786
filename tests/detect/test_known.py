"""Known values: what the file's rows become, and how they are found."""

from iotaudit.detect.known import LABELS, Known, find_present, known_values
from iotaudit.detect.node import Kind, Node
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
