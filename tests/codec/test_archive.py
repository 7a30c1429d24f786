"""Dumps and packed logs: magics with sound fields, and archives of other things."""

import io
import struct
import tarfile
import zipfile

import pytest

from iotaudit.codec import archive


def _elf(kind: int, wide: int = 2) -> bytes:
    """An ELF head: class, little endian, type, machine x86-64, version 1, three segments."""
    data = bytearray(64)
    data[:7] = b"\x7fELF" + bytes([wide, 1, 1])
    struct.pack_into("<HHI", data, 16, kind, 62, 1)
    struct.pack_into("<H", data, 56 if wide == 2 else 44, 3)
    return bytes(data)


def _zip(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(zipfile.ZipInfo(name), b"text")
    return out.getvalue()


def _tar(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 700
            file.addfile(info, io.BytesIO(bytes(700)))
    return out.getvalue()


MINIDUMP = b"MDMP" + struct.pack("<III", 0x6A80A793, 9, 32) + bytes(64)


def test_pass_dumps() -> None:
    assert archive.dump(_elf(4)) == archive.dump(_elf(4, 1)) == "core dump"
    assert archive.dump(MINIDUMP) == "minidump"


@pytest.mark.parametrize("data", [_elf(2), _elf(3), MINIDUMP.replace(b"\x93\xa7", b"\x93\xa8"), b"MDMP", b"\x7fELF" + bytes(9)])
def test_fail_programs_and_broken_heads_are_no_dumps(data: bytes) -> None:
    assert not archive.dump(data)


@pytest.mark.parametrize("name", ["var/log/app.log", "logcat.txt", "app.log.3.gz", "crash_2026.bin", "x/messages"])
def test_pass_archives_with_a_log_among_the_members(name: str) -> None:
    assert archive.holds_logs(_zip("readme.txt", name))
    assert archive.holds_logs(_tar("readme.txt", name))


@pytest.mark.parametrize("name", ["catalog.txt", "logo.png", "blog.html", "messagesource.c", "Messages.class", "crash.js"])
def test_fail_archives_of_other_things(name: str) -> None:
    assert not archive.holds_logs(_zip(name))
    assert not archive.holds_logs(_tar(name))


def test_inconclusive_cut_or_changed_archives() -> None:
    assert not archive.holds_logs(_zip("app.log")[:20])
    tar = bytearray(_tar("app.log"))
    tar[0] ^= 1
    assert not archive.holds_logs(bytes(tar))
