"""Exposures: which data types went where, how sure, through which encodings. No raw value."""

from dataclasses import dataclass
from enum import StrEnum


class Confidence(StrEnum):
    """proven: checksum, magic or match with a known value; detected: syntax and a telling key; inferred: shape."""

    PROVEN = "proven"
    DETECTED = "detected"
    INFERRED = "inferred"


class Channel(StrEnum):
    """How the content could be read."""

    PLAINTEXT = "plaintext"
    DECRYPTED = "decrypted"
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of closed traffic that an inference rests on: payload of the conversations as the device sees them.

    `pattern` is the id of what fits (docs/data-types/inferred.md), `fits` says it in words, `bursts` is how often it was
    seen, `duration_s` how long in all, `period_s` the usual time from one burst to the next where that is part of the pattern.
    """

    pattern: str
    fits: str
    sent: int
    received: int
    duration_s: float
    bursts: int
    period_s: float | None
    conversations: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """One data type to one destination over one channel. Equal values share `value_group`; `id` is unique.

    `where` is the path of the first sighting ("http.body"), `decoding` the steps to it, `packets` the first
    ids (bounded), `count` all sightings. `packet` is where that first sighting was told, `offset` where in the content
    named by `where` its text begins, or the encoded word that it was read from (bytes, from 0; None: it stands nowhere
    as such, under gzip, say). `sensitivity` (0..4) and `gdpr_class` come from data-types.yaml.

    Where nobody could look inside, `measured` has the figures that the type is inferred from, and `alternatives` what
    would fit them as well; else None and none.
    """

    id: str
    data_type: str
    title: str
    destination: str
    confidence: Confidence
    channel: Channel
    where: str
    decoding: tuple[str, ...]
    masked_sample: str
    count: int
    packets: tuple[int, ...]
    flows: tuple[str, ...]
    value_group: str
    sensitivity: int
    gdpr_class: str
    reasoning: str
    digest: str | None = None
    measured: Measured | None = None
    alternatives: tuple[str, ...] = ()
    packet: int | None = None
    offset: int | None = None
