"""Point clouds of a lidar or a depth camera by the headers of their files.

Source: PCL, "The PCD file format" v0.7; ASPRS LAS 1.4-R15 section 2.4 (public header block); the PLY format of
Stanford's Georgia Tech archive; ASTM E2807 section 7 (E57 file header).
"""

import math
import re
import struct

TEXT_LEN = 4096
LAS_HEADS = {0: 227, 1: 227, 2: 227, 3: 235, 4: 375}
"""Length of the header by LAS minor version."""
POINT_FORMATS = 10
MOST_POINTS = 1 << 34
_PCD = re.compile(
    rb"(?m)^VERSION [.0-9]{1,8}\s+FIELDS ((?:\w++ ?+)++)\s+SIZE ((?:[1248] ?+)++)\s+TYPE ((?:[IUF] ?+)++)\s+(?:COUNT (?:\d{1,5}+ ?+)++\s+)?"
    rb"WIDTH (\d{1,9})\s+HEIGHT (\d{1,9})\s+(?:VIEWPOINT [^\n]{1,128}\n)?\s*POINTS (\d{1,12})\s+DATA (ascii|binary|binary_compressed)\b"
)
_PLY = re.compile(rb"ply\r?\nformat (?:ascii|binary_little_endian|binary_big_endian) 1\.0\r?\n")
_VERTEX = re.compile(rb"(?m)^element vertex (\d{1,12})\r?$")
_AXES = tuple(re.compile(rb"(?m)^property (?:float|double|float32|float64|int|short) " + axis + rb"\r?$") for axis in (b"x", b"y", b"z"))


def read(data: bytes) -> str:
    """Gives the name of the point cloud that bytes begin with, "" where the header is not sound."""
    if data[:4] == b"LASF":
        return _las(data)
    if data[:8] == b"ASTM-E57":
        return _e57(data)
    if data[:3] == b"ply":
        return "point cloud (PLY)" if _is_ply(data[:TEXT_LEN]) else ""
    if data[:1] in (b"#", b"V"):
        return "point cloud (PCD)" if _is_pcd(data[:TEXT_LEN]) else ""
    return ""


def _is_pcd(head: bytes) -> bool:
    """True where fields, sizes and types are equally many, and width times height is the number of points."""
    match = _PCD.search(head)
    if match is None:
        return False
    fields = match[1].split()
    if not {b"x", b"y", b"z"} <= set(fields) or not len(fields) == len(match[2].split()) == len(match[3].split()):
        return False
    return 0 < int(match[4]) * int(match[5]) == int(match[6])


def _is_ply(head: bytes) -> bool:
    """True for vertices with three axes."""
    vertex = _VERTEX.search(head)
    return (
        _PLY.match(head) is not None
        and vertex is not None
        and int(vertex[1]) > 0
        and all(axis.search(head, vertex.end()) for axis in _AXES)
    )


def _las(data: bytes) -> str:
    """Fits a public header block whose lengths and ranges are sound; a set high bit of the format says LAZ."""
    if len(data) < 227 or data[24] != 1 or data[25] not in LAS_HEADS:
        return ""
    head, points_at, _, kind, _, points = struct.unpack_from("<HIIBHI", data, 94)
    scales, bounds = struct.unpack_from("<3d", data, 131), struct.unpack_from("<6d", data, 179)
    if head < LAS_HEADS[data[25]] or points_at < head or kind & 0x3F > POINT_FORMATS or points > MOST_POINTS:
        return ""
    if not all(math.isfinite(s) and 0 < s <= 1000 for s in scales) or not all(map(math.isfinite, bounds)):
        return ""
    if not all(bounds[at] >= bounds[at + 1] for at in (0, 2, 4)):
        return ""
    return "lidar file (LAZ)" if kind & 0xC0 else "lidar file (LAS)"


def _e57(data: bytes) -> str:
    """Fits a file header whose page size is a power of two and whose XML part lies in the file."""
    if len(data) < 48:
        return ""
    major, minor, length, xml_at, xml_len, page = struct.unpack_from("<IIQQQQ", data, 8)
    sound = (major, minor) == (1, 0) and xml_at + xml_len <= length and page >= 64 and page & page - 1 == 0 and xml_at >= 48
    return "point cloud (E57)" if sound else ""
