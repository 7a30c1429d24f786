"""The detector `geo.floor_map`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "geo.floor_map"


def test_true_grid_image_is_proven(lab: Any) -> None:
    assert lab.sure(ID, b"P5\n# map\n384 384\n255\n" + bytes(range(256)) * 8) == ["proven"]


def test_true_point_cloud(lab: Any) -> None:
    assert lab.values(ID, "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\n") == ["point cloud"]


def test_true_map_record_and_room(lab: Any) -> None:
    assert lab.values(
        ID,
        {
            "resolution": 0.05,
            "origin": [0, 0, 0],
            "width": 10,
            "rooms": [{"roomName": "Werkstatt"}],
        },
    ) == ["grid map record", "werkstatt"]


def test_near_miss_tiny_grid(lab: Any) -> None:
    assert lab.hits(ID, b"P5\n8 8\n255\n" + bytes(range(128, 192))) == []


def test_near_miss_screen_resolution(lab: Any) -> None:
    assert lab.hits(ID, {"resolution": "1920x1080", "width": 10}) == []


def test_undecidable_room_name_is_detected(lab: Any) -> None:
    assert lab.sure(ID, {"room_name": "Werkstatt"}) == ["detected"]
