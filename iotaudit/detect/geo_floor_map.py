"""Floor maps: grid images, point clouds, ROS maps, and names of rooms.

Source: Netpbm PGM format; PCD v0.7 header; ASPRS LAS 1.4 (`LASF`); ROS map_server YAML and
nav_msgs/OccupancyGrid.
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, kind_of, seen
from iotaudit.model.exposures import Confidence

ID = "geo.floor_map"
LABELS = KeySet(
    "map name, room name, zone name, area name, map label, room label, floor name",
    "raumname, segment name, restricted zone name",
)
WANTS = Wants(
    keys=LABELS,
    record_keys=KeySet("=resolution", "=occupancy", "=occupancy grid"),
    shapes=frozenset({"map"}),
    binary=True,
)
reasoning = (
    "The header of a grid image, point cloud or LAS file, the type name of a ROS map, a "
    "record with resolution and "
    "origin, or a text under a name for a room. A grey picture of another kind has the same header as a grid."
)
LEAST_SIDE = 32
_PGM = re.compile(rb"P[25]\s+(?:#[^\n]{0,200}\n\s*){0,8}(\d{1,6})\s+(\d{1,6})\s+(\d{1,5})\s")
_PCD = re.compile(r"VERSION [.0-9]+\s+FIELDS x y z")
_ROS = re.compile(r"nav_msgs/(?:msg/)?OccupancyGrid")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives maps by header, type name or record, and names of rooms."""
    if node.kind is Kind.BINARY:
        yield from _header(node.data)
    elif node.kind is Kind.RECORD:
        names = set(node.value) if isinstance(node.value, dict) else set()
        if {"resolution", "origin"} <= names and names & {
            "image",
            "data",
            "width",
            "occupied_thresh",
        }:
            yield kind_of(
                ID, "grid map record", Confidence.DETECTED, "a record with resolution and origin"
            )
    elif node.kind is Kind.TEXT:
        if node.key in LABELS and 1 < len(node.text.strip()) <= 64 and not is_filler(node.text):
            yield seen(ID, node.text, Confidence.DETECTED, "a text under a name for a room or map")
        if _PCD.search(node.text):
            yield kind_of(ID, "point cloud", Confidence.PROVEN, "the header of a point cloud (PCD)")
        if _ROS.search(node.text):
            yield kind_of(ID, "occupancy grid", Confidence.PROVEN, "the type name of a ROS map")
        yield from _header(node.text[:2048].encode(errors="replace"))


def _header(data: bytes) -> Iterator[Hit]:
    match = _PGM.match(data[:2048])
    if match and min(int(match[1]), int(match[2])) >= LEAST_SIDE:
        yield kind_of(ID, "grid image (PGM)", Confidence.PROVEN, "the header of a grid image")
    elif data.startswith(b"LASF") and len(data) > 200:
        yield kind_of(ID, "lidar file (LAS)", Confidence.PROVEN, "the header of a lidar file")
