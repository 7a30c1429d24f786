"""A saved audit is read strictly: cut, edited or foreign files are told in one line."""

import copy
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotaudit import report
from iotaudit.errors import InputError
from iotaudit.model.result import Audit
from iotaudit.report import schema


def test_what_was_written_is_read(any_document: dict[str, Any]) -> None:
    text = report.render(any_document, "json")
    assert report.load(text if isinstance(text, bytes) else text.encode()) == any_document


@pytest.mark.parametrize(
    "text",
    [b"", b" \n", b"hello", b"[1]", b"{}", b'{"schema_version": "9.0"}', b'{"schema_version": "1.0"}', b"\xff\xfe"],
)
def test_what_is_no_audit_is_refused_in_one_line(text: bytes) -> None:
    with pytest.raises(InputError) as told:
        report.load(text)
    assert "\n" not in str(told.value)


def test_a_cut_file_says_that_it_is_cut(audit: Audit) -> None:
    text = orjson.dumps(report.document(audit))
    with pytest.raises(InputError, match="damaged or cut off"):
        report.load(text[: len(text) // 2])


def test_a_bad_place_is_named_without_its_value(audit: Audit) -> None:
    document = report.document(audit)
    document["destinations"][0]["zone"] = "secret-word"
    with pytest.raises(InputError, match="/destinations/0/zone") as told:
        report.load(orjson.dumps(document))
    assert "secret-word" not in str(told.value)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(node, dict):
        for key, inner in node.items():
            found += _places(inner, (*path, key))
    elif isinstance(node, list):
        for number, inner in enumerate(node[:3]):
            found += _places(inner, (*path, number))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from([None, -1, "x", [], {}, True, 1.5]))
def test_agrees_with_jsonschema(audit: Audit, data: st.DataObject, value: Any) -> None:
    document = copy.deepcopy(report.document(audit))
    place = data.draw(st.sampled_from(_places(document)))
    node: Any = document
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    sound = jsonschema.Draft202012Validator(schema.make()).is_valid(document)
    try:
        report.load(orjson.dumps(document))
    except InputError:
        assert not sound, place
    else:
        assert sound, place
