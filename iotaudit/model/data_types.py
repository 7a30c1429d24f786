"""The vocabulary of data types (`packs/data/data-types.yaml`) and the values that a lab knows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataType:
    """One row of the vocabulary; `sensitivity` 0 (harmless) to 4 (severe)."""

    id: str
    title: str
    gdpr_class: str
    sensitivity: int
    why: str


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value that is known to belong to the device or its tester. `origin`: file, or how the capture shows it.

    Values of origin other than "file" only classify payload, they mask nothing (decision 1).
    """

    data_type: str
    label: str
    value: str
    origin: str
