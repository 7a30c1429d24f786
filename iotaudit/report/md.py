"""A short report in Markdown (GitHub's flavour), for a ticket or a merge request: the page has the rest."""

from collections.abc import Iterable, Mapping
from typing import Any

from iotaudit.report import RenderOptions, wording
from iotaudit.report.escape import md, md_code

Row = Mapping[str, Any]

MAX_ROWS = 50
"""Rows of each table; the rest is counted and said."""


def render(document: Row, _options: RenderOptions) -> str:
    """Gives the report as text, one line feed at the end."""
    parts = (
        _head(document),
        _destinations(document),
        _data_types(document),
        _fitted(document),
        _findings(document),
        _declared(document),
        _coverage(document),
        _changed(document),
        _method(document),
    )
    return "\n".join(line for part in parts for line in part).rstrip("\n") + "\n"


def _head(document: Row) -> Iterable[str]:
    verdict = document["verdict"]
    devices = (
        ", ".join(md(wording.device_name(d)) for d in document["devices"]) or "no device found"
    )
    yield f"# Data-flow audit: {devices}"
    yield ""
    yield f"**Data leaves the EU: {verdict['data_leaves_eu'].upper()}**  "
    yield f"**Law from outside the EEA may reach it: {verdict['third_country_access'].upper()}**"
    yield ""
    yield md(verdict["statement"])
    yield ""
    for reason in verdict["reasons"][:MAX_ROWS]:
        yield f"- {md(reason['text'])}{_cited(reason['packets'])}"
    yield ""
    asked = wording.questions(document, 3)
    if asked:
        yield "## Ask the vendor"
        yield ""
        for number, (question, rule, _) in enumerate(asked, start=1):
            yield f"{number}. {md(question)} ({md(rule)})"
        yield ""


def _destinations(document: Row) -> Iterable[str]:
    rows = wording.ranked(d for d in document["destinations"] if d["zone"] != "local")
    types = wording.exposed_types(document)
    yield f"## Destinations ({len(rows)} outside the local network)"
    yield ""
    if not rows:
        return
    yield "| Destination | Where | Zone | Operator | Law | Sent | Data seen | Packet |"
    yield "| --- | --- | --- | --- | --- | ---: | --- | ---: |"
    for row in rows[:MAX_ROWS]:
        cells = (
            md_code(wording.destination_name(row)),
            md(wording.place(row)),
            md(wording.ZONES[row["zone"]]),
            md(wording.operator_name(row)),
            md(", ".join(sorted({law["title"] for law in row["access_laws"]})) or "-"),
            wording.size(row["bytes_out"]),
            md(", ".join(types.get(row["id"], [])) or "-"),
            str(row["payload_packet"] or row["first_packet"] or "-"),
        )
        yield f"| {' | '.join(cells)} |"
    yield from _more(len(rows))


def _data_types(document: Row) -> Iterable[str]:
    rows = wording.seen(document)
    names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
    yield "## Data seen"
    yield ""
    share = document["verdict"]["coverage"]["undecrypted_share"]
    if not rows:
        yield "No data type was recognised; that is no proof that none was sent."
        yield ""
    else:
        yield "| Data | To | Sample (masked) | How sure | Channel | Times | Packets |"
        yield "| --- | --- | --- | --- | --- | ---: | --- |"
        for row in rows[:MAX_ROWS]:
            cells = (
                md(row["title"] or row["data_type"]),
                md_code(names.get(row["destination"], row["destination"])),
                md_code(row["masked_sample"]),
                row["confidence"],
                wording.CHANNELS[row["channel"]],
                f"{row['count']:,}",
                wording.packets(row["packets"], 4),
            )
            yield f"| {' | '.join(cells)} |"
        yield from _more(len(rows))
    if share:
        yield f"{wording.share(share)} of what was sent outside stayed closed: nobody looked into it."
        yield ""


def _fitted(document: Row) -> Iterable[str]:
    rows = wording.fitted(document)
    if not rows:
        return
    names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
    yield "## What closed traffic fits"
    yield ""
    yield wording.INFERRED
    yield ""
    yield "| Measured | With | Fits | Would also fit | Packets |"
    yield "| --- | --- | --- | --- | --- |"
    for row in rows[:MAX_ROWS]:
        cells = (
            md(row["masked_sample"]),
            md_code(names.get(row["destination"], row["destination"])),
            md(row["measured"]["fits"]),
            md("; ".join(row["alternatives"])),
            wording.packets(row["packets"], 4),
        )
        yield f"| {' | '.join(cells)} |"
    yield from _more(len(rows))


def _changed(document: Row) -> Iterable[str]:
    rows = wording.changed(document)
    if not rows:
        return
    names = {d["id"]: wording.destination_name(d) for d in document["destinations"]}
    yield "### What the marked steps changed"
    yield ""
    yield "| Step | Destination | Change | Sent in the step | Sent else | Received in the step | Received else | Packet |"
    yield "| --- | --- | --- | --- | --- | --- | --- | ---: |"
    for row in rows[:MAX_ROWS]:
        cells = (
            f"{md(wording.words(row['step']))}, {wording.span(row['step_s'])}",
            md_code(names.get(row["destination"], row["destination"])),
            wording.CHANGES[row["state"]],
            f"{wording.size(row['sent_in_step'])}, {wording.pace(row['sent_in_step'], row['step_s'])}",
            wording.pace(row["sent_in_rest"], row["rest_s"]),
            f"{wording.size(row['received_in_step'])}, {wording.pace(row['received_in_step'], row['step_s'])}",
            wording.pace(row["received_in_rest"], row["rest_s"]),
            str(row["packet"] or "-"),
        )
        yield f"| {' | '.join(cells)} |"
    yield from _more(len(rows))


def _findings(document: Row) -> Iterable[str]:
    rows = wording.worst_first(document["findings"])
    yield f"## Findings ({len(rows)})"
    yield ""
    for row in rows[:MAX_ROWS]:
        waived = " (waived)" if row["waived"] is not None else ""
        yield f"- **{row['severity']}** {md(row['rule'])}: {md(row['title'])}{waived}. {md(row['evidence'])}{_cited(row['packets'])}"
        if row["not_proof"]:
            yield f"  No proof of: {md(row['not_proof'])}"
    yield from _more(len(rows))
    counts: dict[str, int] = {}
    for outcome in document["outcomes"]:
        counts[outcome["outcome"]] = counts.get(outcome["outcome"], 0) + 1
    if counts:
        told = ", ".join(
            f"{counts[k]} {wording.OUTCOMES[k]}" for k in wording.OUTCOMES if k in counts
        )
        yield ""
        yield f"{wording.count(len(document['outcomes']), 'rule')}: {told}."
        yield ""


def _declared(document: Row) -> Iterable[str]:
    rows = wording.declared(document)
    if not rows:
        return
    yield "## Declared against observed"
    yield ""
    yield ", ".join(f"{number} {text}" for _, text, number in wording.tally(document) if number) + "."
    yield ""
    yield "| Item | Declared | Seen | State | Packets |"
    yield "| --- | --- | --- | --- | --- |"
    for row in rows[:MAX_ROWS]:
        cells = (
            md(row["item"]),
            md(wording.told(row["declared"])),
            md(wording.told(row["observed"])),
            wording.DECLARED[row["state"]],
            wording.packets(row["packets"], 4) or "-",
        )
        yield f"| {' | '.join(cells)} |"
    yield from _more(len(rows))


def _coverage(document: Row) -> Iterable[str]:
    coverage = document["verdict"]["coverage"]
    yield "## What was looked at"
    yield ""
    steps = ", ".join(md(wording.words(s)) for s in coverage["scenarios"]) or "none marked"
    yield f"- {wording.span(coverage['duration_s'])}, {wording.count(coverage['packets'], 'packet')}; steps: {steps}"
    if not coverage["met"]:
        missing = ", ".join(md(wording.words(s)) for s in coverage["missing_steps"])
        yield "- the profile asks for more" + (f"; steps not run: {missing}" if missing else "")
    for row in coverage["unread"][:MAX_ROWS]:
        detail = f" ({md(row['detail'])})" if row["detail"] else ""
        yield f"- not read: {md(wording.words(row['what']))}, {row['count']:,} times{detail}"
    for facts in document["inputs"]:
        told = "; ".join(
            f"{wording.words(p['kind'])} {p['count']:,} times" for p in facts["problems"][:MAX_ROWS]
        )
        yield f"- input {md_code(facts['name'])}: {facts['packets']:,} packets" + (
            f"; {told}" if told else ""
        )
    yield ""


def _method(document: Row) -> Iterable[str]:
    for warning in document["warnings"]:
        yield f"> {md(warning)}"
        yield ""
    knowledge = document["tool"]["knowledge"]
    yield f"Judged as of {md(document['settings']['as_of'])} by iotaudit {md(document['tool']['version'])}."
    credit = [
        f"[{md(k['attribution'])}]({k['url']})" if wording.link(k["url"]) else md(k["attribution"])
        for k in knowledge
        if k["attribution"]
    ]
    if credit:
        yield "; ".join(credit)


def _cited(packets: list[int | str]) -> str:
    return (
        f" [packet {wording.packets(packets, 4)}]".replace("[", "\\[").replace("]", "\\]")
        if packets
        else ""
    )


def _more(length: int) -> Iterable[str]:
    if length > MAX_ROWS:
        yield ""
        yield f"and {length - MAX_ROWS:,} more in audit.json"
    yield ""
