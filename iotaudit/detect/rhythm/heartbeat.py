"""Small uploads at equal distances, as status reports make them."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from iotaudit.detect.rhythm.talk import Burst, Fit, Line, Talk, bursts, fit, median
from iotaudit.model.amounts import size, span

ID = "heartbeat"
DATA_TYPE = "usage.telemetry"
FITS = "a status report"
ALTERNATIVES = ("a check for updates or commands", "a sign of life without content", "a clock or weather query")
REASONING = (
    "A report is sent by a timer and is small. Below 120 bytes with all framing, handshakes left out, there is room for a"
    " sign of life only, and nothing is inferred."
)
LEAST_LEN, MOST_LEN = 120, 8_000
HANDSHAKE_LEN = 700
"""What opening a TLS conversation costs without saying anything: a hello, and the rest of the handshake."""
LEAST_BEATS = 6
LEAST_PERIOD_S = 5
LEAST_SPAN_S = 120
PAUSE_S = 2
REGULAR = 0.8
"""Share of the distances that differ from the median by no more than `JITTER` of it, and of sizes that are like theirs."""
JITTER = 0.15
ALIKE = 2.0


def find(talk: Talk) -> Fit | None:
    """Gives the reports, None where they are few, large or irregular."""
    lines = talk.lively
    beats = talk.beats
    if len(beats) < LEAST_BEATS or beats[-1].at - beats[0].at < LEAST_SPAN_S:
        return None
    found = [burst for burst in bursts(beats, talk.width_s, PAUSE_S) if burst.up]
    if len(found) < LEAST_BEATS or found[-1].begin - found[0].begin < LEAST_SPAN_S:
        return None
    steps = [later.begin - burst.begin for burst, later in pairwise(found)]
    period = median(steps)
    usual = median([burst.up for burst in found])
    slack = max(1.5 * talk.width_s, JITTER * period)
    even = sum(abs(step - period) <= slack for step in steps)
    like = sum(usual / ALIKE <= burst.up <= usual * ALIKE for burst in found)
    if (
        not LEAST_LEN <= usual <= MOST_LEN
        or period < max(LEAST_PERIOD_S, 3 * talk.width_s)
        or even < REGULAR * len(steps)
        or like < REGULAR * len(found)
        or _told(found, lines) < LEAST_LEN
    ):
        return None
    words = f"about {size(int(usual))} up every {span(period)}, {len(found)} times"
    return fit((ID, FITS), words, found, lines, period_s=float(period))


def _told(found: Sequence[Burst], lines: Sequence[Line]) -> float:
    """Gives what is usually sent at once, the opening of conversations left out."""
    begins = sorted(line.beats[0].at for line in lines if line.beats)
    opened = (bisect_left(begins, burst.end) - bisect_left(begins, burst.begin) for burst in found)
    return median([burst.up - HANDSHAKE_LEN * count for burst, count in zip(found, opened, strict=True)])
