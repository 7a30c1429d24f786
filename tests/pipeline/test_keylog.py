"""A capture with its key log: what TLS hid is read, and everything else stays as it was."""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from iotaudit import audit, report
from iotaudit.errors import InputError, UsageError
from tests.capture.files import Interface, Record, pcap, pcapng
from tests.capture.frames import DEVICE, DEVICE_MAC, ROUTER_MAC, SERVER, ethernet, ipv4
from tests.tls_talk import HOST, Talk, talk

S = 1_000_000_000
BEGIN = 1_790_000_000 * S
GET = b"GET /up?email=tester@vendor.example HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
MQTT = bytes.fromhex(
    "10 0f 0004 4d515454 04 02 003c 0003 643432"  # CONNECT, MQTT 3.1.1, client id d42
    "30 1b 0003 612f62"  # PUBLISH to a/b
) + b"tester@vendor.example:)"
HTTPS = talk((True, GET), (False, OK))
MSS = 1000


def tcp(data: bytes, source: int, target: int, seq: int, ack: int, flags: int) -> bytes:
    head = struct.pack(">HHIIBBH4x", source, target, seq, ack, 5 << 4, flags, 8192)
    return head + data


def records(conversation: Talk, port: int = 443) -> list[Record]:
    """Gives the frames of a conversation: handshake, segments of at most `MSS` bytes, ends."""
    mine, number = 40000, {True: 1000, False: 9000}
    found: list[Record] = []

    def send(data: bytes, flags: int, *, outbound: bool) -> None:
        ports = (mine, port) if outbound else (port, mine)
        src, dst = (DEVICE, SERVER) if outbound else (SERVER, DEVICE)
        macs = (DEVICE_MAC, ROUTER_MAC) if outbound else (ROUTER_MAC, DEVICE_MAC)
        segment = tcp(data, *ports, number[outbound], number[not outbound] if flags & 16 else 0, flags)
        frame = ethernet(ipv4(segment, 6, src=src, dst=dst), src=macs[0], dst=macs[1])
        found.append(Record(frame, BEGIN + len(found) * S // 100))
        number[outbound] += len(data) + (flags & 3 > 0)

    send(b"", 2, outbound=True)
    send(b"", 18, outbound=False)
    send(b"", 16, outbound=True)
    for outbound, data in conversation.flights:
        for at in range(0, len(data), MSS):
            send(data[at : at + MSS], 24, outbound=outbound)
    send(b"", 17, outbound=True)
    send(b"", 17, outbound=False)
    return found


def secrets(text: bytes) -> bytes:
    """Gives a pcapng block of decryption secrets: type 10, kind TLS key log."""
    padded = text + bytes(-len(text) % 4)
    length = 20 + len(padded)
    return struct.pack("<IIII", 10, length, 0x544C534B, len(text)) + padded + struct.pack("<I", length)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "closed.pcap"
    path.write_bytes(pcap(records(HTTPS)))
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "session.keys"
    path.write_bytes(b"# of the lab\n" + HTTPS.keylog)
    return path


def document(*paths: Path, **options: Any) -> Any:
    return report.document(audit(list(paths), as_of="2026-11-24", **options))


def test_pass_what_the_device_said_is_read(capture: Path, keys: Path) -> None:
    found = document(capture, keylog=[keys])
    (flow,) = found["flows"]
    assert flow["application"] == "http"
    assert {(row["name"], row["source"]) for row in flow["names"]} >= {(HOST, "http_host"), (HOST, "sni")}
    (exchange,) = flow["http"]
    assert (exchange["method"], exchange["status"]) == ("GET", 200)
    assert exchange["uri"].startswith("/up?email=")
    assert "tester" not in exchange["uri"]
    assert (flow["encryption"]["state"], flow["encryption"]["opened"]) == ("encrypted", True)
    assert flow["tls"]["certificate"]["subject_cn"] == HOST
    (exposure,) = [row for row in found["exposures"] if row["data_type"] == "person.email"]
    assert (exposure["channel"], exposure["where"]) == ("decrypted", "http.uri")
    assert exposure["masked_sample"] == "•••@•••.example"
    assert found["verdict"]["coverage"]["undecrypted_share"] == 0
    assert found["verdict"]["coverage"]["closed"] == []
    assert found["settings"]["keylog"] == ["session.keys"]
    assert found["warnings"] == []


def test_fail_without_the_key_log_it_stays_closed(capture: Path) -> None:
    found = document(capture)
    (flow,) = found["flows"]
    assert (flow["application"], flow["encryption"]["opened"], flow["http"]) == ("tls", False, [])
    assert found["exposures"] == []
    (closed,) = found["verdict"]["coverage"]["closed"]
    assert closed["why"] == "no_keys"
    assert found["settings"]["keylog"] == []


def test_a_key_log_of_another_place_is_told_and_changes_nothing_else(capture: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.keys"
    other.write_bytes(talk((True, GET)).keylog + b"no line of a key log\n")
    found, closed = document(capture, keylog=[other]), document(capture)
    assert found["warnings"] == [
        "key log other.keys: lines that are none of a key log were passed over (1)",
        "key log other.keys: none of its sessions is in the capture, or their beginnings are missing",
    ]
    for part in ("flows", "exposures", "verdict", "inputs", "findings"):
        assert found[part] == closed[part]


def test_a_wrong_secret_is_told_and_the_flow_stays_closed(capture: Path, keys: Path) -> None:
    keys.write_bytes(b"\n".join(line.rpartition(b" ")[0] + b" " + b"5a" * 48 for line in HTTPS.keylog.splitlines()))
    found = document(capture, keylog=[keys])
    (flow,) = found["flows"]
    assert (flow["application"], flow["encryption"]["opened"]) == ("tls", False)
    rows = [row for row in found["inputs"][0]["problems"] if row["kind"] == "decryption_failed"]
    assert [(row["count"], row["detail"]) for row in rows] == [(2, "TLS: a record does not open with the key")]
    assert [row["why"] for row in found["verdict"]["coverage"]["closed"]] == ["no_keys"]


def test_content_that_is_lost_behind_a_gap_is_unread(capture: Path, keys: Path) -> None:
    conversation = talk((True, GET), (False, OK), (True, GET), (True, GET))
    frames = records(conversation)
    said = [n for n, frame in enumerate(frames) if len(frame.data) > 54 and frame.data[6:12] == DEVICE_MAC]
    del frames[said[-2]]
    capture.write_bytes(pcap(frames))
    keys.write_bytes(conversation.keylog)
    found = document(capture, keylog=[keys])
    assert "decryption_stopped" in str(found["verdict"]["coverage"]["unread"])


def test_mqtt_over_tls_is_read(capture: Path, keys: Path) -> None:
    conversation = talk((True, MQTT))
    capture.write_bytes(pcap(records(conversation, 8883)))
    keys.write_bytes(conversation.keylog)
    found = document(capture, keylog=[keys])
    (flow,) = found["flows"]
    assert (flow["application"], flow["mqtt"]["topics"]) == ("mqtt", ["a/b"])
    (exposure,) = [row for row in found["exposures"] if row["data_type"] == "person.email"]
    assert (exposure["channel"], exposure["where"]) == ("decrypted", "mqtt.payload")


def test_several_processes_and_several_key_logs_give_the_same(capture: Path, keys: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.keys"
    other.write_bytes(talk((True, GET)).keylog)
    one = document(capture, keylog=[other, keys])
    two = document(capture, keylog=[other, keys], jobs=3)
    for row in (one, two):
        del row["run"]
    assert one == two
    assert len(one["warnings"]) == 1


def test_secrets_in_a_pcapng_file_need_no_option(tmp_path: Path) -> None:
    plain = pcapng([Interface()], records(HTTPS))
    path = tmp_path / "open.pcapng"
    path.write_bytes(plain[:28] + secrets(HTTPS.keylog) + plain[28:])
    (flow,) = document(path)["flows"]
    assert (flow["application"], flow["encryption"]["opened"]) == ("http", True)


@pytest.mark.parametrize("jobs", [1, 3])
def test_secrets_behind_their_packets_are_told(tmp_path: Path, jobs: int) -> None:
    first, second = tmp_path / "a.pcap", tmp_path / "b.pcapng"
    first.write_bytes(pcap(records(HTTPS)))
    later = [Record(row.data, row.time_ns + 60 * S) for row in records(talk((True, GET)), 8443)]
    plain = pcapng([Interface()], later)
    second.write_bytes(plain[:28] + secrets(HTTPS.keylog) + plain[28:])
    found = document(first, second, jobs=jobs)
    assert [flow["encryption"]["opened"] for flow in found["flows"]] == [False, False]
    (told,) = [row for row in found["inputs"][1]["problems"] if row["kind"] == "decryption_failed"]
    assert (told["count"], told["detail"]) == (
        1,
        "secrets that stand in the file behind the handshakes that they belong to",
    )


def test_keys_in_a_recording_folder_need_no_option(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    folder.mkdir()
    (folder / "capture.pcapng").write_bytes(pcapng([Interface()], records(HTTPS)))
    (folder / "keys.log").write_bytes(HTTPS.keylog)
    (flow,) = document(folder)["flows"]
    assert (flow["application"], flow["encryption"]["opened"]) == ("http", True)


def test_no_secret_is_in_an_output(capture: Path, keys: Path) -> None:
    found = document(capture, keylog=[keys])
    texts = [str(found), *(str(report.render(found, kind)) for kind in ("html", "md"))]
    for line in HTTPS.keylog.splitlines():
        for word in line.split()[1:]:
            assert all(word.decode() not in text for text in texts)


def test_a_file_that_is_no_key_log_is_refused(capture: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    for text in (b"", b"CLIENT_RANDOM 00 11\n", bytes(range(256))):
        path.write_bytes(text)
        with pytest.raises(UsageError, match="no line is one of a key log"):
            audit(capture, keylog=[path])
    with pytest.raises(InputError, match="cannot be read"):
        audit(capture, keylog=[tmp_path / "none"])


@pytest.mark.tshark
def test_requests_are_those_of_tshark(capture: Path, keys: Path) -> None:
    conversation = talk((True, GET), (False, OK), (True, GET.replace(b"/up", b"/again")), (False, OK))
    capture.write_bytes(pcap(records(conversation)))
    keys.write_bytes(conversation.keylog)
    done = subprocess.run(
        [shutil.which("tshark") or "tshark", "-r", str(capture), "-o", f"tls.keylog_file:{keys}", "-Y", "http.request",
         "-T", "fields", "-e", "frame.number", "-e", "http.request.method", "-e", "http.host"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    theirs = [tuple(line.split("\t")) for line in done.stdout.splitlines()]
    (flow,) = audit(capture, keylog=[keys], as_of="2026-11-24").flow_rows
    assert [(str(row.packet), row.method, row.host) for row in flow.http] == theirs
    assert len(theirs) == 2
