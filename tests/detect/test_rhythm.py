"""What the rhythm of closed talks fits: near misses of each pattern, and the rows that come of it."""

import re
from dataclasses import replace

import pytest

from iotaudit.detect.rhythm import (
    PATTERNS,
    Around,
    Beat,
    Line,
    Talk,
    command,
    download,
    heartbeat,
    infer,
    map_upload,
    opaque_upload,
    snapshots,
    steady_uplink,
    voice,
)
from iotaudit.model.data_types import DataType
from iotaudit.model.exposures import Channel, Confidence

TYPES = {p.DATA_TYPE: DataType(p.DATA_TYPE, f"title of {p.DATA_TYPE}", "personal", 3, "why") for p in PATTERNS}


def beat(at: int, up: int = 0, down: int = 0, *, is_up: bool | None = None) -> Beat:
    first = up > 0 if is_up is None else is_up
    return Beat(at, up, down, -(-up // 200), -(-down // 1400), 100 + at, first)


def talk(*lines: list[Beat], protocol: str = "tcp", dull: bool = False, width_s: int = 1, **more: object) -> Talk:
    rows = tuple(Line(f"f{i + 1}", protocol, dull, tuple(beats)) for i, beats in enumerate(lines))
    return replace(Talk("d1", "dst1", width_s, rows), **more)  # type: ignore[arg-type]


def stream(seconds: int, up: int, down: int = 0) -> list[Beat]:
    return [beat(at, up, down) for at in range(seconds)]


def test_a_stream_is_told_with_its_rate_and_time() -> None:
    found = steady_uplink.find(talk(stream(250, 162_500)))
    assert found is not None
    assert found.words == "1.3 Mbit/s up for 4 min 10 s"
    assert (found.measured.sent, found.measured.duration_s, found.packets) == (250 * 162_500, 250.0, (100,))


@pytest.mark.parametrize(
    ("beats", "why"),
    [
        (stream(9, 160_000), "too short"),
        (stream(60, 20_000), "below 200 kbit/s"),
        (stream(60, 3_000_000), "faster than a camera"),
        (stream(60, 100_000, 50_000), "answered: a conversation"),
        ([beat(at, 900_000 if at % 12 == 0 else 15_000) for at in range(60)], "in bursts"),
        ([beat(at, 100_000) for at in range(0, 120, 4)], "with pauses"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_uplinks_are_no_stream(beats: list[Beat], why: str) -> None:
    assert steady_uplink.find(talk(beats)) is None, why


def shots(sizes: list[int], every: int = 30) -> list[Beat]:
    return [beat(i * every, size, 200) for i, size in enumerate(sizes)]


def test_bursts_of_like_size_may_be_pictures_and_few_or_unlike_ones_may_not() -> None:
    assert snapshots.find(talk(shots([90_000, 100_000, 110_000, 95_000, 105_000, 99_000]))) is not None
    assert snapshots.find(talk(shots([90_000, 100_000, 110_000, 95_000]))) is None
    assert snapshots.find(talk(shots([11_000, 400_000, 30_000, 2_000_000, 90_000, 700_000]))) is None
    assert snapshots.find(talk(shots([100_000] * 6), dull=True)) is None
    answered = [replace_down(b, 80_000) for b in shots([100_000] * 6)]
    assert snapshots.find(talk(answered)) is None


def replace_down(row: Beat, down: int) -> Beat:
    return row._replace(down=down)


MAPPING = (("mapping", 200.0, 300.0),)


def test_only_an_upload_of_the_marked_step_alone_may_be_a_map() -> None:
    upload = [beat(10, 300), beat(310, 300_000), beat(700, 400)]
    assert map_upload.find(talk(upload, steps=MAPPING)) is not None
    assert map_upload.find(talk(upload)) is None
    assert map_upload.find(talk(upload, steps=(("idle", 200.0, 300.0),))) is None
    assert map_upload.find(talk([*upload, beat(900, 200_000)], steps=MAPPING)) is None
    assert map_upload.find(talk([beat(500, 300_000)], steps=MAPPING)) is None


def speech(at: int = 30, seconds: int = 5, up: int = 4_000, answer: int = 9_000) -> list[Beat]:
    return [beat(0, 600, 3000), *(beat(at + i, up) for i in range(seconds)), beat(at + seconds, 60, answer)]


def test_a_short_uplink_of_speech_rate_after_silence_and_with_an_answer_may_be_voice() -> None:
    found = voice.find(talk(speech()))
    assert found is not None
    assert found.words == "32 kbit/s up for 5 s after 10 s of silence, then 9.0 kB down"


@pytest.mark.parametrize(
    "beats",
    [speech(at=5), speech(seconds=2), speech(seconds=40), speech(up=900), speech(up=40_000), speech(answer=300)],
    ids=["no silence before", "too short", "too long", "too slow", "too fast", "no answer"],
)
def test_other_uplinks_are_no_voice(beats: list[Beat]) -> None:
    assert voice.find(talk(beats)) is None


def test_voice_and_commands_are_not_looked_for_in_coarse_bins() -> None:
    assert voice.find(talk(speech(), width_s=10)) is None
    assert command.find(talk(pushes(), width_s=10, around=around(pushes()))) is None


def reports(every: int = 60, up: int = 400, count: int = 10) -> list[Beat]:
    return [beat(i * every, up, 80) for i in range(count)]


def test_small_regular_uploads_may_be_reports() -> None:
    found = heartbeat.find(talk(reports()))
    assert found is not None
    assert (found.words, found.measured.period_s) == ("about 400 B up every 1 min 0 s, 10 times", 60.0)


def test_signs_of_life_large_or_irregular_uploads_are_no_reports() -> None:
    assert heartbeat.find(talk(reports(up=60))) is None
    assert heartbeat.find(talk(reports(up=20_000))) is None
    assert heartbeat.find(talk(reports(every=3, count=100))) is None
    assert heartbeat.find(talk(reports(count=4))) is None
    assert heartbeat.find(talk([beat(at, 400) for at in (0, 7, 90, 110, 260, 300, 520, 525, 700)])) is None
    each_anew = [[beat(i * 60, 720, 4000)] for i in range(10)]
    assert heartbeat.find(talk(*each_anew)) is None, "all but a few bytes are handshakes"


def test_one_long_answer_may_be_firmware_and_many_requests_are_not() -> None:
    fetched = [beat(0, 900, 5_000), *(beat(i, 0, 400_000) for i in range(1, 21))]
    found = download.find(talk(fetched))
    assert found is not None
    assert found.words.startswith("8.0 MB down in 21 s")
    assert download.find(talk(fetched[:4])) is None
    assert download.find(talk(fetched, protocol="udp")) is None
    asked = [beat(i, 2_000, 400_000) for i in range(30)]
    assert download.find(talk(asked)) is None


def pushes(count: int = 5) -> list[Beat]:
    return [beat(0, 600, 3000), *(beat(60 + 100 * i, 50, 200, is_up=False) for i in range(count))]


def around(line: list[Beat], delay: int = 2, more: tuple[int, ...] = ()) -> Around:
    return Around(tuple(sorted((*(row.at + delay for row in line[1:]), *more))), (), 0, 700)


def test_messages_that_changes_follow_may_be_commands() -> None:
    line = pushes()
    assert command.find(talk(line, around=around(line))) is not None
    large = Around((), tuple(row.at + 1 for row in line[1:]), 0, 700)
    assert command.find(talk(line, around=large)) is not None


def test_chance_busy_devices_and_polling_are_no_commands() -> None:
    line = pushes()
    assert command.find(talk(line)) is None
    assert command.find(talk(line, around=around(line, delay=30))) is None
    assert command.find(talk(line, around=around(line, more=tuple(range(0, 700, 10))))) is None
    assert command.find(talk(pushes(2), around=around(pushes(2)))) is None
    asked = [row._replace(is_up=True) for row in line]
    assert command.find(talk(asked, around=around(asked))) is None
    assert command.find(talk(line, protocol="udp", around=around(line))) is None


def test_an_upload_counts_above_the_threshold_of_the_profile() -> None:
    beats = [beat(0, 40_000), beat(60, 10_000)]
    assert opaque_upload.find(talk(beats)) is None
    found = opaque_upload.find(talk(beats, threshold=1_000, dull=True))
    assert found is not None
    assert found.words == "50.0 kB up, unread, in 2 bursts over 1 min 1 s; the largest 40.0 kB in 1 s"


def test_an_inference_is_told_as_one() -> None:
    (row,) = infer([talk(stream(60, 162_500))], {steady_uplink.DATA_TYPE: TYPES[steady_uplink.DATA_TYPE]})
    assert (row.confidence, row.channel, row.where) == (Confidence.INFERRED, Channel.ENCRYPTED, "rhythm")
    assert row.measured is not None
    assert row.alternatives == steady_uplink.ALTERNATIVES
    assert row.masked_sample in row.reasoning
    assert "fits live video" in row.reasoning
    assert "would also fit: a backup" in row.reasoning


def test_no_pattern_speaks_as_if_it_knew() -> None:
    told = [text for p in PATTERNS for text in (p.FITS, *p.ALTERNATIVES)]
    assert not [text for text in told if re.search(r"\b(sends|is sending|was sent|transmits)\b", text)]
    assert all(len(p.ALTERNATIVES) >= 1 for p in PATTERNS)
    assert len({p.ID for p in PATTERNS}) == len(PATTERNS)


def test_several_devices_share_a_row_and_ids_go_on() -> None:
    first, second = talk(stream(60, 100_000)), replace(talk(stream(30, 100_000)), device="d2")
    types = {steady_uplink.DATA_TYPE: TYPES[steady_uplink.DATA_TYPE]}
    (known,) = infer([first], types)
    (row,) = infer([second, first], types, (known,))
    assert (row.id, row.value_group) == ("exp2", "v2")
    assert row.measured is not None
    assert row.measured.sent == 90 * 100_000
    assert row.masked_sample == "800 kbit/s up for 1 min 0 s; of 2 devices the most"
    assert row == infer([first, second], types, (known,))[0]


def test_a_type_that_is_not_in_the_vocabulary_is_not_named() -> None:
    assert infer([talk(stream(60, 162_500))], {}) == ()
