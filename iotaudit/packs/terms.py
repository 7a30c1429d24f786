"""Words that YAML files may use because other shipped files define them: data types, packs, rules."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson

from iotaudit.errors import SetupError
from iotaudit.model.data_types import DataType
from iotaudit.packs.shipped import shipped

TABLES = Path(__file__).resolve().parent / "data" / "tables.json"


@cache
def data_types() -> dict[str, DataType]:
    """Gives the vocabulary of data types by id.

    Raises:
        SetupError: the installation's own table is missing or damaged.
    """
    rows = _tables()["data-types"]["types"]
    return {
        r["id"]: DataType(r["id"], r["title"], r["gdpr_class"], r["sensitivity"], r["why"])
        for r in rows
    }


@cache
def countries() -> dict[str, str]:
    """Gives the names of countries by ISO 3166-1 alpha-2 code.

    Raises:
        SetupError: the installation's own table is missing or damaged.
    """
    names: dict[str, str] = _tables()["countries"]
    return names


def _tables() -> Any:  # noqa: ANN401 - the file's own form
    try:
        return orjson.loads(TABLES.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise SetupError(
            f"the embedded knowledge file {TABLES.name} is missing or damaged; install iotaudit again"
        ) from None


def shipped_packs() -> tuple[str, ...]:
    """Gives the names of the packs that ship with the project, sorted."""
    return tuple(sorted(f.parent.name for f in shipped("rules").glob("*/pack.yaml")))


def shipped_rules() -> tuple[str, ...]:
    """Gives the ids of all rules that ship with the project, sorted."""
    return tuple(sorted(f.stem for f in shipped("rules").glob("*/*.yaml") if f.stem != "pack"))


def shipped_profiles() -> tuple[str, ...]:
    """Gives the names of the profiles that ship with the project, sorted."""
    return tuple(sorted(f.stem for f in shipped("profiles").glob("*.yaml")))
