"""Point clouds: sound headers, and what only begins like one."""

import struct

import pytest

from iotaudit.codec import cloud
from tests.codec.media_bytes import PCD, PLY, las

E57 = b"ASTM-E57" + struct.pack("<IIQQQQ", 1, 0, 4096, 1024, 512, 1024) + bytes(32)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (PCD + bytes(99), "point cloud (PCD)"),
        (PCD.replace(b"binary_compressed", b"ascii").partition(b"\n")[2], "point cloud (PCD)"),
        (PLY, "point cloud (PLY)"),
        (las(), "lidar file (LAS)"),
        (las(0x81), "lidar file (LAZ)"),
        (E57, "point cloud (E57)"),
    ],
)
def test_pass_each_format(data: bytes, name: str) -> None:
    assert cloud.read(data) == name


@pytest.mark.parametrize(
    "data",
    [
        PCD.replace(b"POINTS 640", b"POINTS 641"),
        PCD.replace(b"FIELDS x y z intensity", b"FIELDS rgb a b c"),
        PCD.replace(b"SIZE 4 4 4 4", b"SIZE 4 4 4"),
        PLY.replace(b"vertex 12", b"vertex 0"),
        PLY.replace(b"float z", b"float w"),
        las(top=-50.0),
        las(0x3F),
        las()[:200],
        E57.replace(struct.pack("<Q", 4096), struct.pack("<Q", 99)),
        b"VERSION 0.7\nFIELDS " + b"a" * 4000,
        b"# a comment only\n" * 200,
    ],
)
def test_fail_headers_that_do_not_agree_with_themselves(data: bytes) -> None:
    assert not cloud.read(data)


def test_inconclusive_a_header_that_is_cut() -> None:
    assert not cloud.read(PCD[:60])
    assert not cloud.read(PLY[:40])
