"""`iotaudit data`: what the verdict rests on."""

from collections.abc import Callable
from typing import Any

from iotaudit.packs.knowledge import load_knowledge

Call = Callable[..., Any]


def test_every_piece_of_knowledge_is_listed_with_its_digest(iotaudit: Call, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = iotaudit("data", "status")
    assert (done.code, done.err) == (0, "")
    files = load_knowledge().files
    assert files
    for file in files:
        (line,) = [one for one in done.text.splitlines() if one.split()[:1] == [file.name]]
        assert file.date in line
        assert file.sha256[:16] in line


def test_updating_is_not_built_yet_and_not_in_the_help(iotaudit: Call) -> None:
    for options in ((), ("--from", "folder"), ("--help",)):
        done = iotaudit("data", "update", *options)
        assert "is not built yet" in done.line
        assert done.code == 2
    assert "update" not in iotaudit("data", "--help").text
