"""From a capture to what its closed traffic fits, what the marked steps changed, and what neither may decide."""

import re
from pathlib import Path
from typing import Any

import pytest

from iotaudit import report
from iotaudit.assemble import shapes
from tests.acceptance import scenes
from tests.acceptance.conftest import ROOT
from tests.acceptance.scenes import MS, S, audit, lab, make

CAMERA = "smart-home-firewall/dlink-cam_no-firewall_wan.pcap"


def closed_day() -> bytes:
    """A device that reports to Germany, maps and uploads to China, then streams there, all of it unreadable."""
    made = lab()
    tape = made.tape
    near, far = made.outside(make.GERMANY), made.outside(make.CHINA_BARE)

    def send(target: Any, port: int, length: int) -> None:
        tape.udp(made.device, port, target, 8_053, tape.random.randbytes(length))

    tape.step("idle", "left in the dock")
    for _ in range(10):
        send(near, 5_001, 400)
        tape.wait(20 * S)
    tape.step("mapping", "one run")
    for _ in range(300):
        send(far, 5_002, 1_300)
        tape.wait(10 * MS)
    tape.wait(60 * S)
    tape.step("camera_use", "watched from outside")
    for _ in range(100 * 20):
        send(far, 5_003, 1_250)
        tape.wait(10 * MS)
    tape.step("idle", "back in the dock")
    tape.wait(200 * S)
    send(near, 5_001, 400)
    return bytes(tape.pcapng())


DAY = closed_day()


def inferred(document: Any) -> dict[str, Any]:
    return {row["data_type"]: row for row in document["exposures"] if row["measured"] is not None}


def test_closed_traffic_is_inferred_in_numbers_and_with_alternatives() -> None:
    found = inferred(audit(DAY))
    video = found["media.video"]
    assert video["masked_sample"] in ("1.0 Mbit/s up for 20 s", "952 kbit/s up for 21 s"), "by whole seconds"
    assert (video["confidence"], video["channel"], video["where"]) == ("inferred", "encrypted", "rhythm")
    assert len(video["alternatives"]) > 2
    assert video["measured"]["sent"] == 2_000 * 1_250
    assert "geo.floor_map" not in found, "the stream that follows is larger: it speaks against the step as the cause"
    assert "usage.telemetry" in found
    assert found["traffic.opaque_upload"]["measured"]["sent"] == 2_000 * 1_250 + 300 * 1_300


def test_the_verdict_and_the_rules_do_not_know_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = audit(DAY)
    monkeypatch.setattr("iotaudit.pipeline.conclusion.infer", lambda *_: ())
    without = audit(DAY)
    assert inferred(with_it)
    assert not inferred(without)
    for key in ("verdict", "outcomes", "findings", "step_changes", "destinations"):
        assert with_it[key] == without[key], key


def test_an_unreadable_upload_to_a_third_country_is_a_finding() -> None:
    document = audit(DAY)
    outcomes = {row["rule"]: row["outcome"] for row in document["outcomes"]}
    assert outcomes["gt-013"] == "fail_indicator"
    assert not {"gt-001", "gt-003"} & {row["rule"] for row in document["findings"]}
    (finding,) = [row for row in document["findings"] if row["rule"] == "gt-013"]
    assert finding["destination"] == inferred(document)["traffic.opaque_upload"]["destination"]


def test_what_a_step_changed_is_told_by_destination() -> None:
    document = audit(DAY)
    names = {row["id"]: row["ips"][0] for row in document["destinations"]}
    rows = {(row["step"], names[row["destination"]]): row for row in document["step_changes"]}
    new = rows["mapping", make.CHINA_BARE]
    assert (new["state"], new["sent_in_step"], new["sent_in_rest"]) == ("new", 300 * 1_300, 2_000 * 1_250)
    assert new["packet"] is not None
    assert rows["camera_use", make.CHINA_BARE]["state"] == "more"
    assert rows["idle", make.CHINA_BARE]["state"] == "silent"
    assert rows["camera_use", make.GERMANY]["state"] == "silent"
    total = sum(rows[step, make.CHINA_BARE]["sent_in_step"] for step in ("idle", "mapping", "camera_use"))
    assert total == 2_000 * 1_250 + 300 * 1_300


def test_without_marks_nothing_changed() -> None:
    assert audit(scenes.hard_coded())["step_changes"] == []


def test_several_processes_and_a_growing_file_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "day.pcapng"
    path.write_bytes(DAY)
    once = audit(path)
    several = audit(path, jobs=2)
    followed = audit(path, follow=lambda: False)
    for key in ("exposures", "step_changes", "inputs"):
        assert once[key] == several[key] == followed[key], key


def test_rhythm_that_was_not_kept_is_a_line_of_the_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes.FlowShapes.__init__, "__defaults__", (20,))
    problems = [row for row in audit(DAY)["inputs"][0]["problems"] if row["kind"] == "rhythm_limit"]
    assert any("60 s" in row["detail"] for row in problems) or any("10 s" in row["detail"] for row in problems)
    assert not any(row["loses_payload"] for row in problems)
    monkeypatch.setattr(shapes.FlowShapes.__init__, "__defaults__", (1,))
    details = [row["detail"] for row in audit(DAY)["inputs"][0]["problems"] if row["kind"] == "rhythm_limit"]
    assert "conversations of which no rhythm was kept" in details


def test_reports_say_that_it_fits_and_never_that_it_was_sent() -> None:
    document = audit(DAY)
    for form in ("md", "html"):
        text = str(report.render(document, form))
        assert "What closed traffic fits" in text
        assert "What the marked steps changed" in text
        assert not re.search(r"(sends|sent|streams) (live )?video", text)
    seen = str(report.render(document, "md")).split("## Data seen")[1].split("## What closed")[0]
    assert "Video" not in seen
    assert "media.video" not in str(report.render(document, "csv"))


def test_times_that_lie_cost_no_memory() -> None:
    made = lab()
    for jump in (0, 10**9, 5 * 10**9):
        made.tape.wait(jump * S)
        made.tape.udp(made.device, 5_001, made.outside(make.CHINA_BARE), 8_053, made.tape.random.randbytes(70_0))
        made.tape.udp(made.device, 5_001, made.outside(make.CHINA_BARE), 8_053, made.tape.random.randbytes(900))
    assert audit(bytes(made.tape.pcapng()))["flows"]


def test_a_camera_that_is_watched_from_outside_fits_live_video() -> None:
    path = ROOT / "../shared/captures" / CAMERA
    if not path.is_file():
        pytest.skip("the shared captures are not here")
    found = inferred(audit(path))
    # tshark -Y 'udp.port==35324 && ip.dst==130.104.214.55' -T fields -e frame.time_relative -e udp.length:
    # 12 seconds in which 350 to 907 kbit go up
    assert found["media.video"]["masked_sample"] == "729 kbit/s up for 12 s"
    assert found["media.video"]["packets"] == [332]
