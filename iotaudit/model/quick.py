"""Frozen rows that are made by the ten thousand: the same classes, made and pickled faster."""

import copyreg
from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(kind: type[T]) -> type[T]:
    """Gives a frozen slotted dataclass an `__init__` that writes its slots directly.

    The generated one looks each field up by name to get past its own lock; a content of eleven fields took 0.9 us, and
    takes 0.5. Likewise a row is pickled as the call that makes it, and not field by field through its lock. Nothing else
    changes.

    Raises:
        TypeError: a field has a default factory or is no plain parameter, or the class has a `__post_init__`.
    """
    names: dict[str, Any] = {"kind": kind}
    parameters, body, values = [], [], []
    for row in fields(kind):  # type: ignore[arg-type]
        if row.default_factory is not MISSING or row.kw_only or not row.init or hasattr(kind, "__post_init__"):
            raise TypeError(kind.__name__, row.name)
        names[f"write_{row.name}"] = getattr(kind, row.name).__set__
        body.append(f"    write_{row.name}(self, {row.name})")
        values.append(f"row.{row.name},")
        if row.default is MISSING:
            parameters.append(row.name)
        else:
            names[f"default_{row.name}"] = row.default
            parameters.append(f"{row.name}=default_{row.name}")
    source = "\n".join((
        f"def __init__(self, {', '.join(parameters)}):",
        *body,
        f"def call(row): return kind, ({' '.join(values)})",
    ))
    exec(source, names)  # noqa: S102 - as `dataclasses` does; the text is made of the class's own field names
    kind.__init__ = names["__init__"]  # type: ignore[method-assign]
    copyreg.pickle(kind, names["call"])
    return kind
