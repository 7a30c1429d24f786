"""The id is the file is the test is the docs page, for everything that a registry lists."""

import inspect
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from iotaudit.capture import READERS
from iotaudit.codec import CODECS
from iotaudit.detect import DETECTORS
from iotaudit.dissect import DISSECTORS
from iotaudit.locate import SOURCES
from iotaudit.report import FORMATS

ROOT = Path(__file__).resolve().parents[2]


def _rows() -> list[tuple[str, str, ModuleType]]:
    listed: list[tuple[str, str, ModuleType]] = []
    for room, docs, modules in (
        ("capture", "formats", READERS),
        ("dissect", "protocols", DISSECTORS),
        ("detect", "data-types", DETECTORS),
        ("locate", "sources", SOURCES),
    ):
        listed += [(room, docs, module) for module in modules]  # type: ignore[misc]
    listed += [("report", "formats", import_module(dotted)) for dotted in FORMATS.values()]
    return listed


ROWS = _rows()
NAMES = [f"{room}/{module.__name__.rpartition('.')[2]}" for room, _, module in ROWS]


def _id(room: str, module: ModuleType) -> str:
    if room == "report":
        return next(key for key, dotted in FORMATS.items() if dotted == module.__name__)
    return str(module.ID)


@pytest.mark.parametrize(("room", "docs", "module"), ROWS, ids=NAMES)
def test_id_is_file_is_test_is_page(room: str, docs: str, module: ModuleType) -> None:
    name = module.__name__.rpartition(".")[2]
    assert re.sub(r"[-.]", "_", _id(room, module)) == name
    assert (ROOT / f"tests/{room}/test_{name}.py").is_file()
    pages = {_id(room, module), _id(room, module).replace("_", "-")}
    assert any((ROOT / f"docs/{docs}/{page}.md").is_file() for page in pages)


@pytest.mark.parametrize(("room", "docs", "module"), ROWS, ids=NAMES)
def test_module_says_where_its_knowledge_is_from(room: str, docs: str, module: ModuleType) -> None:
    text = inspect.getsource(module)
    if room in ("locate", "report"):  # their sources stand on the docs page, with date and licence
        text += (ROOT / f"docs/{docs}/{_id(room, module)}.md").read_text("utf-8")
    wanted = r"reasoning|Source:" if room == "detect" else r"Source:|[Ll]icence|https?://|docs/"
    assert re.search(wanted, text, re.IGNORECASE)


def test_no_two_of_a_registry_share_an_id() -> None:
    for modules in (READERS, DISSECTORS, DETECTORS, SOURCES, CODECS):
        ids = [m.ID for m in modules]
        assert len(ids) == len(set(ids))


def test_every_codec_has_a_test_and_a_row_in_the_docs() -> None:
    page = (ROOT / "docs/data-types/decoding.md").read_text("utf-8")
    for codec in CODECS:
        assert f"`{codec.ID}`" in page
        assert (ROOT / f"tests/codec/test_{codec.ID}.py").is_file()
