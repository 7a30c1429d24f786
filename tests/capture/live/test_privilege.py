"""Rights: who a recorder becomes, what is missing, and what the user is told to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from iotaudit.capture.live import privilege
from iotaudit.capture.live.privilege import User

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give something up")
CODE = """
from iotaudit.capture.live import privilege
privilege.give_up(privilege.recording_user())
import os
print(os.getresuid(), os.getresgid(), os.getgroups(), privilege.has_privileges(), privilege.may_record())
try:
    os.setuid(0)
except PermissionError:
    print("for good")
"""


@pytest.mark.root
@needs_root
@pytest.mark.parametrize(("sudo", "uid"), [("12345", None), ("1", 1), ("", None), ("0", None)])
def test_what_is_given_up_is_given_up_for_good(sudo: str, uid: int | None) -> None:
    nobody = privilege.recording_user()
    assert nobody is not None
    wanted = (uid or nobody.uid, nobody.gid)
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=os.environ | {"SUDO_UID": sudo, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ids, end = done.stdout.splitlines()
    assert ids.startswith(f"({wanted[0]}, {wanted[0]}, {wanted[0]}) "), done.stderr
    assert ids.endswith("[] False False")
    assert end == "for good"


def test_who_is_not_root_becomes_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("SUDO_UID", "1")
    assert privilege.recording_user() is None
    assert privilege.invoking_user() is None


def test_root_by_itself_lets_nobody_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert privilege.invoking_user() is None
    user = privilege.recording_user()
    assert user is not None
    assert user.name == "nobody"


def test_a_missing_dumpcap_is_to_be_installed() -> None:
    assert "apt-get install wireshark-common" in privilege.how_to_grant(None)
    assert privilege.how_to_grant(None).startswith("recording needs CAP_NET_RAW")


def test_a_dumpcap_without_capabilities_gets_them_by_one_command(tmp_path: Path) -> None:
    path = tmp_path / "dumpcap"
    path.touch()
    told = privilege.how_to_grant(str(path))
    assert f"sudo setcap cap_net_raw,cap_net_admin=eip {path}" in told


def test_a_dumpcap_that_is_for_a_group_names_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dumpcap"
    path.touch()
    path.chmod(0o640)
    monkeypatch.setattr(os, "getxattr", lambda *_: b"x")
    monkeypatch.setattr(os, "access", lambda *_: False)
    group = path.group()
    assert f"sudo usermod -aG {group} " in privilege.how_to_grant(str(path))


def test_a_program_that_the_account_may_not_run_is_not_run_as_it(tmp_path: Path) -> None:
    path = tmp_path / "dumpcap"
    path.touch()
    path.chmod(0o700)
    assert privilege.as_user(User(65534, 65534, "nobody"), str(path)) == []
    assert privilege.as_user(None, str(path)) == []
