"""Recording folders: which files become inputs, and what lies beside them."""

import struct
from pathlib import Path

import pytest

from iotaudit.capture import open_inputs
from iotaudit.capture.folder import open_recording
from iotaudit.errors import InputError
from iotaudit.model.inputs import Mark
from iotaudit.model.packets import packet_id
from iotaudit.model.raw import FrameBatch, Secret

SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
INTERFACE = struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)
SECOND = 1_700_000_000  # 2023-11-14T22:13:20Z


def packet(second: int, comment: bytes = b"") -> bytes:
    ticks = second * 1_000_000
    options = struct.pack("<HH", 1, len(comment)) + comment + bytes(-len(comment) % 4) if comment else b""
    size = 36 + len(options)
    head = struct.pack("<IIIIIII", 6, size, 0, ticks >> 32, ticks & 0xFFFFFFFF, 4, 4)
    return head + b"data" + options + struct.pack("<I", size)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "session-1"
    path.mkdir()
    (path / "session.json").write_text("{}")
    return path


def test_pass_capture_and_flows_are_inputs_and_the_rest_lies_beside(folder: Path) -> None:
    comment = b"iotaudit:step=idle at rest"
    (folder / "capture.pcapng").write_bytes(
        SECTION + INTERFACE + packet(SECOND) + packet(SECOND + 10) + packet(SECOND + 20, comment)
    )
    (folder / "proxy.flows").write_bytes(b"")
    (folder / "keys.log").write_bytes(b"CLIENT_RANDOM 00 11\n")
    (folder / "marks.jsonl").write_text(
        '{"time": "2023-11-14T22:13:25.5Z", "step": "first_boot", "text": "power on"}\n'
        '{"time": "2023-11-14T22:13:40Z", "step": "idle", "text": "at rest"}\n'
        "not JSON\n"
        '{"time": "2023-11-14T23:00:00+00:00", "step": "reset", "text": ""}\n'
    )
    readers = open_inputs([str(folder)])
    assert [(r.index, r.name) for r in readers] == [
        (0, "session-1/capture.pcapng"),
        (1, "session-1/proxy.flows"),
    ]
    items = list(readers[0].read())
    assert [item for item in items if isinstance(item, Secret)] == [Secret("tls", b"CLIENT_RANDOM 00 11\n")]
    assert [item for item in items if isinstance(item, Mark)] == [
        Mark((SECOND + 20) * 10**9, "idle", "at rest", packet_id(0, 3)),
        Mark((SECOND + 5) * 10**9 + 500_000_000, "first_boot", "power on", packet_id(0, 2)),
        Mark((SECOND + 2800) * 10**9, "reset", "", None),
    ]
    (batch,) = (item for item in items if isinstance(item, FrameBatch))
    assert len(batch.number) == 3
    assert [(p.kind, p.count) for p in readers[0].facts().problems] == [("bad_record", 1)]
    list(readers[1].read())
    assert readers[1].facts().name == "session-1/proxy.flows"


def test_pass_flows_alone_are_a_recording(folder: Path) -> None:
    (folder / "proxy.flows").write_bytes(b"")
    recording = open_recording(folder)
    assert [path.name for path in recording.inputs] == ["proxy.flows"]
    assert (recording.marks, recording.keys) == (b"", b"")


def test_fail_a_recording_without_a_capture(folder: Path) -> None:
    with pytest.raises(InputError, match="holds neither"):
        open_inputs([str(folder)])


def test_fail_a_folder_that_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "some.pcap").write_bytes(b"")
    with pytest.raises(InputError, match="no recording"):
        open_inputs([str(tmp_path)])


def test_fail_a_folder_that_cannot_be_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        open_inputs([str(folder)])
