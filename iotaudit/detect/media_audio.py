"""Sound by its framing, by the tracks of its container, or by the protocol that carries it.

Source: docstrings of `codec/sound.py` and `codec/tracks.py` (files and frames), RFC 8866 section 5.14 (media
description of SDP), RFC 3551 section 6 (payload types).
"""

import re
from collections.abc import Iterator

from iotaudit.codec import sound, tracks
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.transcripts import KEYS, spoken
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "media.audio"
FIELDS = {
    "rtp.audio": ("RTP audio", Confidence.PROVEN, "payload of a stream that is declared as sound"),
    "rtp.audio.declared": ("RTP audio", Confidence.DETECTED, "the number of the payload's type is one of sound"),
    "rtmp.audio": ("RTMP audio", Confidence.PROVEN, "an audio message of the streaming protocol RTMP"),
}
"""Places of payload that a dissector tells to be sound, with the word and the ground for it."""
WANTS = Wants(keys=KEYS, binary=True, shapes=frozenset({"sdp"}), places=frozenset(FIELDS))
reasoning = (
    "The framing of a sound file or stream; it may be a prompt that the device plays rather "
    "than a recording."
)
_SDP = re.compile(r"(?m)^m=audio \d{1,5}(?:/\d+)? [A-Z/]*RTP/")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the sound that the bytes begin with, or the announcement of it."""
    yield from spoken(ID, node)
    if node.kind is Kind.TEXT and _SDP.search(node.text):
        yield kind_of(ID, "announced audio stream", Confidence.DETECTED, "a description that announces an audio stream")
    if node.where in FIELDS:
        yield kind_of(ID, *FIELDS[node.where])
    elif node.kind is Kind.BINARY:
        yield from _framed(node.data)


def _framed(data: bytes) -> Iterator[Hit]:
    """Gives sound by the framing of bytes."""
    name = sound.read(data)
    if name:
        yield kind_of(ID, f"{name} audio", Confidence.PROVEN, f"the framing of {name} audio")
        return
    held = tracks.read(data)
    if held is not None and held.audio:
        yield kind_of(ID, f"{held.name} audio", Confidence.PROVEN, f"{held.name} with a track of sound")
