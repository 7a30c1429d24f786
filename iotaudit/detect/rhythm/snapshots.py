"""Bursts of like size away from the device, as single pictures make them."""

from iotaudit.detect.rhythm.talk import Burst, Fit, Talk, bursts, fit, median
from iotaudit.model.amounts import size

ID = "snapshots"
DATA_TYPE = "media.image"
FITS = "single pictures"
ALTERNATIVES = ("short clips of sound or video", "log files or measurements sent in bulk", "pieces of a map")
REASONING = (
    "Pictures of one camera have about the same size, between ten kilobytes and a few megabytes, and each is sent at once."
    " Other records that pile up and are sent together look the same. One burst alone says nothing."
)
LEAST_LEN, MOST_LEN = 10_000, 4_000_000
LEAST_BURSTS = 5
PAUSE_S = 3
MOST_S = 10
ANSWERED = 0.2
ALIKE = 2.0
"""A burst is like the others within this factor of the median."""
SHARE = 0.7
"""Of what was sent, the part that the bursts make up."""


def find(talk: Talk) -> Fit | None:
    """Gives the bursts, None where they are few, unlike, or not most of the talk."""
    lines = talk.lively
    sent = talk.sent
    if sent < LEAST_BURSTS * LEAST_LEN:
        return None
    large = [burst for burst in bursts(talk.beats, talk.width_s, PAUSE_S) if _may_be(burst, talk.width_s)]
    if len(large) < LEAST_BURSTS:
        return None
    middle = median([burst.up for burst in large])
    like = [burst for burst in large if middle / ALIKE <= burst.up <= middle * ALIKE]
    if len(like) < LEAST_BURSTS or len(like) < SHARE * len(large) or sum(b.up for b in like) < SHARE * sent:
        return None
    words = f"{len(like)} bursts of about {size(int(middle))} up, each within {max(b.seconds for b in like)} s"
    return fit((ID, FITS), words, like, lines)


def _may_be(burst: Burst, width_s: int) -> bool:
    return (
        LEAST_LEN <= burst.up <= MOST_LEN
        and burst.seconds <= max(MOST_S, width_s)
        and burst.down <= ANSWERED * burst.up
    )
