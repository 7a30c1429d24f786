"""Key logs are loaded whole; what is none is refused, and nothing of a file is ever shown."""

from pathlib import Path

import pytest

from iotaudit.errors import InputError, UsageError
from iotaudit.packs import keylog
from iotaudit.packs.keylog import load_keylog

LINE = b"CLIENT_RANDOM " + b"0a" * 32 + b" " + b"5b" * 48 + b"\n"


def test_pass_a_key_log_gives_the_sessions_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "lab.keys"
    path.write_bytes(b"# a comment\n" + LINE + b"no line\n")
    found = load_keylog(str(path))
    assert (found.name, found.randoms, found.refused) == ("lab.keys", frozenset({b"\x0a" * 32}), 1)
    assert "5b" not in repr(found)


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"CLIENT_RANDOM 0a 5b\n", b"\xd4\xc3\xb2\xa1" * 99])
def test_fail_a_file_without_a_secret_is_no_key_log(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "lab.keys"
    path.write_bytes(text)
    with pytest.raises(UsageError, match="no line is one of a key log"):
        load_keylog(str(path))


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keylog, "MAX_LEN", 100)
    path = tmp_path / "lab.keys"
    path.write_bytes(LINE)
    with pytest.raises(UsageError, match="larger than"):
        load_keylog(str(path))


def test_a_file_that_cannot_be_read_is_the_machine_s_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_keylog(str(tmp_path))
