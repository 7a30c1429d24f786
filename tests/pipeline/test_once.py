"""A proxy's log beside a capture of the same set-up: one conversation is one flow, and doubt is kept."""

import ipaddress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from iotaudit.capture import mitmproxy
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import Exchange
from tests.acceptance import scenes
from tests.acceptance.scenes import MS, S, lab, make, say
from tests.capture.files import Record, pcap
from tests.capture.frames import ipv4, ipv6, tcp, udp
from tests.capture.test_mitmproxy import ANSWER, connection, dump, flow, request
from tests.capture.test_mitmproxy import server as server_connection

SAMPLES = Path(__file__).resolve().parents[2] / "../shared/captures/mitmproxy"
NAME = "api.vendor.example"
CHINA, GERMANY = make.CHINA, make.GERMANY
PROXY = ("192.168.7.1", 8080)
BODY = b'{"serial":"RX-77-000123","email":"tester@site.example"}'


class Setup:
    """A device of a lab, and the log of a proxy that saw some of its conversations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = lab()
        self.log = b""

    def over_tls(self, ip: str, *, size: int = 400, port: int = 443) -> tuple[str, int]:
        """Talks TLS with a server, or with the proxy in its place; gives the device's end."""
        made, mine = self.made, self.made.port()
        link = made.tape.tcp(made.device, mine, made.outside(ip), port, rtt=MS)
        self.begun = made.tape.now
        link.client(say.client_hello(made.tape.random, NAME))
        link.server(say.server_hello(made.tape.random))
        link.client(say.sealed(made.tape.random, size))
        link.server(say.sealed(made.tape.random, 300))
        link.close()
        made.tape.wait(3 * S)
        return made.device.ip, mine

    def asking(self, *lines: bytes, tls: bool = False) -> tuple[str, int]:
        """Sends requests to the proxy; with `tls`, in a tunnel that the first one asks for."""
        made, mine = self.made, self.made.port()
        link = made.tape.tcp(made.device, mine, make.ROUTER, PROXY[1], rtt=MS)
        self.begun = made.tape.now
        for line in lines:
            link.client(line)
            link.server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" if not tls else b"HTTP/1.1 200 Connected\r\n\r\n")
        if tls:
            link.client(say.client_hello(made.tape.random, NAME))
            link.server(say.server_hello(made.tape.random))
            link.client(say.sealed(made.tape.random, 400))
        link.close()
        made.tape.wait(3 * S)
        return made.device.ip, mine

    def logs(self, client: tuple[str, int], ip: str = CHINA, *, begun: int | None = None, **fields: Any) -> None:
        """Writes a request into the log; `sockname` and `scheme` may be given, the rest is as mitmproxy 11 has it."""
        start = (self.begun if begun is None else begun) / 1e9
        name, tls = fields.pop("host", NAME), fields.get("scheme", b"https") == b"https"
        ends = connection(
            peername=list(client), sockname=fields.pop("sockname", list(PROXY)), tls=tls, timestamp_start=start,
            timestamp_tls_setup=start if tls else None, sni=name if tls else None,
        )  # fmt: skip
        port = fields.setdefault("port", 443)
        there = server_connection(peername=[ip, port], address=[name, port])
        asked = request(host=name, content=BODY, timestamp_start=start, headers=[[b"Host", name.encode()]], **fields)
        answer = ANSWER | {"timestamp_end": start + 0.01}
        self.log += dump(flow("http", client_conn=ends, server_conn=there, request=asked, response=answer))

    def audit(self, *, packets: bool = True, log: bool = True, **options: Any) -> Any:
        """Gives the audit of the capture, the log, or both."""
        paths = [self.folder / "a.pcapng", self.folder / "b.flows"]
        paths[0].write_bytes(bytes(self.made.tape.pcapng()))
        paths[1].write_bytes(self.log)
        return scenes.audit([path for path, wanted in zip(paths, (packets, log), strict=True) if wanted], **options)


def of_port(document: Any, port: int) -> list[Any]:
    return [f for f in document["flows"] if f["client"]["port"] == port]


def told(document: Any) -> dict[str, int]:
    problems = [p for facts in document["inputs"] for p in facts["problems"] if p["kind"] == "counted_twice"]
    return {p["detail"]: p["count"] for p in problems}


COUNTS = ("client", "server", "protocol", "packets_out", "bytes_out", "packets_in", "bytes_in", "payload_out", "payload_in")


def test_pass_a_redirected_conversation_is_one_flow_of_the_packets_figures_and_the_logs_contents(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    client = setup.over_tls(CHINA)
    setup.logs(client)
    both, packets, log = setup.audit(), setup.audit(log=False), setup.audit(packets=False)
    (one,), (seen,) = of_port(both, client[1]), of_port(packets, client[1])
    assert {key: one[key] for key in COUNTS} == {key: seen[key] for key in COUNTS}
    assert (one["application"], one["encryption"]["state"], one["encryption"]["opened"]) == ("http", "encrypted", True)
    assert [(h["method"], h["host"], h["packet"]) for h in one["http"]] == [("POST", NAME, "1:1")]
    assert seen["encryption"]["opened"] is False
    assert one["tls"]["ja4"] == seen["tls"]["ja4"]
    assert one["rtt_min_ms"] is None
    assert one["first_packet"] == f"0:{seen['first_packet']}"
    (there,) = [d for d in both["destinations"] if d["name"] == NAME]
    assert (there["flows"], there["bytes_out"]) == ([one["id"]], one["bytes_out"])
    assert told(both) == {}
    kinds = [(e["data_type"], e["channel"], e["count"], e["masked_sample"]) for e in log["exposures"]]
    assert kinds
    there_sent = [e for e in both["exposures"] if e["channel"] == "decrypted"]
    assert [(e["data_type"], e["channel"], e["count"], e["masked_sample"]) for e in there_sent] == kinds
    assert {tuple(e["flows"]) for e in there_sent} == {(one["id"],)}
    assert (both["verdict"]["data_leaves_eu"], scenes.reasons(both, "beside_proxy")) == ("yes", [])
    assert [d["ips"] for d in both["devices"]] == [[client[0]]]


def test_pass_a_tunnel_through_the_proxy_is_one_flow_and_its_place_is_the_servers(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    client = setup.asking(f"CONNECT {NAME}:443 HTTP/1.1\r\nHost: {NAME}:443\r\n\r\n".encode(), tls=True)
    setup.logs(client)
    both, packets = setup.audit(), setup.audit(log=False)
    (one,), (seen,) = of_port(both, client[1]), of_port(packets, client[1])
    assert {key: one[key] for key in COUNTS} == {key: seen[key] for key in COUNTS}
    assert (one["server"]["ip"], one["direction"]) == (PROXY[0], "outbound")
    (there,) = [d for d in both["destinations"] if d["name"] == NAME]
    assert (there["ips"], there["location"]["country"], there["flows"]) == ([CHINA], "CN", [one["id"]])
    assert [h["method"] for h in one["http"]] == ["POST"]
    assert packets["verdict"]["data_leaves_eu"] == "undetermined"
    assert both["verdict"]["data_leaves_eu"] == "yes"
    assert told(both) == {}


def test_plain_requests_through_the_proxy_count_their_values_once(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    head = f"POST http://{NAME}/v1 HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    client = setup.asking(head + BODY)
    setup.logs(client, scheme=b"http", port=80)
    both = setup.audit()
    (one,) = of_port(both, client[1])
    assert (one["encryption"]["state"], len(one["http"])) == ("plaintext", 1)
    (email,) = [e for e in both["exposures"] if e["data_type"] == "person.email"]
    assert (email["channel"], email["count"], email["flows"]) == ("plaintext", 1, [one["id"]])
    assert {p.partition(":")[0] for p in email["packets"]} == {"0", "1"}


def test_fail_another_conversation_of_the_device_stays_beside_the_proxy(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    client = setup.over_tls(GERMANY)
    setup.logs(client, GERMANY)
    past = setup.over_tls(CHINA)
    both = setup.audit()
    assert [f["encryption"]["opened"] for f in of_port(both, client[1]) + of_port(both, past[1])] == [True, False]
    (beside,) = scenes.reasons(both, "beside_proxy")
    assert "passed beside the proxy" in beside["text"]
    assert CHINA in str([d["ips"] for d in both["destinations"] if d["id"] in beside["destinations"]])
    assert both["verdict"]["data_leaves_eu"] == "yes"


def test_fail_the_same_port_at_another_time_is_another_conversation(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    client = setup.over_tls(CHINA)
    setup.logs(client, begun=setup.begun + 60 * S)
    both = setup.audit()
    assert len(of_port(both, client[1])) == 2
    assert told(both) == {}


def test_inconclusive_packets_that_go_elsewhere_stay_and_are_told(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    client = setup.over_tls(CHINA)
    setup.logs(client, GERMANY, sockname=None)
    both = setup.audit()
    assert len(of_port(both, client[1])) == 2
    assert told(both) == {"the packets go to another address than a proxy's log says": 1}
    assert both["verdict"]["data_leaves_eu"] == "yes"


def test_inconclusive_several_servers_behind_one_connection_stay_and_are_told(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    lines = [f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() for host in (NAME, "eu.vendor.example")]
    client = setup.asking(*lines)
    setup.logs(client, scheme=b"http", port=80)
    setup.logs(client, GERMANY, host="eu.vendor.example", scheme=b"http", port=80)
    both = setup.audit()
    assert len(of_port(both, client[1])) == 3
    assert told(both) == {"a proxy's log has several conversations where packets show one": 2}
    assert both["verdict"]["data_leaves_eu"] == "yes"


def test_a_log_that_shows_less_than_was_sent_leaves_the_flow_closed(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    client = setup.over_tls(CHINA, size=60_000)
    setup.logs(client)
    (one,) = of_port(setup.audit(), client[1])
    assert one["encryption"]["opened"] is False
    assert "less than was sent" in one["encryption"]["reason"]
    assert one["http"]


def test_a_log_without_the_servers_address_leaves_the_place_open(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    client = setup.asking(f"CONNECT {NAME}:443 HTTP/1.1\r\nHost: {NAME}:443\r\n\r\n".encode(), tls=True)
    setup.logs(client, ip="")
    both = setup.audit()
    assert len(of_port(both, client[1])) == 1
    assert both["verdict"]["data_leaves_eu"] == "undetermined"


FILES = ("dumpfile-7", "dumpfile-19", "flows_successful_log", "flows_websocket")
"""Format 7, 19, 20 and 20; that of 2014 has no address of the server."""


@pytest.mark.parametrize("name", FILES)
def test_a_log_of_every_version_is_joined_with_the_packets_that_went_to_its_proxy(tmp_path: Path, name: str) -> None:
    path = SAMPLES / f"{name}.mitm"
    if not path.is_file():
        pytest.skip("the shared captures are not here")
    with path.open("rb") as file:
        exchanges = list(mitmproxy.read(file, 0, ProblemTally()))
    packets = tmp_path / "a.pcap"
    packets.write_bytes(pcap([record for one in exchanges for record in _to_proxy(one)], link_type=101))
    both, log = scenes.audit([packets, path]), scenes.audit(path)
    places = [[(d["name"], d["ips"], d["location"]["country"]) for d in one["destinations"]] for one in (both, log)]
    assert places[0] == places[1]
    ports = sorted(f["client"]["port"] for f in both["flows"])
    assert ports == sorted({one.client_port for one in exchanges})
    assert {f["client"]["port"]: f["http"] for f in log["flows"]}.keys() == set(ports)
    assert [f["packets_out"] for f in both["flows"]] == [2] * len(ports)
    assert told(both) == {}


def test_a_log_of_2014_without_the_servers_address_stays_beside_the_packets_and_is_told(tmp_path: Path) -> None:
    path = SAMPLES / "dumpfile-010.mitm"
    if not path.is_file():
        pytest.skip("the shared captures are not here")
    with path.open("rb") as file:
        (one,) = mitmproxy.read(file, 0, ProblemTally())
    packets = tmp_path / "a.pcap"
    packets.write_bytes(pcap(_to_proxy(one), link_type=101))
    both = scenes.audit([packets, path])
    assert told(both) == {"the packets go to another address than a proxy's log says": 1}
    assert len(both["flows"]) == 2


def _to_proxy(one: Exchange) -> list[Record]:
    """Gives the packets of a client that opens a connection to its proxy and sends something."""
    client = ipaddress.ip_address(one.client_ip or "").packed
    there = client if one.proxy_ip in (None, "::") else ipaddress.ip_address(one.proxy_ip).packed
    records = []
    for at, (flags, data) in enumerate(((2, b""), (0x18, b"\x16\x03\x01"))):
        ports = one.client_port, one.proxy_port or 8080
        quic = one.http_version == "HTTP/3"
        number, segment = (17, udp(data, *ports)) if quic else (6, tcp(data, *ports, flags=flags))
        if len(client) == 4:
            packet = ipv4(segment, number, src=client, dst=there)
        else:
            packet = ipv6(segment, number, src=client)
            packet = packet[:24] + there + packet[40:]
        records.append(Record(packet, one.time_ns + at))
    return records


def test_a_har_names_no_client_and_is_found_by_server_name_and_time(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    client = setup.over_tls(CHINA)
    har = scenes.proxied(NAME, CHINA).replace(b"2026-09-21T14:13:40.000Z", _stamp(setup.begun))
    setup.log = har
    both = setup.audit()
    (one,) = of_port(both, client[1])
    assert (one["encryption"]["opened"], [h["method"] for h in one["http"]]) == (True, ["POST"])
    assert len(both["devices"]) == 1
    setup.over_tls(CHINA)
    setup.log = har.replace(b'"time":40', b'"time":9000').replace(b'"time": 40', b'"time": 9000')
    assert told(setup.audit()) == {"a proxy's log has one conversation where packets show several": 1}


def test_any_number_of_processes_gives_the_same(tmp_path: Path) -> None:
    setup = Setup(tmp_path)
    for _ in range(3):
        setup.logs(setup.over_tls(CHINA))
    one, two = setup.audit(), setup.audit(jobs=2)
    assert {k: v for k, v in one.items() if k != "run"} == {k: v for k, v in two.items() if k != "run"}
    assert [f["encryption"]["opened"] for f in scenes.flows_to(one, CHINA)] == [True] * 3


def _stamp(time_ns: int) -> bytes:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
