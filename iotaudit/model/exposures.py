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
class Exposure:
    """One data type to one destination over one channel. Equal values share `value_group`; `id` is unique.

    `where` is the path of the first sighting ("http.body"), `decoding` the steps to it, `packets` the first
    ids (bounded), `count` all sightings. `sensitivity` (0..4) and `gdpr_class` come from data-types.yaml.
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
