"""The shipped captures and the audits that are expected of them, compared whole but for `run`."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from iotaudit import pipeline, report

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "captures"
SCHEMA = json.loads((ROOT / "docs/schema/audit.schema.json").read_text("utf-8"))
AS_OF = "2026-11-24"
PROFILES: dict[str, str | None] = {
    "robot-eu-cloud.pcapng": "cleaning-robot",
    "robot-eu-name.pcapng": "cleaning-robot",
    "camera-clear.pcap": None,
}


def audited(name: str) -> dict[str, Any]:
    """Gives the document as it is written, without the key that may differ."""
    result = pipeline.audit(CAPTURES / name, profile=PROFILES[name], as_of=AS_OF)
    text = report.render(report.document(result), "json")
    document: dict[str, Any] = orjson.loads(text)
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    # the list of public suffixes is as new as the installed package that brings it
    document["tool"]["knowledge"] = [k for k in document["tool"]["knowledge"] if k["name"] != "public-suffix-list"]
    return {key: value for key, value in document.items() if key != "run"}


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_audit_is_the_expected_one(name: str, request: pytest.FixtureRequest) -> None:
    file = CAPTURES / (Path(name).stem + ".audit.json")
    got = audited(name)
    if request.config.getoption("--golden-update"):
        file.write_bytes(orjson.dumps(got, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    assert got == json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "leaves", "reached"),
    [
        ("robot-eu-cloud.pcapng", "no", "undetermined"),
        ("robot-eu-name.pcapng", "yes", "yes"),
        ("camera-clear.pcap", "yes", "yes"),
    ],
)
def test_answer_is_the_one_that_the_capture_was_made_for(name: str, leaves: str, reached: str) -> None:
    verdict = audited(name)["verdict"]
    assert (verdict["data_leaves_eu"], verdict["third_country_access"]) == (leaves, reached)


def test_every_shipped_capture_has_an_expected_audit() -> None:
    assert {p.name for p in CAPTURES.glob("*.pcap*")} == set(PROFILES)


def test_the_script_gives_the_shipped_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CAPTURES))
    import make  # type: ignore[import-not-found]

    for name, build in make.CAPTURES.items():
        assert build() == (CAPTURES / name).read_bytes(), name
