"""Video streams by their framing.

Source: ISO/IEC 14496-12 (`ftyp`), ITU-T H.264 annex B (start codes, NAL types), ISO/IEC 13818-1 (sync byte
0x47 every 188 bytes), RFC 2326 section 6 (RTSP requests), RFC 8866 section 5.14 (media description of SDP).
"""

import re
from collections.abc import Iterator

from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "media.video"
reasoning = (
    "The framing of a video file or stream; four bytes that look like a start code are not enough."
)
BRANDS = frozenset(
    {b"isom", b"iso2", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"qt  ", b"M4V "}
)
START = b"\x00\x00\x00\x01"
FIELDS = {
    "rtp.video": ("RTP video", "most payloads of the stream begin like fragments of video"),
    "rtmp.video": ("RTMP video", "a video message of the streaming protocol RTMP"),
}
"""Places of payload that a dissector proved to be video (docs/protocols/rtp.md), with the word and the ground for it."""
WANTS = Wants(binary=True, shapes=frozenset({"rtsp", "sdp"}), places=frozenset(FIELDS))
_SDP = re.compile(r"(?m)^m=video \d{1,5}(?:/\d+)? [A-Z/]*RTP/")
_RTSP = re.compile(r"(?m)^(?:DESCRIBE|SETUP|PLAY|ANNOUNCE|RECORD) rtsp://\S+ RTSP/\d\.\d")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the video that the bytes hold, or the request for one."""
    if node.kind is Kind.TEXT and _RTSP.search(node.text):
        yield kind_of(
            ID, "RTSP session", Confidence.PROVEN, "a request of the streaming protocol RTSP"
        )
    if node.kind is Kind.TEXT and _SDP.search(node.text):
        yield kind_of(ID, "announced video stream", Confidence.DETECTED, "a description that announces a video stream")
    if node.where in FIELDS:
        word, ground = FIELDS[node.where]
        yield kind_of(ID, word, Confidence.PROVEN, ground)
        return
    if node.kind is not Kind.BINARY:
        return
    data = node.data
    if data[4:8] == b"ftyp" and data[8:12] in BRANDS:
        yield kind_of(ID, "MP4 video", Confidence.PROVEN, "the header of an MP4 file")
    elif data[:4] == b"FLV\x01" and data[5:9] == b"\x00\x00\x00\x09":
        yield kind_of(ID, "FLV video", Confidence.PROVEN, "the header of an FLV file")
    elif data[:4] == START and _is_h264(data):
        yield kind_of(
            ID,
            "H.264 video",
            Confidence.PROVEN,
            "parameter sets of an H.264 stream, each with a start code",
        )
    elif len(data) > 188 * 4 and all(
        data[at] == 0x47 for at in range(0, 188 * 5, 188) if at < len(data)
    ):
        yield kind_of(
            ID,
            "MPEG transport stream",
            Confidence.PROVEN,
            "five sync bytes at the distance of packets",
        )


def _is_h264(data: bytes) -> bool:
    """True where a sequence parameter set (type 7) is followed by a picture parameter set (type 8)."""
    follow = data.find(START[1:], 5, 512)
    return (
        len(data) > 8
        and data[4] & 0x9F == 7
        and follow > 0
        and data[follow + 3 : follow + 4] != b""
        and (data[follow + 3] & 0x9F == 8)
    )
