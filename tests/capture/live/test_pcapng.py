"""Classic pcap rewritten as pcapng."""

import io
import struct
from pathlib import Path

import dpkt
import pytest

from iotaudit.capture.live import pcapng
from iotaudit.errors import SetupError

FRAME = bytes.fromhex("525400123456 525400aaaaaa 0800") + b"\x45payload"


def classic(order: str, magic: int, records: int, tail: bytes = b"") -> bytes:
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    one = struct.pack(f"{order}4I", 1_700_000_000, 123, len(FRAME), 1500) + FRAME
    return head + one * records + tail


def rewrite(folder: Path, data: bytes, dropped: int | None = 7) -> tuple[int, bytes]:
    (folder / "a.pcap").write_bytes(data)
    count = pcapng.rewrite(
        folder / "a.pcap", folder / "b", interface="lan0", program="tcpdump 4", dropped=dropped
    )
    return count, (folder / "b").read_bytes()


@pytest.mark.parametrize(
    ("order", "magic", "digits"),
    [("<", 0xA1B2C3D4, 6), (">", 0xA1B2C3D4, 6), ("<", 0xA1B23C4D, 9), (">", 0xA1B23C4D, 9)],
)
def test_every_order_and_resolution_is_rewritten(tmp_path: Path, order: str, magic: int, digits: int) -> None:
    count, data = rewrite(tmp_path, classic(order, magic, 3))
    packets = list(dpkt.pcapng.Reader(io.BytesIO(data)))
    assert count == len(packets) == 3
    assert {bytes(frame) for _, frame in packets} == {FRAME}
    # option 9 (if_tsresol), 1 byte; then the stamp of the first packet, its upper half first
    assert struct.pack("<HHI", 9, 1, digits) in data
    high, low = divmod(1_700_000_000 * 10**digits + 123, 1 << 32)
    assert struct.pack("<III", 0, high, low) + struct.pack("<II", len(FRAME), 1500) + FRAME in data


def test_original_lengths_and_drops_are_kept(tmp_path: Path) -> None:
    _, data = rewrite(tmp_path, classic("<", 0xA1B2C3D4, 1))
    at = data.index(struct.pack("<I", 6) + struct.pack("<I", 32 + len(FRAME) + -len(FRAME) % 4))
    assert struct.unpack_from("<II", data, at + 20) == (len(FRAME), 1500)
    # option 5 (isb_ifdrop), 8 bytes
    assert struct.pack("<HHQ", 5, 8, 7) in data


def test_no_statistics_where_drops_are_not_known(tmp_path: Path) -> None:
    _, data = rewrite(tmp_path, classic("<", 0xA1B2C3D4, 1), dropped=None)
    assert struct.pack("<HH", 5, 8) not in data


def test_a_last_record_that_is_cut_is_left_out(tmp_path: Path) -> None:
    whole = classic("<", 0xA1B2C3D4, 2)
    assert [rewrite(tmp_path, whole[:length])[0] for length in (len(whole) - 1, 40 + len(FRAME), 24)] == [
        1,
        1,
        0,
    ]


def test_a_record_of_impossible_length_ends_the_copy(tmp_path: Path) -> None:
    bad = struct.pack("<4I", 1, 1, 0xFFFFFFFF, 1)
    assert rewrite(tmp_path, classic("<", 0xA1B2C3D4, 1, bad))[0] == 1


@pytest.mark.parametrize("data", [b"", b"\0" * 24, classic("<", 0xA1B2C3D4, 0)[:23]])
def test_what_is_no_classic_pcap_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SetupError, match="tcpdump 4"):
        rewrite(tmp_path, data)
