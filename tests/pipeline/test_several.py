"""Several captures of one set-up make one audit, in whatever order they are named."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iotaudit import pipeline, report
from iotaudit.model.packets import input_of
from iotaudit.model.result import Audit
from tests.acceptance.conftest import ROOT

CAPTURE = ROOT / "captures/camera-clear.pcap"
AS_OF = "2026-11-24"

Record = bytes
Pick = Callable[[int, int], bool]
"""Whether a capture has record `k` of `n`."""


@pytest.fixture(scope="module")
def records() -> tuple[bytes, list[Record]]:
    data = CAPTURE.read_bytes()
    at, found = 24, []
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at + 8)
        found.append(data[at : at + 16 + size])
        at += 16 + size
    return data[:24], found


def write(path: Path, parts: tuple[bytes, list[Record]], pick: Pick) -> Path:
    header, found = parts
    path.write_bytes(header + b"".join(record for k, record in enumerate(found) if pick(k, len(found))))
    return path


PLACES = frozenset(
    ("packet", "packets", "first_packet", "payload_packet", "first_device_payload_packet", "flow", "exposure")
)
NUMBERED = frozenset(("run", "inputs", "fingerprint", "id", "value_group", "duration_s"))


def without_places(value: Any, *, top: bool = False) -> Any:
    """An audit without what names packets or inputs, and the numbers and order that follow from these."""
    if isinstance(value, dict):
        left_out = PLACES | NUMBERED | (set() if top else {"flows"})
        return {key: without_places(inner) for key, inner in value.items() if key not in left_out}
    if isinstance(value, list):
        return sorted((without_places(inner) for inner in value), key=repr)
    return value


def compared(audit: Audit) -> Any:
    return without_places(report.document(audit), top=True)


def repeats(audit: Audit) -> list[tuple[int, str, int]]:
    return [
        (facts.problems[k].input, facts.problems[k].detail, facts.problems[k].count)
        for facts in audit.inputs
        for k in range(len(facts.problems))
        if facts.problems[k].kind == "duplicate_frames"
    ]


def test_pass_two_halves_give_the_same_in_both_orders(tmp_path: Path, records: tuple[bytes, list[Record]]) -> None:
    early = write(tmp_path / "0.pcap", records, lambda k, n: k < n // 2)
    late = write(tmp_path / "1.pcap", records, lambda k, n: k >= n // 2)
    whole = compared(pipeline.audit(CAPTURE, as_of=AS_OF))
    one, other = (pipeline.audit(paths, as_of=AS_OF) for paths in ([early, late], [late, early]))
    assert whole["flows"]
    assert whole["exposures"]
    assert compared(one) == compared(other) == whole
    assert [facts.name for facts in other.inputs] == ["1.pcap", "0.pcap"]
    assert {input_of(flow.first_packet) for flow in other.flow_rows} == {0, 1}
    assert repeats(one) == repeats(other) == []


def test_pass_two_ports_that_share_the_packets_give_the_same_in_both_orders(
    tmp_path: Path, records: tuple[bytes, list[Record]]
) -> None:
    even = write(tmp_path / "0.pcap", records, lambda k, _: k % 2 == 0)
    odd = write(tmp_path / "1.pcap", records, lambda k, _: k % 2 == 1)
    whole = compared(pipeline.audit(CAPTURE, as_of=AS_OF))
    one, other = (compared(pipeline.audit(paths, as_of=AS_OF)) for paths in ([even, odd], [odd, even]))
    assert one == other == whole


def test_frames_in_both_captures_are_counted_as_recorded_and_reported(
    tmp_path: Path, records: tuple[bytes, list[Record]]
) -> None:
    early = write(tmp_path / "early.pcap", records, lambda k, n: k < n * 2 // 3)
    late = write(tmp_path / "late.pcap", records, lambda k, n: k >= n // 3)
    whole = pipeline.audit(CAPTURE, as_of=AS_OF)
    audit = pipeline.audit([late, early], as_of=AS_OF)
    assert sum(facts.packets for facts in audit.inputs) > whole.inputs[0].packets
    found = repeats(audit)
    assert found
    assert {(index, detail) for index, detail, _ in found} <= {(0, "also in early.pcap"), (1, "also in late.pcap")}
    assert 0 < sum(count for *_, count in found) <= len(records[1]) // 3 + 1
    assert {flow.client for flow in audit.flow_rows} == {flow.client for flow in whole.flow_rows}
