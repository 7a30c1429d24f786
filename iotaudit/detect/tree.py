"""The decode tree: from one body to the places that detectors are asked about, each with the steps that lead there.

A *layer* is a run of bytes that a step gave: the body itself, then what gzip, base64 ... unwrap, up to `DEPTH`.
Each layer is looked at once as a whole (which shapes, which known values); its fields are then walked, and only
fields that a name, a shape or a known value calls for become nodes. See docs/data-types/decoding.md.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from iotaudit.codec import base64, gzip, hex, json, multipart, url, utf16, zlib, zstd  # noqa: A004
from iotaudit.codec.budget import Budget, Codec, Piece
from iotaudit.codec.worth import is_text
from iotaudit.detect.index import NOBODY, Asked, Index, Use, joined
from iotaudit.detect.known import NOTHING, Present
from iotaudit.detect.node import Kind, Link, Node, path_part, path_through
from iotaudit.model.quick import quick
from iotaudit.model.raw import Content

DEPTH = 6
"""Steps of decoding (a path into JSON is none): firmware that was looked at nests three."""
TOKENS = 256
"""Encoded-looking words of a running text that are tried."""
STRINGS = 4096
"""Readable strings of binary bytes that are shown."""
RECORD_FIELDS = 256
OPAQUE_VALUES = 230
OPAQUE_LEN = 65_536
"""Strings in encrypted or compressed bytes are chance: only so many of its bytes are looked through for them."""
NESTED_LEN = 8
"""Shorter texts hold nothing nested."""
COMPRESSED: tuple[Codec, ...] = (gzip, zstd, zlib)
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_PAIR = re.compile(
    r"""(?<![\w.-])["']?([A-Za-z\u00c0-\uffff][\w.-]{0,63}+)["']?+[ \t]{0,4}+[=:][ \t]{0,8}+
        ("[^"\n]{0,1024}"|'[^'\n]{0,1024}'|[^\s,;&"'{}\[\]<>]{1,1024})""",
    re.VERBOSE,
)
_STRING = re.compile(rb"(?:[\x20-\x7e]|[\xc3-\xdf][\x80-\xbf]){8,}")
_NAME_PLACES = ("dns.", "tls.")

See = Callable[[Node, Asked, Present], None]
"""Takes a place with the detectors that are to be asked about it and the known values that its layer holds."""
_Spot = tuple[object, str, Link]


@quick
@dataclass(frozen=True, slots=True, repr=False)
class _Layer:
    """What holds for all places of one run of bytes."""

    path: tuple[str, ...]
    cover: str
    depth: int
    shapes: Asked
    known: Present

    def below(self, path: tuple[str, ...]) -> "_Layer":
        """Gives the same layer at a longer path."""
        return _Layer(path, self.cover, self.depth, self.shapes, self.known)


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
        data, path = self._declared(content.data) if content.encoding else (content.data, ())
        key = root_key(content)
        if content.where.endswith("uri"):
            self._uri(data, path)
        else:
            self._layer(data, path, "", 0, key, content.media_type)

    def _declared(self, data: bytes) -> tuple[bytes, tuple[str, ...]]:
        """Undoes the declared content codings (last one first)."""
        path: tuple[str, ...] = ()
        for name in reversed([n.strip().lower() for n in self._content.encoding.split(",")][:4]):
            match name.removeprefix("x-"):
                case "" | "identity":
                    continue
                case "gzip":
                    found = gzip.decode(data, self.budget)
                case "deflate":
                    found = zlib.decode_declared(data, self.budget)
                case "zstd":
                    found = zstd.decode(data, self.budget)
                case _:
                    self.budget.exceed("coding")
                    continue
            if found:
                data, path = found[0].data, (*path, name)
        return data, path

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
        plain = is_text(data)
        for codec in () if plain else COMPRESSED:
            for piece in codec.decode(data, self.budget):
                self._layer(piece.data, (*path, codec.ID), cover, depth + 1, key)
                return
        if data.startswith((b"--", b"\r\n--")) or media_type.startswith("multipart/"):
            parts = multipart.decode(data, self.budget)
            if parts:
                self._parts(parts, path, cover, depth)
                return
        if plain:
            self._text_layer(data, path, cover, depth, key)
            return
        for piece in utf16.decode(data, self.budget):
            self._layer(piece.data, (*path, utf16.ID), cover, depth + 1, key)
            return
        self._binary(data, path, cover, depth, key)

    def _text_layer(
        self, data: bytes, path: tuple[str, ...], cover: str, depth: int, key: str
    ) -> None:
        shapes = self._index.by_shapes(data)
        known = self._index.known_in(data)
        parsed = json.parse(data)
        if parsed is not None:
            if b"\\" in data:
                plain = "\n".join(_strings(parsed.values)).encode(errors="replace")
                shapes = joined(shapes, self._index.by_shapes(plain))
                known = self._index.known_in(plain + b"\n" + data)
            layer = _Layer(path, cover, depth, shapes, known)
            if known.places:
                self._see(
                    self._node(Kind.TEXT, key, layer, data.decode(errors="replace")),
                    (),
                    _places(known),
                )
            for root, value in parsed.values:
                self._json(value, key, (None, root), layer)
            return
        layer = _Layer(path, cover, depth, shapes, known)
        if url.is_form(data) and not self._where.startswith(_NAME_PLACES):
            self._form(url.fields(data), layer, "form")
            return
        text = data.decode(errors="replace")
        if self._where == "http.header.cookie" and depth == 0:
            self._form(url.fields(data, b";"), layer, "cookie")
            return
        self._running(text, key, layer)

    # texts

    def _running(self, text: str, key: str, layer: _Layer) -> None:
        """Walks a text that is not of one known format: whole, then its named values and encoded words."""
        self._leaf(text, key, Kind.TEXT, layer, None)
        if len(text) < NESTED_LEN or layer.depth >= DEPTH:
            return
        below = layer.below((*layer.path, "text"))
        record: dict[str, object] = {}
        for number, match in enumerate(_PAIR.finditer(text)):
            if number >= self.budget.nodes_left:
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
        for number, match in enumerate(_TOKEN.finditer(text)):
            if len(match[0]) == len(text):
                break
            if number >= TOKENS:
                self.budget.exceed("tokens")
                break
            self._unwrap(match[0], key, layer, None)

    def _leaf(self, text: str, key: str, kind: Kind, layer: _Layer, link: Link) -> None:
        """Gives the node of one value, then what is encoded in it; of JSON in a string only the inside."""
        if kind is Kind.TEXT and link is not None and self._is_json(text, layer):
            cover = layer.cover or text
            data = text.encode(errors="replace")
            self._layer(data, _path(layer, link), cover, layer.depth + 1, key)
            return
        asked = self._index.by_key(key).field
        if kind is Kind.TEXT:
            asked = joined(asked, layer.shapes)
        if asked or layer.known:
            self._see(self._node(kind, key, layer, text, link), asked, layer.known)
        if kind is Kind.TEXT and len(text) >= NESTED_LEN:
            self._unwrap(text, key, layer, link)

    def _is_json(self, text: str, layer: _Layer) -> bool:
        if (
            len(text) < NESTED_LEN
            or text[0] not in "{["
            or text[-1] not in "}]"
            or layer.depth >= DEPTH
        ):
            return False
        return json.parse(text.encode(errors="replace")) is not None

    def _unwrap(self, text: str, key: str, layer: _Layer, link: Link) -> None:
        """Walks what a text value encodes: JSON in a string, escapes, base64, hexadecimal, a form."""
        if layer.depth >= DEPTH and _looks_encoded(text):
            self.budget.exceed("depth")
        if layer.depth >= DEPTH or len(text) > self.budget.room():
            return
        cover = layer.cover or text
        depth = layer.depth + 1
        if "%" in text:
            for piece in url.decode(text.encode(errors="replace"), self.budget):
                self._layer(piece.data, (*_path(layer, link), url.ID), cover, depth, key)
                return
        if " " in text:
            return
        if link is not None and "=" in text and "&" in text:
            data = text.encode(errors="replace")
            if url.is_form(data):
                self._form(url.fields(data), layer.below(_path(layer, link)), "form")
                return
        if len(text) < base64.LEAST_LEN or not text.isascii():
            return
        data = text.encode()
        for codec in (hex, base64):
            for piece in codec.decode(data, self.budget):
                self._layer(
                    piece.data, (*_path(layer, link), codec.ID), cover, depth, key
                )
                return
        self._digest(data, key, layer, link)

    def _digest(self, data: bytes, key: str, layer: _Layer, link: Link) -> None:
        """Shows a digest in base64 as the hexadecimal text that it stands for."""
        if len(data) not in (22, 24, 27, 28, 43, 44):
            return
        plain = base64.to_bytes(data)
        if plain is not None and len(plain) in (16, 20, 32):
            digest = plain.hex()
            below = _Layer(
                (*_path(layer, link), base64.ID),
                layer.cover or data.decode(),
                layer.depth,
                (),
                NOTHING,
            )
            asked = tuple(
                d for d in self._index.by_shapes(digest.encode()) if d.ID == "known-digest"
            )
            self._see(self._node(Kind.TEXT, key, below, digest), asked, NOTHING)

    # records

    def _json(self, root: object, root_key: str, root_link: Link, layer: _Layer) -> None:
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
                if value and (known or not isinstance(value[0], float | int)):
                    stack += [(v, key, (link, at)) for at, v in reversed(tuple(enumerate(value)))]
            elif isinstance(value, str):
                self._leaf(value, key, Kind.TEXT, layer, link)
            elif value is not None and known:
                self._leaf(_number(value), key, Kind.NUMBER, layer, link)

    def _members(
        self, record: dict[str, object], key: str, nested: list[_Spot], layer: _Layer, link: Link
    ) -> Asked:
        """Walks the plain fields of a record, puts the others into `nested`; gives who is called for the record."""
        members = self._index.by_members(key, record, layer.shapes)
        for name, use, asked in members.fields:
            child = record[name]
            if use is Use.NESTED:
                nested.append((child, name, (link, name)))
            elif use is Use.NUMBER:
                self._see(self._node(Kind.NUMBER, name, layer, _number(child), (link, name)), asked, NOTHING)
            else:
                text = str(child)
                if _may_hold(text):
                    self._leaf(text, name, Kind.TEXT, layer, (link, name))
                elif asked:
                    self._see(self._node(Kind.TEXT, name, layer, text, (link, name)), asked, NOTHING)
        return members.asked

    def _all_members(
        self, record: dict[str, object], key: str, nested: list[_Spot], layer: _Layer, link: Link
    ) -> Asked:
        """Does the same where the layer holds known values: they may stand in any field, or be the name of one."""
        for name, child in record.items():
            if isinstance(child, dict | list):
                nested.append((child, name, (link, name)))
            elif isinstance(child, str):
                self._leaf(child, name, Kind.TEXT, layer, (link, name))
            elif child is not None:
                self._leaf(_number(child), name, Kind.NUMBER, layer, (link, name))
            self._see(self._node(Kind.TEXT, "", layer, name, (link, name)), (), layer.known)
        return self._index.by_record(key, record)

    def _record(self, record: dict[str, object], key: str, layer: _Layer) -> None:
        """Gives a record to those that one of its names calls, or its own name."""
        asked = self._index.by_record(key, record)
        if asked:
            self._see(self._node(Kind.RECORD, key, layer, value=record), asked, NOTHING)

    def _form(self, pieces: Iterable[Piece], layer: _Layer, step: str) -> None:
        """Walks the fields of a form, query or cookie."""
        record: dict[str, object] = {}
        for piece in pieces:
            if not self.budget.step():
                return
            text = piece.data.decode(errors="replace")
            raw = piece.raw.decode(errors="replace")
            below = _Layer(
                (*layer.path, f"{step}:{path_part(piece.key).lstrip('.')}"),
                layer.cover or (raw if raw != text else ""),
                layer.depth,
                self._index.by_shapes(piece.data),
                self._index.known_in(piece.data),
            )
            record.setdefault(piece.key, text)
            if below.known.places:
                self._see(self._node(Kind.TEXT, piece.key, below, text), (), _places(below.known))
            self._leaf(text, piece.key, Kind.TEXT, below, (None, ""))
            if layer.known:
                self._see(self._node(Kind.TEXT, "", layer, piece.key), (), layer.known)
        self._record(record, "", layer.below((*layer.path, step)))
        if layer.known.places:
            text = ", ".join(str(v) for v in record.values())
            self._see(
                self._node(Kind.TEXT, "", layer.below((*layer.path, step)), text),
                (),
                _places(layer.known),
            )

    def _parts(
        self, parts: tuple[Piece, ...], path: tuple[str, ...], cover: str, depth: int
    ) -> None:
        record: dict[str, object] = {}
        for part in parts:
            below = (*path, f"{multipart.ID}:{path_part(part.key).lstrip('.')}")
            if len(part.data) <= 256 and is_text(part.data):
                record.setdefault(part.key, part.data.decode(errors="replace"))
            self._layer(part.data, below, cover, depth + 1, part.key, part.media_type)
        layer = _Layer((*path, multipart.ID), cover, depth, (), NOTHING)
        self._record(record, "", layer)

    def _uri(self, data: bytes, path: tuple[str, ...]) -> None:
        """Walks a request target: the path as a text, the query as a form."""
        head, _, query = data.partition(b"?")
        query, _, fragment = query.partition(b"#")
        self._layer(head, path, "", 0, "uri")
        for part in (query, fragment):
            if part:
                layer = _Layer(path, "", 0, self._index.by_shapes(part), self._index.known_in(part))
                if url.is_form(part):
                    self._form(url.fields(part), layer, "query")
                else:
                    self._layer(part, path, "", 0, "query")

    # bytes

    def _binary(
        self, data: bytes, path: tuple[str, ...], cover: str, depth: int, key: str
    ) -> None:
        """Shows bytes to those that know magics, looks for known values, then walks readable strings in them."""
        known = self._index.known_in(data)
        layer = _Layer(path, cover, depth, (), known)
        self._see(self._node(Kind.BINARY, key, layer, data=data), self._index.binary, known)
        if depth < DEPTH:
            at = data.find(gzip.MAGIC, 1)
            if 0 < at < len(data) - 18:
                for piece in gzip.decode(data[at:], self.budget):
                    self._layer(piece.data, (*path, gzip.ID), cover, depth + 1, key)
        readable = data[:OPAQUE_LEN] if _is_opaque(data) else data
        shapes = self._index.by_shapes(readable)
        below = _Layer((*path, "strings"), cover, depth, shapes, NOTHING)
        for number, match in enumerate(_STRING.finditer(readable)):
            if number >= STRINGS or not self.budget.step():
                self.budget.exceed("strings")
                break
            text = match[0].decode(errors="replace")
            if text[0] == "{" or '{"' in text:
                start = text.find("{")
                self._layer(text[start:].encode(), below.path, cover, depth + 1, key)
            elif shapes or len(text) >= 16:
                self._leaf(text, "", Kind.TEXT, below, None)

    def _node(
        self,
        kind: Kind,
        key: str,
        layer: _Layer,
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


def root_key(content: Content) -> str:
    """Gives the name under which the whole of a content stands."""
    return content.key.rpartition("/")[2] or content.where.rpartition(".")[2]


def _path(layer: _Layer, link: Link) -> tuple[str, ...]:
    """Gives the layer's path, with the way through the JSON value where there is one."""
    return path_through(layer.path, link)


def _number(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _places(known: Present) -> Present:
    return Present((), known.places)


def _may_hold(text: str) -> bool:
    """True where something may be encoded in a text: words of a sentence hold nothing."""
    if len(text) < NESTED_LEN:
        return False
    return (len(text) >= base64.LEAST_LEN and " " not in text) or "%" in text or "&" in text or text[0] in "{["


def _is_opaque(data: bytes) -> bool:
    """True where nearly all byte values are there at once: encrypted or compressed, its strings are chance."""
    return len(set(data[:4096])) > OPAQUE_VALUES


def _looks_encoded(text: str) -> bool:
    return len(text) >= 64 and _TOKEN.fullmatch(text) is not None


def _strings(values: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Gives all names and texts of parsed values."""
    stack: list[object] = [value for _, value in values]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            stack += value.values()
            yield from value
        elif isinstance(value, list):
            stack += value
