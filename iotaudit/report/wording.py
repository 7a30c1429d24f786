"""The words that people read, the same in every format: answers, zones, sizes, spans, countries.

Nothing here comes from a capture; what does is escaped by the format that writes it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from iotaudit.model import amounts

count, size, span = amounts.count, amounts.size, amounts.span

LEAVES = {
    "yes": ("YES", "Data leaves the EU and the EEA."),
    "no": ("NO", "No data was seen leaving the EU and the EEA."),
    "undetermined": (
        "UNDETERMINED",
        "This test cannot say whether data leaves the EU and the EEA.",
    ),
}
ACCESS = {
    "yes": ("YES", "Law of a country outside the EEA may reach a recipient of the data."),
    "no": ("NO", "No recipient was found within reach of a law from outside the EEA."),
    "undetermined": (
        "UNDETERMINED",
        "This test cannot say whether a law from outside the EEA reaches a recipient.",
    ),
}
ZONES = {
    "EU": "inside the EU",
    "EEA": "inside the EEA",
    "adequate": "outside the EEA, adequacy decision",
    "third-country": "outside the EEA",
    "local": "local network",
    "unknown": "place not known",
}
STATUS = {
    "confirmed": "confirmed by independent sources",
    "claimed": "claimed by one kind of source",
    "disputed": "sources disagree",
    "unknown": "not known",
}
PARTIES = {
    "first": "the vendor's own service",
    "support": "a service that works for the vendor",
    "third": "a third party",
    "infrastructure": "network infrastructure",
    "unknown": "whose service is not known",
}
OUTCOMES = {
    "fail_indicator": "indicator found",
    "no_indicator": "no indicator",
    "inconclusive": "could not be decided",
    "not_testable": "not testable in this set-up",
}
DECLARED = {
    "contradicted": "contradicted",
    "seen_not_declared": "seen, not declared",
    "declared_not_seen": "declared, not seen",
    "seen_and_declared": "seen and declared",
}
"""States of a declaration's lines, in the order of interest."""
CONFIDENCE = {
    "proven": "proven by checksum, format or a known value",
    "detected": "detected by its form and name",
    "inferred": "inferred from size, rhythm or name",
}
CHANGES = {
    "new": "new in this step",
    "more": "more than at other times",
    "less": "less than at other times",
    "silent": "silent in this step",
    "same": "as at other times",
    "unknown": "nothing to compare with",
}
"""States of the rows of `step_changes`."""
CHANNELS = {
    "plaintext": "in the clear",
    "decrypted": "encrypted, read with the keys",
    "encrypted": "encrypted, not read",
}
CLOSED = {
    "no_keys": "encrypted, no keys",
    "pinned": "encrypted, certificate pinned",
    "unknown_protocol": "protocol not known",
}
INFERRED = (
    "Nobody looked inside. What is listed was measured by size, direction and time; what it fits is inferred, and other"
    " things fit as well."
)
LINK = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9._~/%+-]*)?")
SEVERITIES = ("critical", "high", "medium", "low", "info")
ZONE_ORDER = ("third-country", "adequate", "unknown", "EEA", "EU", "local")


def country(code: str | None) -> str:
    """Gives the name of an ISO 3166-1 alpha-2 code, the code itself where it has none, "not known" for None."""
    return amounts.country(code) if code else "not known"


def share(part: float | None) -> str:
    """Gives a share as a percentage that never rounds to all or nothing; "nothing was sent" for None."""
    return "nothing was sent" if part is None else amounts.share(part)


def words(term: str) -> str:
    """Gives an id as words: "truncated_packets" as "truncated packets"."""
    return term.replace("_", " ")


def spot(exposure: Mapping[str, Any]) -> str:
    """Gives where the sample of an exposure stands: the content, and the byte in it where that can be said."""
    at = "" if exposure["offset"] is None else f" from byte {exposure['offset']:,}"
    return f"{exposure['where']}{at}"


def packets(numbers: Iterable[int | str], most: int = 12) -> str:
    """Gives packet numbers as a list in words, the rest counted: "3, 7, 9 and 4 more"."""
    texts = [str(n) for n in numbers]
    if len(texts) > most:
        return f"{', '.join(texts[:most])} and {len(texts) - most} more"
    return ", ".join(texts)


def device_name(row: Mapping[str, Any]) -> str:
    """Gives what people call a device: vendor and host name, else MAC or address."""
    name = " ".join(part for part in (row["vendor"], row["hostname"]) if part)
    return name or str(row["mac"] or (row["ips"][0] if row["ips"] else row["id"]))


def destination_name(row: Mapping[str, Any]) -> str:
    """Gives a destination's name, else its address."""
    return str(row["name"] or (row["ips"][0] if row["ips"] else "") or row["id"])


def operator_name(row: Mapping[str, Any]) -> str:
    """Gives who runs a destination and who stands behind, "operator not known" where nobody knows."""
    operator = row["operator"]
    name = (
        operator["name"]
        or operator["as_name"]
        or (f"AS{operator['asn']}" if operator["asn"] else "")
    )
    if not name:
        return "operator not known"
    if operator["parent"] and operator["parent"] != name:
        home = f", {operator['parent_country']}" if operator["parent_country"] else ""
        return f"{name} (group: {operator['parent']}{home})"
    return f"{name} ({operator['country']})" if operator["country"] else name


def place(row: Mapping[str, Any]) -> str:
    """Gives where a destination is: country and how well it is known."""
    if row["zone"] == "local":
        return "local network"
    location = row["location"]
    if location["status"] == "disputed":
        said = sorted({e["country"] for e in location["evidence"] if e["country"]})
        return "disputed: " + " or ".join(country(c) for c in said) if said else "disputed"
    if not location["country"] or location["status"] == "unknown":
        return "not known"
    return f"{country(location['country'])} ({location['status']})"


def law_countries(row: Mapping[str, Any]) -> list[str]:
    """Gives the countries whose laws may reach a destination, each with the number of its laws on file."""
    titles: dict[str, set[str]] = {}
    for law in row["access_laws"]:
        titles.setdefault(country(law["country"]) if law["country"] else law["title"], set()).add(law["id"])
    return [f"{name} ({count(len(titles[name]), 'law')})" for name in sorted(titles)]


def worst_first(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Gives findings by severity, the worst first; the order of the document within one severity; waived ones last."""
    return sorted(
        findings, key=lambda f: (f["waived"] is not None, SEVERITIES.index(f["severity"]))
    )


def questions(document: Mapping[str, Any], most: int) -> list[tuple[str, str, str]]:
    """Gives the questions to ask the vendor, worst first and each once: (question, rule, severity)."""
    found: dict[str, tuple[str, str, str]] = {}
    for finding in worst_first(f for f in document["findings"] if f["waived"] is None):
        if finding["question"]:
            found.setdefault(
                finding["question"], (finding["question"], finding["rule"], finding["severity"])
            )
    return list(found.values())[:most]


def seen(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Gives the exposures that were read, the most sensitive first."""
    return _sensitive_first(e for e in document["exposures"] if e["measured"] is None)


def fitted(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Gives what the rhythm of closed traffic fits, the most sensitive first: inferred, never seen."""
    return _sensitive_first(e for e in document["exposures"] if e["measured"] is not None)


def _sensitive_first(exposures: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(exposures, key=lambda e: (-e["sensitivity"], e["title"], e["destination"], e["where"], e["id"]))


def changed(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Gives what was different while steps ran, by step, the most sent first; what stayed the same is left out."""
    order = {step: at for at, step in enumerate(dict.fromkeys(row["step"] for row in document["step_changes"]))}
    return sorted(
        (row for row in document["step_changes"] if row["state"] != "same"),
        key=lambda row: (order[row["step"]], -row["sent_in_step"], row["destination"]),
    )


def pace(length: int, seconds: float) -> str:
    """Gives bytes over a time as a rate: "1.3 Mbit/s", "nothing"."""
    return amounts.rate(length * 8 / max(seconds, 1.0)) if length else "nothing"


def exposed_types(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Gives the titles of the data types that were read on the way to each destination id, sorted."""
    found: dict[str, set[str]] = {}
    for exposure in seen(document):
        found.setdefault(exposure["destination"], set()).add(
            exposure["title"] or exposure["data_type"]
        )
    return {key: sorted(titles) for key, titles in found.items()}


def ranked(destinations: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Gives destinations in the order of interest: outside first, then by bytes of payload sent, then by name."""
    return sorted(
        destinations,
        key=lambda d: (
            ZONE_ORDER.index(d["zone"]),
            -d["payload_out"],
            destination_name(d),
            d["id"],
        ),
    )


def told(value: object) -> str:
    """Gives a declared or observed value as text, "nothing" for none."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return yes_no(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def declared(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Gives the lines of a declaration, the differences first, each state in the order of the document."""
    order = list(DECLARED)
    return sorted(document["declared"], key=lambda row: order.index(row["state"]))


def tally(document: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Gives how many lines of a declaration have each state: (id, words, number)."""
    states = [row["state"] for row in document["declared"]]
    return [(state, text, states.count(state)) for state, text in DECLARED.items()]


def yes_no(flag: object) -> str:
    """Gives "yes" or "no" of a flag, "not known" of None."""
    return "not known" if flag is None else "yes" if flag else "no"


def link(url: str) -> str | None:
    """Gives a URL of our own knowledge that may become a link: https, a plain host, a plain path; else None."""
    return url if LINK.fullmatch(url) else None
