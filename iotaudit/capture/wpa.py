"""Opens Wi-Fi frames whose network's passphrase is known, from the handshake on.

A batch comes out as it went in, but for the frames that opened: they are read as 802.11 frames without protection, which
stand behind the other frames in the buffer. Number, time and length on the wire stay those of the frame on the air.
Frames before a station's handshake stay closed, since a stream is read once. Networks are told apart by trying: a
passphrase fits where it makes the check value of a handshake message.

Source: IEEE 802.11-2020 sections 12.7.6 (4-way handshake), 12.7.7 (group key handshake), 12.5.3 (CCMP).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from iotaudit.capture import link, wifi
from iotaudit.capture.walk import Heads, Kind, Walk
from iotaudit.capture.window import PADDING
from iotaudit.codec.wpa_keys import (
    ACK,
    CMAC_AES,
    MIC,
    PAIRWISE,
    SHA1_AES,
    EapolKey,
    FrameKey,
    PairwiseKeys,
    group_key,
    is_authentic,
    key_number,
    pairwise_keys,
    parse_eapol,
)
from iotaudit.model.flows import Column
from iotaudit.model.packets import input_of
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import FrameBatch

ID = "wifi-key"
WIFI = 105
"""LINKTYPE_IEEE802_11, that of an opened frame."""
LINKS = (WIFI, 119, 127, 163, 192, 258)
EAPOL = bytes.fromhex("aaaa03 000000 888e")
NONCES = 2
"""Nonces of each side that are remembered: a message that was sent again may be answered twice."""
KEYS = 3
"""Keys of two stations, or of a group's key number: those in use, and the ones before, for frames under way."""
PAIRS = 1 << 14
TRIALS = 1 << 20
"""Keys that are derived at most, some 10 us each: a file of made-up handshakes cannot hold the audit up for long."""
NO_FIT = "a handshake that no passphrase of the key file fits"
NO_CCMP = "a handshake that gives no CCMP key from a passphrase (WPA3, fast transition, TKIP)"
NO_HANDSHAKE = "protected frames without a handshake before them"
NO_GROUP = "protected group frames without a CCMP group key before them"
NOT_OPENED = "protected frames that no key of their stations opens"
TOO_MANY = "more handshakes than are looked at"
Item = TypeVar("Item")


@dataclass(slots=True, repr=False)
class _Pair:
    """An access point and a station: the nonces that they sent, and the keys that came of them; newest first."""

    asked: list[bytes] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)
    keys: list[tuple[PairwiseKeys, FrameKey]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, repr=False)
class _Frame:
    """A data frame: its row in the batch, its MAC header without HT control, and its body."""

    row: int
    header: bytes
    body: bytes
    closed: bool

    @property
    def receiver(self) -> bytes:
        return self.header[4:10]

    @property
    def sender(self) -> bytes:
        return self.header[10:16]

    @property
    def pair(self) -> tuple[bytes, bytes]:
        return min(self.receiver, self.sender), max(self.receiver, self.sender)


class WifiOpener:
    """Follows the handshakes of all inputs and opens what their keys open.

    Args:
        masters: pairwise master keys of the networks whose passphrase is known.
    """

    def __init__(self, masters: tuple[bytes, ...]) -> None:
        self._masters = masters
        self._pairs: dict[tuple[bytes, bytes], _Pair] = {}
        self._groups: dict[tuple[bytes, int], list[FrameKey]] = {}
        self._told: dict[tuple[int, str], tuple[int, int]] = {}
        self._trials = 0

    def open(self, batch: FrameBatch) -> FrameBatch:
        """Gives the batch with the frames opened that can be; the batch itself where there is none."""
        which = np.flatnonzero(np.isin(batch.link_type, LINKS))
        if not len(which):
            return batch
        plain: dict[int, bytes] = {}
        for frame in _frames(batch, which):
            packet = int(batch.number[frame.row])
            if frame.closed:
                found = self._opened(frame, packet)
                if found is None:
                    continue
                plain[frame.row] = _unprotected(frame.header) + found
                body = found
            else:
                body = frame.body
            if body.startswith(EAPOL):
                message = parse_eapol(body[len(EAPOL) :])
                if message is not None:
                    self._take(frame, message, packet)
        return _with(batch, plain) if plain else batch

    def problems(self) -> tuple[Problem, ...]:
        """Gives why frames stayed closed, each reason once per input."""
        return tuple(
            Problem("wifi_keys_missing", index, first, None, detail, count)
            for (index, detail), (first, count) in sorted(self._told.items())
        )

    def _opened(self, frame: _Frame, packet: int) -> bytes | None:
        number = key_number(frame.body)
        if frame.receiver[0] & 1:
            keys = self._groups.get((frame.sender, number or 0), [])
            reason = NO_GROUP
        else:
            pair = self._pairs.get(frame.pair)
            keys = [key for _, key in pair.keys] if pair else []
            reason = NO_HANDSHAKE
        for key in keys if number is not None else ():
            found = key.open(frame.header, frame.body)
            if found is not None:
                return found
        self._tell(NOT_OPENED if keys else reason, packet)
        return None

    def _take(self, frame: _Frame, message: EapolKey, packet: int) -> None:
        """Learns what a handshake message tells."""
        if message.version not in (SHA1_AES, CMAC_AES):
            self._tell(NO_CCMP, packet)
            return
        pair = self._pairs.get(frame.pair)
        if pair is None:
            if len(self._pairs) >= PAIRS:
                self._tell(TOO_MANY, packet)
                return
            pair = self._pairs[frame.pair] = _Pair()
        if message.has(PAIRWISE) and any(message.nonce):
            _remember(pair.asked if message.has(ACK) else pair.answered, message.nonce, NONCES)
        if not message.has(MIC):
            return
        keys = next((keys for keys, _ in pair.keys if is_authentic(keys, message)), None)
        if keys is None and message.has(PAIRWISE):
            keys = self._agreed(frame, pair, message, packet)
        if keys is not None and message.has(ACK) and (found := group_key(keys, message)):
            number, temporal = found
            group = self._groups.setdefault((frame.sender, number), [])
            if all(key.temporal != temporal for key in group):
                _remember(group, FrameKey(temporal), KEYS)

    def _agreed(self, frame: _Frame, pair: _Pair, message: EapolKey, packet: int) -> PairwiseKeys | None:
        """Gives the keys that a message was made with, None where no passphrase fits or a nonce was not seen."""
        for nonces in ((asked, answered) for asked in pair.asked for answered in pair.answered):
            for master in self._masters:
                if self._trials >= TRIALS:
                    self._tell(TOO_MANY, packet)
                    return None
                self._trials += 1
                keys = pairwise_keys(master, message.version, frame.pair, nonces)
                if is_authentic(keys, message):
                    _remember(pair.keys, (keys, FrameKey(keys.temporal)), KEYS)
                    return keys
        if pair.asked and pair.answered:
            self._tell(NO_FIT, packet)
        return None

    def _tell(self, reason: str, packet: int) -> None:
        first, count = self._told.get((input_of(packet), reason), (packet, 0))
        self._told[input_of(packet), reason] = first, count + 1


def _remember(known: list[Item], item: Item, most: int) -> None:
    """Puts an item first, once."""
    known[:] = [item, *(other for other in known if other != item)][:most]


def _leave(_walk: Walk, _heads: Heads) -> None:
    """Reads no further."""


def _frames(batch: FrameBatch, which: Column) -> Iterator[_Frame]:
    """Gives the protected data frames and those of handshakes that were captured whole, in the batch's order."""
    found: list[wifi.DataFrames] = []
    walk = Walk(batch, ProblemTally())  # what is wrong with a header is counted when the frame is decoded
    handlers: Mapping[Kind, Callable[[Walk, Heads], None]] = {
        **dict.fromkeys(Kind, _leave),
        Kind.RADIOTAP: wifi.radiotap,
        Kind.PRISM: wifi.prism,
        Kind.AVS: wifi.avs,
        Kind.PPI: link.ppi,
        Kind.PKTAP: link.pktap,
        Kind.WIFI: lambda walk, heads: found.append(wifi.data_frames(walk, heads, padded=False)),
        Kind.WIFI_PADDED: lambda walk, heads: found.append(wifi.data_frames(walk, heads, padded=True)),
    }
    link.by_link_type(walk, walk.frames(which), batch.link_type[which])
    walk.run(handlers)
    if not found:
        return
    row = np.concatenate([data.heads.row for data in found])
    begin = np.concatenate([data.heads.at for data in found])
    middle = begin + np.concatenate([data.plain_len for data in found])
    body = begin + np.concatenate([data.length for data in found])
    end = np.concatenate([data.heads.end for data in found])
    closed = np.concatenate([data.closed for data in found])
    shown = (walk.window(np.minimum(body, end), len(EAPOL)) == np.frombuffer(EAPOL, np.uint8)).all(axis=1)
    wanted = (closed | shown) & (batch.captured_len[row] >= batch.wire_len[row])
    picked = np.flatnonzero(wanted)
    picked = picked[np.argsort(row[picked], kind="stable")]
    octets = memoryview(batch.buffer)
    columns = (column[picked].tolist() for column in (row, begin, middle, body, end, closed))
    for r, b, m, p, e, c in zip(*columns, strict=True):
        yield _Frame(r, bytes(octets[b:m]), bytes(octets[p:e]), c)


def _unprotected(header: bytes) -> bytes:
    """Gives a MAC header without the bits for protection and (where it had one) HT control."""
    cleared = 0x3F if header[0] & 0x80 else 0xBF
    return bytes((header[0], header[1] & cleared)) + header[2:]


def _with(batch: FrameBatch, plain: dict[int, bytes]) -> FrameBatch:
    """Gives the batch with other bytes for some of its frames."""
    rows = np.fromiter(plain, np.int64, len(plain))
    lengths = np.array([len(frame) for frame in plain.values()], np.int64)
    added = np.frombuffer(b"".join((*plain.values(), bytes(PADDING))), np.uint8)
    frame_at, captured_len, link_type = (
        column.copy() for column in (batch.frame_at, batch.captured_len, batch.link_type)
    )
    frame_at[rows] = len(batch.buffer) + np.cumsum(lengths) - lengths
    captured_len[rows] = lengths
    link_type[rows] = WIFI
    buffer = np.concatenate((batch.buffer, added))
    return replace(batch, frame_at=frame_at, captured_len=captured_len, link_type=link_type, buffer=buffer)
