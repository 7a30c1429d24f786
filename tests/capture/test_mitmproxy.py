"""mitmproxy flow files: real ones of many versions, shapes of flows, and hostile bytes."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import dns.message
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture import mitmproxy
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import Exchange

SAMPLES = Path(__file__).resolve().parents[2] / "../shared/captures"
NAMES = ("dumpfile-010", "dumpfile-7", "dumpfile-19", "flows_successful_log", "flows_websocket")


def dump(value: Any) -> bytes:
    """Writes a value as a tnetstring; the test's own writer, for shapes that no mitmproxy writes any more."""
    match value:
        case None:
            data, mark = b"", b"~"
        case bool():
            data, mark = str(value).lower().encode(), b"!"
        case int():
            data, mark = str(value).encode(), b"#"
        case float():
            data, mark = repr(value).encode(), b"^"
        case bytes():
            data, mark = value, b","
        case str():
            data, mark = value.encode(), b";"
        case list():
            data, mark = b"".join(dump(item) for item in value), b"]"
        case _:
            data, mark = b"".join(dump(k) + dump(v) for k, v in value.items()), b"}"
    return str(len(data)).encode() + b":" + data + mark


def read(data: bytes) -> tuple[list[Exchange], tuple[Problem, ...]]:
    problems = ProblemTally()
    exchanges = list(mitmproxy.read(io.BytesIO(data), 0, problems))
    return exchanges, problems.rows()


def connection(**fields: Any) -> dict[str, Any]:
    return {
        "peername": ["192.168.50.10", 41000],
        "address": None,
        "tls": False,
        "timestamp_tls_setup": None,
        "timestamp_start": 1_700_000_000.0,
        "error": None,
        "sni": None,
        **fields,
    }


def server(**fields: Any) -> dict[str, Any]:
    return connection(peername=["203.0.113.10", 443], address=["api.vendor.example", 443], via=None) | fields


def flow(kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "version": 21,
        "type": kind,
        "client_conn": connection(),
        "server_conn": server(),
        "error": None,
        "metadata": {},
        **fields,
    }


def request(**fields: Any) -> dict[str, Any]:
    return {
        "host": "api.vendor.example",
        "port": 443,
        "scheme": b"https",
        "method": b"POST",
        "path": b"/v1",
        "http_version": b"HTTP/1.1",
        "headers": [[b"Host", b"api.vendor.example"]],
        "content": b"serial=7",
        "timestamp_start": 1_700_000_000.5,
        **fields,
    }


ANSWER = {"status_code": 204, "headers": [], "content": b"", "timestamp_end": 1_700_000_000.75}


@pytest.mark.parametrize("name", NAMES)
def test_hosts_and_entries_of_real_files_are_those_of_the_truth(name: str) -> None:
    path = SAMPLES / "mitmproxy" / f"{name}.mitm"
    if not path.is_file():
        pytest.skip("the shared captures are not there")
    data = path.read_bytes()
    truth = json.loads(gzip.decompress((SAMPLES / "truth/mitmproxy" / f"{name}.mitm.json.gz").read_bytes()))
    exchanges, problems = read(data)
    assert mitmproxy.sniff(data[:4096])
    assert problems == ()
    assert len(exchanges) == truth["entries"]
    assert {e.host for e in exchanges} == {h["name"] for h in truth["hosts"]}
    assert all(e.time_ns > 1_400_000_000_000_000_000 for e in exchanges)


def test_a_request_becomes_an_exchange() -> None:
    (exchange,), problems = read(dump(flow("http", request=request(), response=ANSWER)))
    assert problems == ()
    assert (exchange.client_ip, exchange.client_port) == ("192.168.50.10", 41000)
    assert (exchange.host, exchange.server_ip, exchange.server_port) == (
        "api.vendor.example",
        "203.0.113.10",
        443,
    )
    assert (exchange.method, exchange.uri, exchange.status) == ("POST", "/v1", 204)
    assert exchange.request_body == b"serial=7"
    assert (exchange.time_ns, exchange.end_ns) == (1_700_000_000_500_000_000, 1_700_000_000_750_000_000)
    # "POST /v1 HTTP/1.1\r\n" 19, "Host: api.vendor.example\r\n" 26, "\r\n" 2, body 8
    assert exchange.request_len == 19 + 26 + 2 + 8
    assert exchange.encrypted_in_transit


def test_the_proxys_end_of_the_clients_connection_is_told() -> None:
    data = dump(flow("tcp", client_conn=connection(sockname=["::ffff:192.168.50.1", 8080]), messages=[]))
    (exchange,), _ = read(data)
    assert (exchange.proxy_ip, exchange.proxy_port) == ("192.168.50.1", 8080)


def test_old_shapes_are_read_like_new_ones() -> None:
    # format 0.18: keys as bytes, addresses inside a mapping, `ip_address` in place of `peername`
    old = {
        b"version": [0, 18],
        b"type": b"http",
        b"client_conn": {
            b"address": {b"address": [b"::ffff:192.168.50.10", 41000], b"use_ipv6": False},
            b"ssl_established": True,
        },
        b"server_conn": {
            b"ip_address": {b"address": [b"203.0.113.10", 443]},
            b"address": {b"address": [b"x.example", 443]},
        },
        b"request": {key.encode(): value for key, value in request(host=b"X.Example.").items()},
        b"response": None,
        b"error": None,
    }
    (exchange,), problems = read(dump(old))
    assert problems == ()
    assert (exchange.client_ip, exchange.server_ip, exchange.host) == (
        "192.168.50.10",
        "203.0.113.10",
        "x.example",
    )
    assert (exchange.status, exchange.response_len) == (None, 0)


def test_the_address_of_a_further_proxy_is_not_the_servers() -> None:
    data = dump(
        flow(
            "http", request=request(), response=ANSWER, server_conn=server(via=["http", ["192.0.2.9", 3128]])
        )
    )
    (exchange,), _ = read(data)
    assert (exchange.host, exchange.server_ip) == ("api.vendor.example", None)


def test_the_name_in_the_hello_to_a_reverse_proxy_is_not_the_servers() -> None:
    client = connection(sni="proxy.lab.example", proxy_mode="reverse:https://api.vendor.example")
    behind = server(sni="api.vendor.example", timestamp_tls_setup=1_700_000_000.1)
    (exchange,), _ = read(
        dump(flow("http", request=request(), response=ANSWER, client_conn=client, server_conn=behind))
    )
    assert exchange.sni == "api.vendor.example"


def test_a_client_that_refused_the_certificate_is_told() -> None:
    text = "The client does not trust the proxy's certificate for api.vendor.example (tlsv1 alert unknown ca)"
    refused = flow(
        "tcp",
        messages=[],
        error={"msg": text, "timestamp": 1.0},
        client_conn=connection(sni="api.vendor.example", tls=True),
    )
    unclear = flow("tcp", messages=[], error={"msg": "Connection killed.", "timestamp": 1.0})
    exchanges, _ = read(dump(refused) + dump(unclear))
    assert [e.client_rejected_certificate for e in exchanges] == [True, False]
    assert exchanges[0].sni == "api.vendor.example"
    assert not exchanges[0].encrypted_in_transit  # nothing of it was opened


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_raw_messages_keep_direction_and_time(kind: str) -> None:
    rows = [[True, b"\x10\x0c", 1_700_000_001.0], [False, b"\x20\x02\0\0", 1_700_000_002.0]]
    client = connection(tls=True, timestamp_tls_setup=1_700_000_000.2, tls_version="TLSv1.3")
    (exchange,), problems = read(dump(flow(kind, messages=rows, client_conn=client)))
    assert problems == ()
    assert exchange.kind == kind
    assert exchange.messages == (
        (True, b"\x10\x0c", 1_700_000_001_000_000_000),
        (False, b"\x20\x02\0\0", 1_700_000_002_000_000_000),
    )
    assert (exchange.request_len, exchange.response_len) == (2, 4)
    assert (exchange.encrypted_in_transit, exchange.tls_version) == (True, "TLSv1.3")
    assert (exchange.host, exchange.server_port) == ("api.vendor.example", 443)


def test_messages_of_a_websocket_are_given() -> None:
    web = {"messages": [[1, True, b"hi", 1_700_000_001.0, False, False]], "timestamp_end": 1_700_000_009.0}
    (exchange,), _ = read(dump(flow("http", request=request(), response=ANSWER, websocket=web)))
    assert exchange.kind == "websocket"
    assert exchange.messages == ((True, b"hi", 1_700_000_001_000_000_000),)
    assert exchange.end_ns == 1_700_000_009_000_000_000


def test_a_dns_flow_is_given_in_wire_format() -> None:
    question = {"name": "api.vendor.example", "type": 1, "class_": 1}
    record = {**question, "ttl": 60, "data": b"\xcb\0\x71\x0a"}
    asked = {
        "id": 42,
        "query": True,
        "recursion_desired": True,
        "questions": [question],
        "answers": [],
        "timestamp": 1_700_000_000.0,
    }
    answered = asked | {
        "query": False,
        "recursion_available": True,
        "answers": [record],
        "timestamp": 1_700_000_001.0,
    }
    (exchange,), problems = read(dump(flow("dns", request=asked, response=answered)))
    assert problems == ()
    assert [outbound for outbound, _, _ in exchange.messages] == [True, False]
    seen = dns.message.from_wire(exchange.messages[1][1])
    assert seen.id == 42
    assert [str(rr) for rr in seen.answer] == ["api.vendor.example. 60 IN A 203.0.113.10"]


def test_a_flow_of_unknown_type_is_a_problem_and_the_next_is_read() -> None:
    exchanges, problems = read(
        dump(flow("quantum")) + dump(flow("http", request=None)) + dump(flow("http", request=request()))
    )
    assert [e.number for e in exchanges] == [3]
    assert [(p.kind, p.packet, p.count, p.loses_payload) for p in problems] == [
        ("not_a_regular_web_log", 1, 2, True)
    ]


def test_a_request_whose_body_was_streamed_past_is_a_problem() -> None:
    exchanges, problems = read(dump(flow("http", request=request(content=None), response=ANSWER)))
    assert len(exchanges) == 1
    assert [(p.kind, p.loses_payload) for p in problems] == [("not_a_regular_web_log", True)]


def test_a_flow_beyond_the_bound_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    small = dump(flow("http", request=request()))
    monkeypatch.setattr(mitmproxy, "FLOW_LEN", len(small))
    large = dump(flow("http", request=request(content=b"x" * 3_000_000)))
    exchanges, problems = read(large + small)
    assert [e.number for e in exchanges] == [2]
    assert [(p.kind, p.offset) for p in problems] == [("oversized_record", 0)]


def test_bytes_that_are_no_flow_end_the_reading_with_a_place() -> None:
    good = dump(flow("http", request=request()))
    exchanges, problems = read(good + b"garbage")
    assert len(exchanges) == 1
    assert [(p.kind, p.offset, p.loses_payload) for p in problems] == [("bad_record", len(good), True)]


def test_a_file_cut_at_any_byte_is_told() -> None:
    data = dump(flow("http", request=request(), response=ANSWER))
    assert read(b"") == ([], ())
    for length in range(1, len(data)):
        exchanges, problems = read(data[:length])
        assert exchanges == []
        assert [p.kind for p in problems] == ["truncated_file"]


def test_nesting_is_bounded() -> None:
    value: Any = []
    for _ in range(100):
        value = [value]
    exchanges, problems = read(dump({"type": "http", "request": value}))
    assert exchanges == []
    assert [p.kind for p in problems] == ["not_a_regular_web_log"]


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b"1234:7:version;", True),
        (b"99:5:error;0:~", True),
        (b"2134:5:error,0:~", True),
        (b"0:", False),
        (b'{"log":', False),
        (b"", False),
    ],
)
def test_only_a_flow_file_is_taken_for_one(head: bytes, *, wanted: bool) -> None:
    assert mitmproxy.sniff(head) is wanted


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False)
    | st.binary(max_size=6)
    | st.text("aé:", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_what_was_written_is_read_back(value: dict[str, Any]) -> None:
    data = dump(value)
    assert mitmproxy.parse_items(data[data.index(b":") + 1 : -1]) == value


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_flow_with_any_field_replaced_gives_an_exchange_or_a_problem(data: st.DataObject) -> None:
    state = flow("http", request=request(), response=dict(ANSWER), messages=[[True, b"x", 1.0]])
    state["type"] = data.draw(st.sampled_from(["http", "tcp", "udp", "dns", "websocket"]))
    place = data.draw(
        st.sampled_from(
            [state, state["request"], state["response"], state["client_conn"], state["server_conn"]]
        )
    )
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(VALUES)
    exchanges, problems = read(dump(state))
    assert len(exchanges) == 1 or [p.kind for p in problems] == ["not_a_regular_web_log"]


@given(st.binary(max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_exchanges_or_problems(data: bytes) -> None:
    mitmproxy.sniff(data)
    exchanges, problems = read(data)
    assert exchanges or problems or not data


@pytest.mark.proxy
def test_what_mitmproxy_itself_writes_is_read() -> None:
    flows = pytest.importorskip("mitmproxy.test.tflow", reason="needs mitmproxy")
    writer = pytest.importorskip("mitmproxy.io", reason="needs mitmproxy")
    file = io.BytesIO()
    made = [
        flows.tflow(resp=True),
        flows.ttcpflow(err=True),
        flows.tudpflow(),
        flows.tdnsflow(resp=True),
        flows.twebsocketflow(),
    ]
    for one in made:
        writer.FlowWriter(file).add(one)
    exchanges, problems = read(file.getvalue())
    assert problems == ()
    assert [e.kind for e in exchanges] == ["http", "tcp", "udp", "dns", "websocket"]
    assert {e.host for e in exchanges} == {"address", "example.com"}
