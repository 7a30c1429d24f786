"""What the rhythm of closed conversations fits: inferred, in numbers, and with what would fit as well.

`PATTERNS` is the one list; docs/data-types/inferred.md has a row for each, and how often they are right.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from iotaudit.detect.rhythm import (
    command,
    download,
    heartbeat,
    map_upload,
    opaque_upload,
    snapshots,
    steady_uplink,
    voice,
)
from iotaudit.detect.rhythm.talk import CHANGE_LEN, PACKETS, Around, Beat, Fit, Line, Talk
from iotaudit.model.data_types import DataType
from iotaudit.model.exposures import Channel, Confidence, Exposure


class Pattern(Protocol):
    """One file per pattern: its id, the data type that it speaks for, what it fits in words, and what would fit as well."""

    @property
    def ID(self) -> str: ...  # noqa: N802 - a constant of the file
    @property
    def DATA_TYPE(self) -> str: ...  # noqa: N802
    @property
    def FITS(self) -> str: ...  # noqa: N802
    @property
    def ALTERNATIVES(self) -> tuple[str, ...]: ...  # noqa: N802
    @property
    def REASONING(self) -> str: ...  # noqa: N802

    def find(self, talk: Talk, /) -> Fit | None:
        """Gives what fits the pattern, None where nothing does."""


PATTERNS: tuple[Pattern, ...] = (
    command,
    download,
    heartbeat,
    map_upload,
    opaque_upload,
    snapshots,
    steady_uplink,
    voice,
)
"""Every pattern, by id; each is asked, and the order never decides a result."""


def infer(
    talks: Iterable[Talk], types: Mapping[str, DataType], known: Sequence[Exposure] = ()
) -> tuple[Exposure, ...]:
    """Gives the exposures that the rhythm of closed conversations fits; ids go on after those of `known`."""
    found: dict[tuple[str, str], list[tuple[Pattern, Fit]]] = defaultdict(list)
    for talk in talks:
        for pattern in PATTERNS:
            fit = pattern.find(talk) if pattern.DATA_TYPE in types else None
            if fit is not None:
                found[pattern.DATA_TYPE, talk.destination].append((pattern, fit))
    rows = [(key, *_surest(fits)) for key, fits in found.items()]
    rows.sort(key=lambda row: (row[0][0], row[2].packets[0], row[0][1]))
    groups = len({row.value_group for row in known})
    return tuple(
        _exposure(pattern, fit, types[key[0]], key[1], (len(known) + number, groups + number))
        for number, (key, pattern, fit) in enumerate(rows, 1)
    )


def _surest(fits: list[tuple[Pattern, Fit]]) -> tuple[Pattern, Fit]:
    """Gives the fits of several devices with one destination as one: the largest one's words, the sums of all."""
    pattern, best = max(fits, key=lambda row: (row[1].measured.sent + row[1].measured.received, -row[1].packets[0]))
    if len(fits) == 1:
        return pattern, best
    measured = [fit.measured for _, fit in fits]
    return pattern, Fit(
        f"{best.words}; of {len(fits)} devices the most",
        replace(
            best.measured,
            sent=sum(row.sent for row in measured),
            received=sum(row.received for row in measured),
            duration_s=sum(row.duration_s for row in measured),
            bursts=sum(row.bursts for row in measured),
            conversations=sum(row.conversations for row in measured),
        ),
        tuple(flow for _, fit in fits for flow in fit.flows),
        tuple(sorted(packet for _, fit in fits for packet in fit.packets)[:PACKETS]),
    )


def _exposure(
    pattern: Pattern, fit: Fit, about: DataType, destination: str, numbers: tuple[int, int]
) -> Exposure:
    others = ", ".join(pattern.ALTERNATIVES)
    return Exposure(
        id=f"exp{numbers[0]}",
        data_type=about.id,
        title=about.title,
        destination=destination,
        confidence=Confidence.INFERRED,
        channel=Channel.ENCRYPTED,
        where="rhythm",
        decoding=(),
        masked_sample=fit.words,
        count=fit.measured.bursts,
        packets=fit.packets,
        flows=tuple(sorted(fit.flows, key=lambda ident: (len(ident), ident))),
        value_group=f"v{numbers[1]}",
        sensitivity=about.sensitivity,
        gdpr_class=about.gdpr_class,
        reasoning=f"Not read: {fit.words}. This fits {pattern.FITS}; would also fit: {others}. {pattern.REASONING}",
        packet=fit.packets[0],
        measured=fit.measured,
        alternatives=pattern.ALTERNATIVES,
    )


__all__ = ["CHANGE_LEN", "PATTERNS", "Around", "Beat", "Fit", "Line", "Talk", "infer"]
