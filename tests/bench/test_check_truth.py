"""The tool that holds audits against a generator's truth: it reads both row by row, and misses no difference."""

import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import check_truth
from bench.check_truth import Rows, compare, read_audit, read_truth

NS = 1_790_000_000 * 10**9
TRUTH: dict[str, Any] = {
    "packets": 3,
    "wire_bytes": 300,
    "file_bytes": 400,
    "first_ns": NS,
    "last_ns": NS + 5,
    "devices": [{"mac": "02:00:00:00:00:01", "hostname": "thing", "ip4": "192.168.1.5"}],
    "servers": [{"ip4": "192.0.2.7", "ip6": None, "country": "DE"}],
    "dns": [
        {"packet": 1, "name": "a.test", "type": "A", "client": "192.168.1.5", "answers": ["192.0.2.7"], "flow": 1}
    ],
    "planted": [
        {"value": "X", "kind": "serial", "form": "plain", "channel": "http", "flow": 1, "packet": 2},
    ],
    "flows": [
        {
            "id": 1,
            "protocol": "tcp",
            "client": ["192.168.1.5", 4000],
            "server": ["192.0.2.7", 443],
            "packets_out": 2,
            "bytes_out": 200,
            "payload_out": 20,
            "packets_in": 1,
            "bytes_in": 100,
            "payload_in": 10,
            "first_ns": NS,
            "last_ns": NS + 5,
            "first_packet": 1,
            "sni": "a.test",
        }
    ],
}
TIMES = {"first": "2026-09-21T14:13:20.000000000Z", "last": "2026-09-21T14:13:20.000000005Z"}
AUDIT: dict[str, Any] = {
    "inputs": [{"packets": 3, "wire_bytes": 300, "bytes": 400, "truncated_packets": 0, **TIMES}],
    "devices": [{"mac": "02:00:00:00:00:01", "hostname": "thing", "ips": ["192.168.1.5"]}],
    "flows": [
        {
            **{k: v for k, v in TRUTH["flows"][0].items() if k not in ("sni", "first_ns", "last_ns")},
            **TIMES,
            "id": "f1",
            "client": {"ip": "192.168.1.5", "port": 4000},
            "server": {"ip": "192.0.2.7", "port": 443},
            "tls": {"sni": "a.test"},
            "http": [],
        }
    ],
    "dns": [
        {
            "packet": 1,
            "name": "a.test",
            "type": "A",
            "client": "192.168.1.5",
            "answers": ["192.0.2.7"],
            "protocol": "dns",
        }
    ],
    "destinations": [{"ips": ["192.0.2.7"], "location": {"country": "DE"}}],
    "exposures": [{"data_type": "device.serial", "count": 1, "packets": [2], "flows": ["f1"]}],
}


def differing(audit: dict[str, Any], folder: Path, truth: dict[str, Any] = TRUTH) -> set[str]:
    """Gives the kinds of differences."""
    paths = folder / "truth.json", folder / "audit.json"
    for path, value in zip(paths, (truth, audit), strict=True):
        path.write_text(json.dumps(value), encoding="utf-8")
    found = compare(read_truth(paths[0]), read_audit(paths[1]), 400)
    out = io.StringIO()
    assert found.show(out) == (1 if found.found else 0)
    assert all(kind in out.getvalue() for kind in found.found)
    return set(found.found)


def test_pass_an_audit_that_says_the_same_differs_in_nothing(tmp_path: Path) -> None:
    assert differing(AUDIT, tmp_path) == set()


def _set(*path: str | int, to: object) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_set("inputs", 0, "packets", to=4), "packets"),
        (_set("inputs", 0, "wire_bytes", to=4), "wire_bytes"),
        (_set("inputs", 0, "bytes", to=4), "file bytes"),
        (_set("inputs", 0, "truncated_packets", to=4), "truncated packets"),
        (_set("inputs", 0, "last", to=TIMES["first"]), "first and last"),
        (_set("flows", to=[]), "flows of the same endpoints"),
        (_set("flows", 0, "bytes_in", to=101), "packets and bytes of a flow"),
        (_set("flows", 0, "payload_out", to=21), "payload of a flow"),
        (_set("flows", 0, "first_packet", to=2), "first packet of a flow"),
        (_set("flows", 0, "first", to=TIMES["last"]), "times of a flow"),
        (_set("flows", 0, "client", "port", to=4001), "flows of the same endpoints"),
        (_set("flows", 0, "tls", "sni", to="b.test"), "server names"),
        (_set("dns", 0, "answers", to=["192.0.2.8"]), "DNS answers"),
        (_set("dns", to=[]), "DNS answers"),
        (_set("devices", 0, "hostname", to=None), "devices"),
        (_set("destinations", 0, "location", "country", to="FR"), "countries that are not unknown"),
        (_set("exposures", 0, "packets", to=[3]), "planted: serial, plain, http"),
        (_set("exposures", 0, "data_type", to="person.email"), "planted: serial, plain, http"),
    ],
)
def test_fail_every_difference_is_found(change: Callable[[Any], None], kind: str, tmp_path: Path) -> None:
    audit = copy.deepcopy(AUDIT)
    change(audit)
    assert kind in differing(audit, tmp_path)


def test_sums_alone_are_compared_too(tmp_path: Path) -> None:
    truth = {"packets": 3, "wire_bytes": 300, "bytes": 400, "tcp": 1, "udp": 0, "names": {"a.test": 1}}
    assert differing(AUDIT, tmp_path, truth) == set()
    assert differing(AUDIT, tmp_path, truth | {"udp": 1, "names": {}}) == {
        "UDP conversations",
        "conversations of a name",
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=5), st.integers(1, 9), st.sampled_from((None, 1)))
@settings(max_examples=60, deadline=None)
def test_rows_are_those_of_the_whole_document(document: dict[str, Any], chunk: int, indent: int | None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check_truth, "CHUNK", chunk)
        got = list(Rows(io.StringIO(json.dumps(document, indent=indent))))
    want = [
        (key, row)
        for key, value in document.items()
        for row in (value if isinstance(value, list) else [value])
    ]
    assert got == want


def test_a_file_that_is_cut_is_no_truth() -> None:
    text = json.dumps(TRUTH)
    for end in range(1, len(text), 7):
        with pytest.raises(ValueError, match=r"."):
            list(Rows(io.StringIO(text[:end])))
