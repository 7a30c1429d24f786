"""A short uplink at the rate of a speech codec after a pause, with an answer: as a voice assistant makes it."""

from collections.abc import Sequence

from iotaudit.detect.rhythm.talk import Beat, Burst, Fit, Talk, between, bursts, fit
from iotaudit.model.amounts import rate, size, span

ID = "voice"
DATA_TYPE = "media.audio"
FITS = "speech after a wake word"
ALTERNATIVES = ("a slow upload of a small file", "measurements that are sent as they come", "one side of a call")
REASONING = (
    "Speech codecs send 16 to 64 kbit/s in many small packets, second by second, for as long as somebody speaks; then the"
    " answer comes down. Nothing but the rhythm says that it is speech."
)
LEAST_BIT_S, MOST_BIT_S = 16_000, 90_000
"""Of payload: a codec's 16 to 64 kbit/s and what TLS adds to small records."""
LEAST_S, MOST_S = 3, 20
IDLE_S = 10
IDLE_LEN = 200
"""Bytes in a second that do not disturb a pause."""
ANSWER_S = 5
ANSWER_LEN = 2_000
PACKETS_S = 5
SPREAD = 2.5


def find(talk: Talk) -> Fit | None:
    """Gives the utterances, None where there are none, or where seconds were not kept."""
    if talk.width_s != 1:
        return None
    lines = talk.lively
    if talk.sent * 8 < LEAST_BIT_S * LEAST_S:
        return None
    beats = talk.beats
    runs = [run for run in bursts(filter(_may_be, beats), 1, 0) if LEAST_S <= run.seconds <= MOST_S]
    loud = [beat for beat in beats if beat.up + beat.down > IDLE_LEN] if runs else []
    found = [run for run in runs if _is_speech(run, loud)]
    if not found:
        return None
    longest = max(found, key=lambda run: (run.seconds, -run.first))
    answer = _answer(longest, beats)
    more = f", {len(found)} times" if len(found) > 1 else ""
    words = (
        f"{rate(longest.up * 8 / longest.seconds)} up for {span(longest.seconds)} after {IDLE_S} s of silence,"
        f" then {size(answer)} down{more}"
    )
    return fit((ID, FITS), words, found, lines)


def _may_be(beat: Beat) -> bool:
    return beat.ups >= PACKETS_S and beat.up > IDLE_LEN and beat.up * 8 <= SPREAD * MOST_BIT_S


def _is_speech(run: Burst, loud: list[Beat]) -> bool:
    middle = run.beats[1:-1]
    mean = run.up / run.seconds
    before = between(loud, run.begin - IDLE_S, run.begin)
    return (
        LEAST_BIT_S <= mean * 8 <= MOST_BIT_S
        and all(mean / SPREAD <= beat.up <= mean * SPREAD and beat.down <= beat.up / 2 for beat in middle)
        and not before
        and _answer(run, loud) >= ANSWER_LEN
    )


def _answer(run: Burst, beats: Sequence[Beat]) -> int:
    """Gives the bytes that come down at the end of a run, and after it while little goes up."""
    last = run.beats[-1].down
    after = between(beats, run.end, run.end + ANSWER_S)
    return last + sum(beat.down for beat in after if beat.up <= beat.down)
