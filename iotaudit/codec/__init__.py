"""Pure bytes to values and back: bounded decompression, base64, QUIC keys; nothing here knows a stage.

`CODECS` is the one list of decodings; docs/data-types/decoding.md has a row for each.
"""

from iotaudit.codec import base64, gzip, hex, json, multipart, url, utf16, zlib, zstd  # noqa: A004
from iotaudit.codec.budget import Codec

CODECS: tuple[Codec, ...] = (gzip, zlib, zstd, multipart, json, url, base64, hex, utf16)
"""Every decoding; which is tried where, and in which order, is the business of `detect/tree.py`."""

__all__ = ["CODECS", "Codec"]
