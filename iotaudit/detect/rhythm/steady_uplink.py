"""A steady stream of bytes away from the device, as a live camera makes it."""

from iotaudit.detect.rhythm.talk import Burst, Fit, Line, Talk, bursts, fit
from iotaudit.model.amounts import rate, span

ID = "steady_uplink"
DATA_TYPE = "media.video"
FITS = "live video"
ALTERNATIVES = ("a backup or another long upload", "a screen shared in a call", "pictures sent one after the other", "a lidar or sensor stream")
REASONING = (
    "A camera's encoder sends at a rate that it keeps to, in every second. A file that is uploaded over a slow line looks"
    " the same, so this is never more than inferred. More than 20 Mbit/s is no usual camera; a stream that is answered"
    " by a quarter of its bytes is a conversation."
)
LEAST_BIT_S = 200_000
MOST_BIT_S = 20_000_000
FLOWING_BIT_S = 100_000
"""Seconds with less do not belong to the stream."""
LEAST_S = 10
PAUSE_S = 2
STEADY = 0.8
"""Share of the seconds in which at least a quarter of the mean is sent."""
ANSWERED = 0.25
PEAK = 6


def find(talk: Talk) -> Fit | None:
    """Gives the streams of the talk, None where there is none."""
    found: list[tuple[Burst, Line]] = []
    for line in talk.lines:
        if sum(beat.up for beat in line.beats) * 8 >= LEAST_BIT_S * LEAST_S:
            sent = [beat for beat in line.beats if beat.up * 8 >= FLOWING_BIT_S * talk.width_s]
            found += [(burst, line) for burst in bursts(sent, talk.width_s, PAUSE_S) if _is_steady(burst, talk.width_s)]
    if not found:
        return None
    longest = max((burst for burst, _ in found), key=lambda burst: (burst.seconds, burst.up, -burst.first))
    more = f", and {len(found) - 1} more such streams" if len(found) > 1 else ""
    words = f"{rate(longest.up * 8 / longest.seconds)} up for {span(longest.seconds)}{more}"
    return fit((ID, FITS), words, [burst for burst, _ in found], [line for _, line in found])


def _is_steady(burst: Burst, width_s: int) -> bool:
    bins = burst.seconds // width_s
    if burst.seconds < LEAST_S or bins < 3:
        return False
    mean = burst.up / bins
    full = sum(beat.up * 4 >= mean for beat in burst.beats)
    return (
        LEAST_BIT_S <= burst.up * 8 / burst.seconds <= MOST_BIT_S
        and full >= STEADY * bins
        and burst.down <= ANSWERED * burst.up
        and max(beat.up for beat in burst.beats) <= PEAK * mean
    )
