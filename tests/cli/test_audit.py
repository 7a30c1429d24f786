"""`iotaudit audit`: exit codes, where output goes, one line for each failure."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/schema/audit.schema.json").read_text("utf-8"))
Call = Callable[..., Any]


def script(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Runs `python -m iotaudit` in a process of its own."""
    command = [sys.executable, "-m", "iotaudit", *(str(a) for a in arguments)]
    given: dict[str, Any] = {"capture_output": True, "timeout": 60, "cwd": ROOT, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, check=False, **given | options)


def test_an_audit_is_told_and_exit_code_is_0(iotaudit: Call, leaving: Path) -> None:
    done = iotaudit("audit", leaving)
    assert done.code == 0
    assert done.err == ""
    assert "Data leaves the EU:        YES" in done.text
    assert "eu-cloud.dustwhale.example" in done.text


@pytest.mark.parametrize(
    ("severity", "code"), [("none", 0), ("critical", 0), ("high", 1), ("medium", 1), ("info", 1)]
)
def test_a_finding_at_or_above_the_severity_is_exit_code_1(
    iotaudit: Call, leaving: Path, severity: str, code: int
) -> None:
    assert iotaudit("audit", leaving, "--fail-on", severity, "-q").code == code


def test_an_undetermined_answer_is_exit_code_1_only_where_asked_for(
    iotaudit: Call, staying: Path, leaving: Path
) -> None:
    assert iotaudit("audit", staying, "-q").code == 0
    assert iotaudit("audit", staying, "-q", "--fail-on-undetermined").code == 1
    assert iotaudit("audit", leaving, "-q", "--fail-on-undetermined").code == 0


def test_what_could_be_read_of_a_cut_input_is_told_and_exit_code_is_3(iotaudit: Call, cut: Path) -> None:
    done = iotaudit("audit", cut, "--json", "-")
    assert done.code == 3
    assert done.err.splitlines() == [
        "iotaudit: cut.pcapng was not read whole (truncated file); see inputs[].problems"
    ]
    document = json.loads(done.out)
    assert document["inputs"][0]["packets"] > 50
    assert [p["kind"] for p in document["inputs"][0]["problems"]] == ["truncated_file"]
    assert document["verdict"]["data_leaves_eu"] == "yes"


def test_packets_of_an_interface_that_is_not_described_are_a_part_that_was_not_read(
    iotaudit: Call, leaving: Path, tmp_path: Path
) -> None:
    data = bytearray(leaving.read_bytes())
    at = 0
    while data[at : at + 4] != b"\x06\0\0\0":  # the first enhanced packet block
        at += int.from_bytes(data[at + 4 : at + 8], "little")
    data[at + 8] = 7
    file = tmp_path / "seven.pcapng"
    file.write_bytes(data)
    done = iotaudit("audit", file, "--quiet")
    assert "unknown interface" in done.line
    assert done.code == 3


def test_a_finding_wins_over_a_cut_input(iotaudit: Call, cut: Path) -> None:
    assert iotaudit("audit", cut, "-q", "--fail-on", "high").code == 1
    assert iotaudit("audit", cut, "-q", "--fail-on", "critical").code == 3


def test_no_findings_of_a_text_file_are_exit_code_3_not_a_pass(iotaudit: Call, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no capture at all\n")
    done = iotaudit("audit", file, "--json", "-", "--fail-on", "info")
    document = json.loads(done.out)
    if document["findings"]:
        assert done.code == 1
    assert iotaudit("audit", file, "-q").code == 3
    assert document["verdict"]["data_leaves_eu"] == "undetermined"


def test_the_json_on_standard_output_is_alone(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    done = iotaudit("audit", leaving, "--json", "-", "--out", tmp_path / "out")
    assert done.code == 0
    document = json.loads(done.out)
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert done.err.splitlines() == [f"report: {tmp_path / 'out/report.html'}"]
    assert (tmp_path / "out/audit.json").read_bytes() == done.out


def test_a_folder_takes_audit_and_report(iotaudit: Call, leaving: Path, tmp_path: Path) -> None:
    out = tmp_path / "new/folder"
    done = iotaudit("audit", leaving, "--out", out, "--quiet")
    assert (done.code, done.out, done.err) == (0, b"", "")
    assert sorted(p.name for p in out.iterdir()) == ["audit.json", "report.html"]
    assert (out / "report.html").read_text("utf-8").startswith("<!")


def test_a_json_file_may_stand_in_the_folder_that_is_made(
    iotaudit: Call, leaving: Path, tmp_path: Path
) -> None:
    out = tmp_path / "made"
    assert iotaudit("audit", leaving, "--out", out, "--json", out / "more.json", "-q").code == 0
    assert (out / "more.json").read_bytes() == (out / "audit.json").read_bytes()


def test_quiet_says_nothing_but_errors(iotaudit: Call, cut: Path, leaving: Path) -> None:
    assert iotaudit("audit", leaving, "--quiet").out == b""
    done = iotaudit("audit", cut, "--quiet")
    assert (done.code, done.out) == (3, b"")
    assert "was not read whole" in done.line


def test_standard_input_is_read(iotaudit: Call, leaving: Path) -> None:
    done = iotaudit("audit", "-", "--json", "-", stdin=leaving.read_bytes())
    assert done.code == 0
    assert json.loads(done.out)["inputs"][0]["name"] == "stdin"


def test_settings_hold_what_was_asked(iotaudit: Call, leaving: Path) -> None:
    options = "--profile cleaning-robot --rules gdpr-transfers --device 192.168.7.21 --all-hosts"
    options += " --inside 10.9.0.0/16"
    done = iotaudit(
        "audit", leaving, "--json", "-", *options.split(), "--as-of", "2026-01-02", "--fail-on", "low"
    )
    settings = json.loads(done.out)["settings"]
    assert done.code == 1
    assert settings["profile"] == "cleaning-robot"
    assert settings["rules"] == ["gdpr-transfers"]
    assert (settings["device"], settings["inside"], settings["all_hosts"]) == (
        "192.168.7.21",
        ["10.9.0.0/16"],
        True,
    )
    assert (settings["as_of"], settings["fail_on"]) == ("2026-01-02", "low")


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """Gives a folder of files that cannot be taken."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "noise.mmdb").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "known.yaml").write_text("seral: LAB-0001\n")
    (tmp_path / "latin.yaml").write_bytes(b"serial: \xe9\n")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--device", "02:00:00:00:00:99"), 2, "seen inside: 02:64:75:73:02:21 (192.168.7.21), 192.168.7.1"),
        (("--device", "robot"), 2, "takes a MAC or an IP address"),
        (("--profile", "cleaning-robt"), 2, "did you mean cleaning-robot?"),
        (("--profile", "{}/nowhere.yaml"), 2, "no profile or file"),
        (("--rules", "gdpr-transfer"), 2, "did you mean gdpr-transfers?"),
        (("--inside", "300.0.0.0/8"), 2, "--inside takes a network"),
        (("--as-of", "soon"), 2, "--as-of takes a date"),
        (
            ("--known", "{}/known.yaml"),
            2,
            "known.yaml:1:1: the file has no key of this name; did you mean serial?",
        ),
        (("--known", "{}/latin.yaml"), 2, "not UTF-8"),
        (("--known", "{}/nowhere.yaml"), 3, "cannot be read"),
        (("--geoip", "{}/noise.mmdb"), 3, "is not an MMDB file"),
        (("--geoip", "{}/nowhere.mmdb"), 3, "no such file"),
        (("--geoip", "{}/folder"), 3, "is a folder"),
        (("--out", "{}/file"), 2, "is a file; name a folder"),
        (("--out", "{}/file/under"), 3, "Not a directory"),
        (("--json", "{}/folder"), 2, "is a folder; name a file"),
        (("--json", "{}/nowhere/audit.json"), 2, "there is no folder"),
    ],
)
def test_a_wrong_option_is_one_line(
    iotaudit: Call, leaving: Path, wrong: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    done = iotaudit("audit", leaving, *(o.format(wrong) for o in options))
    assert words in done.line
    assert done.code == code


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere.pcap", "no such file"), ("folder", "is a folder but no recording")]
)
def test_an_input_that_is_none_is_one_line_and_exit_code_3(
    iotaudit: Call, wrong: Path, name: str, words: str
) -> None:
    done = iotaudit("audit", wrong / name)
    assert words in done.line
    assert done.code == 3


def test_an_input_that_cannot_be_opened_leaves_the_others_reported(
    iotaudit: Call, leaving: Path, wrong: Path
) -> None:
    done = iotaudit("audit", leaving, wrong / "nowhere.pcap")
    assert done.code == 3
    assert "YES" in done.text
    assert done.err.splitlines() == ["iotaudit: nowhere.pcap was not read whole (not opened); see inputs[].problems"]


def test_an_empty_file_is_told_and_exit_code_is_3(iotaudit: Call, wrong: Path) -> None:
    done = iotaudit("audit", wrong / "file")
    assert done.code == 3
    assert "UNDETERMINED" in done.text
    assert done.err.splitlines() == ["iotaudit: file was not read whole (empty file); see inputs[].problems"]


def test_every_mistake_of_a_rule_file_is_a_line_with_its_place(
    iotaudit: Call, leaving: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("id: mine\nseverty: high\nscope: everything\n")
    done = iotaudit("audit", leaving, "--rules", file)
    lines = done.err.splitlines()
    assert (done.code, done.out) == (2, b"")
    assert len(lines) > 3
    assert all(line.startswith(f"iotaudit: {file}:") for line in lines)
    assert any(f"{file}:2:1: " in line and "did you mean severity?" in line for line in lines)
    assert any(f"{file}:3:" in line for line in lines)


def test_a_name_with_an_escape_is_told_without_it(iotaudit: Call) -> None:
    done = iotaudit("audit", "a\x1b[31mb\nc")
    assert "a\\u{1b}[31mb\\u{a}c: no such file" in done.line


def test_a_missing_argument_is_exit_code_2(iotaudit: Call) -> None:
    done = iotaudit("audit")
    assert (done.code, done.out) == (2, b"")
    assert "CAPTURE" in done.err


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_a_pipe_gets_no_escape_sequence(leaving: Path, plain: dict[str, str]) -> None:
    done = script("audit", leaving, env=os.environ | plain)
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout + done.stderr


def test_no_color_is_honoured_even_where_colour_is_forced(leaving: Path) -> None:
    coloured = script(
        "audit", leaving, env={k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"FORCE_COLOR": "1"}
    )
    assert b"\x1b[" in coloured.stdout
    plain = script("audit", leaving, env=os.environ | {"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert b"\x1b[3" not in plain.stdout.replace(b"\x1b[3m", b"")


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--fail-on", "high"), 1), (("--json", "-"), 0)])
def test_a_reader_that_leaves_does_not_change_the_exit_code(
    leaving: Path, options: tuple[str, ...], code: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = script("audit", leaving, *options, capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (code, b"")


def test_an_audit_of_python_is_that_of_the_command(leaving: Path, iotaudit: Call) -> None:
    import iotaudit as package
    from iotaudit import report

    document = report.document(package.audit(leaving, as_of="2026-11-24"))
    told = json.loads(iotaudit("audit", leaving, "--as-of", "2026-11-24", "--json", "-").out)
    assert {k: v for k, v in json.loads(report.render(document, "json")).items() if k != "run"} == {
        k: v for k, v in told.items() if k != "run"
    }
