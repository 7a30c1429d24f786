"""Values of the model in the form that the document has: plain JSON values, times as RFC 3339 text."""

import datetime
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any

import orjson

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
SECOND_NS = 1_000_000_000
Row = dict[str, Any]


def stamp(time_ns: int | None) -> str | None:
    """Gives nanoseconds since the epoch as RFC 3339 UTC with nine digits; None for none (-1) or beyond year 9999."""
    if time_ns is None or time_ns == -1:
        return None
    second = _second(time_ns // SECOND_NS)
    return second and f"{second}.{time_ns % SECOND_NS:09d}Z"


@lru_cache(1 << 14)
def _second(seconds: int) -> str | None:
    """Gives date and time so long after the epoch, None before year 1000 and beyond year 9999."""
    try:
        moment = EPOCH + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}" if moment.year >= 1000 else None


def plain(value: Any) -> Any:  # noqa: ANN401 - any field of a row
    """Gives a value of the model as plain JSON values: enums as text, tuples as lists, dataclasses as objects."""
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    return value


def sound(document: Row) -> Row:
    """Gives the document without lone surrogates, which UTF-8 and thus JSON cannot hold; mostly as it is."""
    try:
        orjson.dumps(document)
    except TypeError:
        cleaned: Row = _clean(document)
        return cleaned
    return document


def _clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(v) for v in value]
    if isinstance(value, dict):
        return {_clean(k): _clean(v) for k, v in value.items()}
    return value
