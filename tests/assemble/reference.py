"""A slow, obvious count of conversations, one packet after the other: what the columns are measured against."""

from typing import Any

SAME_SYN_NS = 100_000_000
SECOND = 1_000_000_000
HEADER_LEN = 54


def count(packets: list[Any]) -> list[dict[str, Any]]:
    """Gives the flows of packets as made by `packets.build` (no fragments), in order of first packet."""
    flows: list[dict[str, Any]] = []
    newest: dict[Any, dict[str, Any]] = {}
    for i, packet in enumerate(packets, start=1):
        ported = packet.proto in ("tcp", "udp")
        src = (packet.src, packet.sport if ported else 0)
        dst = (packet.dst, packet.dport if ported else 0)
        key = (packet.proto, *sorted((src, dst)))
        time_ns = i * SECOND if packet.ms < 0 else round(packet.ms * 1e6)
        flags = set(packet.flags) if packet.proto == "tcp" else set()
        flow = newest.get(key)
        if flow is None or (_asks(flags) and flow["closed"] and packet.seq != flow["asked"]):
            flow = _new(packet, i, src, dst)
            flows.append(flow)
            newest[key] = flow
        side = flow["sides"].setdefault(src, {"packets": 0, "bytes": 0, "payload": 0, "first_payload": -1})
        side["packets"] += 1
        side["bytes"] += HEADER_LEN + len(packet.data)
        side["payload"] += len(packet.data)
        if packet.data and side["first_payload"] < 0:
            side["first_payload"] = i
        flow["first_ns"] = min(flow["first_ns"], time_ns) if flow["first_ns"] >= 0 else time_ns
        flow["last_ns"] = max(flow["last_ns"], time_ns)
        _control(flow, packet, flags, src, dst, time_ns)
    return [_row(flow) for flow in flows]


def _asks(flags: set[str]) -> bool:
    return "S" in flags and not flags & {"A", "R"}


def _new(packet: Any, number: int, src: Any, dst: Any) -> dict[str, Any]:
    client = src
    if packet.proto == "tcp" and dst[1] > src[1]:
        client = dst
    return {
        "proto": packet.proto,
        "ends": (src, dst),
        "client": client,
        "rank": 0,
        "first_packet": number,
        "first_ns": -1,
        "last_ns": -1,
        "sides": {},
        "closed": False,
        "asked": None,
        "run": None,
        "open": False,
        "rtt": -1,
    }


def _control(flow: dict[str, Any], packet: Any, flags: set[str], src: Any, dst: Any, time_ns: int) -> None:
    if _asks(flags):
        if flow["rank"] < 2:
            flow["client"], flow["rank"] = src, 2
        if packet.seq == flow["asked"]:
            flow["run"] = (flow["run"][0], time_ns, src)
        else:
            flow["run"] = (time_ns, time_ns, src)
            flow["closed"] = False
        flow["asked"] = packet.seq
        flow["open"] = True
    elif flags >= {"S", "A"} and "R" not in flags:
        if flow["rank"] < 1:
            flow["client"], flow["rank"] = dst, 1
        if flow["open"]:
            first, last, asker = flow["run"]
            fits = packet.ack == (flow["asked"] + 1) % (1 << 32) and asker != src
            if fits and time_ns > first and last - first < SAME_SYN_NS:
                trip = time_ns - first
                flow["rtt"] = trip if flow["rtt"] < 0 else min(flow["rtt"], trip)
        flow["open"] = False
    if flags & {"F", "R"}:
        flow["closed"] = True


def _row(flow: dict[str, Any]) -> dict[str, Any]:
    client = flow["client"]
    server = flow["ends"][0] if flow["ends"][1] == client else flow["ends"][1]
    none = {"packets": 0, "bytes": 0, "payload": 0, "first_payload": -1}
    out, back = flow["sides"].get(client, none), none if client == server else flow["sides"].get(server, none)
    row = {"client": client, "server": server, "rtt_min_ns": flow["rtt"], "by_syn": flow["rank"] > 0}
    row |= {name: flow[name] for name in ("first_packet", "first_ns", "last_ns")}
    for name, side in (("out", out), ("in", back)):
        row |= {f"{key}_{name}": side[key] for key in ("packets", "bytes", "payload", "first_payload")}
    return row
