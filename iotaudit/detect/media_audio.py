"""Sound by its framing.

Source: RIFF WAVE (`fmt ` chunk), RFC 3533 and RFC 7845 (Ogg, `OpusHead`), ISO/IEC 13818-7 section 6.2 (ADTS),
RFC 9639 (FLAC), RFC 4867 section 5 (AMR), RFC 8866 section 5.14 (media description of SDP).
"""

import re
from collections.abc import Iterator

from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "media.audio"
FIELDS = {
    "rtp.audio": ("RTP audio", "payload of a stream that is declared as sound"),
    "rtmp.audio": ("RTMP audio", "an audio message of the streaming protocol RTMP"),
}
"""Places of payload that a dissector proved to be sound, with the word and the ground for it."""
WANTS = Wants(binary=True, shapes=frozenset({"sdp"}), places=frozenset(FIELDS))
reasoning = (
    "The framing of a sound file or stream; it may be a prompt that the device plays rather "
    "than a recording."
)
_SDP = re.compile(r"(?m)^m=audio \d{1,5}(?:/\d+)? [A-Z/]*RTP/")
MAGICS = ((b"#!AMR", "AMR"), (b"fLaC", "FLAC"))


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the sound that the bytes start with."""
    if node.kind is Kind.TEXT and _SDP.search(node.text):
        yield kind_of(ID, "announced audio stream", Confidence.DETECTED, "a description that announces an audio stream")
    if node.where in FIELDS:
        word, ground = FIELDS[node.where]
        yield kind_of(ID, word, Confidence.PROVEN, ground)
        return
    if node.kind is not Kind.BINARY:
        return
    data = node.data
    name = next((n for magic, n in MAGICS if data.startswith(magic)), "")
    if data[:4] == b"RIFF" and data[8:16] == b"WAVEfmt ":
        name = "WAV"
    elif data[:4] == b"OggS" and (b"OpusHead" in data[:128] or b"\x01vorbis" in data[:128]):
        name = "Ogg"
    elif _is_adts(data):
        name = "AAC"
    if name:
        yield kind_of(ID, f"{name} audio", Confidence.PROVEN, f"the framing of {name} audio")


def _is_adts(data: bytes) -> bool:
    """True where three ADTS frames follow each other by their own lengths."""
    at = 0
    for _ in range(3):
        if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
            return False
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if length < 7:
            return False
        at += length
    return True
