"""A burst away from the device while or right after it mapped its surroundings."""

from iotaudit.detect.rhythm.talk import Burst, Fit, Talk, bursts, fit
from iotaudit.model.amounts import size, span

ID = "map_upload"
DATA_TYPE = "geo.floor_map"
FITS = "a map of the rooms"
ALTERNATIVES = ("pictures taken on the way", "a log of the run", "measurements sent in bulk")
REASONING = (
    "An upload that comes in or within two minutes after the marked step `mapping`, and has no like at any other time,"
    " may be the map. Without the mark nothing tells a map from any other upload, and nothing is inferred."
)
STEP, REST = "mapping", "idle"
AFTER_S = 120
LEAST_LEN = 20_000
PAUSE_S = 5
ANSWERED = 0.25
UNLIKE = 0.5
"""An upload at another time that has this part of the largest one's size speaks against the step as its cause."""


def find(talk: Talk) -> Fit | None:
    """Gives the uploads of the step, None where there is no such step, no upload, or others like it."""
    spans = _spans(talk.steps)
    lines = talk.lively
    if not spans or talk.sent < LEAST_LEN:
        return None
    large = [b for b in bursts(talk.beats, talk.width_s, PAUSE_S) if b.up >= LEAST_LEN and b.down <= ANSWERED * b.up]
    are_within = [_is_within(burst, spans, talk.width_s) for burst in large]
    within = [burst for burst, is_within in zip(large, are_within, strict=True) if is_within]
    if not within:
        return None
    largest = max(burst.up for burst in within)
    if any(b.up > UNLIKE * largest for b, is_within in zip(large, are_within, strict=True) if not is_within):
        return None
    seconds = sum(burst.seconds for burst in within)
    words = f"{size(sum(b.up for b in within))} up in {span(seconds)}, in the step {STEP} or within {AFTER_S} s after it"
    return fit((ID, FITS), words, within, lines)


def _spans(steps: tuple[tuple[str, float, float], ...]) -> list[tuple[float, float]]:
    """Gives the times in which an upload may be the step's; what comes in another step that does something is that one's."""
    found = []
    for at, (step, begin, end) in enumerate(steps):
        if step == STEP:
            busy = [later for name, later, _ in steps[at + 1 :] if name not in (STEP, REST)]
            found.append((begin, min([end + AFTER_S, *busy])))
    return found


def _is_within(burst: Burst, spans: list[tuple[float, float]], width_s: int) -> bool:
    return any(begin - width_s < burst.begin < end - width_s for begin, end in spans)
