"""A TCP conversation that has ended is not kept open until the end of the capture."""

from pathlib import Path

import pytest

from iotaudit import detect
from iotaudit.capture import open_inputs
from iotaudit.model.flows import FlowSummary
from iotaudit.pipeline.reading import Reading
from tests.acceptance.scenes import lab, say

COUNT = 5
TCP = 6


def capture(path: Path, *, ends: bool) -> Path:
    """Writes web requests to as many hosts; each is answered."""
    made = lab()
    tape = made.tape
    for i in range(COUNT):
        link = tape.tcp(made.device, made.port(), made.outside(f"198.51.100.{i + 1}"), 80, rtt=20_000_000)
        link.client(say.http_request("GET", "h.vendor.example", f"/{i}", [], b""))
        link.server(say.http_answer("200 OK", b"{}"))
        if ends:
            link.close()
    path.write_bytes(tape.pcapng())
    return path


def read(path: Path) -> tuple[int, dict[int, FlowSummary]]:
    """Gives how many TCP conversations were open when all blocks had been read, and what was read of each."""
    reading = Reading(detect.Detector((), ()))
    still: list[int] = []

    def count(_items: int) -> None:
        still.append(sum(reading.assembler.endpoints(number)[0] == TCP for number in reading._open))

    reading.read(open_inputs((str(path),)), watch=count)
    assert reading._open == {}
    return still[-1], reading.summaries


@pytest.mark.parametrize(("ends", "still"), [(True, 0), (False, COUNT)])
def test_what_ended_is_closed_before_the_capture_ends(tmp_path: Path, ends: bool, still: int) -> None:  # noqa: FBT001
    count, summaries = read(capture(tmp_path / "web.pcapng", ends=ends))
    assert count == still
    web = [summary for summary in summaries.values() if summary.http]
    assert [x.uri for summary in web for x in summary.http] == [f"/{i}" for i in range(COUNT)]


def test_closing_early_tells_the_same_as_closing_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = capture(tmp_path / "web.pcapng", ends=True)
    _, early = read(path)
    monkeypatch.setattr("iotaudit.assemble.Assembler.take_ended", lambda _: [])
    still, late = read(path)
    assert still == COUNT
    assert early == late
