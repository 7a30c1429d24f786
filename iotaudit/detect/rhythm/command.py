"""Messages that come in on a line that is kept open, after which the device does something: as remote control makes them."""

from bisect import bisect_left

from iotaudit.detect.rhythm.talk import CHANGE_LEN, Around, Burst, Fit, Line, Talk, bursts, fit
from iotaudit.model.amounts import count, size

ID = "command"
DATA_TYPE = "usage.command"
FITS = "a command from outside"
ALTERNATIVES = ("news that the server pushes, and the device's own routine", "a notification of an app", "chance")
REASONING = (
    "On a line that is silent, a message from the server that is followed within seconds by a new conversation or a burst"
    " of the device's may have caused it. Once is chance: it must happen several times, after most such messages, and"
    " the device must be quiet at most other times."
)
LEAST_OPEN_S = 60
IDLE_S = 10
WITHIN_S = 5
LEAST_LEN, MOST_LEN = 60, 8_000
LEAST_TIMES = 3
MOSTLY = 0.75
SELDOM = 0.2
"""Share of the recording in which such a change follows anyway."""


def find(talk: Talk) -> Fit | None:
    """Gives the messages that changes followed, None where they are few, or changes are usual."""
    if talk.width_s != 1:
        return None
    pushed = [(line, messages) for line in talk.lively for messages in [_pushed(line)] if len(messages) >= LEAST_TIMES]
    changes = _changes(talk.around) if pushed else []
    if not changes or _covered(changes, talk.around) > SELDOM:
        return None
    found: list[tuple[Burst, Line]] = []
    for line, messages in pushed:
        obeyed = [burst for burst in messages if _is_followed(burst, changes)]
        if len(obeyed) >= max(LEAST_TIMES, MOSTLY * len(messages)):
            found += [(burst, line) for burst in obeyed]
    if not found:
        return None
    usually = size(int(sum(burst.beats[0].down for burst, _ in found) / len(found)))
    words = (
        f"{count(len(found), 'message')} of about {usually} down on a silent line, each followed within {WITHIN_S} s"
        f" by a new conversation or more than {size(CHANGE_LEN)} up"
    )
    return fit((ID, FITS), words, [burst for burst, _ in found], [line for _, line in found])


def _pushed(line: Line) -> list[Burst]:
    """Gives the messages that came in on a line that is kept open, each after silence."""
    if line.protocol != "tcp" or len(line.beats) <= LEAST_TIMES or line.beats[-1].at - line.beats[0].at < LEAST_OPEN_S:
        return []
    return [
        burst
        for burst in bursts(line.beats, 1, IDLE_S)[1:]
        if not burst.is_up and LEAST_LEN <= burst.beats[0].down <= MOST_LEN
    ]


def _changes(around: Around) -> list[int]:
    """Gives the seconds in which the device began something: a conversation, or to send much after little."""
    begun = set(around.starts)
    last: int | None = None
    for second in around.ups:
        if last is None or second - last > IDLE_S:
            begun.add(second)
        last = second
    return sorted(begun)


def _is_followed(burst: Burst, changes: list[int]) -> bool:
    at = bisect_left(changes, burst.begin)
    return at < len(changes) and changes[at] <= burst.begin + WITHIN_S


def _covered(changes: list[int], around: Around) -> float:
    """Gives the share of the recording's seconds that a change follows within `WITHIN_S`."""
    covered, end = 0, around.begin
    for change in changes:
        begin = max(end, change - WITHIN_S)
        covered += max(0, change + 1 - begin)
        end = max(end, change + 1)
    return covered / max(1, around.end - around.begin)
