"""Nothing raw in any output: secrets are planted wherever a protocol has room, and every byte that comes out is searched."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iotaudit.report import FORMATS
from tests.acceptance import planted
from tests.acceptance.planted import DEVICE_NAME, FOUND, KNOWN, SECRETS, leaks
from tests.acceptance.scenes import AS_OF, texts
from tests.cli.test_follow import PROC, eventually, read_len

CAPTURE, LOG, KNOWN_FILE = "all.pcapng", "all.har", "known.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives a folder with the recording, a proxy's log, the known values, and damaged forms of the recording."""
    made = tmp_path_factory.mktemp("secrets")
    whole = planted.everything()
    data = whole.pcapng()
    (made / CAPTURE).write_bytes(data)
    (made / LOG).write_bytes(planted.web_log())
    (made / KNOWN_FILE).write_text(planted.known_file(), encoding="utf-8")
    (made / "cut.pcapng").write_bytes(data[: len(data) * 2 // 3 + 1])
    (made / "damaged.pcap").write_bytes(damaged(whole.pcap()))
    (made / "none.bin").write_bytes(b"no capture " + " ".join(SECRETS).encode())
    return made


@pytest.fixture(scope="module")
def saved(folder: Path) -> tuple[Path, Path]:
    """Gives the saved audits of the recording with the known values and of the log."""
    for name, out in ((CAPTURE, "saved"), (LOG, "logged")):
        assert run(folder, *audit(name, "--out", out)).returncode == 0
    return folder / "saved/audit.json", folder / "logged/audit.json"


def damaged(data: bytes) -> bytes:
    """Gives a pcap whose frames are cut and flipped here and there, and one of whose records lies about its length."""
    spoilt = bytearray(data)
    for at in range(len(data) // 2, len(data), 4_999):
        spoilt[at] ^= 0x55
    return bytes(spoilt) + b"\xff" * 16 + " ".join(SECRETS).encode()


def audit(name: str, *options: str, known: bool = True) -> list[str]:
    """Gives the arguments of an audit."""
    given = ["--known", KNOWN_FILE] if known else []
    return ["audit", name, "--as-of", AS_OF, *given, *options]


def run(folder: Path, *arguments: str, stdin: bytes | None = None, debug: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Runs the command in the folder."""
    command = [sys.executable, "-m", "iotaudit", *arguments]
    environment = {"IOTAUDIT_DEBUG": "1", "PATH": "", "HOME": str(folder)} if debug else None
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, check=False, env=environment)


def outputs(done: subprocess.CompletedProcess[bytes], *paths: Path) -> Iterator[tuple[str, bytes]]:
    """Gives everything that a command wrote, with what it is."""
    yield "standard output", done.stdout
    yield "standard error", done.stderr
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                yield file.name, file.read_bytes()


def spoken(done: subprocess.CompletedProcess[bytes], *paths: Path) -> dict[str, list[str]]:
    """Gives the secrets in what a command wrote, by the place; there must be none."""
    return {name: found for name, data in outputs(done, *paths) if (found := leaks(data))}


def test_the_secrets_are_there_and_the_search_finds_them(folder: Path) -> None:
    data = (folder / CAPTURE).read_bytes()
    bare = {one.secret for one in planted.SPELLINGS if one.data.lower() in data.lower()}
    assert bare == set(SECRETS)
    for spelt in (b"37-b9-a1-c7-5e-02", b"id=S1g3US0yMjkxLVpXNTg=", "KX7Q-2291-ZW58".encode("utf-16-le"), b"Haus+Zwetschge+5G"):
        assert leaks(spelt)
    assert not leaks(b"KX\xe2\x80\xa2\xe2\x80\xa2-2291")


def test_most_secrets_are_met_so_that_there_was_something_to_mask(saved: tuple[Path, Path]) -> None:
    for path in saved:
        document = json.loads(path.read_bytes())
        assert {e["data_type"] for e in document["exposures"]} >= {
            "credential.password",
            "credential.token",
            "credential.wifi",
            "device.serial",
            "device.imei",
            "device.mac",
            "payment.account",
            "person.email",
            "person.name",
            "person.phone",
            "person.username",
        }
        assert sum("••" in text for text in texts(document["flows"])) >= 30


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--json", "-"], 0),
        (["--quiet", "--out", "quiet"], 0),
        (["--all-hosts", "--json", "hosts.json"], 0),
        (["--jobs", "2", "--out", "jobs"], 0),
        (["--device", "02:74:68:69:00:2c", "--json", "-", "--fail-on", "info"], 1),
        (["--profile", "cleaning-robot", "--out", "profile"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_an_audit_says_no_secret(folder: Path, options: list[str], code: int) -> None:
    done = run(folder, *audit(CAPTURE, *options))
    assert done.returncode == code, done.stderr
    assert spoken(done, *(folder / name for name in options if not name.startswith("-") and (folder / name).exists())) == {}


@pytest.mark.parametrize("name", [LOG, "cut.pcapng", "damaged.pcap"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_other_and_broken_inputs_say_none(folder: Path, name: str, known: bool) -> None:  # noqa: FBT001 - a case
    done = run(folder, *audit(name, "--json", "-", known=known))
    document = json.loads(done.stdout)
    assert done.returncode == (0 if name == LOG else 3)
    assert document["exposures"]
    told = leaks(json.dumps({**document, "devices": []}, ensure_ascii=False).encode()) + leaks(done.stderr)
    untold = () if known else (*KNOWN.values(), *planted.POSITION)
    assert [one for one in told if not one.startswith(untold or "\0")] == []


def test_without_known_values_what_detectors_tell_is_masked(folder: Path) -> None:
    done = run(folder, *audit(CAPTURE, "--json", "-", known=False))
    told = leaks(done.stdout) + leaks(done.stderr)
    assert [one for one in told if one.startswith(tuple(FOUND.values()))] == []


@pytest.mark.parametrize("format_id", FORMATS)
def test_no_format_says_one(saved: tuple[Path, Path], folder: Path, format_id: str) -> None:
    for path in saved:
        done = run(folder, "report", str(path), "--format", format_id, "-o", f"report.{format_id}")
        assert done.returncode == 0
        assert spoken(done, folder / f"report.{format_id}") == {}
        assert spoken(run(folder, "report", str(path), "--format", format_id)) == {}


def test_neither_explaining_nor_comparing_says_one(saved: tuple[Path, Path], folder: Path) -> None:
    document = json.loads(saved[0].read_bytes())
    for row in document["destinations"][:3] + document["destinations"][-3:]:
        done = run(folder, "explain", row["id"], str(saved[0]))
        assert done.returncode == 0
        assert done.stdout
        assert spoken(done) == {}
        assert spoken(run(folder, "explain", row["id"], str(saved[0]), "--html", "tree.html"), folder / "tree.html") == {}
    both = [str(path) for path in saved]
    assert spoken(run(folder, "compare", *both)) == {}
    assert spoken(run(folder, "compare", *both, "--json", "-")) == {}


def test_following_a_file_says_none(folder: Path) -> None:
    if not PROC.joinpath("self", "fdinfo").is_dir():
        pytest.skip("how far another process has read a file is told by /proc alone")
    path = folder / CAPTURE
    command = [sys.executable, "-m", "iotaudit", *audit(CAPTURE, "--follow", "--json", "-")]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        eventually(lambda: read_len(process.pid, path) == path.stat().st_size)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert json.loads(out)["exposures"]
    assert (leaks(out), leaks(err)) == ([], [])


def test_errors_quote_nothing(folder: Path) -> None:
    """Of files with mistakes, neither lines nor values are quoted; the name of a file is."""
    bad = folder / "bad.yaml"
    bad.write_text(f"serial: {{a: {KNOWN['serial']}}}\nemail: [[{FOUND['email']}]]\ngps: [{FOUND['iban']}, 2]\n", encoding="utf-8")
    torn = folder / "torn.yaml"
    torn.write_text(f"serial: [{KNOWN['serial']}\npassword: '{FOUND['user']}\n", encoding="utf-8")
    keys = folder / "wifi.txt"
    keys.write_text(f"{FOUND['psk']}\n{FOUND['user']}:x\n", encoding="utf-8")
    log = folder / "keys.log"
    log.write_text(f"CLIENT_RANDOM {FOUND['user']} {FOUND['psk']}\n", encoding="utf-8")
    for options, code in (
        (["none.bin"], 3),
        ([CAPTURE, "--known", bad.name], 2),
        ([CAPTURE, "--known", torn.name], 2),
        ([CAPTURE, "--known", "none.bin"], 2),
        ([CAPTURE, "--wifi-key", keys.name], 2),
        ([CAPTURE, "--keylog", log.name, "--known", KNOWN_FILE], 2),
        ([CAPTURE, "--known", KNOWN_FILE, "--device", "192.168.7.99"], 2),
    ):
        for debug in (False, True):
            done = run(folder, "audit", *options, debug=debug)
            assert done.returncode == code, (options, done.stderr)
            assert spoken(done) == {}, options
    done = run(folder, "report", "none.bin", "--format", "html")
    assert done.returncode == 3
    assert spoken(done) == {}
    named = run(folder, "audit", f"{KNOWN['serial']}.pcap")
    assert named.returncode == 3
    assert KNOWN["serial"].encode() in named.stderr, "the user's own file name is told as it is"


def test_what_a_device_calls_itself_stands_in_its_own_row_alone(saved: tuple[Path, Path]) -> None:
    document = json.loads(saved[0].read_bytes())

    def told(part: Any) -> bool:
        return DEVICE_NAME.lower() in json.dumps(part, ensure_ascii=False).lower()

    assert told(document.pop("devices"))
    assert not told(document)
