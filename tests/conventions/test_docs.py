"""The documentation agrees with the tree: links, paths, commands and options exist, figures say how they were made."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from iotaudit.cli import app
from iotaudit.packs.known import LABELS, load_known

Command = TyperCommand | TyperGroup

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted((ROOT / "iotaudit").rglob("*.py"))
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"https?:|mailto:")
CALL = re.compile(r"(?:^|[|;`]\s*|run: |- )iotaudit ([a-z]+)([^|;`#\n]*)", re.MULTILINE)
NAMED = re.compile(r"\bdocs/[\w./-]*\w/?")
FIGURE = re.compile(r"\b[MG]B/s|\bns a (?:frame|packet)\b|\bns/packet\b|\bMeasured\b|\btook \d|\bour\s+comparison\b")
COMMAND = re.compile(r"\b(?:python|pytest|make) [\w./-]+")
FOREIGN = re.compile(
    r"(?<![\w.])/(?:work|root|home)/[\w.]|[/.@](?:pypi|pythonhosted|npmjs)\.(?:org|com)\b|--(?:extra-)?index-url"
)
"""Paths of one machine, and hosts of package indexes."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _commands() -> dict[str, Command]:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return dict(root.commands)  # type: ignore[arg-type]


def _options(command: Command) -> set[str]:
    found = {text for row in command.params if not getattr(row, "hidden", False) for text in row.opts}
    if isinstance(command, TyperGroup):
        for part in command.commands.values():
            found |= _options(part)  # type: ignore[arg-type]
    return found


def _calls() -> Iterator[tuple[str, str, str]]:
    for page in PAGES:
        text = page.read_text("utf-8")
        inline = re.findall(r"`(iotaudit [^`\n]+)`", FENCE.sub("", text))
        for part in (*FENCE.findall(text), *inline):
            for name, rest in CALL.findall(part):
                yield _name(page), name, rest


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    links = [link for link in LINK.findall(text) if not ELSEWHERE.match(link)]
    dead = [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
    assert dead == []


def test_the_index_leads_to_every_page_and_folder() -> None:
    folder = ROOT / "docs"
    links = {link.rstrip("/") for link in LINK.findall((folder / "README.md").read_text("utf-8"))}
    wanted = {path.name for path in folder.iterdir() if path.name != "README.md"}
    led = {link.partition("/")[0] for link in links}
    assert wanted - led == set()


def test_every_page_that_code_names_exists() -> None:
    named = {
        (_name(path), found)
        for path in SOURCES
        for found in NAMED.findall(path.read_text("utf-8"))
    }
    assert len(named) > 20
    assert [row for row in sorted(named) if not (ROOT / row[1]).exists()] == []


def test_every_command_of_the_help_has_a_row_in_the_readme() -> None:
    rows = re.findall(r"^\| (.+?) (?<!\\)\|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([a-z]+)", row)}
    shown = {name for name, command in _commands().items() if not command.hidden}
    assert shown
    assert shown - told == set()
    assert told & set(_commands()) - shown == set(), "the README names commands that are not built"


def test_every_call_that_a_page_shows_can_be_made() -> None:
    calls = list(_calls())
    assert len(calls) > 20
    for page, name, rest in calls:
        command = _commands().get(name)
        assert command is not None, (page, name)
        assert not command.hidden, (page, name)
        for option in re.findall(r"(?<!\S)--?[a-z][\w-]*", rest):
            assert option in _options(command), (page, name, option)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_with_measured_figures_names_a_command(page: Path) -> None:
    text = page.read_text("utf-8")
    if FIGURE.search(text):
        assert COMMAND.search(text)


def test_a_figure_is_found_where_there_is_one() -> None:
    assert [_name(page) for page in PAGES if FIGURE.search(page.read_text("utf-8"))]


def test_no_tracked_file_names_a_machine_or_an_index() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and a checkout, to know which files belong to the project")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in listed.split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path == Path(__file__).resolve():
            continue
        data = path.read_bytes()
        if b"\0" not in data[:4096]:
            found += [(name, hit.group()) for hit in FOREIGN.finditer(data.decode("utf-8", "replace"))]
    assert found == []


def test_the_example_of_known_values_loads_and_has_every_label() -> None:
    labels = {label for label, _, _ in load_known(str(ROOT / "docs/known-values.yaml"))}
    assert labels == {*LABELS, "gps", "other", "salt"}
