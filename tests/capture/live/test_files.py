"""The packet files of a recording: bounds, rings, and a disk that gets full."""

import io
import os
from pathlib import Path

import dpkt
import pytest

from iotaudit.capture.live import pcapng
from iotaudit.capture.live.files import Bounds, CaptureFiles

HEAD = pcapng.head(pcapng.Source("lan0"), link_type=1, snap_len=0, digits=9)
STATISTICS = pcapng.statistics(first=0, last=0, received=0, dropped=0)


def packet(number: int) -> bytes:
    return pcapng.packet(number, number.to_bytes(2, "big") + bytes(98), 100)


def numbers(path: Path) -> list[int]:
    return [int.from_bytes(bytes(frame)[:2], "big") for _, frame in dpkt.pcapng.Reader(io.BytesIO(path.read_bytes()))]


def opened(folder: Path, bounds: Bounds) -> CaptureFiles:
    return CaptureFiles(folder, bounds, lambda _: None)


def test_one_file_holds_everything(tmp_path: Path) -> None:
    made: list[Path] = []
    target = CaptureFiles(tmp_path, Bounds(), made.append)
    for number in range(5):
        assert target.write(HEAD, packet(number))
    target.close(HEAD, STATISTICS)
    assert target.names == ("capture.pcapng",)
    assert made == [tmp_path / "capture.pcapng"]
    assert numbers(tmp_path / "capture.pcapng") == [0, 1, 2, 3, 4]
    assert (tmp_path / "capture.pcapng").read_bytes().endswith(STATISTICS)
    assert (tmp_path / "capture.pcapng").stat().st_mode & 0o777 == 0o600


def test_a_recording_without_packets_is_a_capture_still(tmp_path: Path) -> None:
    target = opened(tmp_path, Bounds())
    target.close(HEAD, STATISTICS)
    assert (tmp_path / "capture.pcapng").read_bytes() == HEAD + STATISTICS


def test_a_ring_keeps_the_newest_files_each_a_capture_of_its_own(tmp_path: Path) -> None:
    length = len(HEAD) + 2 * len(packet(0))
    target = opened(tmp_path, Bounds(3, length))
    for number in range(11):
        target.write(HEAD, packet(number))
        assert len(list(tmp_path.iterdir())) <= 3
        assert all(path.stat().st_size <= length for path in tmp_path.iterdir())
    target.close(HEAD, STATISTICS)
    assert target.names == ("capture-00004.pcapng", "capture-00005.pcapng", "capture-00006.pcapng")
    assert [numbers(tmp_path / name) for name in target.names] == [[6, 7], [8, 9], [10]]
    assert target.files_removed == 3


def test_a_bound_is_kept_to_the_last_whole_packet(tmp_path: Path) -> None:
    target = opened(tmp_path, Bounds(max_len=len(HEAD) + 3 * len(packet(0)) + 5))
    assert not target.write(HEAD, b"".join(packet(number) for number in range(5)))
    target.close(HEAD, b"")
    assert numbers(tmp_path / "capture.pcapng") == [0, 1, 2]
    assert target.packets_lost == 2


@pytest.mark.parametrize("room", [0, 1, 131, 132, 133, 300])
def test_a_full_disk_leaves_whole_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    assert len(packet(0)) == 132
    target = opened(tmp_path, Bounds())
    target.write(HEAD, packet(0))
    left, write = room, os.write

    def limited(descriptor: int, data: bytes) -> int:
        nonlocal left
        if not left:
            raise OSError(28, "No space left on device")
        done = write(descriptor, data[:left])
        left -= done
        return done

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", limited)
        with pytest.raises(OSError, match="No space left"):
            target.write(HEAD, packet(1) + packet(2) + packet(3))
    target.close(HEAD, STATISTICS)
    kept = b"".join(packet(number) for number in range(1 + room // 132))
    assert (tmp_path / "capture.pcapng").read_bytes() == HEAD + kept + STATISTICS
    assert target.packets_lost == 3 - room // 132


def test_a_file_that_is_there_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "capture.pcapng").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        opened(tmp_path, Bounds()).write(HEAD, packet(0))
    assert not (tmp_path / "elsewhere").exists()
