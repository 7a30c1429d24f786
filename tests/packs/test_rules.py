"""Rule packs: the shipped ones are whole, and every mistake of a file is told at once."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from iotaudit.cli.rules import app
from iotaudit.errors import PackError, UsageError
from iotaudit.model.conditions import All, Any, Not, Operator, Test
from iotaudit.model.findings import Severity
from iotaudit.packs.cases import load_cases
from iotaudit.packs.rules import find_pack, list_packs, load_packs

GOOD = """\
id: ab-001
title: A title
severity: low
dimension: security
legal: none
scope: destination
when: {destination.zone: third-country}
message: "{destination} in {country}"
question: Why?
remediation: Stop.
needs: [any_capture]
not_proof: Anything.
cases:
  - {name: a, expect: fail_indicator, destinations: [{zone: third-country, country: CN}]}
  - {name: b, expect: no_indicator, destinations: [{zone: EU}]}
  - {name: c, expect: inconclusive, destinations: [{zone: unknown}]}
"""
PACK = "id: mine\ntitle: Mine\nbasis: none\ncaveat: none\nrules: [ab-001]\n"


def write(folder: Path, text: str, name: str = "ab-001.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def told(name: str) -> list[str]:
    with pytest.raises(PackError) as caught:
        load_packs((name,))
    return [f"{place.line}:{place.column} {text}" for place, text in caught.value.mistakes]


SIZES = {
    "cra-annex-i": ("cr", 13),
    "en-18031": ("en", 12),
    "etsi-en-303-645": ("et", 12),
    "foreign-access": ("fa", 11),
    "gdpr-transfers": ("gt", 13),
    "procurement-baseline": ("pb", 13),
}


def test_the_six_packs_ship_whole() -> None:
    assert list_packs() == tuple(SIZES)
    for pack in load_packs(list_packs()):
        prefix, size = SIZES[pack.id]
        assert [r.id for r in pack.rules] == [f"{prefix}-{n:03}" for n in range(1, size + 1)]
        assert pack.basis
        assert pack.caveat
        assert {r.pack for r in pack.rules} == {pack.id}


def test_no_rule_accuses() -> None:
    for pack in load_packs(list_packs()):
        for rule in pack.rules:
            text = " ".join((rule.title, rule.message, rule.question, rule.remediation)).lower()
            assert not any(
                word in text for word in ("violat", "complian", "illegal", "unsafe country")
            )
            assert rule.not_proof


def test_a_single_rule_file_is_a_pack_of_its_own(tmp_path: Path) -> None:
    (pack,) = load_packs((write(tmp_path, GOOD),))
    assert pack.id == "own-rules"
    assert [r.id for r in pack.rules] == ["ab-001"]


def test_a_folder_is_a_pack_and_its_file_alone_keeps_the_name(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    write(tmp_path, PACK, "pack.yaml")
    whole, single = load_packs((str(tmp_path),)) + load_packs((file,))
    assert whole.id == single.id == "mine"
    assert whole.rules == single.rules


def test_a_pack_that_is_named_twice_is_loaded_once() -> None:
    assert len(load_packs(("foreign-access", "foreign-access"))) == 1


def test_two_rules_of_one_id_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    write(tmp_path, PACK, "pack.yaml")
    with pytest.raises(PackError, match="comes from"):
        load_packs((str(tmp_path), file))


def test_a_missing_pack_is_a_usage_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean foreign-access") as caught:
        find_pack("foreign-acces")
    assert caught.value.exit_code == 2


def test_a_folder_without_a_pack_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no pack\.yaml"):
        find_pack(str(tmp_path))


def test_the_condition_becomes_a_tree(tmp_path: Path) -> None:
    when = """when:
  all:
    - destination.zone: [EU, EEA]
    - any: [{destination.payload_out: {above: 5}}, {operator.name: {matches: "A*"}}]
    - not: {destination.anycast: true}
"""
    text = GOOD.replace("when: {destination.zone: third-country}\n", when)
    (pack,) = load_packs((write(tmp_path, text),))
    assert pack.rules[0].when == All(
        (
            Test("destination.zone", Operator.IN, ("EU", "EEA")),
            Any(
                (
                    Test("destination.payload_out", Operator.ABOVE, (5,)),
                    Test("operator.name", Operator.MATCHES, ("A*",)),
                )
            ),
            Not(Test("destination.anycast", Operator.IS, (True,))),
        )
    )
    assert pack.rules[0].severity is Severity.LOW


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "title: A title\n",
            "titel: A title\n",
            "2:1 the rule has no key of this name; did you mean title?",
        ),
        ("title: A title\n", "", "1:1 the rule lacks title"),
        ("severity: low", "severity: lo", "did you mean low?"),
        ("dimension: security", "dimension: secure", "did you mean security?"),
        ("scope: destination", "scope: destinations", "did you mean destination?"),
        (
            "destination.zone: third",
            "destination.zones: third",
            "7:8 no fact of this name; did you mean destination.zone?",
        ),
        (": third-country}\n", ": third-contry}\n", "did you mean third-country?"),
        (
            "{destination.zone: third-country}\n",
            "{flow.protocol: tcp}\n",
            "flow.protocol is not known in the scope destination",
        ),
        (
            "{destination.zone: third-country}\n",
            "{destination.payload_out: {abov: 1}}\n",
            "did you mean above?",
        ),
        (
            "{destination.zone: third-country}\n",
            "{destination.payload_out: many}\n",
            "needs a number",
        ),
        (
            "{destination.zone: third-country}\n",
            "{destination.anycast: 1}\n",
            "needs true or false",
        ),
        (
            "{destination.zone: third-country}\n",
            "{destination.zone: {above: 1}}\n",
            "above does not fit it",
        ),
        ("{destination.zone: third-country}\n", "{all: []}\n", "all takes a list of conditions"),
        ("{destination.zone: third-country}\n", "[]\n", "a condition must be facts"),
        ("{country}", "{contry}", "did you mean country?"),
        ("[any_capture]", "[any_captures]", "did you mean any_capture?"),
        ("[any_capture]", '["scenario:mappin"]', "did you mean scenario:mapping?"),
        ("id: ab-001", "id: ab-002", "the id must be the file's name"),
        ("id: ab-001", "id: AB-001", "an id has small letters"),
    ],
)
def test_a_mistake_is_told_with_place_and_suggestion(
    tmp_path: Path, old: str, new: str, text: str
) -> None:
    assert old in GOOD
    assert any(text in line for line in told(write(tmp_path, GOOD.replace(old, new))))


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("severity: low", "severity: lo").replace("title: A", "titel: A")
    write(tmp_path, bad)
    write(tmp_path, PACK.replace("[ab-001]", "[ab-001, ab-009]"), "pack.yaml")
    write(tmp_path, GOOD, "ab-002.yaml")
    lines = " | ".join(told(str(tmp_path)))
    for text in (
        "did you mean low",
        "lacks title",
        "no file ab-009.yaml",
        "not listed under rules",
    ):
        assert text in lines


def test_a_condition_holds_no_code(tmp_path: Path) -> None:
    text = GOOD.replace("destination.zone: third-country", "destination.__class__: x")
    assert any("no fact of this name" in line for line in told(write(tmp_path, text)))


def test_a_rule_without_a_case_for_each_outcome_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("expect: no_indicator", "expect: not_testable"))
    with pytest.raises(PackError, match="no test case expects no_indicator"):
        load_cases(Path(file))


def test_a_mistake_in_a_case_is_told(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("{zone: EU}", "{zon: EU}"))
    with pytest.raises(PackError, match="did you mean zone"):
        load_cases(Path(file))


def test_the_commands_lint_and_test_pass_on_the_shipped_packs() -> None:
    for command in ("lint", "test"):
        result = CliRunner().invoke(app, [command])
        assert result.exit_code == 0, result.output
        assert "74 rules" in result.output


def test_lint_tells_each_mistake_on_a_line_and_exits_with_2(tmp_path: Path) -> None:
    bad = GOOD.replace("severity: low", "severity: lo").replace("dimension: s", "dimension: z")
    result = CliRunner().invoke(app, ["lint", write(tmp_path, bad)])
    assert result.exit_code == 2
    assert [line.partition("ab-001.yaml:")[2][:2] for line in result.output.splitlines()] == [
        "3:",
        "4:",
    ]


def test_a_case_that_fails_is_named_and_exits_with_1(tmp_path: Path) -> None:
    wrong = GOOD.replace("destination.zone: third-country", "destination.zone: EU")
    result = CliRunner().invoke(app, ["test", write(tmp_path, wrong)])
    assert result.exit_code == 1
    assert "ab-001: a: expected fail_indicator, got no_indicator" in result.output
