"""Grids that a robot draws of a floor, in bytes: pictures, serialised ROS messages, the containers of vacuum robots.

Source: Netpbm, pgm(5); ROS map_server (values 0, 205, 254) and nav_msgs/OccupancyGrid with std_msgs/Header, in the
serialisations of ROS 1 and of OMG DDS-XTypes (CDR, little endian); the layouts that the projects Valetudo
(assets/kaitai_structs) and XiaomiRobotVacuumProtocol describe: the block container `rr`, and the frame of 27 bytes,
picture and JSON that some makers send under zlib and base64.
"""

import math
import re
import struct
from dataclasses import dataclass

LEAST_SIDE, MOST_SIDE = 32, 1 << 14
GREYS = 8
"""A drawn grid has at most so many values; a photograph has more."""
MAP_GREYS = frozenset({0, 205, 254, 255})
"""Occupied, unknown and free as map_server writes them."""
SAMPLE_LEN = 1 << 16
RESOLUTIONS = (0.001, 10.0)
"""Metres a cell."""
UNIT = 0.01
"""How far the length of a rotation may be from one."""
DIGITS = 6
SEEN_LEAST = 64
"""Values of a grid that must be there to be judged."""
FRAME_LEN = 256
BLOCKS = 64
BLOCK_KINDS = frozenset((*range(1, 32), 1024))
IMAGE = 2
ROBOT_FRAMES = b"IP"
ROBOT_HEAD_LEN = 27
CELLS = bytes((*range(101), 255))
"""What an occupancy grid may hold: 0 to 100, and -1."""
_PGM = re.compile(rb"(P[25])((?:\s++|#[^\n]{0,200}+\n){1,16}+)(\d{1,6})\s+(?:#[^\n]{0,200}\n\s*){0,8}(\d{1,6})\s+(\d{1,5})\s")
_MAP_NOTE = re.compile(rb"(?i)#[^\n]{0,200}(?:\bmap\b|m/pix|map_)")


@dataclass(frozen=True, slots=True)
class Grid:
    """What kind of grid, and how wide and high.

    `drawn`: its values are few, as those of a map; `sure`: they are those of a map, or it says so itself.
    """

    name: str
    size: tuple[int, int]
    drawn: bool = True
    sure: bool = True


def pgm(data: bytes) -> Grid | None:
    """Gives a grey picture whose header fits the bytes behind it; it is drawn by its values or says so in a note."""
    match = _PGM.match(data[:4096])
    if match is None:
        return None
    size, most = (int(match[3]), int(match[4])), int(match[5])
    if not (min(size) >= LEAST_SIDE and max(size) <= MOST_SIDE and 0 < most < 1 << 16):
        return None
    noted = _MAP_NOTE.search(match[0]) is not None
    if match[1] == b"P2":
        values = data[match.end() : match.end() + SAMPLE_LEN].split()[:-1]
        if len(values) < SEEN_LEAST or not all(len(v) <= DIGITS and v.isdigit() and int(v) <= most for v in values):
            return None
        return _grey(size, {int(v) for v in values}, noted=noted)
    depth = 1 if most < 256 else 2
    body = data[match.end() :]
    if len(body) > size[0] * size[1] * depth + 1 or len(body) < SEEN_LEAST:
        return None
    return _grey(size, set(body[:SAMPLE_LEN]), noted=noted)


def occupancy(data: bytes) -> Grid | None:
    """Gives a serialised ROS grid: width times height is the length of the data, which are -1 to 100."""
    for at, cdr in ((0, False), (4, False), (4, True)):
        if cdr and data[:4] != b"\0\1\0\0":
            continue
        grid = _occupancy(data, at, cdr=cdr)
        if grid is not None:
            return grid
    return None


def blocks(data: bytes) -> Grid | None:
    """Gives the container `rr` of a vacuum robot where its blocks follow each other by their lengths."""
    if data[:2] != b"rr" or len(data) < 28:
        return None
    head, length, major, minor = struct.unpack_from("<HIHH", data, 2)
    if not 20 <= head <= 64 or length < 8 or major > 8 or minor > 64:
        return None
    at, seen, size = head, 0, (0, 0)
    for _ in range(BLOCKS):
        if at + 8 > len(data):
            break
        kind, block_head, block_len = struct.unpack_from("<HHI", data, at)
        if kind not in BLOCK_KINDS or not 8 <= block_head <= 64 or block_len > 1 << 24:
            break
        if kind == IMAGE and at + block_head <= len(data):
            high, wide = struct.unpack_from("<II", data, at + block_head - 8)
            if not (0 < wide <= MOST_SIDE and 0 < high <= MOST_SIDE and wide * high == block_len):
                return None
            size = (wide, high)
        seen += 1
        at += block_head + block_len
    whole = at >= len(data) - 20
    return Grid("vacuum robot map (blocks)", size) if size[0] or (seen >= 2 and whole) else None


def robot_frame(data: bytes) -> Grid | None:
    """Gives a frame of a vacuum robot: 27 bytes of head, width times height cells, then a JSON object."""
    if len(data) < ROBOT_HEAD_LEN + 2 or data[4] not in ROBOT_FRAMES:
        return None
    pixel, wide, high = struct.unpack_from("<hhh", data, 17)
    if not 1 <= pixel <= 500 or not (0 < wide <= 4096 and 0 < high <= 4096):
        return None
    behind = ROBOT_HEAD_LEN + wide * high
    if data[behind : behind + 2] not in (b'{"', b"{}") or data.rstrip(b"\0\r\n ")[-1:] != b"}":
        return None
    return Grid("vacuum robot map (frame)", (wide, high))


def _grey(size: tuple[int, int], values: set[int], *, noted: bool) -> Grid:
    """Gives a grey picture, judged by the values in it."""
    return Grid("grid image (PGM)", size, noted or len(values) <= GREYS, noted or values <= MAP_GREYS)


def _occupancy(data: bytes, at: int, *, cdr: bool) -> Grid | None:
    start = at
    at += 8 if cdr else 12  # the time stamp; ROS 1 has a counter before it
    if len(data) < at + 100:
        return None
    length = int.from_bytes(data[at : at + 4], "little")
    name = data[at + 4 : at + 4 + min(length, FRAME_LEN)]
    if not 0 < length <= FRAME_LEN or not name.rstrip(b"\0").isascii() or not name.rstrip(b"\0").decode().isprintable():
        return None
    at += 4 + length
    at += -(at - start) % 4 if cdr else 0
    at += 8
    if len(data) < at + 88:
        return None
    resolution, wide, high = struct.unpack_from("<fII", data, at)
    at += 12
    at += -(at - start) % 8 if cdr else 0
    if len(data) < at + 60:
        return None
    pose = struct.unpack_from("<7d", data, at)
    cells = int.from_bytes(data[at + 56 : at + 60], "little")
    if not (RESOLUTIONS[0] <= resolution <= RESOLUTIONS[1] and 0 < wide <= MOST_SIDE and 0 < high <= MOST_SIDE and wide * high == cells):
        return None
    if not (all(map(math.isfinite, pose)) and abs(math.hypot(*pose[3:]) - 1) < UNIT):
        return None
    values = data[at + 60 : at + 60 + min(cells, SAMPLE_LEN)]
    if len(values) < min(cells, SEEN_LEAST) or values.translate(None, CELLS):
        return None
    return Grid("occupancy grid (ROS)", (wide, high))
