"""The detector `geo.floor_map`: true hits, near misses, and what cannot be decided."""

import base64
import lzma
import zlib
from typing import Any

import pytest

from tests.codec.media_bytes import (
    PCD,
    PLY,
    cells,
    chunk,
    las,
    occupancy,
    png,
    robot_blocks,
    robot_frame,
)

ID = "geo.floor_map"
DRAWN = bytes([205, 254, 254, 0]) * 1024
VALETUDO = {
    "__class": "ValetudoMap",
    "metaData": {"version": 2},
    "size": {"x": 5120, "y": 5120},
    "pixelSize": 5,
    "layers": [{"__class": "MapLayer", "type": "floor", "pixels": [], "compressedPixels": [10, 10, 4]}],
    "entities": [],
}
INFO = {"resolution": 0.05, "width": 10, "height": 8, "origin": {"position": {"x": 0, "y": 0}}}


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"P5\n# map\n64 64\n255\n" + DRAWN, "grid image (PGM)"),
        (b"P2\n64 64\n255\n" + b"205 254 0 254 " * 1024, "grid image (PGM)"),
        (PCD + bytes(range(128, 256)), "point cloud (PCD)"),
        (PCD.replace(b"binary_compressed", b"ascii") + b"1.0 2.0 3.0 4\n" * 20, "point cloud (PCD)"),
        (PLY + bytes(range(128, 256)), "point cloud (PLY)"),
        (las(), "lidar file (LAS)"),
        (occupancy(64, 50, cells(3200)), "occupancy grid (ROS)"),
        (occupancy(64, 50, cells(3200), cdr=True), "occupancy grid (ROS)"),
        (robot_blocks(), "vacuum robot map (blocks)"),
        (robot_frame(), "vacuum robot map (frame)"),
        (png(64, 64, more=chunk(b"zTXt", b"ValetudoMap\0\0x\x9c")), "vacuum robot map (PNG)"),
    ],
)
def test_true_files_and_containers_are_proven(lab: Any, data: bytes, value: str) -> None:
    assert lab.values(ID, data) == [value]
    assert lab.sure(ID, data) == ["proven"]


def test_true_container_under_zlib_and_base64_as_a_message_has_it(lab: Any) -> None:
    packed = base64.b64encode(zlib.compress(robot_frame())).decode()
    assert lab.values(ID, {"params": [{"siid": 6, "value": packed}]}) == ["vacuum robot map (frame)"]


def test_true_type_name(lab: Any) -> None:
    assert lab.sure(ID, {"op": "subscribe", "topic": "/map", "type": "nav_msgs/msg/OccupancyGrid"}) == ["proven"]


def test_true_messages_of_ros_as_json(lab: Any) -> None:
    grid = {"op": "publish", "topic": "/m", "msg": {"info": INFO, "data": [-1, 0, 100, 0] * 20}}
    assert lab.sure(ID, grid) == ["detected", "proven"]
    scan = {"angle_min": -3.1, "angle_max": 3.1, "angle_increment": 0.1, "ranges": [1.5] * 64}
    assert lab.values(ID, scan) == ["laser scan"]


def test_true_map_as_valetudo_publishes_it(lab: Any) -> None:
    assert lab.sure(ID, VALETUDO) == ["proven"]


def test_true_piece_of_a_map(lab: Any) -> None:
    packed = lzma.compress(bytes(10_000), lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 18}])
    piece = packed[:5] + (10_000).to_bytes(8, "little") + packed[13:]
    assert lab.values(ID, {"mid": "1", "pieceIndex": 7, "pieceValue": base64.b64encode(piece).decode()}) == ["piece of a map"]


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


def test_true_description_of_a_grid_image(lab: Any) -> None:
    text = "image: hall.pgm\nresolution: 0.05\norigin: [-10.0, -10.0, 0.0]\nnegate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.196\n"
    assert lab.sure(ID, text) == ["detected"]


def test_near_miss_tiny_grid_and_a_picture_of_another_length(lab: Any) -> None:
    assert lab.hits(ID, b"P5\n8 8\n255\n" + bytes(range(128, 192))) == []
    assert lab.hits(ID, b"P5\n64 64\n255\n" + DRAWN * 2) == []


def test_near_miss_screen_resolution(lab: Any) -> None:
    assert lab.hits(ID, {"resolution": "1920x1080", "width": 10}) == []


def test_near_miss_grid_whose_cells_are_no_occupancy(lab: Any) -> None:
    assert lab.hits(ID, {"info": INFO | {"origin": 0}, "data": [101] * 80})[0].value == "grid map record"
    assert lab.sure(ID, {"info": {"resolution": 1, "width": 10, "height": 8}, "data": [0] * 79}) == []


def test_near_miss_record_of_pixels_and_layers_of_another_kind(lab: Any) -> None:
    assert lab.hits(ID, {"pixelSize": 5, "layers": 3, "size": 7}) == []
    assert lab.hits(ID, {"pieceIndex": 1, "pieceValue": "aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ="}) == []


def test_undecidable_a_photograph_is_no_map_but_under_the_name_of_one(lab: Any) -> None:
    photo = b"P5\n64 64\n255\n" + bytes(range(256)) * 16
    assert lab.hits(ID, photo) == []
    assert lab.sure(ID, photo, key="robot/map") == ["proven"]


def test_undecidable_a_grey_drawing_is_detected(lab: Any) -> None:
    assert lab.sure(ID, b"P5\n64 64\n255\n" + bytes([10, 90, 10, 200]) * 1024) == ["detected"]


def test_undecidable_a_grey_png_is_a_map_only_under_the_name_of_one(lab: Any) -> None:
    assert lab.hits(ID, png(256, 256, colour=0)) == []
    assert lab.sure(ID, png(256, 256, colour=0), key="robot/map") == ["detected"]
    assert lab.hits(ID, png(256, 256, colour=2), key="robot/map") == []


def test_undecidable_room_name_is_detected(lab: Any) -> None:
    assert lab.sure(ID, {"room_name": "Werkstatt"}) == ["detected"]
