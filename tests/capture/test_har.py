"""HAR: real logs, shapes of entries, and hostile documents."""

import base64
import gzip
import io
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture import har
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import Exchange

SAMPLES = Path(__file__).resolve().parents[2] / "../shared/captures"
NAMES = (
    "mitmproxy/flows_corrupted_gzip_body.har",
    "mitmproxy/flows_successful_log.har",
    "mitmproxy/har_files_chrome.har",
    "mitmproxy/har_files_firefox.har",
    "mitmproxy/har_files_with-bom.har",
    "reporthar/android_first-run.har",
    "reporthar/ios_second-run.har",
)


def read(data: bytes) -> tuple[list[Exchange], tuple[Problem, ...]]:
    problems = ProblemTally()
    exchanges = list(har.read(io.BytesIO(data), 0, problems))
    return exchanges, problems.rows()


def entry(**fields: Any) -> dict[str, Any]:
    request = {
        "method": "GET",
        "url": "https://api.vendor.example/v1?id=7",
        "headers": [],
        "headersSize": 90,
        "bodySize": 0,
    }
    request |= fields.pop("request", {})
    return {"startedDateTime": "2026-11-24T10:00:00.5Z", "time": 20.25, "request": request, **fields}


def document(*entries: Any) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries)}}).encode()


@pytest.mark.parametrize("name", NAMES)
def test_hosts_and_entries_of_real_logs_are_those_of_the_truth(name: str) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the shared captures are not there")
    data = (SAMPLES / name).read_bytes()
    truth = json.loads(gzip.decompress((SAMPLES / "truth" / f"{name}.json.gz").read_bytes()))
    exchanges, _ = read(data)
    assert har.sniff(data[:4096])
    assert len(exchanges) == truth["entries"]
    assert {e.host for e in exchanges} == {h["name"] for h in truth["hosts"]}


def test_an_entry_becomes_an_exchange() -> None:
    answer = {
        "status": 200,
        "headers": [{"name": "Content-Type", "value": "text/plain"}],
        "content": {"text": "aGVsbG8=", "encoding": "base64"},
        "headersSize": 40,
        "bodySize": 5,
    }
    exchanges, problems = read(document(entry(response=answer, serverIPAddress="2001:DB8::1")))
    assert problems == ()
    (exchange,) = exchanges
    assert (exchange.host, exchange.server_ip, exchange.server_port) == (
        "api.vendor.example",
        "2001:db8::1",
        443,
    )
    assert (exchange.method, exchange.uri, exchange.status) == ("GET", "/v1?id=7", 200)
    assert exchange.time_ns == 1_795_514_400_500_000_000
    assert exchange.end_ns - exchange.time_ns == 20_250_000
    assert exchange.response_headers == (("Content-Type", "text/plain"),)
    assert exchange.response_body == b"hello"
    assert (exchange.request_len, exchange.response_len) == (90, 45)
    assert exchange.encrypted_in_transit
    assert exchange.client_ip is None


def test_sizes_that_the_log_leaves_open_are_reckoned_from_the_text() -> None:
    post = {"mimeType": "text/plain", "text": "12345"}
    request = {
        "method": "POST",
        "headersSize": -1,
        "bodySize": -1,
        "postData": post,
        "headers": [{"name": "a", "value": "b"}],
    }
    (exchange,), _ = read(document(entry(request=request)))
    # "POST /v1?id=7 HTTP/1.1\r\n" 24, "a: b\r\n" 6, "\r\n" 2, body 5
    assert exchange.request_len == 24 + 6 + 2 + 5
    assert exchange.request_body == b"12345"


def test_form_fields_without_a_text_are_the_body() -> None:
    request = {"postData": {"params": [{"name": "mac", "value": "52:54:00"}, {"name": "n", "value": "ä"}]}}
    (exchange,), _ = read(document(entry(request=request)))
    assert exchange.request_body == b"mac=52%3A54%3A00&n=%C3%A4"


def test_a_stamp_with_an_offset_is_given_in_utc() -> None:
    (exchange,), _ = read(document(entry(startedDateTime="2026-11-24T12:00:00+02:00")))
    assert exchange.time_ns == 1_795_514_400_000_000_000


def test_a_stamp_that_is_none_gives_no_time() -> None:
    (exchange,), _ = read(document(entry(startedDateTime="yesterday")))
    assert (exchange.time_ns, exchange.end_ns) == (-1, -1)


def test_an_address_that_is_none_is_left_out() -> None:
    exchanges, _ = read(document(entry(serverIPAddress=""), entry(serverIPAddress="no"), entry()))
    assert [e.server_ip for e in exchanges] == [None, None, None]


def test_plain_http_is_not_called_encrypted() -> None:
    (exchange,), _ = read(document(entry(request={"url": "http://192.0.2.1:8080/"})))
    assert not exchange.encrypted_in_transit
    assert (exchange.host, exchange.server_port) == ("192.0.2.1", 8080)


def test_what_a_browser_took_from_its_cache_counts_no_bytes() -> None:
    (exchange,), _ = read(document(entry(_fromCache="disk", response={"status": 200, "bodySize": 99})))
    assert (exchange.request_len, exchange.response_len) == (0, 0)


def test_messages_of_a_websocket_are_given() -> None:
    messages = [
        {"type": "send", "time": 1_795_514_400.25, "opcode": 1, "data": "hi"},
        {"type": "receive", "time": 1_795_514_401, "opcode": 2, "data": base64.b64encode(b"\0\1").decode()},
    ]
    (exchange,), _ = read(
        document(entry(request={"url": "wss://ws.vendor.example/"}, _webSocketMessages=messages))
    )
    assert exchange.kind == "websocket"
    assert exchange.encrypted_in_transit
    assert exchange.messages == (
        (True, b"hi", 1_795_514_400_250_000_000),
        (False, b"\0\1", 1_795_514_401_000_000_000),
    )
    assert exchange.request_len == 92


def test_an_entry_that_cannot_be_read_is_a_problem_and_the_others_are_given() -> None:
    exchanges, problems = read(
        document(entry(), {"request": {}}, 7, entry(request={"url": "about:blank"}), entry())
    )
    assert [e.number for e in exchanges] == [1, 5]
    (problem,) = problems
    assert (problem.kind, problem.packet, problem.count) == ("not_a_regular_web_log", 2, 3)
    assert problem.loses_payload


def test_a_request_whose_body_the_log_left_out_is_a_problem() -> None:
    exchanges, problems = read(document(entry(request={"bodySize": 12})))
    assert len(exchanges) == 1
    assert [(p.kind, p.loses_payload) for p in problems] == [("not_a_regular_web_log", True)]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"log": 1}', b'{"log": {"entries": {}}}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_document_without_entries_is_a_problem(data: bytes) -> None:
    exchanges, problems = read(data)
    assert exchanges == []
    assert [(p.kind, p.loses_payload) for p in problems] == [("not_a_regular_web_log", True)]


def test_a_byte_order_mark_is_no_hindrance() -> None:
    data = b"\xef\xbb\xbf" + document(entry())
    assert har.sniff(data)
    assert len(read(data)[0]) == 1


def test_a_compressed_log_is_read() -> None:
    data = zlib.compress(document(entry(), entry()))
    assert har.sniff(data[:4096])
    assert len(read(data)[0]) == 2


def test_a_compressed_log_that_is_cut_is_a_problem() -> None:
    exchanges, problems = read(zlib.compress(document(entry()))[:-20])
    assert exchanges == []
    assert problems[0].loses_payload


def test_a_log_beyond_the_bound_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "FILE_LEN", 1000)
    bomb = zlib.compress(b'{"log": ' + b" " * 100_000)
    assert [p.kind for p in read(bomb)[1]] == ["decompression_bomb"]
    assert [p.kind for p in read(document(*[entry()] * 20))[1]] == ["oversized_record"]


def test_entries_beyond_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "ENTRIES", 2)
    exchanges, problems = read(document(*[entry()] * 5))
    assert len(exchanges) == 2
    assert [(p.kind, p.count) for p in problems] == [("event_limit", 3)]


def test_a_lone_surrogate_spoils_nothing() -> None:
    data = document(entry(request={"postData": {"text": "PLACE"}})).replace(b"PLACE", rb"a\ud83d")
    (exchange,), problems = read(data)
    assert problems == ()
    assert exchange.request_body == b"a?"


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b'{"log":{"version":"1.2"', True),
        (b'\n{\n  "comment": "x",\n "log" : {', True),
        (b'{"schema_version": "1.0"}', False),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0", False),
        (b"x\x9cno zlib", False),
        (b"", False),
    ],
)
def test_only_a_web_log_is_taken_for_one(head: bytes, *, wanted: bool) -> None:
    assert har.sniff(head) is wanted


def test_a_log_cut_at_any_byte_gives_a_problem_and_never_an_exception() -> None:
    data = document(entry())
    for length in range(len(data)):
        exchanges, problems = read(data[:length])
        assert exchanges == []
        assert problems


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "request",
                    "response",
                    "url",
                    "headers",
                    "name",
                    "value",
                    "postData",
                    "text",
                    "content",
                    "time",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.lists(
        st.builds(
            lambda a, b: {**entry(), "request": a, **b},
            JSON,
            st.dictionaries(
                st.sampled_from(
                    [
                        "response",
                        "time",
                        "serverIPAddress",
                        "startedDateTime",
                        "_webSocketMessages",
                        "_fromCache",
                    ]
                ),
                JSON,
            ),
        ),
        max_size=3,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_entries_give_exchanges_or_problems(entries: list[Any]) -> None:
    exchanges, problems = read(document(*entries))
    assert len(exchanges) + sum(p.count for p in problems if "sound" in p.detail) == len(entries)


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_problem_and_never_an_exception(data: bytes) -> None:
    har.sniff(data)
    exchanges, problems = read(data)
    assert exchanges == []
    assert problems
