"""The outcomes as JUnit XML, as CI systems read it: one test case for each rule in use.

A rule with indicators fails, one that could not be decided or tested is skipped with what would decide it: silence
is no pass. The two answers of the audit stand in each suite's properties.
Source: the form that Jenkins and GitLab document, https://github.com/testmoapp/junitxml
"""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Xml

from iotaudit.report import RenderOptions, escape, wording

Row = Mapping[str, Any]


def render(document: Row, _options: RenderOptions) -> str:
    """Gives the XML text; suites are the packs, in the order of the document."""
    root = Xml.Element("testsuites", {"name": "iotaudit"})
    names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
    found: dict[tuple[str, str], list[Row]] = {}
    for finding in wording.worst_first(document["findings"]):
        found.setdefault((finding["pack"], finding["rule"]), []).append(finding)
    packs: dict[str, list[Row]] = {}
    for outcome in document["outcomes"]:
        packs.setdefault(outcome["pack"], []).append(outcome)
    for pack, outcomes in packs.items():
        suite = Xml.SubElement(root, "testsuite", {"name": escape.xml(pack)})
        _properties(suite, document["verdict"])
        for outcome in outcomes:
            _case(suite, outcome, found.get((pack, outcome["rule"]), []), names)
        _count(suite)
    _count(root)
    Xml.indent(root)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"
    )


def _properties(suite: Xml.Element, verdict: Row) -> None:
    properties = Xml.SubElement(suite, "properties")
    for key in ("data_leaves_eu", "third_country_access", "statement"):
        Xml.SubElement(properties, "property", {"name": key, "value": escape.xml(verdict[key])})


def _case(suite: Xml.Element, outcome: Row, findings: list[Row], names: Mapping[str, str]) -> None:
    title = f"{outcome['rule']}: {outcome['title']}" if outcome["title"] else outcome["rule"]
    case = Xml.SubElement(
        suite,
        "testcase",
        {"classname": escape.xml(f"iotaudit.{outcome['pack']}"), "name": escape.xml(title)},
    )
    kind = outcome["outcome"]
    if kind == "fail_indicator":
        open_ones = [f for f in findings if f["waived"] is None]
        if findings and not open_ones:
            _told(case, "skipped", "all indicators are waived", "")
            return
        lines = [
            f"{f['severity']}: {f['evidence']}"
            + (
                f" [destination {names.get(f['destination'], f['destination'])}]"
                if f["destination"]
                else ""
            )
            + (f" [packet {wording.packets(f['packets'])}]" if f["packets"] else "")
            for f in open_ones
        ]
        _told(
            case,
            "failure",
            wording.count(len(open_ones), "indicator"),
            "\n".join(escape.xml(line) for line in lines),
        )
    elif kind != "no_indicator":
        lacking = f"; would decide: {outcome['would_decide']}" if outcome["would_decide"] else ""
        _told(case, "skipped", f"{wording.OUTCOMES[kind]}: {outcome['decided_by']}{lacking}", "")


def _told(case: Xml.Element, tag: str, message: str, text: str) -> None:
    """Adds why a case is no pass; `text` is escaped already, its line breaks are ours."""
    told = Xml.SubElement(case, tag, {"message": escape.xml(message)})
    if text:
        told.text = text


def _count(suite: Xml.Element) -> None:
    for name, path in (
        ("tests", ".//testcase"),
        ("failures", ".//failure"),
        ("skipped", ".//skipped"),
    ):
        suite.set(name, str(len(suite.findall(path))))
    suite.set("errors", "0")
