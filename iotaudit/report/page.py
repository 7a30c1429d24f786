"""What the HTML page shows, in the order in which it shows it: plain values for the template, no markup.

The first screen answers a buyer's questions; everything after it is the ground of the answers.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from iotaudit.report import chart, wording

Row = Mapping[str, Any]

METHOD = (
    (
        "The audit reads recorded traffic. Names come from name look-ups, handshakes and requests; each is bound to the"
        " device that asked, from the answer on."
    ),
    (
        "The place of an address is what independent kinds of sources say of it. One kind alone gives a claim, sources"
        " that disagree give a dispute, and a dispute settles nothing."
    ),
    "Where a server stands and whose law reaches its operator are two questions, answered apart.",
    "Values are masked wherever they stand; the report holds no raw value.",
)
LIMITS = (
    "Only what passed the recording point is seen: a mobile modem, a technician's tablet or exchange between clouds is not.",
    "A server may pass data on. What happens behind the first address leaves no trace in the device's traffic.",
    "What was encrypted and not opened is counted, not judged: nothing is said about its content.",
    "A law is named as the ground for a question. No rule decides whether somebody acted lawfully.",
)
SETTING_NAMES = {
    "as_of": "Judged as of",
    "profile": "Profile",
    "rules": "Rule packs",
    "device": "Device asked for",
    "inside": "Counted as inside",
    "all_hosts": "All hosts listed",
    "lab_position": "Position of the lab",
    "geoip": "Location files of the user",
    "known": "File of known values",
    "keylog": "Key logs",
    "declared": "File of the vendor's declaration",
    "knowledge": "Version of the knowledge",
    "fail_on": "Fail on",
    "fail_on_undetermined": "Fail on undetermined",
}


def view(document: Row, max_rows: int) -> dict[str, Any]:
    """Gives the template's values; tables are cut at `max_rows`, and `left` says how many rows are missing."""
    verdict = document["verdict"]
    coverage = verdict["coverage"]
    destinations = _destinations(document)
    exposures = _exposures(document)
    findings = _findings(document)
    outside = [d for d in destinations if d["zone"] != "local"]
    return {
        "title": _title(document),
        "devices": [_device(d) for d in document["devices"]],
        "answer": _answer(verdict["data_leaves_eu"], wording.LEAVES),
        "access": _answer(verdict["third_country_access"], wording.ACCESS),
        "statement": verdict["statement"],
        "reasons": [{**r, "cited": wording.packets(r["packets"], 6)} for r in verdict["reasons"]],
        "coverage": _coverage(document, coverage),
        "questions": wording.questions(document, 3),
        "outside": len(outside),
        "local": len(destinations) - len(outside),
        "destinations": destinations[:max_rows],
        "destinations_left": max(0, len(destinations) - max_rows),
        "zones": [z for z in wording.ZONE_ORDER if any(d["zone"] == z for d in destinations)],
        "charts": _charts(document),
        "exposures": exposures[:max_rows],
        "exposures_left": max(0, len(exposures) - max_rows),
        "fitted": _fitted(document)[:max_rows],
        "fitted_left": max(0, len(wording.fitted(document)) - max_rows),
        "changed": _changed(document)[:max_rows],
        "changed_left": max(0, len(wording.changed(document)) - max_rows),
        "dimensions": [
            (dimension, [f for f in findings[:max_rows] if f["dimension"] == dimension])
            for dimension in ("security", "political", "economic", "ideational")
        ],
        "finding_count": len(findings),
        "findings_left": max(0, len(findings) - max_rows),
        "declared": _declared(document)[:max_rows],
        "declared_left": max(0, len(document["declared"]) - max_rows),
        "declared_tally": wording.tally(document),
        "checklist": _checklist(document),
        "inputs": [_input(i) for i in document["inputs"]],
        "marks": document["marks"],
        "warnings": document["warnings"],
        "knowledge": [{**k, "link": wording.link(k["url"])} for k in document["tool"]["knowledge"]],
        "settings": _settings(document["settings"]),
        "packs": document["packs"],
        "method": METHOD,
        "limits": LIMITS,
        "tool": document["tool"],
        "created": document["run"]["created"],
        "several": len(document["inputs"]) > 1,
        "words": wording,
    }


def _title(document: Row) -> str:
    names = [wording.device_name(d) for d in document["devices"]]
    if not names:
        return "no device found"
    return (
        names[0]
        if len(names) == 1
        else f"{names[0]} and {wording.count(len(names) - 1, 'other device')}"
    )


def _answer(answer: str, words: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {"id": answer, "word": words[answer][0], "sentence": words[answer][1]}


def _device(row: Row) -> dict[str, Any]:
    return {**row, "name": wording.device_name(row)}


def _coverage(document: Row, coverage: Row) -> dict[str, Any]:
    names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
    closed = sorted(coverage["closed"], key=lambda c: (-c["bytes"], c["destination"], c["why"]))
    lost = sum(row["count"] for row in coverage["unread"])
    share = coverage["undecrypted_share"]
    return {
        **coverage,
        "span": wording.span(coverage["duration_s"]),
        "share": "—" if share is None else wording.share(share),
        "lost": lost,
        "required": None
        if coverage["required_duration_s"] is None
        else wording.span(coverage["required_duration_s"]),
        "closed": [
            {
                "name": names.get(c["destination"], c["destination"]),
                "size": wording.size(c["bytes"]),
                "why": wording.CLOSED.get(c["why"], wording.words(c["why"])),
            }
            for c in closed
        ],
    }


def _destinations(document: Row) -> list[dict[str, Any]]:
    types = wording.exposed_types(document)
    rules: dict[str, list[Row]] = {}
    for finding in wording.worst_first(document["findings"]):
        if finding["destination"]:
            rules.setdefault(finding["destination"], []).append(finding)
    names = {d["id"]: wording.device_name(d) for d in document["devices"]}
    answers = _answers_by_address(document["dns"])
    several = len(document["inputs"]) > 1
    rows = []
    for row in wording.ranked(document["destinations"]):
        place = wording.place(row)
        rows.append(
            {
                **row,
                "title": wording.destination_name(row),
                "who": wording.operator_name(row),
                "place": place,
                "status": row["location"]["status"],
                "laws": wording.law_countries(row),
                "data": types.get(row["id"], []),
                "findings": rules.get(row["id"], []),
                "sent": wording.size(row["bytes_out"]),
                "got": wording.size(row["bytes_in"]),
                "payload": wording.size(row["payload_out"]),
                "packet": row["payload_packet"] or row["first_packet"],
                "device_names": [names.get(d, d) for d in row["devices"]] if len(names) > 1 else [],
                "dns": [a for ip in row["ips"] for a in answers.get((row["name"], ip), [])][:8],
                "filter": address_filter(row["ips"]),
                "frames": frame_filter(
                    [p for p in (row["payload_packet"],) if p is not None], several=several
                ),
                "find": " ".join(
                    (
                        wording.destination_name(row),
                        wording.operator_name(row),
                        place,
                        *row["ips"],
                        *types.get(row["id"], []),
                    )
                ).lower(),
            }
        )
    return rows


def _answers_by_address(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Gives the first look-ups that led from a name to an address: the first link of the chain of evidence."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        for ip in row["answers"]:
            kept = found.setdefault((row["name"], ip), [])
            if len(kept) < 2:
                kept.append(
                    {
                        "packet": row["packet"],
                        "resolver": row["resolver"],
                        "ip": ip,
                        "type": row["type"],
                    }
                )
    return found


def address_filter(ips: Iterable[str]) -> str:
    """Gives a Wireshark display filter for the addresses, "" where none is an address.

    What is no address does not get in: a filter is text that people paste into another program.
    """
    parts = []
    for text in ips:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        parts.append(f"{'ipv6' if address.version == 6 else 'ip'}.addr == {address}")
    return " || ".join(parts)


def frame_filter(packets: Sequence[int | str], *, several: bool) -> str:
    """Gives a Wireshark display filter for packets of one input; "" with several inputs, whose numbers overlap."""
    numbers = [p for p in packets if isinstance(p, int)]
    if several or not numbers:
        return ""
    if len(numbers) == 1:
        return f"frame.number == {numbers[0]}"
    return "frame.number in {" + ", ".join(map(str, numbers[:50])) + "}"


def _charts(document: Row) -> list[Any]:
    outside = [d for d in document["destinations"] if d["zone"] != "local" and d["bytes_out"]]
    by_place: dict[tuple[str, str], int] = {}
    by_zone: dict[str, int] = {}
    for row in outside:
        location = row["location"]
        known = location["country"] and location["status"] in ("confirmed", "claimed")
        label = (
            wording.country(location["country"])
            if known
            else "disputed"
            if location["status"] == "disputed"
            else "not known"
        )
        by_place[label, row["zone"]] = by_place.get((label, row["zone"]), 0) + row["bytes_out"]
        by_zone[row["zone"]] = by_zone.get(row["zone"], 0) + row["bytes_out"]
    if not outside:
        return []
    places = sorted(by_place.items(), key=lambda item: (-item[1], item[0]))
    shown = [(label, sent, wording.size(sent), f"z-{zone}") for (label, zone), sent in places[:10]]
    rest = sum(sent for _, sent in places[10:])
    if rest:
        shown.append((f"{len(places) - 10} more", rest, wording.size(rest), "z-rest"))
    zones = [
        (wording.ZONES[z], by_zone[z], wording.size(by_zone[z]), f"z-{z}")
        for z in wording.ZONE_ORDER
        if z in by_zone
    ]
    return [
        ("Sent, by country", chart.bars("Bytes sent, by country", shown)),
        ("Sent, by legal space", chart.bars("Bytes sent, by legal space", zones)),
    ]


def _exposures(document: Row) -> list[dict[str, Any]]:
    names = {d["id"]: d for d in document["destinations"]}
    several = len(document["inputs"]) > 1
    rows = []
    for row in wording.seen(document):
        target = names.get(row["destination"])
        rows.append(
            {
                **row,
                "name": row["title"] or row["data_type"],
                "to": wording.destination_name(target) if target else row["destination"],
                "place": wording.place(target) if target else "",
                "sure": wording.CONFIDENCE[row["confidence"]],
                "how": wording.CHANNELS[row["channel"]],
                "steps": " → ".join((wording.spot(row), *row["decoding"])),
                "cited": wording.packets(row["packets"], 6),
                "filter": frame_filter(row["packets"], several=several),
            }
        )
    return rows


def _fitted(document: Row) -> list[dict[str, Any]]:
    names = {d["id"]: d for d in document["destinations"]}
    several = len(document["inputs"]) > 1
    return [
        {
            **row,
            "to": wording.destination_name(target) if target else row["destination"],
            "place": wording.place(target) if target else "",
            "cited": wording.packets(row["packets"], 6),
            "filter": frame_filter(row["packets"], several=several),
        }
        for row in wording.fitted(document)
        for target in [names.get(row["destination"])]
    ]


def _changed(document: Row) -> list[dict[str, Any]]:
    names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
    return [
        {
            **row,
            "to": names.get(row["destination"], row["destination"]),
            "words": wording.CHANGES[row["state"]],
            "span": wording.span(row["step_s"]),
            "sent": wording.size(row["sent_in_step"]),
            "sent_pace": wording.pace(row["sent_in_step"], row["step_s"]),
            "sent_else": wording.pace(row["sent_in_rest"], row["rest_s"]),
            "got": wording.size(row["received_in_step"]),
            "got_pace": wording.pace(row["received_in_step"], row["step_s"]),
            "got_else": wording.pace(row["received_in_rest"], row["rest_s"]),
        }
        for row in wording.changed(document)
    ]


def _findings(document: Row) -> list[dict[str, Any]]:
    names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
    several = len(document["inputs"]) > 1
    return [
        {
            **row,
            "to": names.get(row["destination"] or "", row["destination"]),
            "cited": wording.packets(row["packets"], 12),
            "filter": frame_filter(row["packets"], several=several),
        }
        for row in wording.worst_first(document["findings"])
    ]


def _declared(document: Row) -> list[dict[str, Any]]:
    names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
    several = len(document["inputs"]) > 1
    return [
        {
            **row,
            "told": wording.told(row["declared"]),
            "seen": wording.told(row["observed"]),
            "words": wording.DECLARED[row["state"]],
            "names": [names.get(ident, ident) for ident in row["destinations"][:6]],
            "names_left": max(0, len(row["destinations"]) - 6),
            "cited": wording.packets(row["packets"], 6),
            "filter": frame_filter(row["packets"], several=several),
        }
        for row in wording.declared(document)
    ]


def _checklist(document: Row) -> list[dict[str, Any]]:
    titles = {p["id"]: p for p in document["packs"]}
    packs: dict[str, list[Row]] = {}
    for row in document["outcomes"]:
        packs.setdefault(row["pack"], []).append(row)
    return [
        {
            "id": pack,
            "title": titles[pack]["title"] if pack in titles else pack,
            "caveat": titles[pack]["caveat"] if pack in titles else "",
            "counts": [
                (kind, wording.OUTCOMES[kind], sum(row["outcome"] == kind for row in rows))
                for kind in wording.OUTCOMES
            ],
            "rows": [{**row, "words": wording.OUTCOMES[row["outcome"]]} for row in rows],
        }
        for pack, rows in packs.items()
    ]


def _input(row: Row) -> dict[str, Any]:
    return {
        **row,
        "size": wording.size(row["bytes"]),
        "wire": wording.size(row["wire_bytes"]),
        "problems": [{**p, "words": wording.words(p["kind"])} for p in row["problems"]],
    }


def _settings(settings: Row) -> list[tuple[str, str]]:
    rows = []
    for key, name in SETTING_NAMES.items():
        value = settings.get(key)
        if value is None or value == []:
            continue
        text = (
            wording.yes_no(value)
            if isinstance(value, bool)
            else ", ".join(map(str, value))
            if isinstance(value, list)
            else str(value)
        )
        rows.append((name, text))
    return rows
