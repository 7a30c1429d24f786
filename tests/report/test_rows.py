"""The document: contract keys, written forms, order, repeatability."""

import datetime
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit import report
from iotaudit.model.packets import packet_id
from iotaudit.report import schema
from iotaudit.report.values import stamp

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "docs" / "schema" / "audit.schema.json"


def test_every_document_fits_the_schema(any_document: Any) -> None:
    form = schema.make()
    jsonschema.Draft202012Validator.check_schema(form)
    jsonschema.Draft202012Validator(form).validate(any_document)
    jsonschema.Draft202012Validator(form).validate(json.loads(report.render(any_document, "json")))


def test_the_printed_schema_is_current() -> None:
    assert json.loads(SCHEMA_FILE.read_text("utf-8")) == schema.make()


def test_the_schema_closes_every_object_and_every_word_list() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "properties" in node and node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert sorted(node["required"]) == sorted(node["properties"])
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    form = schema.make()
    walk(form)
    assert form["$defs"]["zone"]["enum"] == [
        "EU",
        "EEA",
        "adequate",
        "third-country",
        "local",
        "unknown",
    ]
    assert form["$defs"]["answer"]["enum"] == ["yes", "no", "undetermined"]


def test_the_contract_keys_are_on_every_row(audit: Any) -> None:
    document = report.document(audit)
    assert list(document)[:4] == ["schema_version", "run", "tool", "settings"]
    contract = {
        "inputs": "name sha256 bytes format link_types packets wire_bytes first last truncated_packets dropped_packets problems",
        "devices": "id mac ips vendor hostname evidence verdict",
        "flows": "id device direction protocol client server application packets_out bytes_out packets_in bytes_in "
        "payload_out payload_in first last first_packet rtt_min_ms names encryption tls http mqtt",
        "dns": "name type answers resolver packet client rcode resolver_is_configured",
        "destinations": "id name ips registrable_domain party operator location zone adequacy access_laws bytes_out "
        "bytes_in payload_out flows addresses",
        "exposures": "id data_type destination confidence channel where decoding masked_sample count packets",
        "findings": "id rule pack title severity dimension destination exposure flows packets evidence legal question "
        "remediation fingerprint waived not_proof",
        "outcomes": "rule pack outcome decided_by would_decide",
    }
    for key, names in contract.items():
        assert document[key], key
        for row in document[key]:
            assert set(names.split()) <= set(row), key
    assert document["declared"] == []
    assert document["observations"] == []
    assert set(document["verdict"]) == {
        "data_leaves_eu",
        "third_country_access",
        "statement",
        "reasons",
        "coverage",
    }
    assert {"duration_s", "scenarios", "unread", "undecrypted_share", "closed"} <= set(
        document["verdict"]["coverage"]
    )
    assert document["inputs"][0]["problems"][0] == {
        "kind": "duplicate_frames", "packet": 5, "offset": None, "detail": "", "count": 4, "loses_payload": False,
    }  # fmt: skip


def test_packets_of_one_input_are_numbers_and_of_several_name_the_input(audit: Any, two_input_audit: Any) -> None:
    one = report.document(audit)
    assert one["exposures"][0]["packets"] == [23, 25]
    assert one["flows"][0]["first_packet"] == 10
    two = report.document(two_input_audit)
    assert [x["packets"] for x in two["exposures"] if x["where"] == "mqtt.payload"] == [
        ["0:23", "1:2"]
    ]
    assert two["inputs"][1]["problems"][0]["packet"] == "1:7"
    assert two["flows"][0]["first_packet"] == "0:10"


def test_packet_order_is_by_input_and_number_not_by_text(two_input_audit: Any) -> None:
    row = replace(
        two_input_audit.exposure_rows[0], packets=(packet_id(1, 10), 100, 20, packet_id(1, 9), 20)
    )
    document = report.document(replace(two_input_audit, exposure_rows=(row,)))
    assert document["exposures"][0]["packets"] == ["0:20", "0:100", "1:9", "1:10"]


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (1_800_000_000_000_000_123, "2027-01-15T08:00:00.000000123Z"),
        (0, "1970-01-01T00:00:00.000000000Z"),
        (-2, "1969-12-31T23:59:59.999999998Z"),
        (-1, None),
        (None, None),
        (253_402_300_799_999_999_999, "9999-12-31T23:59:59.999999999Z"),
        (10**30, None),
        (-(10**30), None),
        (-50_000_000_000_000_000_000, None),
    ],
)
def test_times_are_rfc_3339_with_nanoseconds(time_ns: Any, text: Any) -> None:
    assert stamp(time_ns) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_time_is_written_as_the_library_writes_it(time_ns: int) -> None:
    seconds, rest = divmod(time_ns, 1_000_000_000)
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=seconds)
    expected = None if time_ns == -1 else f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    assert stamp(time_ns) == expected


def test_equal_audits_give_equal_bytes_but_for_run(audit: Any) -> None:
    first = report.render(report.document(audit), "json")
    again = replace(audit, run=replace(audit.run, duration_s=9.0))
    second = report.document(again)
    assert report.render(second, "json") != first
    second["run"] = json.loads(first)["run"]
    assert report.render(second, "json") == first


def test_order_of_rows_in_the_audit_does_not_matter(audit: Any) -> None:
    shuffler = random.Random(7)  # noqa: S311 - a repeatable shuffle
    fields = (
        "flow_rows",
        "destination_rows",
        "exposure_rows",
        "finding_rows",
        "outcomes",
        "dns_rows",
        "knowledge",
    )
    shuffled = {
        name: tuple(shuffler.sample(getattr(audit, name), len(getattr(audit, name))))
        for name in fields
    }
    assert report.document(replace(audit, **shuffled)) == report.document(audit)


def test_rows_stand_in_the_order_of_decision_10(audit: Any) -> None:
    document = report.document(audit)
    assert [d["name"] or d["ips"][0] for d in document["destinations"]] == [
        "192.168.7.1",
        "2001:db8::5",
        "eu-map.moppel.example",
        "mqtt.eu.moppel.example",
        "telemetry.moppel.example",
    ]
    assert [f["rule"] for f in document["findings"]] == ["fa-001", "gt-001", "gt-004"]
    assert [f["first_packet"] for f in document["flows"]] == [10, 20, 30, 40, 50]


def test_lone_surrogates_are_replaced_and_controls_survive_json(hostile_audit: Any) -> None:
    document = report.document(hostile_audit)
    names = [d["name"] for d in document["destinations"]]
    assert "?lone" in names
    assert any("\x1b[31m" in name for name in names)
    assert json.loads(report.render(document, "json")) == document


def test_an_empty_audit_has_empty_lists_and_nulls(empty_audit: Any) -> None:
    document = report.document(empty_audit)
    assert document["inputs"][0]["first"] is None
    assert document["inputs"][0]["dropped_packets"] is None
    for key in ("devices", "flows", "dns", "destinations", "exposures", "findings", "outcomes"):
        assert document[key] == []
    assert document["verdict"]["coverage"]["undecrypted_share"] is None
