"""The destinations as CSV: one row each, no cell that a spreadsheet would run.

Source: RFC 4180 (commas, quotes doubled, CRLF); UTF-8 without a byte order mark.
"""

import csv
import io
from collections.abc import Mapping
from typing import Any

from iotaudit.report import RenderOptions, escape, wording

COLUMNS = (
    "id",
    "name",
    "ips",
    "registrable_domain",
    "party",
    "operator",
    "asn",
    "operator_country",
    "parent",
    "parent_country",
    "country",
    "location_status",
    "zone",
    "adequacy",
    "access_laws",
    "bytes_out",
    "bytes_in",
    "payload_out",
    "data_types",
    "findings",
    "first_packet",
    "payload_packet",
    "hard_coded",
    "owner",
    "owner_country",
    "party_ground",
    "declared",
)


def render(document: Mapping[str, Any], _options: RenderOptions) -> str:
    """Gives the table of destinations, in the order of the document; several values in a cell stand with "; "."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    types: dict[str, set[str]] = {}
    for exposure in wording.seen(document):
        types.setdefault(exposure["destination"], set()).add(exposure["data_type"])
    rules: dict[str, set[str]] = {}
    for finding in document["findings"]:
        if finding["destination"]:
            rules.setdefault(finding["destination"], set()).add(finding["rule"])
    states: dict[str, dict[str, None]] = {}
    for line in document["declared"]:
        for ident in line["destinations"]:
            states.setdefault(ident, {})[f"{line['item']}: {wording.DECLARED[line['state']]}"] = None
    for row in document["destinations"]:
        operator = row["operator"]
        cells = (
            row["id"],
            row["name"],
            "; ".join(row["ips"]),
            row["registrable_domain"],
            row["party"],
            operator["name"] or operator["as_name"],
            operator["asn"],
            operator["country"],
            operator["parent"],
            operator["parent_country"],
            row["location"]["country"],
            row["location"]["status"],
            row["zone"],
            row["adequacy"],
            "; ".join(f"{law['id']} ({law['reach']})" for law in row["access_laws"]),
            row["bytes_out"],
            row["bytes_in"],
            row["payload_out"],
            "; ".join(sorted(types.get(row["id"], ()))),
            "; ".join(sorted(rules.get(row["id"], ()))),
            row["first_packet"],
            row["payload_packet"],
            wording.yes_no(row["hard_coded"]),
            row["owner"]["name"],
            row["owner"]["country"],
            row["party_ground"],
            "; ".join(states.get(row["id"], ())),
        )
        writer.writerow([escape.csv(cell) for cell in cells])
    return out.getvalue()
