"""Still images by their headers; below 64 pixels a side they are icons. What EXIF says of the camera is given, too.

Source: docstring of `codec/picture.py` (formats) and of `codec/exif.py` (maker, model, number).
"""

from collections.abc import Iterator

from iotaudit.codec import grid, picture
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of, seen
from iotaudit.model.exposures import Confidence

ID = "media.image"
WANTS = Wants(binary=True)
reasoning = (
    "A sound header of a picture of at least 64 by 64 pixels; it may be a drawing instead of a camera's view. A picture "
    "whose EXIF names a camera was taken by one."
)
LEAST_SIDE = 64
SEARCH_LEN = 1 << 12
"""A frame of a camera's own protocol may stand before the picture: it begins within so many bytes."""
TRIES = 4
CAMERA = (("make", "device.model"), ("model", "device.model"), ("serial", "device.serial"))
"""Fields of EXIF and the data types that they are."""


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the picture that the bytes begin with, or a JPEG file behind a short head."""
    if node.kind is not Kind.BINARY:
        return
    at, shown = _picture(node.data)
    if shown is None:
        return
    if shown.size is None:
        yield kind_of(ID, f"{shown.name} image", Confidence.DETECTED, f"a sound header of {shown.name}, without the size")
    elif min(shown.size) >= LEAST_SIDE:
        word = f"{shown.name} image, {shown.size[0]} x {shown.size[1]}"
        yield kind_of(ID, word, Confidence.PROVEN, f"a sound header of a {shown.name} image")
    told = picture.exif_of(node.data[at:] if at else node.data)
    if told is None:
        return
    for field, data_type in CAMERA:
        text = getattr(told, field)
        if text:
            yield seen(data_type, text, Confidence.PROVEN, f"EXIF of a picture names the camera's {field}")


def _picture(data: bytes) -> tuple[int, picture.Picture | None]:
    """Gives where the picture begins and its header."""
    shown = picture.read(data)
    if shown is not None:
        return 0, shown
    grey = grid.pgm(data) if data[:1] == b"P" else None
    if grey is not None:
        return 0, None if grey.drawn else picture.Picture("PGM", grey.size)
    at = data.find(picture.SOI, 1, SEARCH_LEN)
    for _ in range(TRIES):
        if at < 0:
            break
        shown = picture.read(data[at : at + SEARCH_LEN * 16])
        if shown is not None:
            return at, shown
        at = data.find(picture.SOI, at + 1, SEARCH_LEN)
    return 0, None
