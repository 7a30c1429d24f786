"""Every sentence of a verdict follows from the document that carries it: names, numbers, packets, places and laws."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from iotaudit.judge import words
from iotaudit.model import amounts
from tests.acceptance import scenes

GOLDEN = tuple(sorted((scenes.ROOT / "captures").glob("*.audit.json")))
MS, CHINA, FRANKFURT = scenes.MS, scenes.make.CHINA, scenes.make.FRANKFURT_CLOUD
HOST = re.compile(r"(?:[0-9a-z_-]+\.)+[a-z][0-9a-z-]+|\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]+:[0-9a-f]*")
SIZE = re.compile(r"(\d[\d.,]* (?:B|kB|MB|GB|bytes?)) of payload")
COUNTRY = re.compile(r"([A-Z][A-Za-z .'()-]*?) \((confirmed|claimed)")
NAMELESS = "an unnamed peer"
SCENES: dict[str, Callable[[], bytes]] = {
    "china": lambda: scenes.named_tls("eu.vendor.example", CHINA, rtt=230 * MS),
    "cloud": lambda: scenes.named_tls("fw.eu-central-1.elb.amazonaws.com", FRANKFURT),
    "vendor abroad on a cloud inside": lambda: scenes.named_tls("api.tuyaeu.com", FRANKFURT),
    "anycast": lambda: scenes.named_tls("cdn.vendor.example", scenes.CLOUDFLARE),
    "address alone": scenes.hard_coded,
    "closed": scenes.pinned,
    "idle": lambda: scenes.idle(30),
    "two devices": scenes.with_phone,
    "many places": lambda: scenes.firmware({f"h{n}.vendor.example": ((f"h{n}.vendor.example", "A", f"47.92.10.{n}"),) for n in range(1, 5)}),
    "hostile": scenes.hostile,
}

pytestmark = pytest.mark.usefixtures("knowledge_once")


@pytest.fixture(scope="module")
def documents(knowledge_once: None) -> dict[str, Any]:
    """Gives the documents of the shipped captures and of the scenes, one of them long after the laws' review."""
    del knowledge_once
    found = {path.name: json.loads(path.read_text("utf-8")) for path in GOLDEN}
    found |= {name: scenes.audit(make()) for name, make in SCENES.items()}
    found["stale"] = scenes.audit(SCENES["china"](), as_of="2029-01-01")
    found["near"] = scenes.audit(SCENES["cloud"](), lab_position=(50.08, 14.42))
    return found


def untraced(document: Any) -> list[str]:
    """Gives what the verdicts of a document state and nothing in the document shows."""
    verdicts = [document["verdict"], *(d["verdict"] for d in document["devices"] if d.get("verdict"))]
    return [fault for verdict in verdicts for fault in (*_statement(verdict), *_reasons(verdict, document))]


def _statement(verdict: Any) -> list[str]:
    """The first sentence quotes reasons of the list; the second one quotes the coverage."""
    first, _, look = verdict["statement"].partition(" The look lasted ")
    quoted = re.sub(r"; and \d+ more reasons? of this kind\.$", ".", first.partition(": ")[2])
    left = quoted.removesuffix(".")
    for text in sorted((r["text"] for r in verdict["reasons"]), key=len, reverse=True):
        left = left.replace(text, "")
    faults = [f"no reason says: {left}"] if left.replace(";", "").replace(" and ", "").strip() else []
    coverage = verdict["coverage"]
    if not look.startswith(words.span(coverage["duration_s"])):
        faults.append(f"the look is not that of the coverage: {look}")
    faults += [f"step not told: {s}" for s in coverage["scenarios"] if s.replace("_", " ") not in look]
    share = re.search(r"; (over 99 %|under 1 %|\d+ %) of the payload sent outside stayed closed", look)
    if share and share[1] != words.share(coverage["undecrypted_share"]):
        faults.append(f"the share is not that of the coverage: {share[1]}")
    return faults


def _reasons(verdict: Any, document: Any) -> list[str]:
    rows = {d["id"]: d for d in document["destinations"]}
    shown = _packets(document)
    faults = []
    for reason in verdict["reasons"]:
        missing = [ident for ident in reason["destinations"] if ident not in rows]
        cited = [rows[ident] for ident in reason["destinations"] if ident in rows]
        faults += [f"{reason['code']}: no destination {ident}" for ident in missing]
        faults += [f"{reason['code']}: packet {p} is not evidence" for p in reason["packets"] if p not in shown]
        faults += [f"{reason['code']}: {fault}" for fault in (*_names(reason, cited), *_laws(reason, cited))]
        faults += [f"{reason['code']}: {fault}" for fault in _amounts(reason, cited, verdict, document)]
        faults += [f"{reason['code']}: {fault}" for fault in _places(reason, cited)]
        if reason["code"] == "unread":
            told = [f"not read: {u['what'].replace('_', ' ')} ({u['count']:,})" for u in verdict["coverage"]["unread"]]
            faults += [] if reason["text"] in told else [f"unread: {reason['text']}"]
    return faults


def _packets(document: Any) -> set[Any]:
    """Every packet that something else than the verdict shows: look-ups, destinations, flows and their names."""
    found = {row["packet"] for row in document["dns"]}
    for row in document["destinations"]:
        found |= {row.get("payload_packet"), row.get("first_packet")}
    for flow in document["flows"]:
        found |= {flow["first_packet"], flow.get("first_device_payload_packet")}
        found |= {name["packet"] for name in flow["names"]}
    return found - {None}


def _names(reason: Any, cited: list[Any]) -> list[str]:
    known = {text.lower() for row in cited for text in (row["name"], *row["ips"]) if text}
    named = {text for text in known if text in reason["text"].lower()}
    said = {match.rstrip(".") for match in HOST.findall(reason["text"].lower())}
    return [f"names {host}" for host in said if not any(host in text for text in known)] + (
        [] if named or not cited or reason["code"] in ("stays", "closed") else ["names none of its destinations"]
    )


def _laws(reason: Any, cited: list[Any]) -> list[str]:
    reach = reason["code"].removeprefix("access_")
    held = [law for row in cited for law in row["access_laws"] if reach in ("stale", law["reach"])]
    faults = [f"no law {ident}" for ident in reason["laws"] if ident not in [law["id"] for law in held]]
    used = [law for law in held if law["id"] in reason["laws"]]
    unnamed = {law["title"] for law in used if law["title"] not in reason["text"]}
    if unnamed and f"and {len(unnamed)} more" not in reason["text"]:
        faults.append(f"does not name {sorted(unnamed)}")
    if reach in ("place", "operator"):
        ground = reason["text"].partition(" by its ")[2].partition(": ")[2]
        grounds = [law["why"].partition(";")[0] for law in used]
        faults += [] if any(g in ground for g in grounds) else [f"no law rests on: {ground}"]
    return faults


def _amounts(reason: Any, cited: list[Any], verdict: Any, document: Any) -> list[str]:
    said = SIZE.search(reason["text"])
    if said is None:
        return []
    if reason["code"] == "closed":
        sums = {sum(row["bytes"] for row in verdict["coverage"]["closed"])}
    else:
        ids = {row["id"] for row in cited}
        flows = [f for f in document["flows"] if f["destination"] in ids]
        by_device: dict[Any, int] = {}
        for flow in flows:
            own = flow["payload_in"] if flow["direction"] == "inbound" else flow["payload_out"]
            by_device[flow["device"]] = by_device.get(flow["device"], 0) + own
        sums = {*by_device.values(), sum(by_device.values())}
    return [] if said[1] in {amounts.size(total) for total in sums} else [f"no sum gives {said[1]}"]


def _places(reason: Any, cited: list[Any]) -> list[str]:
    if reason["code"] not in ("leaves", "stays"):
        return []
    held = {(words.country(p["location"]["country"]), p["location"]["status"]) for d in cited for p in d["addresses"] if p["location"]["country"]}
    if reason["code"] == "stays":
        return [f"does not name {country}" for country, _ in held if country not in reason["text"]]
    said = COUNTRY.findall(reason["text"].rpartition(" in ")[2])
    return [] if said and set(said) <= held else [f"no address is there: {said}"]


def test_every_sentence_of_every_verdict_is_shown_by_its_document(documents: dict[str, Any]) -> None:
    assert len(documents) > len(SCENES) + 2
    assert {name: faults for name, document in documents.items() if (faults := untraced(document))} == {}
    codes = {r["code"] for d in documents.values() for r in d["verdict"]["reasons"]}
    assert codes >= {"leaves", "stays", "unknown_place", "access_place", "access_operator", "closed", "no_payload", "access_stale"}


def altered(document: Any, change: Callable[[Any], None]) -> Any:
    other = copy.deepcopy(document)
    change(other)
    return other


def first(document: Any, code: str) -> Any:
    return next(r for r in document["verdict"]["reasons"] if r["code"] == code)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: first(d, "leaves")["packets"].append(99_999), "leaves: packet 99999 is not evidence"),
        (lambda d: first(d, "leaves")["destinations"].append("dst99"), "leaves: no destination dst99"),
        (lambda d: first(d, "access_place")["laws"].append("xx-law"), "access_place: no law xx-law"),
        (lambda d: first(d, "leaves").update(text=first(d, "leaves")["text"].replace("China", "France")), "leaves: no address is there"),
        (lambda d: first(d, "leaves").update(text="9.9 MB of payload reached eu.vendor.example in China (claimed)"), "leaves: no sum gives 9.9 MB"),
        (lambda d: first(d, "leaves").update(text=first(d, "leaves")["text"].replace("eu.vendor", "xy.vendor")), "leaves: names xy.vendor.example"),
        (lambda d: d["verdict"].update(statement="Data leaves the EU/EEA: so they say. The look lasted 1 s."), "no reason says: so they say"),
        (lambda d: d["verdict"]["coverage"].update(duration_s=1e6), "the look is not that of the coverage"),
    ],
)
def test_a_sentence_that_nothing_shows_is_noticed(documents: dict[str, Any], change: Any, fault: str) -> None:
    assert untraced(documents["china"]) == []
    assert any(found.startswith(fault) for found in untraced(altered(documents["china"], change)))
