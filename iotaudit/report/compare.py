"""Audits side by side: what is new, gone or changed, by what a destination is, not by which address it has today.

A destination is its name (else its address) under one operator and in one zone: a CDN address that changed under the
same name, operator and zone is no change (firmware B against A in CI must not fail on it).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from iotaudit.report import wording

Row = Mapping[str, Any]


def compare(documents: Sequence[Row]) -> dict[str, Any]:
    """Gives the comparison of each later document with the first.

    `audits` names them; `table` has one row per question, one text per audit; `changes` has for each later audit
    `new`, `gone` and `changed`, each row with `what` (destination, data_type, finding, answer), its key and `text`.
    """
    return {
        "audits": [_title(d) for d in documents],
        "table": _table(documents),
        "changes": [changes(documents[0], later) for later in documents[1:]],
    }


def changes(before: Row, after: Row) -> dict[str, list[dict[str, Any]]]:
    """Gives what the later audit has more (`new`), less (`gone`) and otherwise (`changed`) than the earlier."""
    new: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = _answers(before, after)
    for what, listed in (
        ("destination", _destinations),
        ("data_type", _data_types),
        ("finding", _findings),
    ):
        old, now = listed(before), listed(after)
        new += [
            {"what": what, "key": list(k), "text": now[k]} for k in sorted(now.keys() - old.keys())
        ]
        gone += [
            {"what": what, "key": list(k), "text": old[k]} for k in sorted(old.keys() - now.keys())
        ]
    return _moved(new, gone, changed)


def _moved(
    new: list[dict[str, Any]], gone: list[dict[str, Any]], changed: list[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Joins a destination that is gone and one that is new under the same name: it changed operator or zone."""
    old, fresh = _single(gone), _single(new)
    for name in sorted(old.keys() & fresh.keys()):
        was, now = old[name], fresh[name]
        text = f"destination {name}: {was['key'][2]}, {was['key'][1]} before; now {now['key'][2]}, {now['key'][1]}"
        changed.append(
            {"what": "destination", "key": now["key"], "before": was["key"], "text": text}
        )
        new.remove(now)
        gone.remove(was)
    return {"new": new, "gone": gone, "changed": changed}


def _single(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Gives the destinations whose name stands once in the list: of several nobody can say which became which."""
    named: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["what"] == "destination":
            named.setdefault(row["key"][0], []).append(row)
    return {name: found[0] for name, found in named.items() if len(found) == 1}


def destination_key(row: Row) -> tuple[str, str, str]:
    """Gives what a destination is: name or address; operator; zone."""
    name = wording.destination_name(row)
    operator = row["operator"]
    runs = (
        operator["name"]
        or operator["as_name"]
        or (f"AS{operator['asn']}" if operator["asn"] else "unknown operator")
    )
    return name, runs, row["zone"]


def _destinations(document: Row) -> dict[tuple[str, ...], str]:
    rows = [d for d in document["destinations"] if d["zone"] != "local"]
    found: dict[tuple[str, ...], str] = {}
    for row in sorted(rows, key=lambda d: (wording.destination_name(d), d["id"])):
        key = destination_key(row)
        found.setdefault(key, f"destination {key[0]} ({key[1]}, {wording.place(row)})")
    return found


def _data_types(document: Row) -> dict[tuple[str, ...], str]:
    by_id = {d["id"]: destination_key(d)[0] for d in document["destinations"]}
    rows = [
        (e["data_type"], by_id.get(e["destination"], e["destination"]), e["title"])
        for e in wording.seen(document)
    ]
    return {
        (kind, name): f"data type {title or kind} to {name}" for kind, name, title in sorted(rows)
    }


def _findings(document: Row) -> dict[tuple[str, ...], str]:
    rows = sorted(document["findings"], key=lambda f: (f["fingerprint"], f["id"]))
    return {
        (f["rule"], f["fingerprint"]): f"finding {f['rule']} ({f['severity']}): {f['title']}"
        for f in rows
    }


def _answers(before: Row, after: Row) -> list[dict[str, Any]]:
    rows = []
    for key, words in (
        ("data_leaves_eu", "data leaves the EU"),
        ("third_country_access", "foreign law may reach it"),
    ):
        was, now = before["verdict"][key], after["verdict"][key]
        if was != now:
            rows.append(
                {"what": "answer", "key": [key], "text": f"{words}: {was} before, now {now}"}
            )
    return rows


def _title(document: Row) -> dict[str, str]:
    devices = ", ".join(wording.device_name(d) for d in document["devices"]) or "no device found"
    return {"title": devices, "inputs": ", ".join(i["name"] for i in document["inputs"])}


def _table(documents: Sequence[Row]) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {
        "data leaves the EU": [d["verdict"]["data_leaves_eu"] for d in documents],
        "foreign law may reach it": [d["verdict"]["third_country_access"] for d in documents],
        "looked at": [wording.span(d["verdict"]["coverage"]["duration_s"]) for d in documents],
        "stayed closed": [
            wording.share(d["verdict"]["coverage"]["undecrypted_share"]) for d in documents
        ],
    }
    for zone in wording.ZONE_ORDER:
        rows = [[x for x in d["destinations"] if x["zone"] == zone] for d in documents]
        if zone != "local" and any(rows):
            sent = [wording.size(sum(x["bytes_out"] for x in part)) for part in rows]
            table[wording.ZONES[zone]] = [
                f"{len(part)}, {told}" if part else "-"
                for part, told in zip(rows, sent, strict=True)
            ]
    table["data types"] = [
        ", ".join(sorted({e["data_type"] for e in wording.seen(d)})) or "-" for d in documents
    ]
    for severity in wording.SEVERITIES:
        counts = [sum(f["severity"] == severity for f in d["findings"]) for d in documents]
        if any(counts):
            table[f"findings, {severity}"] = [str(n) for n in counts]
    return table
