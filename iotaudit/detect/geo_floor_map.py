"""Floor maps: grid images, point clouds, ROS messages, the containers of vacuum robots, and names of rooms.

Source: docstrings of `codec/grid.py` and `codec/cloud.py` (bytes); ROS map_server's YAML, nav_msgs/OccupancyGrid and
MapMetaData, sensor_msgs/LaserScan and PointCloud2 as rosbridge writes them; the map that Valetudo publishes; map
pieces of Ecovacs as the project Deebot client describes them.
"""

import re
from collections.abc import Iterator

from iotaudit.codec import base64, cloud, grid, picture
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
PICTURES = KeySet("map, floor plan, floorplan, occupancy grid, grid map, map data, slam, grundriss")
"""Names under which a grey picture is a map."""
WANTS = Wants(
    keys=LABELS,
    record_keys=KeySet(
        "=resolution, =occupancy, =occupancy grid, =free thresh, =pixel size, =angle increment, =point step, =piece value",
        "=info",
    ),
    shapes=frozenset({"map"}),
    binary=True,
)
reasoning = (
    "A header whose lengths and ranges agree with the bytes behind it, a ROS message or the map of a vacuum robot by its "
    "fields, or a text under a name for a room. A grey picture is a map only where its values are as few as those of a "
    "drawing, or its name or a note in it says so."
)
LEAST_SIDE = 32
LEAST_CELLS = 64
CELLS_LOOKED_AT = 1 << 14
PIECES = re.compile(r"XQAA[A-Za-z0-9+/]{20,}={0,2}")
"""Base64 of LZMA with the usual properties."""
WRITTEN = ("P", "#", "V", "p")
"""How grid images and point clouds that are texts begin."""
_ROS = re.compile(r"(?:nav_msgs/(?:msg/)?OccupancyGrid|sensor_msgs/(?:msg/)?(?:LaserScan|PointCloud2?))\b")
_VALETUDO = b"ValetudoMap\0"


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives maps by header, type name or record, and names of rooms."""
    if node.kind is Kind.BINARY:
        yield from _bytes(node)
    elif node.kind is Kind.RECORD:
        if isinstance(node.value, dict):
            yield from _record(node.value)
    elif node.kind is Kind.TEXT:
        if node.key in LABELS and 1 < len(node.text.strip()) <= 64 and not is_filler(node.text):
            yield seen(ID, node.text, Confidence.DETECTED, "a text under a name for a room or map")
        if _ROS.search(node.text):
            yield kind_of(ID, "ROS map or scan", Confidence.PROVEN, "the type name of a ROS map or scan")
        if node.text[:1] in WRITTEN:
            yield from _drawn(node, node.text[: grid.SAMPLE_LEN * 4].encode(errors="replace"))


def _bytes(node: Node) -> Iterator[Hit]:
    data = node.data
    yield from _drawn(node, data)
    for found in (grid.blocks(data), grid.robot_frame(data), grid.occupancy(data)):
        if found is not None:
            yield kind_of(ID, found.name, Confidence.PROVEN, "a grid whose width and height agree with its length")
            return
    if data[:8] == picture.PNG:
        yield from _png(node)


def _drawn(node: Node, data: bytes) -> Iterator[Hit]:
    """Gives grid images and point clouds, which may also be texts."""
    name = cloud.read(data)
    if name:
        yield kind_of(ID, name, Confidence.PROVEN, f"a sound header of a {name}")
    found = grid.pgm(data) if data[:1] == b"P" else None
    if found is None:
        return
    if found.sure or node.key in PICTURES:
        yield kind_of(ID, found.name, Confidence.PROVEN, "a grid image with the values, a note or the name of a map")
    elif found.drawn:
        yield kind_of(ID, found.name, Confidence.DETECTED, "a grey picture with few values, as a drawing has")


def _png(node: Node) -> Iterator[Hit]:
    shown = picture.read(node.data)
    if shown is None or shown.size is None:
        return
    if _VALETUDO in node.data[:256]:
        yield kind_of(ID, "vacuum robot map (PNG)", Confidence.PROVEN, "a picture with a chunk that holds a map")
    elif shown.grey and min(shown.size) >= LEAST_SIDE and node.key in PICTURES:
        yield kind_of(ID, "grid image (PNG)", Confidence.DETECTED, "a grey picture under the name of a map")


def _record(record: dict[str, object]) -> Iterator[Hit]:
    names = record.keys()
    if {"resolution", "occupied_thresh", "free_thresh"} <= names:
        yield kind_of(ID, "map description", Confidence.DETECTED, "a description of a grid image (map_server)")
    elif {"resolution", "origin"} <= names and not names.isdisjoint(("image", "data", "width", "occupied_thresh")):
        if _is_grid(record, record.get("data")):
            yield kind_of(ID, "occupancy grid", Confidence.PROVEN, "a grid whose width and height agree with its length")
        else:
            yield kind_of(ID, "grid map record", Confidence.DETECTED, "a record with resolution and origin")
    info = record.get("info")
    if isinstance(info, dict) and "resolution" in info and _is_grid(info, record.get("data")):
        yield kind_of(ID, "occupancy grid", Confidence.PROVEN, "a grid whose width and height agree with its length")
    elif {"pixelSize", "layers", "size"} <= names and isinstance(record["layers"], list):
        sure = Confidence.PROVEN if record.get("__class") == "ValetudoMap" else Confidence.DETECTED
        yield kind_of(ID, "vacuum robot map (layers)", sure, "a map with layers and the size of a cell")
    elif {"angle_min", "angle_max", "angle_increment", "ranges"} <= names and _is_long(record["ranges"]):
        yield kind_of(ID, "laser scan", Confidence.DETECTED, "distances with the angles of a laser scan")
    elif {"point_step", "row_step", "fields", "data"} <= names:
        yield kind_of(ID, "point cloud record", Confidence.DETECTED, "a record with the layout of a point cloud")
    elif {"pieceIndex", "pieceValue"} <= names and _is_piece(record["pieceValue"]):
        yield kind_of(ID, "piece of a map", Confidence.DETECTED, "a numbered piece of a packed map")


def _is_long(value: object) -> bool:
    return isinstance(value, list) and len(value) >= LEAST_CELLS


def _is_grid(about: dict[str, object], cells: object) -> bool:
    """True where cells are as many as width times height, and those looked at are numbers from -1 to 100."""
    width, height = about.get("width"), about.get("height")
    return (
        isinstance(width, int)
        and isinstance(height, int)
        and isinstance(cells, list)
        and LEAST_CELLS <= len(cells) == width * height
        and all(type(cell) is int and -1 <= cell <= 100 for cell in cells[:CELLS_LOOKED_AT])
    )


def _is_piece(text: object) -> bool:
    """True for base64 of LZMA that unpacks to a square of cells."""
    if not isinstance(text, str) or PIECES.fullmatch(text[: 1 << 16]) is None:
        return False
    head = base64.to_bytes(text[:24].encode())
    length = int.from_bytes(head[5:9], "little") if head is not None and len(head) > 8 else 0
    return LEAST_CELLS <= length <= 1 << 24
