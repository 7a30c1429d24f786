"""What a sceptical evaluator tries: each scene is a capture made by code, put through every stage."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from iotaudit import report
from iotaudit.report import compare
from tests.acceptance import scenes
from tests.dissect import hellos
from tests.dissect.test_quic import crypto, initial
from tests.locate.mmdb_file import write_mmdb

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/schema/audit.schema.json").read_text("utf-8"))
MS = scenes.MS
FLOWS = 300
CHINA, GERMANY, ITALY = scenes.make.CHINA, scenes.make.GERMANY, scenes.ITALY


def answer(document: Any) -> tuple[str, str]:
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    return document["verdict"]["data_leaves_eu"], document["verdict"]["third_country_access"]


# 1: a European name, a foreign address


def test_a_european_name_with_a_foreign_address_leaves_with_both_packets(tmp_path: Path) -> None:
    name = "eu-cloud.vendor.example"
    agreeing = write_mmdb(
        tmp_path / "second.mmdb", {f"{CHINA}/32": {"country": {"iso_code": "CN"}}}, "Acme-Geo"
    )
    document = scenes.audit(scenes.named_tls(name, CHINA, rtt=230 * MS), geoip=[agreeing])
    assert answer(document) == ("yes", "yes")
    there = scenes.destination(document, name)
    assert (there["location"]["country"], there["zone"]) == ("CN", "third-country")
    assert sum(e["country"] == "CN" for e in there["location"]["evidence"]) == 3, "both embedded databases and the given one"
    (reason,) = scenes.reasons(document, "leaves")
    (row,) = [d for d in document["dns"] if d["name"] == name and d["type"] == "A"]
    assert (row["answers"], reason["packets"]) == ([CHINA], [row["packet"], there["payload_packet"]])
    (flow,) = scenes.flows_to(document, CHINA)
    assert there["payload_packet"] == flow["first_packet"] + 3  # after the handshake of three packets


# 2: databases that disagree


def test_databases_that_disagree_are_told_and_decide_nothing(tmp_path: Path) -> None:
    other = write_mmdb(tmp_path / "other.mmdb", {f"{ITALY}/32": {"country": {"iso_code": "RU"}}}, "Acme-Geo")
    data = scenes.named_tls("api.vendor.example", ITALY)
    assert scenes.destination(scenes.audit(data), "api.vendor.example")["location"]["country"] == "IT"
    document = scenes.audit(data, geoip=[other])
    assert answer(document)[0] == "undetermined"
    there = scenes.destination(document, "api.vendor.example")
    assert there["location"]["status"] == "disputed"
    assert {e["country"] for e in there["location"]["evidence"]} == {"IT", "RU"}


def test_a_round_trip_disproves_what_all_databases_say() -> None:
    data = scenes.named_tls("api.vendor.example", ITALY, rtt=3 * MS)
    document = scenes.audit(data, lab_position=(35.68, 139.69))
    there = scenes.destination(document, "api.vendor.example")
    assert (there["location"]["country"], there["location"]["status"], there["zone"]) == (None, "disputed", "unknown")
    assert there["location"]["why"] == "beyond_reach"
    assert any(e["kind"] == "disproof" and e["detail"].startswith("not in IT") for e in there["location"]["evidence"])
    assert answer(document)[0] == "undetermined"
    near = scenes.audit(data, lab_position=(45.46, 9.19))
    assert scenes.destination(near, "api.vendor.example")["location"]["country"] == "IT"
    assert there["zone"] == "unknown"


# 3: anycast


@pytest.mark.parametrize("ip", [scenes.CLOUDFLARE, "1.1.1.1"])
def test_an_anycast_address_has_no_confirmed_place_however_near_it_answers(ip: str) -> None:
    document = scenes.audit(scenes.named_tls("cdn.vendor.example", ip, rtt=3 * MS))
    assert answer(document)[0] == "undetermined"
    there = scenes.destination(document, "cdn.vendor.example")
    assert there["location"]["status"] != "confirmed"
    assert there["location"]["country"] is None
    assert "anycast" in {e["source"] for e in there["location"]["evidence"]}
    (flow,) = scenes.flows_to(document, ip)
    assert 2.5 < flow["rtt_min_ms"] < 4


# 4: a foreign operator in the EU


def test_a_place_in_the_eu_and_foreign_access_are_two_answers_and_two_facts() -> None:
    name, edge = "fw.vendor.example", "fw.eu-central-1.elb.amazonaws.com"
    chain = ((name, "CNAME", edge), (edge, "A", scenes.make.FRANKFURT_CLOUD))
    document = scenes.audit(scenes.named_tls(name, scenes.make.FRANKFURT_CLOUD, *chain))
    assert answer(document) == ("no", "yes")
    there = scenes.destination(document, name)
    assert (there["location"]["country"], there["zone"]) == ("DE", "EU")
    assert there["operator"]["parent_country"] == "US"
    assert there["access_laws"]
    assert {law["reach"] for law in there["access_laws"]} == {"operator"}
    found = {f["rule"] for f in document["findings"] if f["destination"] == there["id"]}
    assert "fa-002" in found
    assert "fa-001" not in found
    assert [r["packets"] for r in scenes.reasons(document, "access_operator")] == [[9, 15]]


# 5: nothing readable


def test_what_cannot_be_read_is_closed_bytes_and_never_no_personal_data() -> None:
    document = scenes.audit(scenes.pinned())
    there = scenes.destination(document, "api.vendor.example")
    coverage = document["verdict"]["coverage"]
    assert document["exposures"] == []
    assert [(c["destination"], c["bytes"]) for c in coverage["closed"]] == [
        (there["id"], there["payload_out"])
    ]
    assert coverage["undecrypted_share"] == 1
    (rule,) = [o for o in document["outcomes"] if o["rule"] == "gt-001"]
    assert rule["outcome"] == "inconclusive"
    assert "decrypted" in rule["would_decide"]
    for form in ("html", "md"):
        text = str(report.render(document, form)).lower()
        assert "no personal data" not in text
        assert "no proof" in text.replace("\n", " ")


# 6: QUIC alone, with an encrypted hello


def test_the_outer_name_of_an_encrypted_hello_is_not_the_destination() -> None:
    body = hellos.client_hello(hellos.server_name(b"front.vendor.example"), hellos.ECH_OUTER)
    document = scenes.audit(scenes.quic(initial(crypto(0, hellos.message(1, body))), GERMANY))
    there = scenes.destination(document, GERMANY)
    assert there["name"] is None
    assert there["notes"]
    (flow,) = scenes.flows_to(document, GERMANY)
    assert flow["encryption"]["protocol"] == "quic"
    assert flow["tls"]["ech"] is True
    assert flow["names"] == [
        {"name": "front.vendor.example", "source": "ech_outer", "packet": flow["first_packet"]}
    ]


# 7: a hello in disorder


def test_a_hello_in_three_segments_out_of_order_is_read_whole() -> None:
    document = scenes.audit(scenes.hello_in_three("split.vendor.example"))
    (flow,) = scenes.flows_to(document, GERMANY)
    assert flow["tls"]["sni"] == "split.vendor.example"
    assert [(n["name"], n["source"]) for n in flow["names"]] == [("split.vendor.example", "sni")]
    assert scenes.destination(document, "split.vendor.example")["ips"] == [GERMANY]


@pytest.mark.tshark
def test_the_name_in_the_disordered_hello_is_that_of_tshark(tmp_path: Path) -> None:
    file = tmp_path / "split.pcapng"
    file.write_bytes(scenes.hello_in_three("split.vendor.example"))
    options = ("-o", "tcp.reassemble_out_of_order:TRUE", "-Y", "tls.handshake.extensions_server_name")
    command = [
        "tshark",
        "-r",
        str(file),
        *options,
        "-T",
        "fields",
        "-e",
        "tls.handshake.extensions_server_name",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    (flow,) = scenes.flows_to(scenes.audit(file), GERMANY)
    assert done.stdout.split() == [flow["tls"]["sni"]]


# 8: deep inside


def test_a_known_serial_is_found_through_every_layer_and_masked(tmp_path: Path) -> None:
    serial, decoy = "QX7-44T9-0081", "RV3-58K2-7730"
    known = tmp_path / "known.yaml"
    known.write_text(f"serial: {serial}\n")
    document = scenes.audit(scenes.nested(serial, decoy), known=known)
    (found,) = document["exposures"]
    assert (found["data_type"], found["confidence"], found["channel"]) == (
        "device.serial",
        "proven",
        "plaintext",
    )
    assert found["where"] == "mqtt.payload"
    assert found["decoding"] == ["json:$.blob", "base64", "gzip", "json:$.sn"]
    (flow,) = scenes.flows_to(document, GERMANY)
    assert flow["application"] == "websocket"
    assert found["packets"] == [flow["first_packet"] + 11]
    assert "•" in found["masked_sample"]
    everything = orjson.dumps(document).decode()
    assert serial not in everything
    assert serial not in str(report.render(document, "html"))


def test_a_known_value_stands_in_no_output_wherever_the_device_put_it(tmp_path: Path) -> None:
    serial = "QX7-44T9-0081"
    (tmp_path / "known.yaml").write_text(f"serial: {serial}\n")
    (tmp_path / "in.pcapng").write_bytes(scenes.everywhere(serial))
    done = iotaudit(
        "audit", tmp_path / "in.pcapng", "--known", tmp_path / "known.yaml", "--out", tmp_path / "out"
    )
    assert done.returncode == 0
    document = json.loads((tmp_path / "out/audit.json").read_bytes())
    seen = [e for e in document["exposures"] if e["data_type"] == "device.serial"]
    ports = {f["id"]: f["server"]["port"] for f in document["flows"]}
    assert {ports[flow] for e in seen for flow in e["flows"]} >= {80, 1883}
    assert {e["confidence"] for e in seen} == {"proven"}
    assert any(d["registrable_domain"] == "vendor.example" for d in document["destinations"])
    outputs = {form: bytes_of(report.render(document, form)) for form in report.FORMATS}
    for form, text in (outputs | {"terminal": done.stdout + done.stderr}).items():
        assert serial.lower().encode() not in text.lower(), form
        assert serial.encode().hex().encode() not in text.lower(), form


# 9: two clients of one address


def test_each_client_has_its_own_name_and_names_never_flow_back_in_time() -> None:
    document = scenes.audit(scenes.shared_address())
    first, second = scenes.flows_to(document, GERMANY)
    for flow, client, name in ((first, "192.168.7.40", "one"), (second, "192.168.7.99", "two")):
        assert flow["client"]["ip"] == client
        (row,) = [d for d in document["dns"] if d["name"] == f"{name}.vendor.example" and d["type"] == "A"]
        assert flow["names"] == [{"name": f"{name}.vendor.example", "source": "dns", "packet": row["packet"]}]
        assert row["packet"] < flow["first_packet"]
        assert row["client"] == client
    assert any(d["name"] == "late.vendor.example" for d in document["dns"])
    assert "late.vendor.example" not in [d["name"] for d in document["destinations"]]


# 10: a worn recording


def test_a_worn_recording_counts_what_was_on_the_wire_and_says_what_the_loss_prevents() -> None:
    made = scenes.lab()
    made.ask("api.vendor.example", ("api.vendor.example", "A", GERMANY))
    made.tls("api.vendor.example", GERMANY, rtt=20 * MS, sends=(40_000, 40_000), gets=20_000)
    document = scenes.audit(scenes.worn(made.tape))
    (facts,) = document["inputs"]
    (flow,) = scenes.flows_to(document, GERMANY)
    kinds = {p["kind"]: p for p in facts["problems"]}
    assert facts["wire_bytes"] > 10 * facts["bytes"]
    assert facts["truncated_packets"] == kinds["truncated_packets"]["count"] > 100
    assert flow["bytes_out"] > 150_000  # both copies, at their lengths on the wire
    assert kinds["duplicate_frames"]["count"] > 0.9 * facts["packets"] / 2
    assert kinds["clock_jump"]["packet"] == facts["packets"] // 2 + 3
    assert "stream_gap" in kinds
    assert answer(document)[0] == "undetermined"
    assert {u["what"] for u in document["verdict"]["coverage"]["unread"]} >= {
        "truncated_packets",
        "stream_gap",
    }
    assert "not read" in document["verdict"]["statement"]


# 11: nothing to see


@pytest.mark.parametrize("data", [scenes.idle(30), bytes(scenes.make.Recording(1, 0).pcap())])
def test_nothing_seen_is_no_pass(data: bytes, tmp_path: Path) -> None:
    document = scenes.audit(data)
    assert answer(document) == ("undetermined", "undetermined")
    assert {o["outcome"] for o in document["outcomes"]} == {"not_testable"}
    assert len(document["outcomes"]) > 10
    file = tmp_path / "idle.pcap"
    file.write_bytes(data)
    assert iotaudit("audit", file, "--fail-on", "info").returncode == 0
    assert iotaudit("audit", file, "--fail-on", "info", "--fail-on-undetermined").returncode == 1
    suite = ET.fromstring(report.render(document, "junit"))  # noqa: S314 - ours
    cases = list(suite.iter("testcase"))
    assert cases
    assert not [
        c
        for c in cases
        if c.find("skipped") is None and c.find("failure") is None and "gt-001" in str(c.attrib)
    ]


# 12: a phone on the network


def test_a_phone_beside_the_device_stays_out_of_the_report() -> None:
    data = scenes.with_phone()
    assert "social.phone.example" in str(scenes.audit(data))
    for device in ("192.168.7.41", "02:74:68:69:00:29"):
        document = scenes.audit(data, device=device)
        assert answer(document)[0] == "no"
        assert [d["ips"] for d in document["devices"]] == [["192.168.7.41"]]
        found = [
            t
            for t in scenes.texts(document)
            if "phone" in t or "192.168.7.42" in t or "02:70:68:6f:00:42" in t
        ]
        assert found == []


# 13: a hostile capture


@pytest.fixture(scope="module")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives a folder with the hostile capture, its audit and report, and what the terminal got."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "evil.pcapng").write_bytes(scenes.hostile())
    done = iotaudit("audit", folder / "evil.pcapng", "--out", folder, "--as-of", scenes.AS_OF)
    assert done.returncode == 3  # the lying block
    (folder / "terminal.txt").write_bytes(done.stdout + done.stderr)
    return folder


@pytest.fixture(scope="module")
def hostile_document(hostile_folder: Path) -> Any:
    document = json.loads((hostile_folder / "audit.json").read_bytes())
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    return document


def test_what_is_hostile_is_a_located_problem(hostile_document: Any) -> None:
    (facts,) = hostile_document["inputs"]
    kinds = {p["kind"]: p for p in facts["problems"]}
    lie = len(scenes.hostile()) - 64 - 52  # the block that lies has 52 bytes, the good block after it 64
    assert kinds["bad_record"]["offset"] == lie
    assert kinds["resynchronised"]["packet"]
    bomb = scenes.destination(hostile_document, "bomb.example")
    assert bomb["payload_packet"] <= kinds["decode_limit"]["packet"] <= facts["packets"]


def test_no_escape_sequence_reaches_the_terminal(hostile_folder: Path) -> None:
    text = (hostile_folder / "terminal.txt").read_bytes()
    assert b"\x1b" not in text
    assert b"\x07" not in text
    assert b"host.example" in text


def test_no_cell_is_a_formula(hostile_document: Any) -> None:
    rows = list(csv.reader(io.StringIO(str(report.render(hostile_document, "csv")))))
    cells = [cell for row in rows for cell in row]
    assert any("cmd|" in cell for cell in cells)
    for cell in cells:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "|", "%"))
        assert "\x1b" not in cell


@pytest.mark.parametrize("form", ["html", "md", "sarif", "junit", "json"])
def test_no_markup_of_the_capture_is_markup_of_a_report(hostile_document: Any, form: str) -> None:
    text = bytes_of(report.render(hostile_document, form))
    assert b"host.example" in text.replace(b"\\", b"")
    assert b"\x1b" not in text
    assert b"\x07" not in text
    if form == "html":
        assert b"<img" not in text.lower()
        assert text.lower().count(b"<script") == 1
    if form == "md":
        outside = re.sub(rb"`[^`\n]*`", b"", text)  # a code span shows markup and does not obey it
        assert not re.search(rb"(?<!\\)<(img|script)", outside)
        assert not re.search(rb"(?<!\\)\]\(javascript", outside)
    if form == "sarif":
        log = json.loads(text)
        messages = [r["message"]["text"] for r in log["runs"][0]["results"]]
        assert not any(re.search(r"(?<!\\)\]\(", message) for message in messages)
    if form == "junit":
        assert not list(ET.fromstring(text).iter("img"))  # noqa: S314 - ours
    if form == "json":
        assert json.loads(text) == hostile_document


@pytest.mark.chromium
def test_nothing_of_the_hostile_capture_runs_in_a_browser(hostile_folder: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    assert browser
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    options += " --disable-background-networking --disable-component-update"
    page = (hostile_folder / "report.html").as_uri()
    command = [browser, *options.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    dom = done.stdout.decode("utf-8", "replace")
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title
    assert title.group(1).startswith("Data-flow audit: ")
    assert "<img" not in dom


# 14, scaled down: a stream on standard input


def test_a_stream_is_read_in_bounded_memory_and_counted_whole() -> None:
    (few, few_frames, _), (many, many_frames, many_bytes) = (piped(datagrams) for datagrams in (25, 200))
    assert many_frames == 8 * few_frames
    # 70 MB more of input; whoever held it would need at least those 70 MB more
    assert many["rss_kb"] - few["rss_kb"] < 40_000
    flows = [f for f in many["document"]["flows"] if f["server"]["port"] == 9_999]
    assert len(flows) == FLOWS
    assert sum(f["packets_out"] for f in flows) == many_frames
    assert sum(f["bytes_out"] for f in flows) == many_bytes
    assert many["document"]["inputs"][0]["packets"] == many_frames


def piped(datagrams: int) -> tuple[dict[str, Any], int, int]:
    """Pipes a made stream into an audit; gives its document and memory, and the frames and bytes sent."""
    process = subprocess.Popen(
        [sys.executable, "-m", "iotaudit", "audit", "-", "--json", "-", "-q"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    collected: list[bytes] = []
    reader = threading.Thread(target=lambda pipe: collected.append(pipe.read()), args=(process.stdout,))
    reader.start()
    frames, total = scenes.stream(process.stdin.write, FLOWS, datagrams, 1_300)
    process.stdin.close()
    reader.join()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return {"document": json.loads(collected[0]), "rss_kb": usage.ru_maxrss}, frames, total


# 15, as far as `compare` goes: one firmware against another


def test_a_new_third_country_host_is_new_and_a_moved_cdn_address_is_not() -> None:
    cdn, api = "cdn.vendor.example", "api.vendor.example"
    edge = "x.eu-central-1.elb.amazonaws.com"
    old = {cdn: ((cdn, "CNAME", edge), (edge, "A", "18.184.10.20")), api: ((api, "A", GERMANY),)}
    moved = old | {cdn: ((cdn, "CNAME", edge), (edge, "A", "18.184.10.77"))}
    grown = moved | {"log.other.example": (("log.other.example", "A", CHINA),)}
    a, b, c = (scenes.audit(scenes.firmware(hosts)) for hosts in (old, moved, grown))
    assert compare.changes(a, b) == {"new": [], "gone": [], "changed": []}
    changes = compare.changes(a, c)
    assert [row["key"][0] for row in changes["new"] if row["what"] == "destination"] == ["log.other.example"]
    assert changes["gone"] == []
    for form in ("sarif", "junit"):
        assert b"log.other.example" in bytes_of(report.render(c, form)).replace(b"\\", b"")
        assert b"log.other.example" not in bytes_of(report.render(b, form)).replace(b"\\", b"")


# 16: an address without a name


def test_an_address_that_no_name_was_seen_for_is_told_as_such() -> None:
    document = scenes.audit(scenes.hard_coded())
    there = scenes.destination(document, scenes.make.CHINA_BARE)
    assert (there["name"], there["hard_coded"], there["payload_packet"]) == (None, True, 8)
    assert [r["packets"] for r in scenes.reasons(document, "leaves")] == [[8]]
    named = scenes.audit(scenes.named_tls("api.vendor.example", CHINA))
    assert scenes.destination(named, CHINA)["hard_coded"] is False


# 17: past the proxy


def test_datagrams_that_pass_beside_the_proxy_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(scenes.proxied("api.vendor.example", GERMANY))
    (tmp_path / "b.pcapng").write_bytes(scenes.beside_proxy())
    alone = scenes.audit([tmp_path / "a.har"])
    assert CHINA not in str(alone)
    document = scenes.audit([tmp_path / "a.har", tmp_path / "b.pcapng"])
    there = scenes.destination(document, CHINA)
    (flow,) = scenes.flows_to(document, CHINA)
    assert (flow["protocol"], flow["first_packet"]) == ("udp", there["payload_packet"])
    assert str(flow["first_packet"]).startswith("1:")
    assert [
        (c["bytes"], c["why"])
        for c in document["verdict"]["coverage"]["closed"]
        if c["destination"] == there["id"]
    ] == [(1_600, "unknown_protocol")]
    assert [r["packets"] for r in scenes.reasons(document, "leaves")] == [[there["payload_packet"]]]
    assert scenes.reasons(alone, "beside_proxy") == []
    (beside,) = scenes.reasons(document, "beside_proxy")
    assert there["id"] in beside["destinations"]
    assert there["payload_packet"] in beside["packets"]
    assert "passed beside the proxy" in beside["text"]


# 18: the tool itself


WATCHED = """
import sys
seen = []
def hook(event, arguments):
    room = event.split(".")[0]
    if room in ("socket", "subprocess", "urllib", "http", "ftplib", "smtplib", "webbrowser") or event in (
        "pty.spawn", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"):
        seen.append(event)
sys.addaudithook(hook)
from iotaudit.cli import main
try:
    main()
except SystemExit as ended:
    code = ended.code
import os
os.write(2, ("EVENTS " + " ".join(seen)).encode())
sys.exit(code)
"""


def test_an_audit_opens_no_socket_and_starts_no_program(tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text("serial: DW1-7KQ4-20831\n")
    options = [
        "--out",
        str(tmp_path / "out"),
        "--known",
        str(tmp_path / "known.yaml"),
        "--profile",
        "cleaning-robot",
    ]
    capture = str(ROOT / "captures/robot-eu-name.pcapng")
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "audit", capture, *options],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/report.html").stat().st_size > 10_000
    assert done.stderr.decode() == "EVENTS "


def test_the_watch_sees_a_socket_and_a_program() -> None:
    careless = WATCHED.replace(
        "    main()\n",
        "    import socket, subprocess; socket.socket().close(); subprocess.run(['true']); code = 0\n",
    )
    done = subprocess.run(
        [sys.executable, "-c", careless], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    assert done.stderr.decode().startswith("EVENTS socket.__new__ subprocess.Popen")


def bytes_of(rendered: str | bytes) -> bytes:
    return rendered if isinstance(rendered, bytes) else rendered.encode()


def iotaudit(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "iotaudit", *(str(a) for a in arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)
