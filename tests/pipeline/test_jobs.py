"""Several processes give what one gives, byte for byte; and one that fails is told in one line."""

import io
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit import detect, pipeline, report
from iotaudit.capture import InputReader, open_inputs
from iotaudit.detect import book, ledger
from iotaudit.errors import InputError, IotauditError, UsageError
from iotaudit.model.data_types import DataType, KnownValue
from iotaudit.model.events import Event, HostNamed, Oddity
from iotaudit.model.lanes import ALL_LANES, LANES, lane_of
from iotaudit.model.raw import Content
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.pipeline import parallel
from iotaudit.pipeline.parallel import Task, Workers, choose_jobs, lanes_of
from iotaudit.pipeline.reading import Reading
from tests.acceptance.conftest import ROOT, SHIPPED, shared_captures
from tests.acceptance.scenes import lab, say

AS_OF = "2026-11-24"
WEB_LOGS = tuple(sorted((ROOT / "../shared/captures").rglob("*.har")))[:2]
CAPTURES = (*SHIPPED, *shared_captures(20, 400_000), *WEB_LOGS)
WORK = parallel._work
KNOWN = (KnownValue("device.serial", "serial", "ZX81-4711-0815", "file"),)


@pytest.fixture(scope="module")
def data_types() -> tuple[DataType, ...]:
    return load_knowledge([]).data_types


@pytest.fixture(scope="module", autouse=True)
def knowledge_once() -> Iterator[None]:
    known = load_knowledge([])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iotaudit.pipeline.load_knowledge", lambda *_: known)
        yield


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives a capture of many conversations that share values, with some that are not sound."""
    made = lab()
    tape = made.tape
    for i in range(60):
        name, ip = f"h{i % 20}.vendor.example", f"198.51.100.{i % 20 + 1}"
        made.ask(name, (name, "A", ip))
        link = tape.tcp(made.device, made.port(), made.outside(ip), 80, rtt=20_000_000)
        body = say.json_body({"email": f"user{i % 7}@mail.example", "mac": made.device.mac, "serial": f"SN-{i:08}"})
        link.client(say.http_request("POST", name, f"/v/{i}?mail=user{i % 5}@mail.example", [], body))
        link.server(say.http_answer("200 OK", b"{}"))
        link.close()
        tape.udp(made.device, made.port(), made.outside(ip), 53, b"\x12\x34\x01\x00\x00\x01" + bytes([i]) * 20)
        tape.wait(50_000_000)
    path = tmp_path_factory.mktemp("busy") / "busy.pcapng"
    path.write_bytes(tape.pcapng())
    return path


def document(*paths: Path, **options: Any) -> bytes:
    """Gives audit.json but for `run`."""
    made = report.document(pipeline.audit(paths, as_of=AS_OF, all_hosts=True, **options))
    made["run"] = {"created": "", "host_platform": "", "duration_s": 0.0}
    rendered = report.render(made, "json")
    assert isinstance(rendered, bytes)
    return rendered


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_any_number_of_processes_gives_the_same(path: Path) -> None:
    one = document(path)
    assert document(path, jobs=2) == one
    assert document(path, jobs=3) == one


def test_many_conversations_give_the_same_with_any_number(busy: Path) -> None:
    one = document(busy)
    assert one.count(b'"data_type": "person.email"') > 20
    assert b"malformed_message" in one
    for jobs in (2, 3, LANES, 100):
        assert document(busy, jobs=jobs) == one


def test_several_inputs_give_the_same(busy: Path) -> None:
    assert document(*SHIPPED, busy, jobs=2) == document(*SHIPPED, busy)


def test_standard_input_is_read_by_one_process(busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_work", _die)
    with busy.open("rb") as pipe:
        assert document(Path("-"), stdin=pipe, jobs=2).count(b"person.email") > 20


def test_a_spawned_process_gives_what_a_forked_one_gives(busy: Path, data_types: tuple[DataType, ...]) -> None:
    task = Task((str(busy),), data_types, KNOWN)
    gathered = []
    for start in ("fork", "spawn"):
        if start not in multiprocessing.get_all_start_methods():
            pytest.skip(f"no {start} here")
        reading = task.reading(lanes_of(0, 2))
        with Workers(task, 2, start) as workers:
            reading.read(open_inputs(task.names))
            workers.collect(reading)
        gathered.append((reading.events(), reading.summaries, reading.inputs(open_inputs(task.names))))
    assert gathered[0] == gathered[1]
    assert len(gathered[0][1]) > 150


@pytest.mark.parametrize("jobs", range(1, LANES + 1))
def test_every_lane_has_one_process_and_the_first_has_not_more_than_another(jobs: int) -> None:
    shares = [lanes_of(job, jobs) for job in range(jobs)]
    assert sorted(lane for share in shares for lane in share) == list(ALL_LANES)
    assert len(shares[0]) == min(map(len, shares)) > 0


class _Reader:
    """An input of a size."""

    def __init__(self, total_len: int | None) -> None:
        self.total_len = total_len


def _chosen(wanted: int | None, *lens: int | None) -> int:
    readers: Any = [_Reader(length) for length in lens]
    return choose_jobs(wanted, readers)


def test_large_files_are_read_by_several_processes_where_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    large = parallel.FROM_LEN
    for cores, jobs in ((1, 1), (2, 2), (64, parallel.USUAL_JOBS)):
        monkeypatch.setattr(parallel, "_cores", lambda cores=cores: cores)
        assert _chosen(None, large + 1) == jobs
        assert _chosen(None, large // 2, large // 2 + 1) == jobs
        assert _chosen(None, large) == 1
        assert _chosen(None, large + 1, None) == 1
        assert _chosen(1, large + 1) == 1
        assert _chosen(3, 10) == 3
        assert _chosen(3, None) == 1
        assert _chosen(99, 10) == LANES


@pytest.mark.parametrize("wanted", [0, -2])
def test_less_than_one_process_is_a_usage_error(wanted: int, busy: Path) -> None:
    with pytest.raises(UsageError, match="--jobs"):
        pipeline.audit(busy, jobs=wanted)


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail(connection: Connection, *_: object) -> None:
    connection.send(InputError("a file is gone"))


def _stumble(*arguments: Any) -> None:
    Reading._take_item = None  # type: ignore[method-assign, assignment]
    WORK(*arguments)


def _read_less(connection: Connection, *_: object) -> None:
    connection.send(Reading(detect.Detector((), ())).gathered())


@pytest.mark.parametrize(
    ("worker", "text"),
    [(_die, r"ended early \(signal 9\)"), (_fail, "a file is gone"), (_read_less, "changed while it was read")],
    ids=["killed", "fails", "reads less"],
)
def test_a_process_that_fails_ends_the_audit_with_one_line(
    busy: Path, monkeypatch: pytest.MonkeyPatch, worker: Callable[..., None], text: str
) -> None:
    monkeypatch.setattr(parallel, "_work", worker)
    with pytest.raises(IotauditError, match=text) as raised:
        pipeline.audit(busy, jobs=3)
    assert raised.value.exit_code == 3
    assert multiprocessing.active_children() == []


def test_a_fault_of_a_process_is_raised_in_the_first_one(busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_work", _stumble)
    with pytest.raises(TypeError, match="not callable"):
        pipeline.audit(busy, jobs=2)
    assert multiprocessing.active_children() == []


def test_a_death_is_noticed_while_reading(busy: Path, data_types: tuple[DataType, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_work", _die)
    task = Task((str(busy),), data_types, ())
    with Workers(task, 2) as workers:
        for process, _ in workers._workers:
            process.join()
        with pytest.raises(IotauditError, match="ended early"):
            task.reading(lanes_of(0, 2)).read(open_inputs(task.names), watch=workers.watch)


def test_ctrl_c_stops_all_and_reports_what_was_read(busy: Path) -> None:
    def interrupt(_: pipeline.Progress) -> None:
        raise KeyboardInterrupt

    result = pipeline.audit([busy, SHIPPED[0]], as_of=AS_OF, jobs=3, progress=interrupt)
    told = [p.detail for facts in result.inputs for p in facts.problems if p.kind == "interrupted"]
    assert "stopped by the user" in told
    assert sum(facts.packets for facts in result.inputs) > 0
    assert len(result.flow_rows) > 0
    assert multiprocessing.active_children() == []


def test_a_worker_does_not_heed_ctrl_c_itself(busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any) -> None:
        heard = signal.signal

        def then_interrupt(number: int, handler: Any) -> Any:
            before = heard(number, handler)
            os.kill(os.getpid(), signal.SIGINT)
            return before

        signal.signal = then_interrupt  # type: ignore[assignment]
        WORK(*arguments)

    one = document(busy)
    monkeypatch.setattr(parallel, "_work", interrupted)
    assert document(busy, jobs=2) == one


def test_a_worker_stops_where_it_is_told_and_ends_with_the_first_process() -> None:
    mine, its = multiprocessing.Pipe()
    leash = parallel._Leash(its)
    leash(1)
    mine.send(3)
    leash(2)
    with pytest.raises(KeyboardInterrupt):
        leash(3)
    mine, its = multiprocessing.Pipe()
    mine.close()
    with pytest.raises(SystemExit):
        parallel._Leash(its)(1)


BODIES = (
    b'{"email":"ada@mail.example","battery":87}',
    b'{"email":"bob@mail.example","mac":"02:00:5e:00:53:01"}',
    b'{"wifi_password":"Tr0ub4dor-and-3","serial":"ZX81-4711-0815"}',
    b'{"lat":52.37403,"lon":4.88969}',
    b"mac=02005e005301&x=02-00-5E-00-53-01",
    b'{"a":' * 12 + b"1" + b"}" * 12,
    b"nothing",
)
contents = st.builds(
    Content,
    flow=st.integers(0, 20),
    packet=st.integers(1, 40),
    time_ns=st.just(0),
    outbound=st.booleans(),
    where=st.sampled_from(("http.body", "http.uri", "mqtt.payload")),
    channel=st.sampled_from(("plaintext", "decrypted")),
    data=st.sampled_from(BODIES),
)
owners = st.lists(st.integers(0, 3), min_size=LANES, max_size=LANES)
OWN = (KnownValue("device.mac", "mac", "02:00:5e:00:53:01", "frame"),)
REFS = {n: detect.FlowRef(f"f{n}", f"dst{n % 3}", local=n % 5 == 0, device_is_client=n % 4 != 0) for n in range(21)}


@given(seen=st.lists(contents, max_size=40), owner=owners, bound=st.sampled_from((1, 2, 100)))
@settings(max_examples=60, deadline=None)
def test_contents_give_the_same_however_lanes_are_dealt_out(
    seen: list[Content], owner: list[int], bound: int, data_types: tuple[DataType, ...]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((book, "SIGHTINGS"), (book, "CANDIDATES"), (ledger, "TEXTS"), (ledger, "LIMITS")):
            patch.setattr(module, name, bound)
        whole = detect.Detector(data_types, KNOWN)
        parts = [detect.Detector(data_types, KNOWN) for _ in range(4)]
        for content in seen:
            whole.feed(content)
            parts[owner[lane_of(content.flow)]].feed(content)
        for part, detector in enumerate(parts[1:], 1):
            parts[0].take_over(detector.ledgers(lane for lane in ALL_LANES if owner[lane] == part))
        expected, got = (one.finish(OWN, REFS) for one in (whole, parts[0]))
    assert got.exposures == expected.exposures
    assert got.problems == expected.problems
    for body in BODIES:
        assert got.redactor.text(body.decode()) == expected.redactor.text(body.decode())


def _events() -> st.SearchStrategy[Event]:
    places = {"flow": st.integers(0, 20), "packet": st.integers(1, 30), "time_ns": st.just(0), "outbound": st.just(True)}
    named = st.builds(HostNamed, **places, ip=st.just("192.0.2.1"), name=st.text("ab", max_size=2), source=st.just("mdns"), detail=st.just(""))
    odd = st.builds(Oddity, **places, kind=st.just("malformed_message"), detail=st.integers(0, 90).map(str))
    return named | odd


@given(seen=st.lists(_events(), max_size=120), owner=owners, bound=st.sampled_from((1, 100)))
@settings(max_examples=60, deadline=None)
def test_events_and_problems_give_the_same_however_lanes_are_dealt_out(
    seen: list[Event], owner: list[int], bound: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("iotaudit.pipeline.reading.EVENTS_KEPT", bound)
        whole = Reading(detect.Detector((), ()))
        parts = [
            Reading(detect.Detector((), ()), tuple(lane for lane in ALL_LANES if owner[lane] == part))
            for part in range(4)
        ]
        for event in seen:
            whole._take_output(event.flow, (event,))
            parts[owner[lane_of(event.flow)]]._take_output(event.flow, (event,))
        for part in parts[1:]:
            parts[0].join(part.gathered())
    readers = (_no_bytes(),)
    assert parts[0].events() == whole.events()
    assert parts[0].inputs(readers) == whole.inputs(readers)
    assert [e.packet for e in whole.events()] == sorted(e.packet for e in whole.events())


def _no_bytes() -> InputReader:
    (reader,) = open_inputs(["-"], stdin=io.BytesIO())
    return reader
