"""The one YAML door: text in, nodes with places out; every mistake has a line and a column.

YAML 1.2 with the core schema: `NO`, `yes` and `52:54:00` are text, `2026-11-24` is text. Keys are text and stand once.
Tags, several documents and merge keys are refused. Files are bounded in size, depth and nodes, aliases included, so
that a file of a few lines cannot grow without end. Messages never quote a value.

Source: YAML 1.2.2 (https://yaml.org/spec/1.2.2), chapter 10.2 for the core schema; scanner and parser are ruamel.yaml.
"""

from pathlib import Path

from iotaudit.codec.guard import Fault, guarded
from iotaudit.errors import InputError, PackError, Place
from iotaudit.packs import compiled
from iotaudit.packs.nodes import Mapping, Mistakes, Node, Scalar, Sequence, plain

MAX_LEN = 256 * 1024
"""Bytes of one file: the largest that people write here has some kilobytes."""


def load(path: Path) -> Node:
    """Gives the document of a file.

    Raises:
        InputError: the file cannot be read.
        PackError: it is no YAML as described above.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LEN + 1)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); check name and permissions"
        ) from None
    return compiled.find(data, str(path)) or parse(data, str(path))


def parse(data: bytes, name: str) -> Node:
    """Gives the document of a file's bytes; `name` stands in the places.

    Raises:
        PackError: the bytes are no YAML as described above.
    """
    if len(data) > MAX_LEN:
        raise PackError(((Place(name), f"larger than {MAX_LEN // 1024} KiB"),))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PackError(((Place(name, line), "not UTF-8"),)) from None
    from iotaudit.packs.yaml_reader import Reader  # heavy: shipped files are read without it

    reader = Reader(name)
    found = guarded("yaml", reader.read, text)
    if isinstance(found, Fault):
        raise PackError(((Place(name), f"cannot be read as YAML ({found.error})"),))
    reader.mistakes.raise_any()
    if found is None:
        raise PackError(((Place(name, 1, 1), "the file holds nothing"),))
    return found


__all__ = ["MAX_LEN", "Mapping", "Mistakes", "Node", "Scalar", "Sequence", "load", "parse", "plain"]
