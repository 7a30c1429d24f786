"""The decode tree: from one body to the places that detectors are asked about, each with the steps that lead there.

A *layer* is a run of bytes that a step gave: the body itself, then what gzip, base64 ... unwrap, up to
`DEPTH`. Each layer is looked at once as a whole (which shapes, which known values); its fields are then
walked, and only fields that a name, a shape or a known value calls for become nodes. See
docs/data-types/decoding.md.
"""

import re
from collections.abc import Callable, Iterable

from iotaudit.codec import (
    base64,
    coding,
    csv,
    gzip,
    json,
    jwt,
    lz4,
    multipart,
    nmea,
    url,
    utf16,
    xor,
    zlib,
    zstd,
)
from iotaudit.codec.budget import Budget, Codec, Piece
from iotaudit.codec.worth import is_text
from iotaudit.detect import unpack
from iotaudit.detect.index import NOBODY, Asked, Index, Use, joined
from iotaudit.detect.known import NOTHING, Present
from iotaudit.detect.layer import (
    NESTED_LEN,
    TOKEN,
    Layer,
    is_opaque,
    looks_encoded,
    may_hold,
    number,
    places,
    root_key,
    strings,
    words,
)
from iotaudit.detect.node import COOKIE, Kind, Link, Node, path_part
from iotaudit.model.raw import Content

DEPTH = 6
"""Steps of decoding (a path into JSON is none): firmware that was looked at nests three."""
TOKENS = 256
"""Encoded-looking words of a running text that are tried."""
STRINGS = 4096
"""Readable strings of binary bytes that are shown."""
RECORD_FIELDS = 256
OPAQUE_LEN = 65_536
"""Strings in encrypted or compressed bytes are chance: only so many of its bytes are looked through for them."""
PACKED: tuple[Codec, ...] = (gzip, zstd, zlib, lz4, utf16)
DIGEST_LENS = (16, 20, 32, 64)
"""Bytes of MD5, SHA-1, SHA-256 and SHA-512."""
SHORT_IDS = (6, 8, 16)
"""Bytes of a link address, a number and a UUID: under a telling name they are shown as hexadecimal digits."""
_PAIR = re.compile(
    r"""(?<![\w.-])["']?([A-Za-z\u00c0-\uffff][\w.-]{0,63}+)["']?+[ \t]{0,4}+[=:][ \t]{0,8}+
        ("[^"\n]{0,1024}"|'[^'\n]{0,1024}'|[^\s,;&"'{}\[\]<>]{1,1024})""",
    re.VERBOSE,
)
_STRING = re.compile(rb"(?:[\x20-\x7e]|[\xc3-\xdf][\x80-\xbf]){8,}")
_NAME_PLACES = ("dns.", "tls.")
_DIGEST_WORDS = frozenset(length for n in DIGEST_LENS for length in ((n * 4 + 2) // 3, (n + 2) // 3 * 4))
"""Letters of such digests in base64, without and with padding."""

See = Callable[[Node, Asked, Present], None]
"""Takes a place with the detectors that are to be asked about it and the known values that its layer holds."""
_Spot = tuple[object, str, Link]


class Tree:
    """Walks one body and shows its places to `see`. `budget` says afterwards whether a bound was hit."""

    __slots__ = ("_content", "_index", "_see", "_where", "budget")

    def __init__(self, content: Content, index: Index, see: See, budget: Budget | None = None) -> None:
        self._content = content
        self._see = see
        self._index = index
        self._where = content.where
        self.budget = budget or Budget()

    def walk(self) -> None:
        """Shows every place that somebody is to be asked about, in the order of the body."""
        content = self._content
        data, path = coding.undo(content.data, content.encoding, self.budget)
        key = root_key(content)
        asked = self._index.by_place(content.where)
        if asked:
            kind = Kind.TEXT if is_text(data) else Kind.BINARY
            text = data.decode(errors="replace") if kind is Kind.TEXT else ""
            self._see(self._node(kind, key, Layer(path, "", 0, (), NOTHING), text, data=data), asked, NOTHING)
        if content.where.endswith("uri"):
            self._uri(data, path)
        else:
            self._layer(data, path, "", 0, key, content.media_type)
            if content.where.endswith("topic"):
                self._levels(data, key, path)

    def _layer(
        self,
        data: bytes,
        path: tuple[str, ...],
        cover: str,
        depth: int,
        key: str = "",
        media_type: str = "",
    ) -> None:
        """Walks one run of bytes of any kind."""
        if not data or not self.budget.step():
            return
        if depth > DEPTH:
            self.budget.exceed("depth")
            return
        told = unpack.declared(data, media_type)
        if told is not None:
            self._structured(told, data, path, cover, depth, key)
            return
        if data.startswith((b"--", b"\r\n--")) or media_type.startswith("multipart/"):
            parts = multipart.decode(data, self.budget)
            if parts:
                self._parts(parts, path, cover, depth)
                return
        if is_text(data):
            self._text_layer(data, path, cover, depth, key)
        else:
            self._bytes_layer(data, path, cover, depth, key)

    def _bytes_layer(self, data: bytes, path: tuple[str, ...], cover: str, depth: int, key: str) -> None:
        """Walks bytes that are no text: packed, of one format as a whole, else as they are."""
        for codec in PACKED:
            for piece in codec.decode(data, self.budget):
                self._layer(piece.data, (*path, codec.ID), cover, depth + 1, key)
                return
        told = unpack.record(data)
        if told is not None:
            self._structured(told, data, path, cover, depth, key)
            return
        inner = unpack.unwrapped(data, self._index.known, self.budget)
        if inner is not None:
            step, piece = inner
            self._layer(piece.data, (*path, step), cover, depth + 1, key)
        else:
            self._binary(data, path, cover, depth, key)

    def _structured(
        self, told: unpack.Record, data: bytes, path: tuple[str, ...], cover: str, depth: int, key: str
    ) -> None:
        """Walks a record that is not JSON; its bytes are also searched as they are."""
        name, value = told
        text = "\n".join(words(value))
        plain = text.encode(errors="replace")
        layer = Layer(path, cover, depth, self._index.by_shapes(plain), self._index.known_in(plain + b"\n" + data))
        if layer.known.places:
            self._see(self._node(Kind.TEXT, key, layer, text), (), places(layer.known))
        self._json(value, key, (None, f"{name}:$"), layer)
        if layer.known and not is_text(data):
            self._see(self._node(Kind.BINARY, key, layer, data=data), (), layer.known)

    def _text_layer(
        self, data: bytes, path: tuple[str, ...], cover: str, depth: int, key: str
    ) -> None:
        shapes = self._index.by_shapes(data)
        known = self._index.known_in(data)
        parsed = json.parse(data)
        if parsed is not None:
            if b"\\" in data:
                plain = "\n".join(strings(parsed.values)).encode(errors="replace")
                shapes = joined(shapes, self._index.by_shapes(plain))
                known = self._index.known_in(plain + b"\n" + data)
            layer = Layer(path, cover, depth, shapes, known)
            if known.places:
                self._see(
                    self._node(Kind.TEXT, key, layer, data.decode(errors="replace")),
                    (),
                    places(known),
                )
            if len(parsed.values) > 1 and data.count(b"\n") >= json.LINES:
                self.budget.exceed("nodes")
            for root, value in parsed.values:
                self._json(value, key, (None, root), layer)
            return
        if json.is_too_deep(data):
            self.budget.exceed("depth")
        told = unpack.table(data)
        if told is not None:
            if told[0] == csv.ID and data.count(b"\n") > csv.ROWS:
                self.budget.exceed("nodes")
            self._structured(told, data, path, cover, depth, key)
            return
        layer = Layer(path, cover, depth, shapes, known)
        if url.is_form(data) and not self._where.startswith(_NAME_PLACES):
            self._form(self._fields(data), layer, "form")
            return
        text = data.decode(errors="replace")
        if self._where == COOKIE and depth == 0:
            self._form(self._fields(data, b";"), layer, "cookie")
            return
        for piece in xor.decode(data, self.budget):
            self._layer(piece.data, (*path, xor.ID), cover, depth + 1, key)
            return
        self._running(text, key, layer)

    # texts

    def _running(self, text: str, key: str, layer: Layer) -> None:
        """Walks a text that is not of one known format: whole, then its named values and encoded words."""
        self._leaf(text, key, Kind.TEXT, layer, None)
        if len(text) < NESTED_LEN or layer.depth >= DEPTH:
            return
        below = layer.below((*layer.path, "text"))
        record: dict[str, object] = {}
        for count, match in enumerate(_PAIR.finditer(text)):
            if count >= self.budget.nodes_left:
                self.budget.exceed("nodes")
                break
            name = match[1]
            interest = self._index.by_key(name)
            if interest is NOBODY and (len(record) >= RECORD_FIELDS or name in record):
                continue
            value = match[2]
            value = value[1:-1] if value[0] in "\"'" else value
            record.setdefault(name, value)
            asked = interest.field
            if asked and value:
                self._see(self._node(Kind.TEXT, name, below, value), asked, NOTHING)
        self._record(record, key, below)
        for count, match in enumerate(TOKEN.finditer(text)):
            if len(match[0]) == len(text):
                break
            if count >= TOKENS:
                self.budget.exceed("tokens")
                break
            self._unwrap(match[0], key, layer, None)

    def _leaf(self, text: str, key: str, kind: Kind, layer: Layer, link: Link) -> None:
        """Gives the node of one value, then what is encoded in it; of JSON in a string only the inside."""
        if kind is Kind.TEXT and link is not None and self._is_json(text, layer):
            cover = layer.cover or text
            data = text.encode(errors="replace")
            self._layer(data, layer.through(link), cover, layer.depth + 1, key)
            return
        asked = self._index.by_key(key).field
        if kind is Kind.TEXT:
            asked = joined(asked, layer.shapes)
        if asked or layer.known:
            self._see(self._node(kind, key, layer, text, link), asked, layer.known)
        if kind is Kind.TEXT and len(text) >= NESTED_LEN:
            self._unwrap(text, key, layer, link)

    def _is_json(self, text: str, layer: Layer) -> bool:
        if len(text) < NESTED_LEN or text[0] not in "{[" or text[-1] not in "}]":
            return False
        if layer.depth >= DEPTH:
            self.budget.exceed("depth")
            return False
        return json.parse(text.encode(errors="replace")) is not None

    def _unwrap(self, text: str, key: str, layer: Layer, link: Link) -> None:
        """Walks what a text value encodes: escapes, positions of a receiver, a form, a token, an encoded word."""
        if layer.depth >= DEPTH and looks_encoded(text):
            self.budget.exceed("depth")
        if layer.depth >= DEPTH:
            return
        if len(text) > self.budget.room():
            self.budget.exceed("bytes")
            return
        cover = layer.cover or text
        depth = layer.depth + 1
        if "%" in text:
            for piece in url.decode(text.encode(errors="replace"), self.budget):
                self._layer(piece.data, (*layer.through(link), url.ID), cover, depth, key)
                return
        if "$" in text and self._sentences(text, key, layer, link):
            return
        if " " in text:
            return
        if link is not None and "=" in text and "&" in text:
            data = text.encode(errors="replace")
            if url.is_form(data):
                self._form(self._fields(data), layer.below(layer.through(link)), "form")
                return
        if len(text) < base64.LEAST_LEN or not text.isascii():
            return
        self._word(text.encode(), key, layer, layer.through(link))

    def _word(self, data: bytes, key: str, layer: Layer, path: tuple[str, ...]) -> None:
        """Walks what one word encodes, as a token or in an alphabet; the bytes of a digest are shown as such."""
        cover = layer.cover or data.decode()
        depth = layer.depth + 1
        for piece in jwt.decode(data, self.budget):
            self._layer(piece.data, (*path, f"{jwt.ID}:{piece.key}"), cover, depth, key)
        opened = unpack.word(data, self._index.known, self.budget)
        if opened is not None:
            name, plain = opened
            self._layer(plain, (*path, name), cover, depth, key)
            return
        digest = base64.to_bytes(data) if len(data) in _DIGEST_WORDS else None
        if digest is not None:
            self._digest(digest, key, layer, (*path, base64.ID), cover)

    def _sentences(self, text: str, key: str, layer: Layer, link: Link) -> bool:
        """Looks for known places in a receiver's sentences; says whether it is any.

        `geo.gps` reads them itself.
        """
        rows = nmea.parse(text.encode(errors="replace"))
        if rows is None:
            return False
        below = layer.below((*layer.through(link), nmea.ID))
        told = "\n".join(words(rows))
        known = places(self._index.known_in(told.encode()))
        if known:
            self._see(self._node(Kind.TEXT, key, below, told), (), known)
        return True

    def _digest(self, data: bytes, key: str, layer: Layer, path: tuple[str, ...], cover: str) -> None:
        """Shows the bytes of a digest as the hexadecimal text that detectors know."""
        if len(data) in DIGEST_LENS:
            digest = data.hex()
            below = Layer(path, cover, layer.depth, (), NOTHING)
            asked = tuple(d for d in self._index.by_shapes(digest.encode()) if d.ID == "known-digest")
            self._see(self._node(Kind.TEXT, key, below, digest), asked, NOTHING)

    # records

    def _json(self, root: object, root_key: str, root_link: Link, layer: Layer) -> None:
        """Walks a parsed value without recursion."""
        stack: list[_Spot] = [(root, root_key, root_link)]
        known = bool(layer.known)
        members = self._all_members if known else self._members
        while stack:
            value, key, link = stack.pop()
            if isinstance(value, dict):
                if not self._afford(len(value)):
                    return
                nested: list[_Spot] = []
                asked = members(value, key, nested, layer, link)
                if asked:
                    self._see(self._node(Kind.RECORD, key, layer, value=value, link=link), asked, NOTHING)
                nested.reverse()
                stack += nested
            elif isinstance(value, list):
                if not self._afford(len(value)):
                    return
                asked = self._index.by_key(key).field
                if asked:
                    self._see(self._node(Kind.RECORD, key, layer, value=value, link=link), asked, NOTHING)
                if value and (known or not (isinstance(value[0], float | int) and isinstance(value[-1], float | int))):
                    stack += [(v, key, (link, at)) for at, v in reversed(tuple(enumerate(value)))]
            elif isinstance(value, str):
                self._leaf(value, key, Kind.TEXT, layer, link)
            elif isinstance(value, bytes):
                self._bytes(value, key, layer, link)
            elif value is not None and known:
                self._leaf(number(value), key, Kind.NUMBER, layer, link)

    def _bytes(self, data: bytes, key: str, layer: Layer, link: Link) -> None:
        """Walks bytes that a record holds."""
        path = layer.through(link)
        self._digest(data, key, layer, path, layer.cover)
        asked = self._index.by_key(key).field
        if asked and len(data) in SHORT_IDS:
            self._see(self._node(Kind.TEXT, key, layer, data.hex(), link), asked, NOTHING)
        if len(data) >= NESTED_LEN:
            self._layer(data, path, layer.cover, layer.depth + 1, key)

    def _members(
        self, record: dict[str, object], key: str, nested: list[_Spot], layer: Layer, link: Link
    ) -> Asked:
        """Walks the plain fields of a record, puts the others into `nested`; gives who is called for the record."""
        members = self._index.by_members(key, record, layer.shapes)
        for name, use, asked in members.fields:
            child = record[name]
            if use is Use.NESTED:
                nested.append((child, name, (link, name)))
            elif use is Use.NUMBER:
                self._see(self._node(Kind.NUMBER, name, layer, number(child), (link, name)), asked, NOTHING)
            else:
                text = str(child)
                if may_hold(text):
                    self._leaf(text, name, Kind.TEXT, layer, (link, name))
                elif asked:
                    self._see(self._node(Kind.TEXT, name, layer, text, (link, name)), asked, NOTHING)
        return members.asked

    def _all_members(
        self, record: dict[str, object], key: str, nested: list[_Spot], layer: Layer, link: Link
    ) -> Asked:
        """Does the same where the layer holds known values: they may stand in any field, or be the name of one."""
        for name, child in record.items():
            if isinstance(child, dict | list | bytes):
                nested.append((child, name, (link, name)))
            elif isinstance(child, str):
                self._leaf(child, name, Kind.TEXT, layer, (link, name))
            elif child is not None:
                self._leaf(number(child), name, Kind.NUMBER, layer, (link, name))
            self._see(self._node(Kind.TEXT, "", layer, name, (link, name)), (), layer.known)
        return self._index.by_record(key, record)

    def _record(self, record: dict[str, object], key: str, layer: Layer) -> None:
        """Gives a record to those that one of its names calls, or its own name."""
        asked = self._index.by_record(key, record)
        if asked:
            self._see(self._node(Kind.RECORD, key, layer, value=record), asked, NOTHING)

    def _fields(self, data: bytes, separator: bytes = b"&") -> tuple[Piece, ...]:
        """Gives the fields of a form, query or cookie."""
        if data.count(separator) >= url.FIELDS:
            self.budget.exceed("nodes")
        return url.fields(data, separator)

    def _form(self, pieces: Iterable[Piece], layer: Layer, step: str) -> None:
        """Walks the fields of a form, query or cookie."""
        record: dict[str, object] = {}
        for piece in pieces:
            if not self.budget.step():
                return
            text = piece.data.decode(errors="replace")
            raw = piece.raw.decode(errors="replace")
            below = Layer(
                (*layer.path, f"{step}:{path_part(piece.key).lstrip('.')}"),
                layer.cover or (raw if raw != text else ""),
                layer.depth,
                self._index.by_shapes(piece.data),
                self._index.known_in(piece.data),
            )
            record.setdefault(piece.key, text)
            if below.known.places:
                self._see(self._node(Kind.TEXT, piece.key, below, text), (), places(below.known))
            self._leaf(text, piece.key, Kind.TEXT, below, (None, ""))
            if layer.known:
                self._see(self._node(Kind.TEXT, "", layer, piece.key), (), layer.known)
        self._record(record, "", layer.below((*layer.path, step)))
        if layer.known.places:
            self._whole(record, layer.below((*layer.path, step)))

    def _whole(self, record: dict[str, object], layer: Layer) -> None:
        """Looks for known places in all fields together: latitude and longitude stand in two."""
        text = ", ".join(str(value) for value in record.values())
        known = places(self._index.known_in(text.encode(errors="replace")))
        if known:
            self._see(self._node(Kind.TEXT, "", layer, text), (), known)

    def _parts(
        self, parts: tuple[Piece, ...], path: tuple[str, ...], cover: str, depth: int
    ) -> None:
        record: dict[str, object] = {}
        for part in parts:
            below = (*path, f"{multipart.ID}:{path_part(part.key).lstrip('.')}")
            if len(part.data) <= 256 and is_text(part.data):
                record.setdefault(part.key, part.data.decode(errors="replace"))
            self._layer(part.data, below, cover, depth + 1, part.key, part.media_type)
        layer = Layer((*path, multipart.ID), cover, depth, (), NOTHING)
        self._record(record, "", layer)
        self._whole(record, layer)

    def _uri(self, data: bytes, path: tuple[str, ...]) -> None:
        """Walks a request target: the path as a text, the query as a form."""
        head, _, query = data.partition(b"?")
        query, _, fragment = query.partition(b"#")
        self._layer(head, path, "", 0, "uri")
        self._levels(head, "uri", path)
        for part in (query, fragment):
            if part:
                layer = Layer(path, "", 0, self._index.by_shapes(part), self._index.known_in(part))
                if url.is_form(part):
                    self._form(self._fields(part), layer, "query")
                else:
                    self._layer(part, path, "", 0, "query")

    def _levels(self, data: bytes, key: str, path: tuple[str, ...]) -> None:
        """Walks what single levels of a path or topic encode: as a whole it is no word of any alphabet."""
        levels = data.split(b"/")
        if len(levels) == 1:
            return
        if len(levels) > STRINGS:
            self.budget.exceed("tokens")
            return
        within = Layer(path, "", 0, (), NOTHING)
        for level in levels:
            if len(level) >= base64.LEAST_LEN and level.isascii() and self.budget.step():
                self._word(level, key, within, path)

    # bytes

    def _binary(
        self, data: bytes, path: tuple[str, ...], cover: str, depth: int, key: str
    ) -> None:
        """Shows bytes to those that know magics, looks for known values, then walks readable strings in them."""
        known = self._index.known_in(data)
        layer = Layer(path, cover, depth, (), known)
        self._see(self._node(Kind.BINARY, key, layer, data=data), self._index.binary, known)
        if depth < DEPTH:
            at = data.find(gzip.MAGIC, 1)
            if 0 < at < len(data) - 18:
                for piece in gzip.decode(data[at:], self.budget):
                    self._layer(piece.data, (*path, gzip.ID), cover, depth + 1, key)
        readable = data[:OPAQUE_LEN] if is_opaque(data) else data
        shapes = self._index.by_shapes(readable)
        below = Layer((*path, "strings"), cover, depth, shapes, NOTHING)
        for count, match in enumerate(_STRING.finditer(readable)):
            if count >= STRINGS or not self.budget.step():
                self.budget.exceed("strings")
                break
            text = match[0].decode(errors="replace")
            start, end = text.find("{"), text.rfind("}") + 1
            if 0 <= start < end and (not start or '{"' in text):
                self._layer(text[start:end].encode(), below.path, cover, depth + 1, key)
            elif shapes or len(text) >= 16:
                self._leaf(text, "", Kind.TEXT, below, None)

    def _node(
        self,
        kind: Kind,
        key: str,
        layer: Layer,
        text: str = "",
        link: Link = None,
        data: bytes = b"",
        value: object = None,
    ) -> Node:
        return Node(kind, key, self._where, layer.path, text, data, value, layer.cover, link)

    def _afford(self, count: int) -> bool:
        if count > self.budget.nodes_left:
            self.budget.exceed("nodes")
            return False
        self.budget.nodes_left -= count
        return True
