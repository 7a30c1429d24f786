"""The chain of evidence of one destination: from what was concluded back to the sources and packets, as a tree.

It is read from the document alone, so that a saved audit explains itself without capture and knowledge.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from iotaudit.errors import UsageError
from iotaudit.report import wording

Row = Mapping[str, Any]
MAX_ROWS = 20
"""Children of one kind below one node; the rest is counted and said."""
MAX_FOUND = 20
"""Destinations that one word may lead to."""
ADEQUACY = {
    "met": "inside the EEA, or a decision covers the whole country",
    "unmet": "no adequacy decision",
    "unknown": "depends on the recipient, or the place is not known",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a chain: `head` in our words, `text` what it says, `cited` packets that show it."""

    head: str
    text: str = ""
    cited: str = ""
    below: "tuple[Node, ...]" = ()


def find(document: Row, word: str) -> list[Row]:
    """Gives the destinations of an id, a name, an address or a registrable domain, in the document's order.

    Raises:
        UsageError: there is none; the nearest word is told.
    """
    rows = document["destinations"]
    text = word.strip().lower().rstrip(".")
    for key in (_id, _names, _domain):
        found = [row for row in rows if text in key(row)]
        if found:
            return found[:MAX_FOUND]
    known = dict.fromkeys(part for row in rows for key in (_names, _domain, _id) for part in key(row))
    near = get_close_matches(text, known, 1) or [part for part in known if text and text in part][:1]
    hint = f"; did you mean {near[0]}?" if near else ""
    count = wording.count(len(rows), "destination")
    raise UsageError(f"no destination {word} among the {count} of this audit{hint}")


def _id(row: Row) -> list[str]:
    return [row["id"].lower()]


def _names(row: Row) -> list[str]:
    return [*([row["name"].lower()] if row["name"] else []), *row["ips"]]


def _domain(row: Row) -> list[str]:
    return [row["registrable_domain"].lower()] if row["registrable_domain"] else []


def explain(document: Row, row: Row) -> Node:
    """Gives the whole chain of one destination."""
    parts = (
        _seen(document, row),
        _place(row),
        _operator(row),
        _owner(row),
        _administered(document, row),
        Node("Party", wording.PARTIES[row["party"]], below=_texts("because", [row["party_ground"]])),
        _laws(row),
        _data(document, row),
        _findings(document, row),
        _declared(document, row),
        _verdict(document, row),
        _sources(document, row),
    )
    notes = Node("Notes", below=_texts("", row["notes"])) if row["notes"] else None
    told = tuple(part for part in (*parts, notes) if part is not None)
    return Node("Destination", f"{wording.destination_name(row)} ({row['id']})", below=told)


def _texts(head: str, texts: Iterable[str]) -> tuple[Node, ...]:
    return tuple(Node(head, text) for text in texts if text)


def _some(rows: list[Node]) -> tuple[Node, ...]:
    if len(rows) <= MAX_ROWS:
        return tuple(rows)
    return (*rows[:MAX_ROWS], Node("", f"and {len(rows) - MAX_ROWS:,} more in audit.json"))


def _packet(number: object) -> str:
    return "" if number is None else str(number)


def _seen(document: Row, row: Row) -> Node:
    """Gives how the destination is known: its name, the look-ups that led to it, its flows."""
    below = []
    if row["name"]:
        source = wording.words(row["name_source"] or "traffic")
        below.append(Node("name", f"{row['name']}, from {source}"))
    else:
        below.append(Node("name", "none was seen" + ("; the device knew the address" if row["hard_coded"] else "")))
    names = {row["name"]}
    for answer in document["dns"]:
        if names & {answer["name"], *answer["chain"]} and set(answer["answers"]) & set(row["ips"]):
            text = f"{answer['name']} {answer['type']} {', '.join(answer['answers'][:8])}, answered by {answer['resolver']}"
            below.append(Node("look-up", text, _packet(answer["packet"])))
    wanted = set(row["flows"])
    below += [_flow(flow) for flow in document["flows"] if flow["id"] in wanted]
    sent = f"{wording.size(row['bytes_out'])} sent ({wording.size(row['payload_out'])} payload), {wording.size(row['bytes_in'])} received"
    first = row["payload_packet"] if row["payload_packet"] is not None else row["first_packet"]
    return Node("Seen", sent, _packet(first), _some(below))


def _flow(flow: Row) -> Node:
    kind = flow["application"] or flow["protocol"]
    text = f"{flow['id']}: {kind} to {flow['server']['ip']} port {flow['server']['port']}, {flow['encryption']['state']}"
    if flow["rtt_min_ms"] is not None:
        text += f", least round trip {flow['rtt_min_ms']:.1f} ms"
    below = []
    certificate = flow["tls"] and flow["tls"]["certificate"]
    if certificate:
        who = certificate["subject_o"] or certificate["subject_cn"] or "nobody named"
        by = certificate["issuer_cn"] or "an issuer without a name"
        below.append(Node("certificate", f"issued to {who} by {by}", _packet(certificate["packet"])))
    return Node("flow", text, _packet(flow["first_packet"]), tuple(below))


def _evidence(rows: Iterable[Row]) -> tuple[Node, ...]:
    found = []
    for e in rows:
        says = ": ".join(part for part in (e["country"] or "", e["detail"]) if part)
        date = f" (data of {e['date']})" if e["date"] else ""
        found.append(Node(f"{e['source']} [{e['kind']}]", f"{says or 'silent'}{date}", _packet(e["packet"])))
    return _some(found) or (Node("", "no source says anything"),)


def _place(row: Row) -> Node:
    location = row["location"]
    text = f"{wording.place(row)}, {wording.STATUS[location['status']]}"
    if row["zone"] == "local":
        return Node("Place", "local network")
    below = [Node("zone", f"{wording.ZONES[row['zone']]}; adequacy: {ADEQUACY[row['adequacy']]}")]
    for address in row["addresses"] or [{"ip": "", **row}]:
        place = address["location"]
        case = f", case {wording.words(place['why'])}" if place["why"] else ""
        told = f"{wording.country(place['country'])}, {place['status']}{case}"
        below.append(Node(address["ip"] or "address", told, below=_evidence(place["evidence"])))
    return Node("Place", text, below=_some(below))


def _seat(row: Row) -> str:
    parts = [row["name"] or "not known"]
    if row["country"]:
        parts.append(f"seat in {wording.country(row['country'])}")
    if row["parent"] and row["parent"] != row["name"]:
        parts.append(f"ultimate parent {row['parent']}")
        parts.append(f"seat in {wording.country(row['parent_country'])}" if row["parent_country"] else "seat not known")
    elif row["parent"]:
        parts.append("itself the top of its group")
    elif row["name"]:
        parts.append("ultimate parent not known")
    return ", ".join(parts)


def _operator(row: Row) -> Node:
    return Node("Who runs the address", _seat(row["operator"]), below=_evidence(row["operator"]["evidence"]))


def _owner(row: Row) -> Node:
    return Node("Whose service it is", _seat(row["owner"]), below=_evidence(row["owner"]["evidence"]))


def _administered(document: Row, row: Row) -> Node:
    """Gives from where the service may be administered: traffic does not show it, a declaration may say it."""
    below = [
        Node(wording.DECLARED[line["state"]], f"declared {wording.told(line['declared'])}", wording.packets(line["packets"], 6))
        for line in document["declared"]
        if line["item"] == "administration_from" and line["declared"] is not None
        and (not line["destinations"] or row["id"] in line["destinations"])
    ]  # fmt: skip
    text = "what enters a server leaves no trace in a recording of the device"
    return Node("From where it may be administered", text, below=_some(below) or (Node("", "nothing is declared"),))


def _laws(row: Row) -> Node:
    below = []
    for law in row["access_laws"]:
        dates = f"row of {law['as_of']}, review by {law['review_by']}{', due for review' if law['stale'] else ''}"
        grounds = (
            *_texts("because", law["why"].split("; ")),
            Node("rests on", ", ".join(f"{part} evidence above" for part in law["rests_on"]) or "nothing"),
            Node("on file", f"{wording.words(law['status'])}; checked: {law['checked']}; {dates}"),
        )
        where = f" ({law['country']})" if law["country"] else ""
        below.append(Node(f"by {law['reach']}", f"{law['title']}{where} [{law['id']}]", below=grounds))
    text = "a law is a reason to ask, no evidence that anybody's data was requested"
    return Node("Laws that may reach it", text, below=_some(below) or (Node("", "none on file, which is not that there is none"),))


def _data(document: Row, row: Row) -> Node:
    below = [
        Node(
            e["title"] or e["data_type"],
            f"{e['masked_sample']}, {wording.CONFIDENCE[e['confidence']]}, {wording.CHANNELS[e['channel']]}, {e['count']:,} times; first in {wording.spot(e)}"
            + (f" of packet {e['packet']}" if e["packet"] else ""),
            wording.packets(e["packets"], 6),
        )
        for e in wording.seen(document)
        if e["destination"] == row["id"]
    ]
    below += [
        Node(
            "closed traffic fits",
            f"{e['measured']['fits']}: {e['masked_sample']}; would also fit: {', '.join(e['alternatives'])}",
            wording.packets(e["packets"], 6),
        )
        for e in wording.fitted(document)
        if e["destination"] == row["id"]
    ]
    for closed in document["verdict"]["coverage"]["closed"]:
        if closed["destination"] == row["id"]:
            why = wording.CLOSED.get(closed["why"], wording.words(closed["why"]))
            below.append(Node("closed", f"{wording.size(closed['bytes'])}, {why}"))
    return Node("Data seen", "" if below else "none was recognised, which is no proof that none was sent", below=_some(below))


def _findings(document: Row, row: Row) -> Node | None:
    below = [
        Node(f["severity"], f"{f['rule']}: {f['title']}. {f['evidence']}", wording.packets(f["packets"], 6))
        for f in wording.worst_first(document["findings"])
        if f["destination"] == row["id"]
    ]
    return Node("Findings", below=_some(below)) if below else None


def _declared(document: Row, row: Row) -> Node | None:
    below = [
        Node(
            wording.DECLARED[line["state"]],
            f"{line['item']}: declared {wording.told(line['declared'])}, seen {wording.told(line['observed'])}",
            wording.packets(line["packets"], 6),
        )
        for line in wording.declared(document)
        if row["id"] in line["destinations"]
    ]
    return Node("Declaration", below=_some(below)) if below else None


def _verdict(document: Row, row: Row) -> Node:
    verdict = document["verdict"]
    below = [
        Node(wording.words(r["code"]), r["text"], wording.packets(r["packets"], 6))
        for r in verdict["reasons"]
        if row["id"] in r["destinations"]
    ]
    text = f"data leaves the EU: {verdict['data_leaves_eu']}; law from outside the EEA may reach it: {verdict['third_country_access']}"
    return Node("What it does to the verdict", text, below=_some(below) or (Node("", "nothing rests on it"),))


def _sources(document: Row, row: Row) -> Node:
    """Gives the knowledge that the chain rests on, with versions and digests, so that it can be had again."""
    owner, operator = row["owner"]["evidence"], row["operator"]["evidence"]
    named = {e["source"] for e in (*row["location"]["evidence"], *operator, *owner)}
    named |= {e["source"] for a in row["addresses"] for e in a["location"]["evidence"]}
    if row["access_laws"]:
        named.add("laws")
    settings = document["settings"]
    below = [
        Node(k["name"], f"version {k['version']}, {k['date']}, SHA-256 {k['sha256']}")
        for k in document["tool"]["knowledge"]
        if any(source == k["name"] or k["name"].startswith(f"{source}-") for source in named)
    ]
    return Node("Knowledge used", f"{settings['knowledge']}, judged as of {settings['as_of']}", below=_some(below))


def foot(document: Row) -> str:
    """Gives what the chain was read from."""
    names = ", ".join(row["name"] for row in document["inputs"][:5])
    return f"Read from an audit of {names or 'no input'} by iotaudit {document['tool']['version']}."
