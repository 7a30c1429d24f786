"""Schedules and working times: clock times, weekdays and cron expressions under telling names.

Source: POSIX `crontab` (five fields and their ranges); ISO 8601 clock times; RFC 5545 section 3.3.10 (`BYDAY`).
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import RECORDS, kind_of
from iotaudit.model.exposures import Confidence

ID = "usage.schedule"
SURE = KeySet(
    "schedule, schedules, schedule time, cron, crontab, cron expression, working hours, opening hours, "
    "office hours",
    "business hours, quiet hours, do not disturb, dnd, shift plan, clean schedule, cleaning schedule, task "
    "time, =rrule",
    "zeitplan, arbeitszeiten, oeffnungszeiten, wakeup time, wake up time, 日程, 定时",
)
VAGUE = KeySet("=timer, timers, timer list, =alarm, alarms, alarm time, =plan, weekly plan")
"""Names under which a plain clock time may be what is left of a countdown."""
TIME_KEYS = KeySet(
    "time, start, end, start time, end time, =at, =from, =to, =begin, =on, =off, =open, =close"
)
HOUR = KeySet("=hour, start hour, end hour, =h, =hh")
MINUTE = KeySet("=minute, =min, start minute, end minute, =m, =mm")
DAY_KEYS = KeySet(
    "weekday, weekdays, week days, days of week, day of week, =days, =day, =week, =repeat, repeat days, "
    "=loops, =byday"
)
WANTS = Wants(keys=SURE | VAGUE, record_keys=KeySet("start hour"))
reasoning = (
    "A cron expression, clock times, or weekdays with a time under a name for a schedule; one clock time "
    "under `timer` "
    "may be a countdown and does not count."
)
DEPTH = 4
TEXT_LEN = 1024
_CLOCK = re.compile(r"(?<![\d:.-])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:])")
_DAY = re.compile(
    r"(?i)(?<![a-z])(?:mo|tu|we|th|fr|sa|su|mon|tue|wed|thu|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|weekdays?|daily)(?![a-z])"
)
_MASK = re.compile(r"[01]{7}")
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(
    r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/\d{1,2})?|\?|(?i:mon|tue|wed|thu|fri|sat|sun)(?:-[A-Za-z]{3})?"
)
_PIECES = 16


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives schedules by name and form."""
    sure = node.key in SURE
    if node.kind is Kind.TEXT and (sure or node.key in VAGUE) and len(node.text) <= TEXT_LEN:
        word = _told(node.text.strip(), sure=sure)
    elif node.kind is Kind.RECORD:
        word = "times" if _is_plan(node.value, sure=sure or node.key in VAGUE, depth=0) else ""
    else:
        return
    if word:
        yield kind_of(ID, word, Confidence.DETECTED, f"{word} under a name for a schedule")


def _told(text: str, *, sure: bool) -> str:
    """Gives what a text tells of a schedule, "" for none."""
    if is_cron(text):
        return "cron expression"
    clocks = {match[0] for match in _CLOCK.finditer(text)}
    days = {match[0].casefold() for match in _DAY.finditer(text)}
    if clocks and (sure or days or len(clocks) > 1):
        return "times"
    return "weekdays" if sure and len(days) > 1 else ""


def is_cron(text: str) -> bool:
    """True for five fields of a cron expression in their ranges (six with seconds or a year), one of them a number."""
    parts = text.split()
    if len(parts) not in (5, 6, 7) or not any(c.isdigit() for c in text):
        return False
    starts = (0,) if len(parts) == 5 else (1, 0)
    return any(
        all(_is_field(part, *bounds) for part, bounds in zip(parts[at : at + 5], _RANGES, strict=True))
        for at in starts
    ) and all(
        _PART.fullmatch(piece) or piece.isdigit() for part in parts for piece in part.split(",")[:_PIECES]
    )


def _is_field(text: str, low: int, high: int) -> bool:
    for piece in text.split(",")[:_PIECES]:
        match = _PART.fullmatch(piece)
        if match is None or any(number and not low <= int(number) <= high for number in match.groups()):
            return False
    return True


def _is_plan(value: object, *, sure: bool, depth: int) -> bool:
    """True for a record with an hour and a minute, a clock time or weekdays, in a list or record of a schedule."""
    if depth > DEPTH:
        return False
    if isinstance(value, list):
        return any(
            _is_plan(row, sure=sure, depth=depth + 1)
            if isinstance(row, dict)
            else sure and _is_text_plan(row)
            for row in value[:RECORDS]
        )
    if not isinstance(value, dict):
        return False
    rows = list(value.items())[:RECORDS]
    hour = any(name in HOUR and _is_whole(v, 23) for name, v in rows)
    minute = any(name in MINUTE and _is_whole(v, 59) for name, v in rows)
    if hour and minute:
        return True
    if not sure:
        return False
    days = any(name in DAY_KEYS and _are_days(v) for name, v in rows)
    clock = any(name in TIME_KEYS and isinstance(v, str) and _CLOCK.search(v[:TEXT_LEN]) for name, v in rows)
    cron = any(isinstance(v, str) and is_cron(v) for _, v in rows)
    return (
        days
        or clock
        or cron
        or any(isinstance(v, dict | list) and _is_plan(v, sure=sure, depth=depth + 1) for _, v in rows)
    )


def _is_text_plan(value: object) -> bool:
    return isinstance(value, str) and bool(_told(value[:TEXT_LEN], sure=True))


def _are_days(value: object) -> bool:
    """True for a mask of seven, numbers of days, or their names."""
    if isinstance(value, str):
        return _MASK.fullmatch(value) is not None or _DAY.search(value[:TEXT_LEN]) is not None
    if not isinstance(value, list) or not 0 < len(value) <= 7:
        return False
    return all(_is_whole(v, 7) or (isinstance(v, str) and _DAY.fullmatch(v) is not None) for v in value)


def _is_whole(value: object, high: int) -> bool:
    text = str(value)
    return text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= high
