"""The condition of a rule as a tree: tests of facts, joined by all, any, not. Made in `packs`, evaluated in `judge`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Operand: TypeAlias = str | int | float | bool


class Operator(StrEnum):
    """How a fact is tested; docs/rules/vocabulary.md says what each means."""

    IS = "is"
    IN = "in"
    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"
    MATCHES = "matches"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Test:
    """One fact against operands: true where any of them fits."""

    __test__ = False

    fact: str
    operator: Operator
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class All:
    """True where every part is."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    """True where one part is."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """True where the part is false; what is unknown stays unknown."""

    part: "Condition"


Condition: TypeAlias = Test | All | Any | Not
