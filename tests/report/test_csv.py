"""The table of destinations: one row each, nothing that a spreadsheet would run."""

import csv
import io
from typing import Any

from iotaudit import report
from iotaudit.model.result import Audit
from iotaudit.report.escape import FORMULA


def rows_of(document: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(str(report.render(document, "csv")), newline="")))


def test_every_destination_has_a_row(any_document: dict[str, Any]) -> None:
    assert [r["id"] for r in rows_of(any_document)] == [d["id"] for d in any_document["destinations"]]


def test_no_cell_starts_a_formula(hostile_audit: Audit) -> None:
    for row in rows_of(report.document(hostile_audit)):
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(FORMULA), cell


def test_data_types_and_laws_stand_with_their_destination(audit: Audit) -> None:
    document = report.document(audit)
    exposed = {(e["destination"], e["data_type"]) for e in document["exposures"]}
    told = {(r["id"], kind) for r in rows_of(document) for kind in r["data_types"].split("; ") if kind}
    assert told == exposed
