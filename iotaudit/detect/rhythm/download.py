"""One long answer to a few requests, as fetching firmware makes it."""

from iotaudit.detect.rhythm.talk import Burst, Fit, Line, Talk, burst_of, fit
from iotaudit.model.amounts import rate, size, span

ID = "download"
DATA_TYPE = "device.os_firmware"
FITS = "fetching firmware, which devices ask for with their model and version"
ALTERNATIVES = ("sound, pictures or video to play", "map data", "an app, a language pack or a web page")
REASONING = (
    "Megabytes that come down in one conversation after a handful of packets up are one file. What is inferred is that"
    " the device named its version to get it; the file itself is nothing that leaves."
)
LEAST_LEN = 2_000_000
RATIO = 50
MOST_ASKED = 30
"""Packets with payload from the device: a handshake and a few requests."""


def find(talk: Talk) -> Fit | None:
    """Gives the downloads, None where there is none."""
    found: list[tuple[Burst, Line]] = []
    for line in talk.lively:
        if line.protocol != "tcp" or not line.beats:
            continue
        whole = burst_of(line.beats, talk.width_s)
        if whole.down >= LEAST_LEN and whole.down >= RATIO * whole.up and whole.ups <= MOST_ASKED:
            found.append((whole, line))
    if not found:
        return None
    largest = max((whole for whole, _ in found), key=lambda whole: (whole.down, -whole.first))
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    words = (
        f"{size(largest.down)} down in {span(largest.seconds)} ({rate(largest.down * 8 / largest.seconds)}) after"
        f" {largest.ups} packets up{more}"
    )
    return fit((ID, FITS), words, [whole for whole, _ in found], [line for _, line in found])
