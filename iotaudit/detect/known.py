"""Known values: found as they are, in usual spellings, or hashed, in any layer of a body. They prove what leaves.

See docs/data-types/known-values.md.
"""

import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iotaudit.codec import xor
from iotaudit.detect.grams import Grams
from iotaudit.detect.keys import NO_KEYS, KeySet
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import SEPARATORS, normal, raw_forms, shape_of, spellings
from iotaudit.model.data_types import KnownValue
from iotaudit.model.exposures import Confidence

FILE = "file"
SALT = "salt"
VALUES = 2_000
"""More known values than that are not looked for (a file that a person writes has tens)."""
SALTS = 32
SHORT_LEN = 4
"""Shorter values are looked for only as the whole of a field with a telling name."""
BOUND_LEN = 8
"""Shorter values must not stand inside a longer word."""
PRECISION = 3
"""Decimals of a position that must agree: 0.001 degrees are about 100 m."""
SCALED = 4
_DIGESTERS = (("md5", hashlib.md5), ("sha1", hashlib.sha1), ("sha256", hashlib.sha256), ("sha512", hashlib.sha512))
DIGESTS = 500_000
"""Digests that are kept; of further values none are looked for."""
CRC32 = "crc32"
RAW = "bytes"
LABELS = {
    "serial": "device.serial",
    "mac": "device.mac",
    "imei": "device.imei",
    "ssid": "geo.wifi_scan",
    "bssid": "geo.wifi_scan",
    "email": "person.email",
    "phone": "person.phone",
    "name": "person.name",
    "address": "person.address",
    "password": "credential.password",
    "token": "credential.token",
    "gps": "geo.gps",
    "map_label": "geo.floor_map",
}
"""Keys of the known-values file (docs/data-types/known-values.md) and the data types they stand for."""
OTHER = "device.uuid"
LEAST_SUM = 1 << 24
"""Smaller check sums are numbers that anything may have."""
LEAST_LETTERS = 3
"""A value of fewer different letters is the same difference over and over, as filling bytes are."""
GROUND = "equals the known value"
_DIGEST = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9A-Za-z])", re.IGNORECASE
)


def known_values(entries: Sequence[tuple[str, str | None, str]]) -> tuple[KnownValue, ...]:
    """Gives the values of a known-values file as (label, data type or None, value) rows; salts have label "salt"."""
    found = []
    for label, data_type, value in entries:
        if label == SALT:
            found.append(KnownValue("", SALT, value, FILE))
        elif value.strip():
            found.append(KnownValue(data_type or LABELS.get(label, OTHER), label, value, FILE))
    return tuple(found)


@dataclass(frozen=True, slots=True, repr=False)
class Needle:
    """One spelling of a known value as lower-case UTF-8, a check sum of it, or the bytes that it stands for.

    `step` says which of these ("" a spelling). `bound`: it must not stand inside a longer word.
    """

    folded: bytes
    value: KnownValue
    step: str = ""
    bound: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """A known position, as patterns that its latitude and longitude match at any precision from `PRECISION` on."""

    value: KnownValue
    marks: tuple[tuple[bytes, ...], tuple[bytes, ...]]
    patterns: tuple[re.Pattern[str], re.Pattern[str]]


@dataclass(frozen=True, slots=True, repr=False)
class Present:
    """Which known values a layer holds somewhere."""

    needles: tuple[Needle, ...] = ()
    places: tuple[Place, ...] = ()

    def __bool__(self) -> bool:
        """True where there is one."""
        return bool(self.needles or self.places)


NOTHING = Present()


class Known:
    """The known values, ready to be looked for."""

    __slots__ = (
        "_by_type", "_differences", "_digests", "_grams", "_needles", "_places", "_salts", "_short", "_words", "too_many"
    )  # fmt: skip

    def __init__(self, values: tuple[KnownValue, ...]) -> None:
        self._salts = tuple(v.value for v in values if v.label == SALT)[:SALTS]
        plain = [v for v in values if v.label != SALT]
        self.too_many = max(0, len(plain) - VALUES)
        plain = plain[:VALUES]
        self._by_type = frozenset((v.data_type, normal(v.data_type, v.value)) for v in plain)
        self._places = tuple(p for v in plain if v.data_type == "geo.gps" if (p := _place(v)))
        texts = [v for v in plain if v.data_type != "geo.gps"]
        self._short = tuple(v for v in texts if len(v.value.strip()) < SHORT_LEN)
        self._needles = tuple(
            needle
            for value in texts
            if len(value.value.strip()) >= SHORT_LEN
            for needle in _needles(value)
        )
        self._grams = Grams([n.folded for n in self._needles])
        self._words = tuple(dict.fromkeys(d for v in texts for d in _differences(v)))
        self._differences = Grams([word[1:] for word in self._words])
        self._digests = self.digests(tuple(texts))

    def __repr__(self) -> str:
        """Shows no value."""
        return f"Known({len(self._by_type)} values)"

    def has(self, data_type: str, text: str) -> bool:
        """True where `text` is a known value of the type, in any spelling."""
        return (data_type, normal(data_type, text)) in self._by_type

    def present(self, data: bytes) -> Present:
        """Gives what of the known values the bytes hold, in any case of letters."""
        if not self._needles and not self._places:
            return NOTHING
        folded = data.lower()
        needles = tuple([self._needles[number] for number in self._grams.inside(folded)])
        places = tuple([p for p in self._places if all(any(m in data for m in side) for side in p.marks)])
        return Present(needles, places) if needles or places else NOTHING

    def texts(self) -> tuple[tuple[str, str], ...]:
        """Gives (spelling, mask shape) of every known value of the file, for the redactor."""
        found: dict[str, str] = {}
        for needle in self._needles:
            if needle.step == RAW:
                continue
            found.setdefault(needle.folded.decode(), shape_of(needle.value.data_type))
        for place in self._places:
            for side in place.marks:
                found.update((mark.decode(), "position") for mark in side if len(mark) > 5)
        return tuple(found.items())

    def differences(self, data: bytes) -> tuple[bytes, ...]:
        """Gives those values, in the form of `codec.xor`, that may stand in the bytes under a one-byte XOR."""
        if not self._words:
            return ()
        seen = xor.differences(data[: xor.SEARCHED_LEN])
        return tuple([self._words[number] for number in self._differences.inside(seen)])

    def digests(self, values: tuple[KnownValue, ...]) -> dict[str, tuple[KnownValue, str]]:
        """Gives hexadecimal digest → (value, algorithm) of the values in their spellings, plain and salted."""
        found: dict[str, tuple[KnownValue, str]] = {}
        for number, value in enumerate(values):
            if len(found) >= DIGESTS:
                self.too_many += len(values) - number
                break
            forms = {
                f
                for s in spellings(value.data_type, value.value)
                for f in (s, s.lower(), s.upper())
            }
            for form in sorted(forms):
                salted = [(form, "")]
                salted += [(text, "+salt") for s in self._salts for text in (s + form, form + s)]
                for text, note in salted:
                    data = text.encode(errors="replace")
                    for name, make in _DIGESTERS:
                        found.setdefault(make(data, usedforsecurity=False).hexdigest(), (value, name + note))
        return found

    def digest(self, text: str) -> tuple[KnownValue, str] | None:
        """Gives the known value whose digest `text` is, with the algorithm."""
        return self._digests.get(text.lower())

    def short(self, key: str, text: str) -> KnownValue | None:
        """Gives the known value of fewer than four characters that is the whole of a field with its name."""
        for value in self._short:
            if text.strip().casefold() == value.value.strip().casefold() and key in _names(value):
                return value
        return None

    def short_keys(self) -> KeySet:
        """Gives the names under which short values are looked for."""
        names = [name for v in self._short for name in (v.label, v.data_type.rpartition(".")[2])]
        return KeySet(*names) if names else NO_KEYS


def find_present(node: Node, present: Present) -> Iterator[Hit]:
    """Gives the known values (of those that the layer holds) that stand in a node."""
    data = node.data if node.kind is Kind.BINARY else node.text.encode(errors="replace")
    folded = data.lower()
    for needle in present.needles:
        if needle.step == RAW:
            if node.kind is Kind.BINARY:
                yield hit(needle.value, needle.value.value.strip(), steps=(RAW,))
            continue
        at = _find(folded, needle.folded, bound=needle.bound)
        if at >= 0:
            text = data[at : at + len(needle.folded)].decode(errors="replace")
            yield hit(needle.value, text, steps=(needle.step,) if needle.step else ())


def find_places(text: str, present: Present) -> Iterator[Hit]:
    """Gives the known positions whose latitude and longitude both stand in the text."""
    for place in present.places:
        latitude, longitude = (pattern.search(text) for pattern in place.patterns)
        if latitude and longitude:
            spelt = tuple(t for t in (latitude[0], longitude[0]))
            yield hit(place.value, ", ".join(spelt), texts=spelt)


def hit(
    value: KnownValue, text: str, texts: tuple[str, ...] = (), steps: tuple[str, ...] = ()
) -> Hit:
    """Gives the hit of a known value that was seen spelt as `text`."""
    return Hit(
        data_type=value.data_type,
        value=normal(value.data_type, value.value),
        confidence=Confidence.PROVEN,
        reasoning=f"{GROUND} `{value.label}` of the lab",
        texts=texts or (text,),
        sample=text,
        shape=shape_of(value.data_type),
        steps=steps,
    )


class DigestFinder:
    """Looks for digests of known values; others are candidates until the device's own values are known."""

    ID = "known-digest"
    WANTS = Wants(shapes=frozenset({"digest"}))
    reasoning = "A digest of a short value is the value to anyone who can guess it."

    def find(self, node: Node, known: Known) -> Iterator[Hit]:
        """Gives digests of known values, and every other text of a digest's length as a candidate."""
        if node.kind is not Kind.TEXT:
            return
        for match in _DIGEST.finditer(node.text):
            digest = match[0].lower()
            found = known.digest(digest)
            if found is not None:
                value, name = found
                yield hit(value, match[0], steps=(name,))
            else:
                yield Hit(
                    "",
                    digest,
                    Confidence.PROVEN,
                    "",
                    sample=match[0],
                    shape="secret",
                    candidate=True,
                )


class ShortFinder:
    """Looks for known values of fewer than four characters, under their own names only."""

    ID = "known-short"
    reasoning = "Two letters are everywhere; under the name of the value they are the value."

    def __init__(self, keys: KeySet) -> None:
        self.WANTS = Wants(keys=keys)

    def find(self, node: Node, known: Known) -> Iterator[Hit]:
        """Gives the short known value that is the whole of the field."""
        value = known.short(node.key, node.text) if node.text else None
        if value is not None:
            yield hit(value, node.text.strip())


def _names(value: KnownValue) -> KeySet:
    return KeySet(value.label, value.data_type.rpartition(".")[2])


def _needles(value: KnownValue) -> Iterator[Needle]:
    """Gives the spellings, check sums and bytes under which a value is looked for."""
    written = spellings(value.data_type, value.value)
    forms = [f for s in written for f in (s, s.lower(), s.upper()) if len(f) >= SHORT_LEN]
    for folded in dict.fromkeys(f.encode(errors="replace").lower() for f in forms):
        yield Needle(folded, value, bound=len(folded) < BOUND_LEN)
    plain = value.value.strip()
    bare = SEPARATORS.sub("", plain)
    sums = {zlib.crc32(f.encode(errors="replace")) for s in (plain, bare) for f in (s, s.lower(), s.upper())}
    for number in sorted(n for n in sums if n > LEAST_SUM):
        yield Needle(f"{number:08x}".encode(), value, CRC32, bound=True)
        yield Needle(str(number).encode(), value, CRC32, bound=True)
    for raw in raw_forms(value.data_type, plain):
        yield Needle(raw.lower(), value, RAW)


def _differences(value: KnownValue) -> Iterator[bytes]:
    """Gives the usual cases of a value in the form in which `codec.xor` looks for them."""
    plain = value.value.strip()
    for text in (plain, plain.lower(), plain.upper()):
        data = text.encode(errors="replace")
        if len(data) >= xor.LEAST_WORD and len(set(data)) > LEAST_LETTERS:
            yield data[:1] + xor.differences(data)


def _find(data: bytes, needle: bytes, *, bound: bool) -> int:
    """Gives where `needle` stands (`bound`: as a word of its own), -1 nowhere."""
    at = data.find(needle)
    if not bound:
        return at
    while at >= 0:
        end = at + len(needle)
        if not data[at - 1 : at].isalnum() and not data[end : end + 1].isalnum():
            return at
        at = data.find(needle, at + 1)
    return -1


def _place(value: KnownValue) -> Place | None:
    parts = [p.strip() for p in value.value.split(",")]
    if len(parts) != 2:
        return None
    try:
        degrees = [float(p) for p in parts]
    except ValueError:
        return None
    marks = tuple(_marks(p, d) for p, d in zip(parts, degrees, strict=True))
    patterns = tuple(
        re.compile(
            r"(?<![\d.])(?:"
            + "|".join(re.escape(m.decode()) + (r"\d*" if b"." in m else r"\d{1,3}(?![\d.])") for m in side)
            + ")"
        )
        for side in marks
    )
    return Place(value, (marks[0], marks[1]), (patterns[0], patterns[1]))


def _marks(text: str, degrees: float) -> tuple[bytes, ...]:
    """Gives the cut and the rounded form of a coordinate, as far as it was given, then those without the point.

    Receivers also tell degrees as whole numbers of 1e-5 to 1e-7: `SCALED` decimals must agree there.
    """
    whole, _, decimals = text.lstrip("+").partition(".")
    keep = min(PRECISION, len(decimals))
    forms = [f"{whole}.{decimals[:keep]}", f"{degrees:.{keep}f}"]
    scaled = [f"{whole}{decimals[:SCALED]}", f"{degrees:.{SCALED}f}".replace(".", "")]
    forms += [form for form in scaled if len(decimals) >= SCALED and degrees >= 1]
    return tuple(dict.fromkeys(form.encode() for form in forms))
