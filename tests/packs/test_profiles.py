"""Profiles: the shipped ones, what `extends` does, and mistakes with places."""

from pathlib import Path

import pytest

from iotaudit.errors import PackError, UsageError
from iotaudit.model.findings import Severity
from iotaudit.packs.profiles import as_row, list_profiles, load_profile

BELOW = """\
id: below
title: Below
device_kind: any
packs: [foreign-access]
severity: {fa-001: high, fa-004: info}
coverage: {min_duration_s: 60, steps: [idle]}
payload_threshold: 10
"""


def write(folder: Path, text: str, name: str = "mine.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_shipped_profile_loads_and_names_steps_and_packs() -> None:
    assert "cleaning-robot" in list_profiles()
    for name in list_profiles():
        profile = load_profile(name)
        assert profile.id == name
        assert profile.packs
        assert profile.steps
        assert profile.min_duration_s > 0
        assert as_row(profile)["id"] == name


def test_the_cleaning_robot_extends_the_base() -> None:
    profile = load_profile("cleaning-robot")
    assert profile.packs == load_profile("base").packs
    assert "mapping" in profile.steps
    assert "geo.floor_map" in profile.data_types


def test_a_key_replaces_and_severity_and_coverage_are_merged(tmp_path: Path) -> None:
    write(tmp_path, BELOW, "below.yaml")
    text = "id: mine\ntitle: Mine\nextends: below.yaml\nseverity: {fa-001: low}\ncoverage: {steps: [update]}\n"
    profile = load_profile(write(tmp_path, text))
    assert (profile.id, profile.title, profile.device_kind) == ("mine", "Mine", "any")
    assert profile.severity == (("fa-001", Severity.LOW), ("fa-004", Severity.INFO))
    assert (profile.min_duration_s, profile.steps) == (60, ("update",))
    assert profile.packs == ("foreign-access",)
    assert profile.payload_threshold == 10


def test_a_profile_that_extends_itself_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "id: a\ntitle: A\nextends: b.yaml\n", "a.yaml")
    write(tmp_path, "id: b\ntitle: B\nextends: a.yaml\n", "b.yaml")
    with pytest.raises(PackError, match="leads back"):
        load_profile(str(tmp_path / "a.yaml"))


def test_an_unknown_profile_is_a_usage_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean cleaning-robot"):
        load_profile("cleaning-robt")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("sensor: [lidar]", "did you mean sensors?"),
        ("data_types: [geo.floor_mapp]", "did you mean geo.floor_map?"),
        ("packs: [foreign-acces]", "did you mean foreign-access?"),
        ("severity: {fa-01: high}", "no rule of this id"),
        ("severity: {fa-001: hig}", "did you mean high?"),
        ("coverage: {steps: [maping]}", "did you mean mapping?"),
        ("coverage: {min_duration: 5}", "did you mean min_duration_s?"),
        ("coverage: {min_duration_s: -5}", "must be a number, 0 or more"),
        ("first_party: [not a domain]", "lists domain names"),
        (
            "claims: [{text: Data stays here, source: brochure, date: last year}]",
            "has the form 2026-11-24",
        ),
        ("extends: bas", "did you mean base?"),
    ],
)
def test_a_mistake_is_told_with_place_and_suggestion(tmp_path: Path, line: str, text: str) -> None:
    file = write(tmp_path, f"id: mine\ntitle: Mine\n{line}\n")
    with pytest.raises(PackError) as caught:
        load_profile(file)
    assert text in str(caught.value)
    assert all(place.line == 3 for place, _ in caught.value.mistakes)


def test_claims_and_first_party_are_read(tmp_path: Path) -> None:
    text = (
        "id: mine\ntitle: Mine\nextends: base\nfirst_party: [Vendor.example., '*.vendor-cloud.example']\n"
        "claims: [{text: Data stays in the EU, source: brochure, date: 2026-01-31}]\n"
    )
    profile = load_profile(write(tmp_path, text))
    assert profile.first_party == ("vendor.example", "*.vendor-cloud.example")
    assert profile.claims == (("Data stays in the EU", "brochure", "2026-01-31"),)
