"""What the contract names and is not built yet: one line, exit code 2, and no word of it in the help."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iotaudit.cli.later import COMMANDS, refuse
from iotaudit.errors import UsageError

Call = Callable[..., Any]
OPTIONS = {
    "--waivers": "FILE",
    "--baseline": "FILE",
    "--digest-key": "FILE",
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("rest", [(), ("a", "b"), ("--option", "x"), ("--help",)])
def test_a_command_of_a_later_release_says_so(iotaudit: Call, name: str, rest: tuple[str, ...]) -> None:
    done = iotaudit(name, *rest)
    assert done.line == f"iotaudit: 'iotaudit {name}' is not built yet"
    assert done.code == 2


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_an_option_of_a_later_release_says_so_before_any_work(
    iotaudit: Call, leaving: Path, tmp_path: Path, option: str
) -> None:
    done = iotaudit("audit", leaving, "--out", tmp_path / "out", option, OPTIONS[option])
    assert done.line == f"iotaudit: {option} is not built yet"
    assert done.code == 2
    assert not (tmp_path / "out").exists()


def test_the_help_names_nothing_that_is_not_built(iotaudit: Call) -> None:
    commands, options = iotaudit("--help").text, iotaudit("audit", "--help").text
    assert "audit" in commands
    assert "--fail-on" in options
    for name in COMMANDS:
        assert f"  {name} " not in commands
    for option in OPTIONS:
        assert option not in options


def test_what_was_not_given_is_not_refused() -> None:
    refuse(all_hosts=False, waivers=None, rules=[], names=())
    with pytest.raises(UsageError, match="--digest-key is not built yet"):
        refuse(all_hosts=False, digest_key="file")
