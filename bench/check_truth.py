"""Holds a whole audit against the truth that a generator wrote beside its capture, and shows every difference.

    python bench/check_truth.py CAPTURE [--truth FILE] [--audit AUDIT_JSON] [--option=--jobs=2 ...]

Reads both forms of truth: sums (`bench/make_capture.py`: packets, bytes, conversations, names) and rows (flows with
packets, bytes, payload, times, first packet and server name; DNS answers; devices; servers; planted values with their
packets). Without `--audit` it audits the capture itself, with `--all-hosts` and the planted values as known ones. Both
files are read row by row. The exit code is 1 where anything differs.

What the truth of rows does not know: the first packet of an mDNS conversation (it names the one that was made first,
so an earlier one is right), and that an audit says a repeated announcement once for each conversation.
"""

import argparse
import calendar
import ipaddress
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

CHUNK = 1 << 20
SHOWN = 5
"""Differences of one kind that are printed; all are counted."""
CITED = 32
"""Packets that an exposure cites; of one that has more, only the first are known."""
MDNS_PORT = 5353
TYPES = {
    "serial": "device.serial",
    "email": "person.email",
    "location": "geo.gps",
    "ssid": "geo.wifi_scan",
    "mac": "device.mac",
}
"""Data types that planted values are shown as."""
LABELS = ("serial", "email", "ssid", "mac")

Ends = tuple[str, tuple[str, int], tuple[str, int]]
"""Protocol, client and server."""
Sums = tuple[int, int, int, int, int, int, int, int, int]
"""Packets, bytes and payload out, the same in, first packet, first and last time in ns."""


class Rows:
    """Reads a JSON object member by member, and the arrays in it row by row."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._decode = json.JSONDecoder().raw_decode

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Gives (key, row) of each row of an array, and (key, value) of what is no array."""
        self._skip("{")
        while self._peek() != "}":
            key = self._value()
            self._skip(":")
            if self._peek() != "[":
                yield key, self._value()
            else:
                self._skip("[")
                while self._peek() != "]":
                    yield key, self._value()
                    if self._peek() == ",":
                        self._skip(",")
                self._skip("]")
            if self._peek() == ",":
                self._skip(",")

    def _more(self) -> bool:
        text = self._file.read(max(CHUNK, len(self._text) - self._at))
        self._text = self._text[self._at :] + text
        self._at = 0
        return bool(text)

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text):
                if not self._text[self._at].isspace():
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                raise ValueError("the file ends inside its object")

    def _skip(self, mark: str) -> None:
        if self._peek() != mark:
            raise ValueError(f"{mark} is missing")
        self._at += 1

    def _value(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        self._peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            # a number may go on behind what was read so far
            if end < len(self._text) or not self._more():
                self._at = end
                return value


@dataclass
class Differences:
    """What was compared, and what differs, by kind."""

    compared: Counter[str] = field(default_factory=Counter)
    found: dict[str, list[str]] = field(default_factory=dict)

    def hold(self, kind: str, want: object, got: object, where: object = "") -> None:
        """Compares two values."""
        self.compared[kind] += 1
        if want != got:
            self.found.setdefault(kind, []).append(f"{where}: truth {want}, audit {got}")

    def show(self, out: TextIO) -> int:
        """Prints one line per kind and the first differences; gives the exit code."""
        for kind, count in self.compared.items():
            rows = self.found.get(kind, [])
            out.write(f"{kind:32}{count - len(rows):>10} of {count:>10} equal\n")
            out.writelines(f"    {row}\n" for row in rows[:SHOWN])
            if len(rows) > SHOWN:
                out.write(f"    and {len(rows) - SHOWN} more\n")
        return 1 if self.found else 0


@dataclass
class Flows:
    """Conversations by their endpoints, each with its sums; names are those that its client gave the server."""

    rows: dict[Ends, list[Sums]] = field(default_factory=dict)
    names: dict[tuple[Ends, int], str] = field(default_factory=dict)
    marked: dict[int, Ends] = field(default_factory=dict)

    def add(self, ends: Ends, sums: Sums, name: str | None) -> None:
        """Adds a conversation; a second one of the same UDP endpoints is the same one."""
        rows = self.rows.setdefault(ends, [])
        if ends[0] == "udp" and rows:
            old = rows[0]
            total = [x + y for x, y in zip(old[:6], sums[:6], strict=True)]
            rows[0] = (*total, min(old[6], sums[6]), min(old[7], sums[7]), max(old[8], sums[8]))  # type: ignore[assignment]
        else:
            rows.append(sums)
        if name:
            self.names[ends, sums[6]] = name


@dataclass
class Truth:
    """What a truth file says; `sums`: its members that are no rows."""

    sums: dict[str, Any] = field(default_factory=dict)
    flows: Flows = field(default_factory=Flows)
    dns: Counter[Any] = field(default_factory=Counter)
    planted: list[dict[str, Any]] = field(default_factory=list)
    devices: list[dict[str, Any]] = field(default_factory=list)
    countries: dict[str, str] = field(default_factory=dict)

    @property
    def has_rows(self) -> bool:
        """Whether it lists flows."""
        return bool(self.flows.rows)


def read_truth(path: Path) -> Truth:
    """Reads a truth file of either form."""
    truth = Truth()
    with path.open(encoding="utf-8") as file:
        for key, row in Rows(file):
            match key:
                case "flows":
                    ends = (row["protocol"], *((_ip(ip), port) for ip, port in (row["client"], row["server"])))
                    truth.flows.add(ends, _sums(row, row["first_ns"], row["last_ns"]), row.get("sni"))
                    truth.flows.marked[row["id"]] = ends
                case "dns":
                    truth.dns[row["packet"], row["name"], row["type"], _ip(row["client"]), _answers(row["answers"])] += 1
                case "planted":
                    truth.planted.append(row)
                case "devices":
                    truth.devices.append(row)
                case "servers":
                    truth.countries |= {_ip(row[ip]): row["country"] for ip in ("ip4", "ip6") if row[ip]}
                case _:
                    truth.sums[key] = row
    return truth


@dataclass
class Audited:
    """What an audit says."""

    inputs: list[dict[str, Any]] = field(default_factory=list)
    flows: Flows = field(default_factory=Flows)
    dns: Counter[Any] = field(default_factory=Counter)
    exposures: list[dict[str, Any]] = field(default_factory=list)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    countries: dict[str, str] = field(default_factory=dict)
    protocols: Counter[str] = field(default_factory=Counter)
    http_hosts: Counter[str] = field(default_factory=Counter)


def read_audit(path: Path) -> Audited:
    """Reads the audit of one capture."""
    audit = Audited()
    with path.open(encoding="utf-8") as file:
        for key, row in Rows(file):
            match key:
                case "inputs":
                    audit.inputs.append(row)
                case "flows" if row["protocol"] in ("tcp", "udp"):
                    _add_flow(audit, row)
                case "dns" if row["protocol"] == "dns":
                    answers = _answers(x for x in row["answers"] if _is_ip(x))
                    audit.dns[row["packet"], row["name"], row["type"], _ip(row["client"]), answers] += 1
                case "exposures":
                    audit.exposures.append({k: row[k] for k in ("data_type", "count", "packets", "flows")})
                case "devices" if row["mac"]:
                    audit.devices[row["mac"]] = {k: row[k] for k in ("hostname", "ips")}
                case "destinations" if row["location"]["country"] is not None:
                    audit.countries |= dict.fromkeys(map(_ip, row["ips"]), row["location"]["country"])
    return audit


def _add_flow(audit: Audited, row: dict[str, Any]) -> None:
    ends = (row["protocol"], *((_ip(row[end]["ip"]), row[end]["port"]) for end in ("client", "server")))
    tls = row["tls"] or {}
    audit.flows.add(ends, _sums(row, _ns(row["first"]), _ns(row["last"])), tls.get("sni"))
    audit.flows.marked[int(row["id"].removeprefix("f"))] = ends
    audit.protocols[row["protocol"]] += 1
    hosts = {request["host"] for request in row["http"]} or {tls.get("sni")}
    audit.http_hosts.update(host for host in hosts if host)


def compare(truth: Truth, audit: Audited, size: int) -> Differences:
    """Compares all that the truth tells."""
    found = Differences()
    (facts,) = audit.inputs
    sums = truth.sums
    for ours, theirs in (("packets", "packets"), ("wire_bytes", "wire_bytes")):
        found.hold(ours, sums[theirs], facts[ours])
    found.hold("file bytes", sums.get("file_bytes", sums.get("bytes")), facts["bytes"])
    found.hold("file bytes", size, facts["bytes"])
    found.hold("truncated packets", 0, facts["truncated_packets"])
    if not truth.has_rows:
        found.hold("TCP conversations", sums["tcp"], audit.protocols["tcp"])
        found.hold("UDP conversations", sums["udp"], audit.protocols["udp"])
        for name in sorted(sums["names"].keys() | audit.http_hosts.keys()):
            found.hold("conversations of a name", sums["names"].get(name, 0), audit.http_hosts[name], name)
        return found
    found.hold("first and last", (sums["first_ns"], sums["last_ns"]), (_ns(facts["first"]), _ns(facts["last"])))
    _compare_flows(truth.flows, audit.flows, found)
    for row in sorted(truth.dns.keys() | audit.dns.keys()):
        if row[2] in ("A", "AAAA"):
            found.hold("DNS answers", truth.dns[row], audit.dns[row], row)
    for device in truth.devices:
        got = audit.devices.get(device["mac"], {"hostname": None, "ips": []})
        found.hold("devices", (device["hostname"], True), (got["hostname"], device["ip4"] in got["ips"]), device["mac"])
    for ip in sorted(truth.countries.keys() & audit.countries.keys()):
        found.hold("countries that are not unknown", truth.countries[ip], audit.countries[ip], ip)
    _compare_planted(truth, audit, found)
    return found


def _compare_flows(truth: Flows, audit: Flows, found: Differences) -> None:
    for ends in sorted(truth.rows.keys() | audit.rows.keys()):
        want, got = (sorted(rows.rows.get(ends, []), key=lambda row: row[6]) for rows in (truth, audit))
        found.hold("flows of the same endpoints", len(want), len(got), ends)
        for one, other in zip(want, got, strict=False):
            where = (*ends, "packet", one[6])
            found.hold("packets and bytes of a flow", one[:2] + one[3:5], other[:2] + other[3:5], where)
            found.hold("payload of a flow", (one[2], one[5]), (other[2], other[5]), where)
            if MDNS_PORT in (ends[1][1], ends[2][1]) and other[6] < one[6]:
                found.hold("last time of an mDNS flow", one[8], other[8], where)
                continue
            found.hold("first packet of a flow", one[6], other[6], where)
            found.hold("times of a flow", one[7:], other[7:], where)
    for key in sorted(truth.names.keys() | audit.names.keys()):
        found.hold("server names", truth.names.get(key), audit.names.get(key), key)


def _compare_planted(truth: Truth, audit: Audited, found: Differences) -> None:
    cited: set[tuple[str, int]] = set()
    shown: set[tuple[str, Ends]] = set()
    more: set[tuple[str, Ends]] = set()
    for row in audit.exposures:
        cited |= {(row["data_type"], packet) for packet in row["packets"]}
        flows = (audit.flows.marked.get(int(flow.removeprefix("f"))) for flow in row["flows"])
        pairs = {(row["data_type"], ends) for ends in flows if ends}
        shown |= pairs
        if row["count"] > len(row["packets"]) >= CITED:
            more |= pairs
    for row in truth.planted:
        kind, ends = TYPES[row["kind"]], truth.flows.marked[row["flow"]]
        once = shown if row["channel"] == "mdns" else more
        is_found = (kind, row["packet"]) in cited or (kind, ends) in once
        what = f"planted: {row['kind']}, {row['form']}, {row['channel']}"
        found.hold(what, "found", "found" if is_found else "not found", f"packet {row['packet']}")


def _sums(row: dict[str, Any], first_ns: int, last_ns: int) -> Sums:
    out, back = ([row[f"{unit}_{way}"] for unit in ("packets", "bytes", "payload")] for way in ("out", "in"))
    return (*out, *back, row["first_packet"], first_ns, last_ns)


def _ns(text: str) -> int:
    whole, _, part = text.removesuffix("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(part.ljust(9, "0") or 0)


def _ip(text: str) -> str:
    # the usual form of IPv4 has no other
    return text if ":" not in text else ipaddress.ip_address(text).compressed


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _answers(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(map(_ip, texts)))


def known_values(truth: Truth) -> str:
    """Gives the file of known values that a lab with these devices would write (JSON is YAML, too)."""
    known: dict[str, Any] = {label: [device[label] for device in truth.devices] for label in LABELS}
    known["gps"] = [[float(device["lat"]), float(device["lon"])] for device in truth.devices]
    return json.dumps(known)


def audit_of(capture: Path, truth: Truth, folder: Path, options: list[str]) -> Path:
    """Audits a capture in a process of its own and gives the file of its audit."""
    out = folder / "audit.json"
    command = [sys.executable, "-m", "iotaudit", "audit", str(capture), "--all-hosts", "--json", str(out), "--quiet"]
    if truth.devices:
        known = folder / "known.yaml"
        known.write_text(known_values(truth), encoding="utf-8")
        command += ["--known", str(known)]
    root = Path(__file__).resolve().parents[1]
    code = subprocess.run([*command, *options], check=False, cwd=root).returncode  # noqa: S603
    sys.stdout.write(f"exit code of the audit: {code}\n")
    return out


def main() -> int:
    """Compares one capture's audit with its truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", type=Path, metavar="CAPTURE")
    parser.add_argument("--truth", type=Path, help="default: CAPTURE.truth.json")
    parser.add_argument("--audit", type=Path, help="an audit of the capture that was made with --all-hosts")
    parser.add_argument("--option", action="append", default=[], help="handed to the audit; repeatable")
    given = parser.parse_args()
    truth = read_truth(given.truth or Path(f"{given.capture}.truth.json"))
    with tempfile.TemporaryDirectory() as folder:
        capture = given.capture.resolve()
        path = given.audit or audit_of(capture, truth, Path(folder), given.option)
        found = compare(truth, read_audit(path), capture.stat().st_size)
    return found.show(sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
