"""Bytes that left unread: how many, to whom, how they were spread over time."""

from iotaudit.detect.rhythm.talk import Fit, Talk, bursts, fit, joined
from iotaudit.model.amounts import count, size, span

ID = "opaque_upload"
DATA_TYPE = "traffic.opaque_upload"
FITS = "anything that the device knows"
ALTERNATIVES = ("any data type",)
REASONING = (
    "What cannot be read cannot be cleared: its size and its spread over time are all there is. Only uploads above the"
    " profile's threshold are listed, above 64 kB where it has none."
)
LEAST_LEN = 64_000
PAUSE_S = 5


def find(talk: Talk) -> Fit | None:
    """Gives what was sent, None where it is not more than the threshold."""
    all_lively = len(talk.lively) == len(talk.lines)
    beats = talk.beats if all_lively else joined(talk.lines)
    sent = talk.sent if all_lively else sum(beat.up for beat in beats)
    if sent <= (talk.threshold or LEAST_LEN):
        return None
    found = bursts([beat for beat in beats if beat.up], talk.width_s, PAUSE_S)
    largest = max(found, key=lambda burst: (burst.up, -burst.first))
    most = f"; the largest {size(largest.up)} in {span(largest.seconds)}" if len(found) > 1 else ""
    words = f"{size(sent)} up, unread, in {count(len(found), 'burst')} over {span(found[-1].end - found[0].begin)}{most}"
    return fit((ID, FITS), words, found, talk.lines)
