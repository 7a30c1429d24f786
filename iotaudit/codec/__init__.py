"""Pure bytes to values and back: bounded decompression, base64, QUIC keys; nothing here knows a stage.

`CODECS` is the one list of decodings; docs/data-types/decoding.md has a row for each.
"""

from iotaudit.codec import (
    base32,
    base58,
    base64,
    brotli,
    bson,
    cbor,
    csv,
    deflate,
    gzip,
    hex,  # noqa: A004
    json,
    jwt,
    lz4,
    msgpack,
    multipart,
    nmea,
    plist,
    protobuf,
    thrift,
    url,
    utf16,
    xml,
    xor,
    zlib,
    zstd,
)
from iotaudit.codec.budget import Codec

CODECS: tuple[Codec, ...] = (
    gzip, zlib, zstd, brotli, lz4, deflate, multipart, json, xml, plist, csv, nmea, url, base64, base32, base58, hex, jwt,
    utf16, bson, cbor, msgpack, protobuf, thrift, xor,
)  # fmt: skip
"""Every decoding; which is tried where, and in which order, is the business of `detect/tree.py`."""

__all__ = ["CODECS", "Codec"]
