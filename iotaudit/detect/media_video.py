"""Video by the tracks of its container, by the parameter sets of its stream, or by the protocol that carries it.

Source: docstrings of `codec/tracks.py` and `codec/nal.py` (files and elementary streams), RFC 2046 section 5.1 and its
use for `multipart/x-mixed-replace` (pictures that replace each other), RFC 2326 section 6 (RTSP requests), RFC 8866
section 5.14 (media description of SDP), RFC 3551 section 6 (payload types).
"""

import re
from collections.abc import Iterator

from iotaudit.codec import multipart, nal, picture, tracks
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "media.video"
reasoning = (
    "A container that names a video track, parameter sets whose fields give a size of pictures, or a protocol that "
    "says what it carries; four bytes that look like a start code are not enough."
)
FIELDS = {
    "rtp.video": ("RTP video", Confidence.PROVEN, "most payloads of the stream begin like fragments of video"),
    "rtp.video.declared": ("RTP video", Confidence.DETECTED, "the number of the payload's type is one of video"),
    "rtmp.video": ("RTMP video", Confidence.PROVEN, "a video message of the streaming protocol RTMP"),
}
"""Places of payload that a dissector tells to be video (docs/protocols/rtp.md), with the word and the ground for it."""
WANTS = Wants(binary=True, shapes=frozenset({"rtsp", "sdp"}), places=frozenset(FIELDS))
_SDP = re.compile(r"(?m)^m=video \d{1,5}(?:/\d+)? [A-Z/]*RTP/")
_RTSP = re.compile(r"(?m)^(?:DESCRIBE|SETUP|PLAY|ANNOUNCE|RECORD) rtsp://\S+ RTSP/\d\.\d")
_PART = f"{multipart.ID}:"


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the video that the bytes hold, or the request for one."""
    if node.kind is Kind.TEXT and _RTSP.search(node.text):
        yield kind_of(
            ID, "RTSP session", Confidence.PROVEN, "a request of the streaming protocol RTSP"
        )
    if node.kind is Kind.TEXT and _SDP.search(node.text):
        yield kind_of(ID, "announced video stream", Confidence.DETECTED, "a description that announces a video stream")
    if node.where in FIELDS:
        yield kind_of(ID, *FIELDS[node.where])
    elif node.kind is Kind.BINARY:
        yield from _framed(node)


def _framed(node: Node) -> Iterator[Hit]:
    """Gives video by the framing of bytes."""
    data = node.data
    held = tracks.read(data)
    if held is not None:
        if held.video:
            yield kind_of(ID, f"{held.name} video", Confidence.PROVEN, f"{held.name} with a track of video")
        elif not held.audio:
            yield kind_of(ID, f"{held.name} video", Confidence.DETECTED, f"the framing of {held.name}; its tracks do not show")
        return
    if data[:3] == picture.SOI:
        if not node.key and node.steps and node.steps[-1].startswith(_PART) and picture.read(data) is not None:
            yield kind_of(ID, "motion JPEG", Confidence.DETECTED, "a picture as a part without a name, as cameras stream them")
        return
    film = nal.read(data)
    if film is not None:
        word = f"{film.name} video, {film.size[0]} x {film.size[1]}"
        yield kind_of(ID, word, Confidence.PROVEN, f"parameter sets of an {film.name} stream, each with a start code")
