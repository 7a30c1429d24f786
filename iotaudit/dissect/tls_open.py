"""TLS records opened with the auditor's keys: up to TLS 1.2 by the master secret, TLS 1.3 by the traffic secrets.

A record opens by its authentication tag or MAC or not at all, so a wrong key never gives bytes. A direction ends where a
record does not open; a record that the capture has in part is counted over where its length is known.
Source: RFC 5246 sections 6.2, 7.1 and 7.4 (records, ChangeCipherSpec, renegotiation), RFC 8446 sections 4.2.10, 4.4.4,
4.5, 4.6.3, 5 and 7 (early data, Finished, EndOfEarlyData, KeyUpdate, records, secrets).
"""

from dataclasses import dataclass, field
from typing import Protocol

from iotaudit.codec.keylog import MASTER, KeyLog
from iotaudit.codec.tls_keys import (
    SHORT_TAG_LEN,
    TAG_LEN,
    TLS10,
    TLS12,
    Opener,
    Suite,
    next_secret,
    opener_13,
    openers_12,
    suite_of,
)
from iotaudit.dissect.handshake import CLIENT_HELLO, MESSAGE_LEN, SERVER_HELLO, TLS13, Handshake
from iotaudit.dissect.session import Item, Opened
from iotaudit.dissect.tls_ciphers import suite_name
from iotaudit.dissect.tls_hello import version_name
from iotaudit.model.events import Oddity
from iotaudit.model.raw import Segment

CHANGE_CIPHER, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
END_OF_EARLY_DATA, FINISHED, KEY_UPDATE = 5, 20, 24
EARLY_DATA = 42
"""The extension by which a client says that data follows its hello at once."""
NONCE_LEN = 8
"""Bytes of nonce that a record of AES-GCM or AES-CCM has before TLS 1.3."""
HELD_LEN = 1 << 18
"""Bytes of records that wait for the server's hello: without it no suite is known."""
SKIPPED = 64
"""Records that are passed over where the log has later secrets of a session, but not those of its handshake."""
NOTHING = (0, b"")
Got = tuple[int, bytes]
Keys12 = tuple[Suite, tuple[Opener, Opener]]


@dataclass(frozen=True, slots=True)
class Record:
    """One whole record, and packet and time of its last byte."""

    kind: int
    version: int
    body: bytes
    place: tuple[int, int]


class _Line(Protocol):
    """The protected records of one direction. `passed_over` says that early data was, for want of its secret."""

    passed_over: bool

    def open(self, kind: int, version: int, body: bytes) -> Got | None:
        """Gives content type and content of the next record, `NOTHING` for one that is not protected, None: fails."""
        ...

    def lose(self, kind: int, length: int) -> int | None:
        """Counts over a record whose bytes are missing; gives the content's length, None where none opens after it."""
        ...

    def turn(self, kind: int) -> None:
        """Takes the type of a handshake message that was opened, which may change the keys."""
        ...


@dataclass(slots=True)
class _Side:
    line: _Line | None = None
    held: list[Record] = field(default_factory=list)
    held_len: int = 0
    messages: bytearray = field(default_factory=bytearray)
    broken: bool = False
    offset: int = 0
    stopped: tuple[int, int] | None = None
    told: bool = False


class TlsOpening:
    """Opens both directions of a session that the key log knows. `client` is the direction of the client's hello."""

    def __init__(self, flow: int, handshake: Handshake, keys: KeyLog, *, client: bool) -> None:
        self._flow = flow
        self._handshake = handshake
        self._renewed = handshake
        self._keys = keys
        self._client = client
        self._sides = {True: _Side(), False: _Side()}
        self._read = False
        self.alert: int | None = None
        """The last alert but close_notify that was opened."""

    def is_over(self, *, outbound: bool) -> bool:
        """Says whether nothing more of a direction can be opened."""
        return self._sides[outbound].stopped is not None

    def record(self, record: Record, *, outbound: bool) -> list[Item]:
        """Takes the next record that may be protected and gives what it and those before it held."""
        side = self._sides[outbound]
        if side.stopped is not None:
            return []
        side.held.append(record)
        side.held_len += len(record.body)
        if side.held_len > HELD_LEN:
            return self.stop("the server's hello is missing", record.place, outbound=outbound)
        return self.go_on()

    def go_on(self) -> list[Item]:
        """Gives what the records held that waited for the server's hello, once it was read."""
        server = self._handshake.server
        if server is None or server.retry:
            return []
        found: list[Item] = []
        for outbound in (self._client, not self._client):
            side = self._sides[outbound]
            held, side.held, side.held_len = side.held, [], 0
            for record in held:
                if side.stopped is None:
                    found += self._open(side, record, outbound=outbound)
        return found

    def lose(self, kind: int, length: int, place: tuple[int, int], *, outbound: bool) -> list[Item]:
        """Takes a record of which bytes are missing from the capture; `length` is that in its header."""
        side = self._sides[outbound]
        if side.stopped is not None:
            return []
        if side.line is None and kind == HANDSHAKE:
            return []  # in the clear
        line = side.line or self._line(outbound=outbound)
        if isinstance(line, str):
            return self.stop(line, place, outbound=outbound)
        side.line = line
        lost = line.lose(kind, length)
        if lost is None:
            return self.stop("bytes are missing from the capture", place, outbound=outbound)
        side.messages.clear()
        side.broken = not lost
        return [self._opened(side, place, b"", lost, outbound=outbound)] if lost else []

    def stop(self, why: str, place: tuple[int, int], *, outbound: bool) -> list[Item]:
        """Ends a direction and says so once."""
        side = self._sides[outbound]
        if side.stopped is not None:
            return []
        side.stopped = place
        side.held, side.held_len = [], 0
        side.told = self._read
        kind = "decryption_stopped" if self._read else "decryption_failed"
        return [Oddity(self._flow, *place, outbound, kind, f"TLS: {why}")]

    def close(self) -> list[Item]:
        """Gives what is to say at the end of the session."""
        found: list[Item] = []
        for outbound, side in self._sides.items():
            if side.held:
                found += self.stop("the server's hello is missing", side.held[0].place, outbound=outbound)
        return found

    def _open(self, side: _Side, record: Record, *, outbound: bool) -> list[Item]:
        if side.line is None:
            line = self._line(outbound=outbound)
            if isinstance(line, str):
                return self.stop(line, record.place, outbound=outbound)
            side.line = line
        got = side.line.open(record.kind, record.version, record.body)
        if got is None:
            return self.stop("a record does not open with the key", record.place, outbound=outbound)
        if side.line.passed_over:
            side.line.passed_over = False
            why = "TLS: the key log has no secret of the early data"
            return [Oddity(self._flow, *record.place, outbound, "decryption_stopped", why)]
        kind, data = got
        if kind in (APPLICATION, ALERT):  # neither comes between the parts of a message
            side.messages.clear()
            side.broken = False
        if kind == APPLICATION and data:
            return [*self._first(), self._opened(side, record.place, data, 0, outbound=outbound)]
        if kind == HANDSHAKE:
            return self._messages(side, data, record.place, outbound=outbound)
        if kind == ALERT and len(data) == 2 and data[1]:
            self.alert = data[1]
        return []

    def _opened(self, side: _Side, place: tuple[int, int], data: bytes, gap_len: int, *, outbound: bool) -> Opened:
        segment = Segment(self._flow, outbound, *place, side.offset, data, gap_len)
        side.offset += len(data) + gap_len
        return Opened(segment)

    def _first(self) -> list[Item]:
        """Notes that content was opened: a direction that failed before is then a loss of a flow that counts as read."""
        self._read = True
        found: list[Item] = []
        for outbound, side in self._sides.items():
            if side.stopped is not None and not side.told:
                side.told = True
                why = "TLS: one direction did not open with the key"
                found.append(Oddity(self._flow, *side.stopped, outbound, "decryption_stopped", why))
        return found

    def _line(self, *, outbound: bool) -> "_Line | str":
        """Gives the protected records of a direction, or why they cannot be opened."""
        server = self._handshake.server
        if server is None:
            return "the server's hello is missing"
        suite = suite_of(suite_name(server.cipher))
        if suite is None:
            return f"records of {suite_name(server.cipher)} are not opened"
        if server.version not in TLS13:
            why = self.keys_12()
            return why if isinstance(why, str) else _Line12(self, own=0 if outbound is self._client else 1)
        hello = self._handshake.client
        names = ["SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"]
        if outbound is self._client:
            early = ["CLIENT_EARLY_TRAFFIC_SECRET"] if hello and EARLY_DATA in hello.extensions else []
            names = [*early, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"]
        random = self._handshake.client_random
        secrets = [self._keys.secret(random, name) for name in names]
        if not any(secrets):
            return "the key log has no secret of this direction"
        return _Line13(suite, secrets)

    def keys_12(self) -> "Keys12 | str":
        """Gives suite and openers up to TLS 1.2 of the hellos that were read last, or why there are none."""
        handshake = self._renewed
        server = handshake.server
        suite = suite_of(suite_name(server.cipher)) if server else None
        if server is None or suite is None:
            return "the hellos of a renegotiation are missing"
        if not TLS10 <= server.version <= TLS12:
            return f"records of {version_name(server.version)} are not opened"
        master = self._keys.secret(handshake.client_random, MASTER)
        if master is None:
            return "the key log has no master secret of this session"
        randoms = handshake.client_random, handshake.server_random
        return suite, openers_12(suite, server.version, master, randoms, encrypt_then_mac=server.encrypt_then_mac)

    def _messages(self, side: _Side, data: bytes, place: tuple[int, int], *, outbound: bool) -> list[Item]:
        """Takes whole handshake messages off what was opened."""
        if side.broken:
            return []
        side.messages += data
        found: list[Item] = []
        while len(side.messages) >= 4:
            kind, length = side.messages[0], int.from_bytes(side.messages[1:4])
            if length > MESSAGE_LEN:
                side.broken = True
                side.messages.clear()
                break
            if len(side.messages) < 4 + length:
                break
            body = bytes(side.messages[4 : 4 + length])
            del side.messages[: 4 + length]
            if kind in (CLIENT_HELLO, SERVER_HELLO):
                self._renegotiate(kind, body, place, outbound=outbound)
            else:
                found += self._handshake.message(kind, body, place, outbound=outbound)
            if side.line is not None:
                side.line.turn(kind)
        return found

    def _renegotiate(self, kind: int, body: bytes, place: tuple[int, int], *, outbound: bool) -> None:
        """Takes hellos inside an opened session: the keys after the next ChangeCipherSpec are made of them."""
        if kind == CLIENT_HELLO:
            self._renewed = Handshake(self._flow, "t", "sni")
        self._renewed.message(kind, body, place, outbound=outbound)


class _Line12:
    """Records of TLS 1.0 to 1.2: protected from the ChangeCipherSpec on. `own` is 0 for the client's, else 1."""

    __slots__ = ("_number", "_opener", "_opening", "_own", "_suite", "passed_over")

    def __init__(self, opening: TlsOpening, own: int) -> None:
        self.passed_over = False
        self._opening = opening
        self._own = own
        self._suite: Suite | None = None
        self._opener: Opener | None = None
        self._number = 0

    def open(self, kind: int, version: int, body: bytes) -> Got | None:
        """Gives what the record held; a ChangeCipherSpec, itself protected by the keys before, changes the keys."""
        got = NOTHING
        if self._opener is not None:
            opened = self._opener.open(kind, version, self._number, body)
            if opened is None:
                return None
            self._number += 1
            got = opened
        if kind != CHANGE_CIPHER:
            return got
        keys = self._opening.keys_12()
        if isinstance(keys, str):
            return None
        self._suite, openers = keys
        self._opener, self._number = openers[self._own], 0
        return NOTHING

    def lose(self, kind: int, length: int) -> int | None:
        """Counts over the record; of CBC neither its content's length is known nor, before TLS 1.1, the next one's IV."""
        if kind == CHANGE_CIPHER:
            return None
        suite = self._suite
        if suite is None:
            return 0
        if suite.mode == "cbc":
            return None
        self._number += 1
        overhead = SHORT_TAG_LEN if suite.mode == "ccm8" else TAG_LEN
        if suite.mode != "chacha":
            overhead += NONCE_LEN
        return max(length - overhead, 0) if kind == APPLICATION else 0

    def turn(self, kind: int) -> None:
        """Messages change no keys here."""


class _Line13:
    """Records of TLS 1.3: the secrets of a direction in the order of their use, None where the log lacks one."""

    __slots__ = ("_number", "_opener", "_phase", "_secrets", "_skipped", "_suite", "passed_over")

    def __init__(self, suite: Suite, secrets: list[bytes | None]) -> None:
        self.passed_over = False
        self._suite = suite
        self._secrets = secrets
        self._phase = 0
        self._number = 0
        self._skipped = 0
        self._opener = self._made(0)

    def open(self, kind: int, version: int, body: bytes) -> Got | None:
        """Gives what the record held; it may be the first of a later secret where the last message was not seen."""
        if kind != APPLICATION:
            return NOTHING
        for phase in range(self._phase, len(self._secrets)):
            current = phase == self._phase
            opener = self._opener if current else self._made(phase)
            got = opener.open(kind, version, self._number if current else 0, body) if opener else None
            if got is not None:
                if not current:
                    self._enter(phase)
                self._number += 1
                return got
        if self._secrets[self._phase] is None and self._skipped < SKIPPED:
            self._skipped += 1
            self.passed_over = self._skipped == 1 and self._is_early()
            return NOTHING
        return None

    def lose(self, kind: int, length: int) -> int | None:
        """Counts over the record; between early data and the last secret it held messages."""
        if kind != APPLICATION:
            return 0
        self._number += 1
        # the content type and the tag; padding, which is rare, is not known
        return max(length - TAG_LEN - 1, 0) if self._is_last() or self._is_early() else 0

    def turn(self, kind: int) -> None:
        """Goes on to the next secret."""
        if kind in (FINISHED, END_OF_EARLY_DATA) and not self._is_last():
            self._enter(self._phase + 1)
        elif kind == KEY_UPDATE and self._is_last():
            secret = self._secrets[self._phase]
            self._secrets[self._phase] = next_secret(secret, self._suite.hash) if secret else None
            self._enter(self._phase)

    def _is_last(self) -> bool:
        return self._phase == len(self._secrets) - 1

    def _is_early(self) -> bool:
        """Says whether the secret is that of early data: before those of handshake and content there is no other."""
        return self._phase == len(self._secrets) - 3

    def _enter(self, phase: int) -> None:
        self._phase, self._number = phase, 0
        self._opener = self._made(phase)

    def _made(self, phase: int) -> Opener | None:
        secret = self._secrets[phase]
        return opener_13(self._suite, secret) if secret else None
