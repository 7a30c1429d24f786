"""Grids of a floor: lengths that agree, and what only looks alike."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import grid
from tests.codec.media_bytes import cells, occupancy, robot_blocks, robot_frame

DRAWN = bytes([205]) * 3000 + bytes([254]) * 900 + bytes([0]) * 196
PHOTO = bytes(range(256)) * 16


def test_pass_a_drawn_picture_by_its_values_or_by_its_note() -> None:
    assert grid.pgm(b"P5\n64 64\n255\n" + DRAWN) == grid.Grid("grid image (PGM)", (64, 64))
    assert grid.pgm(b"P5\n# CREATOR: map_generator.cpp 0.050 m/pix\n64 64\n255\n" + PHOTO) == grid.Grid(
        "grid image (PGM)", (64, 64)
    )
    assert grid.pgm(b"P2\n64 64\n255\n" + b"205 254 0 " * 1000) == grid.Grid("grid image (PGM)", (64, 64))


def test_fail_pictures_whose_bytes_do_not_fit_the_header() -> None:
    assert grid.pgm(b"P5\n64 64\n255\n" + DRAWN * 2) is None
    assert grid.pgm(b"P5\n8 8\n255\n" + bytes(64)) is None
    assert grid.pgm(b"P5\n64 64\n0\n" + DRAWN) is None
    assert grid.pgm(b"P2\n64 64\n255\n" + b"900 " * 1000) is None
    assert grid.pgm(b"P2\n64 64\n255\n" + b"0" * 9000 + b" 1" * 100) is None
    assert grid.pgm(b"P5 is the name of a road\n") is None


def test_inconclusive_a_photograph_is_not_drawn() -> None:
    assert grid.pgm(b"P5\n64 64\n255\n" + PHOTO) == grid.Grid("grid image (PGM)", (64, 64), drawn=False, sure=False)
    drawing = grid.pgm(b"P5\n64 64\n255\n" + bytes([10, 90, 10, 200]) * 1024)
    assert drawing == grid.Grid("grid image (PGM)", (64, 64), drawn=True, sure=False)


@pytest.mark.parametrize("cdr", [False, True])
def test_pass_a_ros_grid_in_both_serialisations(*, cdr: bool) -> None:
    data = occupancy(64, 50, cells(3200), cdr=cdr)
    assert grid.occupancy(data) == grid.Grid("occupancy grid (ROS)", (64, 50))
    assert cdr or grid.occupancy(len(data).to_bytes(4, "little") + data) is not None


def test_pass_a_ros_grid_that_is_cut_behind_some_cells() -> None:
    assert grid.occupancy(occupancy(64, 50, cells(3200))[:300]) is not None


def test_fail_a_ros_grid_with_another_length_or_other_values() -> None:
    assert grid.occupancy(occupancy(64, 51, cells(3200))) is None
    assert grid.occupancy(occupancy(64, 50, b"\x65" * 3200)) is None
    assert grid.occupancy(occupancy(64, 50, cells(3200)).replace(struct.pack("<d", 1), struct.pack("<d", 3))) is None


def test_pass_containers_of_vacuum_robots() -> None:
    assert grid.blocks(robot_blocks()) == grid.Grid("vacuum robot map (blocks)", (96, 64))
    assert grid.blocks(robot_blocks()[:2000]) == grid.Grid("vacuum robot map (blocks)", (96, 64))
    assert grid.robot_frame(robot_frame()) == grid.Grid("vacuum robot map (frame)", (60, 50))


def test_fail_containers_whose_lengths_lie() -> None:
    data = robot_blocks()
    assert grid.blocks(data.replace(struct.pack("<II", 64, 96), struct.pack("<II", 64, 97))) is None
    assert grid.blocks(b"rr" + bytes(range(200))) is None
    assert grid.blocks(b"rr\x14\0" + bytes(60)) is None
    assert grid.robot_frame(robot_frame().replace(b"{", b"[")) is None
    assert grid.robot_frame(robot_frame()[:-1]) is None


def test_inconclusive_too_few_cells_to_be_judged() -> None:
    assert grid.occupancy(occupancy(64, 50, cells(3200))[:130]) is None
    assert grid.pgm(b"P5\n64 64\n255\n" + DRAWN[:20]) is None


@settings(max_examples=100)
@given(st.sampled_from([robot_blocks(), robot_frame(), occupancy(64, 50, cells(3200), cdr=True)]), st.data())
def test_any_change_of_bytes_gives_an_answer(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, 200))
    changed = data[:at] + draw.draw(st.binary(max_size=8)) + data[at + draw.draw(st.integers(0, 8)) :]
    for read in (grid.pgm, grid.blocks, grid.robot_frame, grid.occupancy):
        found = read(changed)
        assert found is None or max(found.size) <= grid.MOST_SIDE


def test_white_space_without_end_is_read_in_linear_time() -> None:
    assert grid.pgm(b"P5" + b" " * 5000) is None
    assert grid.pgm(b"P5" + b" #\n" * 2000) is None
