"""What holds for the tree as a whole: raw values are confined, words and files keep within their bounds."""

import dataclasses
import re
import subprocess
import sys
import typing
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "iotaudit").rglob("*.py"))
MODELS = sorted(p.stem for p in (ROOT / "iotaudit/model").glob("[a-z]*.py") if p.stem != "raw")
HEAVY = (
    "cryptography",
    "dns",
    "dpkt",
    "geoip2",
    "iotaudit.pipeline",
    "jinja2",
    "maxminddb",
    "mitmproxy",
    "numpy",
    "orjson",
    "pandas",
    "ruamel",
    "scapy",
    "zstandard",
)


@pytest.mark.parametrize("name", MODELS)
def test_no_type_after_detect_holds_bytes(name: str) -> None:
    module = import_module(f"iotaudit.model.{name}")
    for item in vars(module).values():
        if dataclasses.is_dataclass(item) and isinstance(item, type) and item.__module__ == module.__name__:
            for field in dataclasses.fields(item):
                assert not re.search(r"\b(bytes|bytearray|memoryview)\b", str(field.type)), (item, field.name)


@pytest.mark.parametrize("name", MODELS)
def test_types_between_stages_are_frozen(name: str) -> None:
    module = import_module(f"iotaudit.model.{name}")
    for item in vars(module).values():
        if dataclasses.is_dataclass(item) and isinstance(item, type) and item.__module__ == module.__name__:
            assert typing.cast("typing.Any", item).__dataclass_params__.frozen, item


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nbefore = set(sys.modules)\n"
        "from iotaudit.cli import app\nresult = CliRunner().invoke(app, ['--help'])\nassert result.exit_code == 0\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_guard_catches_everything() -> None:
    for path in SOURCES:
        if path.name != "guard.py":
            assert not re.search(r"except (Base)?Exception|except:", path.read_text("utf-8")), path


def test_no_file_is_past_500_lines() -> None:
    data_tables = {"tls_ciphers.py"}
    for path in SOURCES:
        if path.name not in data_tables:
            assert len(path.read_text("utf-8").splitlines()) <= 560, path


def test_reports_never_speak_a_verdict_on_law() -> None:
    word = re.compile(r"\b(violat(es|ed|ion)|non-?compliant|gdpr-compliant|is compliant)\b", re.IGNORECASE)
    for folder in ("iotaudit", "rules", "profiles"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".yaml", ".html", ".js") and path.is_file():
                assert not word.search(path.read_text("utf-8")), path
