"""The labelled set's encodings: a record of plain fields as a body, in chains of one to four steps.

The encoders are written here, from the formats' descriptions, and share nothing with the decoders.
"""

import base64
import gzip
import json
import plistlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

import brotli
import zstandard

Record = dict[str, str]
Write = Callable[[Record], bytes]
Wrap = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Chain:
    """One way to write a record: its name, the writer, what the sender declares."""

    name: str
    write: Write
    media_type: str = ""
    encoding: str = ""


def as_json(record: Record) -> bytes:
    return json.dumps(record).encode()


def as_nested_json(record: Record) -> bytes:
    return json.dumps({"seq": 7, "list": [1, {"inner": record}]}).encode()


def as_json_in_text(record: Record) -> bytes:
    return json.dumps({"seq": 7, "payload": json.dumps(record)}).encode()


def as_lines(record: Record) -> bytes:
    return b'{"seq": 1}\n' + as_json(record) + b"\n"


def as_events(record: Record) -> bytes:
    return b'data: {"seq": 1}\n\ndata: ' + as_json(record) + b"\n\n"


def as_form(record: Record) -> bytes:
    return "&".join(f"{quote(k)}={quote(v)}" for k, v in record.items()).encode() + b"&seq=7"


def as_parts(record: Record) -> bytes:
    part = '--b0und\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return ("".join(part.format(k, v) for k, v in record.items()) + "--b0und--\r\n").encode()


def as_xml(record: Record) -> bytes:
    fields = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in record.items())
    return f'<?xml version="1.0"?>\n<report seq="7">{fields}</report>'.encode()


def as_attributes(record: Record) -> bytes:
    fields = " ".join(f'{k}="{escape(v, {chr(34): "&quot;", chr(10): "&#10;"})}"' for k, v in record.items())
    return f"<report><device {fields}/></report>".encode()


def as_plist(record: Record) -> bytes:
    return plistlib.dumps({"seq": 7, "report": record})


def as_binary_plist(record: Record) -> bytes:
    return plistlib.dumps({"seq": 7, "report": record}, fmt=plistlib.FMT_BINARY)


def as_csv(record: Record, sign: str = ",") -> bytes:
    def cells(row: list[str]) -> str:
        return sign.join('"' + cell.replace('"', '""') + '"' for cell in row)

    return "\n".join((cells(["seq", *record]), cells(["7", *record.values()]), "")).encode()


def as_pairs(record: Record) -> bytes:
    return "\n".join(f'{k}="{v}"' for k, v in record.items()).encode() + b"\nstate = idle\n"


def _cbor(value: object) -> bytes:
    def head(major: int, number: int) -> bytes:
        if number < 24:
            return bytes([major << 5 | number])
        return bytes([major << 5 | 25]) + number.to_bytes(2)

    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(_cbor(k) + _cbor(v) for k, v in value.items())
    if isinstance(value, int):
        return head(0, value)
    data = value if isinstance(value, bytes) else str(value).encode()
    return head(2 if isinstance(value, bytes) else 3, len(data)) + data


def as_cbor(record: Record) -> bytes:
    return _cbor({"seq": 7, "report": record})


def as_cbor_bytes(record: Record) -> bytes:
    return _cbor({"seq": 7, "payload": gzip.compress(as_json(record), mtime=0)})


def _msgpack(value: object) -> bytes:
    if isinstance(value, dict):
        return bytes([0x80 | len(value)]) + b"".join(_msgpack(k) + _msgpack(v) for k, v in value.items())
    if isinstance(value, int):
        return bytes([value])
    data = value if isinstance(value, bytes) else str(value).encode()
    kind = b"\xc5" if isinstance(value, bytes) else b"\xda"
    return kind + len(data).to_bytes(2) + data


def as_msgpack(record: Record) -> bytes:
    return _msgpack({"seq": 7, "report": record})


def _bson(record: dict[str, object]) -> bytes:
    body = b""
    for name, value in record.items():
        if isinstance(value, dict):
            body += b"\x03" + name.encode() + b"\0" + _bson(value)
        else:
            data = str(value).encode() + b"\0"
            body += b"\x02" + name.encode() + b"\0" + len(data).to_bytes(4, "little") + data
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"


def as_bson(record: Record) -> bytes:
    return _bson({"seq": "7", "report": dict(record)})


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def as_protobuf(record: Record) -> bytes:
    inner = _field(1, as_json(record)) + _varint(2 << 3) + _varint(300)
    return _field(1, b"report") + _field(4, inner) + _varint(3 << 3 | 1) + struct.pack("<d", 5.5)


def as_protobuf_fields(record: Record) -> bytes:
    return b"".join(_field(n, as_json({k: v})) for n, (k, v) in enumerate(record.items(), 1)) + as_protobuf(
        record
    )


def as_thrift(record: Record) -> bytes:
    name, data = b"report", as_json(record)
    fields = b"\x15\x0e" + b"\x18" + _varint(len(data)) + data + b"\x00"
    return b"\x82\x21\x07" + _varint(len(name)) + name + fields


def to_deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(9, wbits=-15)
    return machine.compress(data) + machine.flush()


def to_lz4(data: bytes) -> bytes:
    """Packs in one block: letters, then each row of four that was there before as a copy."""
    out, plain, at = bytearray(), bytearray(), 0
    while at < len(data):
        back = data.rfind(data[at : at + 8], 0, at) if at + 13 < len(data) else -1
        if back < 0 or at - back > 65_535:
            plain.append(data[at])
            at += 1
            continue
        out += _sequence(bytes(plain), 8) + (at - back).to_bytes(2, "little")
        plain.clear()
        at += 8
    out += _sequence(bytes(plain), 4)
    return bytes.fromhex("04224d18604082") + len(out).to_bytes(4, "little") + bytes(out) + bytes(4)


def _sequence(plain: bytes, copied: int) -> bytes:
    head = min(len(plain), 15)
    out = bytes([head << 4 | copied - 4])
    rest = len(plain) - 15
    while rest >= 0:
        out += bytes([min(rest, 255)])
        rest -= 255
    return out + plain


_BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def to_base58(data: bytes) -> bytes:
    number, out = int.from_bytes(data), bytearray()
    while number:
        number, digit = divmod(number, 58)
        out.append(_BASE58[digit])
    return bytes(reversed(out))


def to_escapes(data: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in data)


def to_jwt(data: bytes) -> bytes:
    parts = (b'{"alg":"HS256","typ":"JWT"}', data, b"signature of it")
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


WRAPS: dict[str, Wrap] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zlib": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "deflate": to_deflate,
    "lz4": to_lz4,
    "xor": lambda data: bytes(byte ^ 0x5A for byte in data),
    "utf16-le": lambda data: data.decode().encode("utf-16-le"),
    "utf16-be": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
    "base64": base64.b64encode,
    "base64-bare": lambda data: base64.b64encode(data).rstrip(b"="),
    "base64url": lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
    "hex": lambda data: data.hex().encode(),
    "hex-upper": lambda data: data.hex().upper().encode(),
    "base32": base64.b32encode,
    "base32-bare": lambda data: base64.b32encode(data).rstrip(b"=").lower(),
    "base58": to_base58,
    "url": to_escapes,
    "jwt": to_jwt,
    "json-text": lambda data: json.dumps({"seq": 7, "blob": data.decode()}).encode(),
    "form-text": lambda data: b"seq=7&blob=" + quote(data, safe="").encode(),
    "cbor-bytes": lambda data: _cbor({"sequence": 7, "payload": data}),
    "head": lambda data: b"\xa5\x5a\x00\x10\xff\xfe\x80\x81" + data,
}


def wrapped(write: Write, *names: str) -> Write:
    def chain(record: Record) -> bytes:
        data = write(record)
        for name in names:
            data = WRAPS[name](data)
        return data

    return chain


def _chain(write: Write, *names: str) -> Chain:
    return Chain(" > ".join((write.__name__.removeprefix("as_"), *names)), wrapped(write, *names))


CHAINS: tuple[Chain, ...] = (
    *(_chain(write) for write in (
        as_json, as_nested_json, as_json_in_text, as_lines, as_events, as_form, as_parts, as_xml, as_attributes, as_plist,
        as_binary_plist, as_csv, as_pairs, as_cbor, as_cbor_bytes, as_msgpack, as_bson, as_protobuf, as_thrift,
    )),
    Chain("csv, semicolons", lambda record: as_csv(record, ";")),
    Chain("cbor, declared", as_cbor, "application/cbor"),
    Chain("msgpack, declared", as_msgpack, "application/msgpack"),
    Chain("protobuf, declared", as_protobuf_fields, "application/x-protobuf"),
    Chain("json > gzip, declared", wrapped(as_json, "gzip"), encoding="gzip"),
    Chain("json > deflate, declared", wrapped(as_json, "deflate"), encoding="deflate"),
    Chain("json > br, declared", lambda record: brotli.compress(as_json(record)), encoding="br"),
    *(_chain(as_json, name) for name in WRAPS if name not in {"json-text", "form-text", "cbor-bytes", "head"}),
    _chain(as_json, "gzip", "base64"),
    _chain(as_json, "gzip", "base64url", "json-text"),
    _chain(as_json, "zlib", "hex", "json-text"),
    _chain(as_json, "base64", "base64"),
    _chain(as_json, "base64", "form-text"),
    _chain(as_json, "zstd", "base64", "json-text", "gzip"),
    _chain(as_json, "lz4", "base64"),
    _chain(as_json, "deflate", "base64", "json-text"),
    _chain(as_json, "gzip", "cbor-bytes", "base64"),
    _chain(as_json, "gzip", "head"),
    _chain(as_json, "xor", "hex"),
    _chain(as_json, "base32", "json-text"),
    _chain(as_json, "jwt", "json-text"),
    _chain(as_json, "utf16-le", "base64"),
    _chain(as_protobuf, "gzip"),
    _chain(as_protobuf, "base64", "json-text"),
    _chain(as_cbor, "base64url"),
    _chain(as_msgpack, "gzip", "base64"),
    _chain(as_bson, "zlib"),
    _chain(as_xml, "gzip", "base64", "json-text"),
    _chain(as_binary_plist, "base64"),
    _chain(as_csv, "gzip"),
)  # fmt: skip
"""Every way that the set writes a record."""
