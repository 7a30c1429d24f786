"""The message format that DNS, multicast DNS and LLMNR share: header, questions, records.

A message is read as far as it makes sense and says what stopped it (`fault`): a name in a question is evidence
even where a later record is broken. Everything is bounded, compression loops included.
Source: RFC 1035 section 4 (format, compression), RFC 3596 (AAAA), RFC 2782 (SRV), RFC 3403 section 4 (NAPTR), RFC 9460
(SVCB, HTTPS), RFC 9848 (ech in these), RFC 6891 (OPT), RFC 7871 section 6 (client subnet).
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from iotaudit.dissect.dns_numbers import (
    CLASSES,
    KNOWN_TYPES,
    RCODES,
    RESPONSE,
    TYPES,
    flags_fit,
    type_text,
)
from iotaudit.dissect.wire_text import TEXT_LEN, domain_text, plain_text
from iotaudit.model.packets import ipv6_text
from iotaudit.model.quick import quick

HEADER = struct.Struct(">6H")
QUESTION, RECORD = struct.Struct(">HH"), struct.Struct(">HHIH")
HEADER_LEN = 12
REPEATED_LEN = 512
"""Of longer messages only the last few are remembered: each is asked for twice, by recognition and by the session."""
QUESTION_LEN, RECORD_LEN = 5, 11
"""Least lengths, with the root as name."""
NAME_LEN = 255
HOPS = 32
"""Compression pointers that one name may follow; each must point further back than the last."""
QUESTIONS_KEPT = 64
RECORDS_KEPT = 2000
STRINGS_KEPT = 128
SUBNETS_KEPT = 4
UNICAST = 0x8000
"""Top bit of the class in multicast DNS: "unicast response wanted", or "flush your cache"."""
ANSWER, AUTHORITY, ADDITIONAL = range(3)
NAPTR, OPT = 35, 41
IPV4_HINT, ECH, IPV6_HINT = 4, 5, 6
ECH_OFFERED = "ech"
"""Stands among the answers where the parameter does: names of later hellos may then be hidden."""
CLIENT_SUBNET = 8
ADDRESS_LENS = {1: 4, 2: 16}
"""Lengths of the addresses of the families of a client subnet."""

NAMED = {2: 0, 5: 0, 12: 0, 15: 2, 33: 6, 39: 0}
"""Record types whose data is a name, with the bytes before it (preference, or priority, weight and port)."""
TEXTS = frozenset({16, 99})


@quick
@dataclass(frozen=True, slots=True)
class Question:
    """`name` as printed, `raw` its labels joined by dots as sent (case kept), `type` the type's text."""

    name: str
    raw: bytes
    type: str
    rdclass: int


@quick
@dataclass(frozen=True, slots=True)
class Record:
    """A resource record. `values` are addresses, names or texts; `target` is where the name leads on (CNAME).

    `strings` are the character strings of a TXT record as sent. `values` of OPT are the client's networks.
    """

    section: int
    name: str
    type: str
    rdclass: int
    ttl_s: int
    values: tuple[str, ...]
    target: str | None = None
    strings: tuple[bytes, ...] = ()


@quick
@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """What could be read behind the id. `read_len` bytes were understood; `fault` says what stopped or spoiled it.

    A repeated message is mostly one object, and so a key that is cheap to look up.
    """

    flags: int
    questions: tuple[Question, ...]
    records: tuple[Record, ...]
    rcode: str
    read_len: int
    fault: str | None

    @property
    def is_response(self) -> bool:
        """Says whether the QR bit is set."""
        return bool(self.flags & RESPONSE)


class BrokenError(ValueError):
    """A length or pointer cannot be true; the text says where."""


def parse(data: bytes, *, unicode: bool = False) -> Message | None:
    """Reads a message (without the length of TCP); None: its header is cut, or is none of DNS and the rest broken."""
    if len(data) < HEADER_LEN:
        return None
    _, flags, *counts = HEADER.unpack_from(data)
    if not flags_fit(flags) and not _may_fill(data, counts) and not _asks_soundly_first(data, counts[0]):
        return None
    return (_read if len(data) <= REPEATED_LEN else _read_long)(data[2:], unicode)


def _may_fill(data: bytes, counts: list[int]) -> bool:
    """Says whether there is room for all that the header counts; where there is none, something will be cut."""
    return HEADER_LEN + QUESTION_LEN * counts[0] + RECORD_LEN * sum(counts[1:]) <= len(data)


def _asks_soundly_first(data: bytes, count: int) -> bool:
    """Says whether the first question is of an assigned type and class, without reading any further."""
    if not count or len(data) == HEADER_LEN or 0x40 <= data[HEADER_LEN] < 0xC0:
        return False
    try:
        _, at = read_name(data, HEADER_LEN)
    except BrokenError:
        return False
    if at + 4 > len(data):
        return False
    kind, rdclass = QUESTION.unpack_from(data, at)
    return kind in TYPES and rdclass in CLASSES


def _read_all(behind_id: bytes, unicode: bool) -> Message | None:  # noqa: FBT001 - a part of the caches' keys
    """Reads a message without its id."""
    data = b"\0\0" + behind_id
    _, flags, *counts = HEADER.unpack_from(data)
    reader = _Reader(data, flags & 15, unicode=unicode)
    fault = None
    try:
        reader.read(counts)
    except BrokenError as broken:
        fault = str(broken)
    if not flags_fit(flags) and (fault or reader.at < len(data)) and not asks_soundly(reader.questions[:1]):
        return None
    return Message(
        flags,
        tuple(reader.questions),
        tuple(reader.records),
        RCODES.get(reader.rcode) or f"RCODE{reader.rcode}",
        reader.at,
        fault or reader.fault,
    )


_read = lru_cache(maxsize=1024)(_read_all)
_read_long = lru_cache(maxsize=4)(_read_all)


def asks_soundly(questions: Sequence[Question]) -> bool:
    """Says whether there are questions, all of assigned types and classes."""
    for question in questions:
        if question.type not in KNOWN_TYPES or question.rdclass not in CLASSES:
            return False
    return bool(questions)


@lru_cache(maxsize=1024)
def _name_text(labels: tuple[bytes, ...], unicode: bool) -> str:  # noqa: FBT001 - a part of the cache's key
    return domain_text(labels, unicode=unicode)


def read_name(data: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    """Gives the labels of the name at `at`, and where the bytes behind it begin.

    Raises:
        ValueError: it is cut, too long, or a pointer does not lead back.
    """
    labels: list[bytes] = []
    end = -1
    start = at
    hops = 0
    length = 1
    while True:
        if at >= len(data):
            raise BrokenError("a name is cut")
        size = data[at]
        at += 1
        if size == 0:
            return tuple(labels), at if end < 0 else end
        if size < 0x40:
            length += size + 1
            if at + size > len(data):
                raise BrokenError("a name is cut")
            if length > NAME_LEN:
                raise BrokenError("a name is too long")
            labels.append(data[at : at + size])
            at += size
        elif size >= 0xC0:
            if at >= len(data):
                raise BrokenError("a name is cut")
            target = (size & 0x3F) << 8 | data[at]
            end = at + 1 if end < 0 else end
            hops += 1
            if target >= start or hops > HOPS:
                raise BrokenError("a name's pointer does not lead back")
            start = at = target
        else:
            raise BrokenError("a label of an unknown kind")


class _Reader:
    """Walks the sections; what was gathered before a break stays."""

    __slots__ = ("_data", "_unicode", "_whole", "at", "fault", "questions", "rcode", "records")

    def __init__(self, data: bytes, rcode: int, *, unicode: bool) -> None:
        self._data = data
        self._unicode = unicode
        self._whole: dict[int, tuple[str, tuple[bytes, ...]]] = {}
        self.at = HEADER_LEN
        self.rcode = rcode
        self.fault: str | None = None
        self.questions: list[Question] = []
        self.records: list[Record] = []

    def read(self, counts: list[int]) -> None:
        """Reads questions and the three sections of records."""
        for _ in range(counts[0]):
            self._question()
        for section in (ANSWER, AUTHORITY, ADDITIONAL):
            for _ in range(counts[section + 1]):
                self._record(section)

    def _question(self) -> None:
        if len(self.questions) >= QUESTIONS_KEPT:
            raise BrokenError("more questions than are read")
        name, labels, at = self._name()
        if at + 4 > len(self._data):
            raise BrokenError("a question is cut")
        kind, rdclass = QUESTION.unpack_from(self._data, at)
        self.questions.append(Question(name, b".".join(labels), type_text(kind), rdclass))
        self.at = at + 4

    def _record(self, section: int) -> None:
        data = self._data
        if len(self.records) >= RECORDS_KEPT:
            raise BrokenError("more records than are read")
        name, _, at = self._name()
        if at + 10 > len(data):
            raise BrokenError("a record is cut")
        kind, rdclass, ttl, length = RECORD.unpack_from(data, at)
        at += 10
        if at + length > len(data):
            raise BrokenError("a record is longer than the message")
        if kind == OPT:
            self.rcode |= ttl >> 24 << 4
        value = _value(data, at, at + length, kind, unicode=self._unicode)
        if value is None:
            self.fault = self.fault or "a record's data cannot be read"
            value = NOTHING
        self.records.append(
            Record(section, name, type_text(kind), rdclass, ttl, value.texts, value.target, value.strings)
        )
        self.at = at + length

    def _name(self) -> tuple[str, tuple[bytes, ...], int]:
        """Gives text and labels of the name that comes next, and where it ends.

        Most are a pointer to one that stands whole further up (the question's): that one is not read again.
        """
        data, at = self._data, self.at
        if at + 2 <= len(data) and data[at] >= 0xC0:
            known = self._whole.get((data[at] & 0x3F) << 8 | data[at + 1])
            if known:
                return *known, at + 2
        labels, end = read_name(data, at)
        name = _name_text(labels, self._unicode)
        if sum(map(len, labels)) + len(labels) + 1 == end - at:
            self._whole[at] = name, labels
        return name, labels, end


@quick
@dataclass(frozen=True, slots=True)
class _Value:
    texts: tuple[str, ...] = ()
    target: str | None = None
    strings: tuple[bytes, ...] = ()


NOTHING = _Value()


def _value(data: bytes, at: int, end: int, kind: int, *, unicode: bool) -> _Value | None:
    """Gives the data of a record; None where it cannot be that of its type."""
    if kind == 1:
        return _Value((_ipv4(data[at:end]),)) if end - at == 4 else _empty(at, end)
    if kind == 28:
        return _Value((ipv6_text(bytes(data[at:end])),)) if end - at == 16 else _empty(at, end)
    if kind in NAMED:
        if at == end:
            return NOTHING
        name = _name_within(data, at + NAMED[kind], end, unicode=unicode)
        if name is None:
            return None
        return _Value((name,) if name else (), name if kind == 5 else None)
    if kind in TEXTS:
        return _texts(data[at:end], unicode=unicode)
    reader = READERS.get(kind)
    return NOTHING if reader is None or at == end else reader(data, at, end)


def _empty(at: int, end: int) -> _Value | None:
    """Empty data is sound: dynamic updates delete with it (RFC 2136 section 2.5)."""
    return NOTHING if at == end else None


def _ipv4(raw: bytes) -> str:
    return ".".join(map(str, raw))


def _name_within(data: bytes, at: int, end: int, *, unicode: bool) -> str | None:
    try:
        labels, behind = read_name(data, at)
    except BrokenError:
        return None
    return _name_text(labels, unicode) if behind <= end else None


def _texts(data: bytes, *, unicode: bool) -> _Value | None:
    """Reads character strings: one text, in multicast DNS (`unicode`) a list of texts (RFC 6763 section 6.1)."""
    strings: list[bytes] = []
    at = 0
    while at < len(data) and len(strings) < STRINGS_KEPT:
        size = data[at]
        if at + 1 + size > len(data):
            return None
        strings.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    texts = strings if unicode else [b"".join(strings)[:TEXT_LEN]]
    return _Value(tuple(plain_text(text) for text in texts if text), None, tuple(strings))


def _service(data: bytes, at: int, end: int) -> _Value | None:
    """Reads SVCB data: the address hints, else the target, and whether there is `ech`; an alias (priority 0) leads on."""
    name = _name_within(data, at + 2, end, unicode=False)
    if name is None:
        return None
    priority = int.from_bytes(data[at : at + 2])
    if priority == 0:
        return _Value((name,) if name else (), name or None)
    _, at = read_name(data, at + 2)
    hints: list[str] = []
    ech: tuple[str, ...] = ()
    while at + 4 <= end:
        key, length = QUESTION.unpack_from(data, at)
        at += 4
        if at + length > end:
            return None
        value = data[at : at + length]
        if key == IPV4_HINT:
            hints += [_ipv4(value[i : i + 4]) for i in range(0, length - 3, 4)]
        elif key == IPV6_HINT:
            hints += [ipv6_text(bytes(value[i : i + 16])) for i in range(0, length - 15, 16)]
        elif key == ECH:
            ech = (ECH_OFFERED,)
        at += length
    return _Value((*(hints or ((name,) if name else ())), *ech))


def _rewriting(data: bytes, at: int, end: int) -> _Value | None:
    """Reads NAPTR data: the name that replaces the one asked for, else the expression that rewrites it."""
    at += 4
    texts: list[bytes] = []
    for _ in range(3):
        if at >= end or at + 1 + data[at] > end:
            return None
        texts.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    name = _name_within(data, at, end, unicode=False)
    if name is None:
        return None
    return _Value((name,) if name else (plain_text(texts[2]),) if texts[2] else ())


def _subnets(data: bytes, at: int, end: int) -> _Value:
    """Gives the networks (CIDR) that the options of EDNS say the client is in; none where it only asks not to be told."""
    found: list[str] = []
    while at + 4 <= end:
        code, length = QUESTION.unpack_from(data, at)
        at += 4
        if at + length > end:
            break
        if code == CLIENT_SUBNET and length > 4:
            size = ADDRESS_LENS.get(int.from_bytes(data[at : at + 2]), 0)
            prefix, raw = data[at + 2], data[at + 4 : at + length]
            if 0 < prefix <= 8 * size and len(raw) <= size and len(found) < SUBNETS_KEPT:
                address = raw + bytes(size - len(raw))
                found.append(f"{_ipv4(address) if size == 4 else ipv6_text(address)}/{prefix}")
        at += length
    return _Value(tuple(found))


READERS: dict[int, Callable[[bytes, int, int], _Value | None]] = {
    NAPTR: _rewriting,
    OPT: _subnets,
    64: _service,
    65: _service,
}
"""What reads the data of a type that is not just an address, names or texts."""
