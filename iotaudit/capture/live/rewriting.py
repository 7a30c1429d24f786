"""Where this host rewrites addresses: what is recorded behind such a place shows false destinations.

Read from `nft --json list ruleset`; rules of iptables that stand in nftables are among them. Source: libnftables-json(5).
"""

import fnmatch
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iotaudit.codec.guard import Fault, guarded

SECONDS = 5.0
TOWARDS = ("redirect", "dnat", "tproxy")
"""Statements that change where a packet goes."""
BEHIND = ("masquerade", "snat")
"""Statements that change who it comes from."""
IPTABLES_TABLES = (Path("/proc/net/ip_tables_names"), Path("/proc/net/ip6_tables_names"))


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One rule: what it does and the interface that it names (""; any)."""

    kind: str
    interface: str


def read_rules() -> tuple[Rewrite, ...] | None:
    """Gives the rewriting rules of this network namespace; None where they may not be read."""
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    if nft is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - the command is ours
            [nft, "--json", "list", "ruleset"], capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    document = guarded("nft", json.loads, done.stdout or b"null")
    if done.returncode != 0 or isinstance(document, Fault) or not isinstance(document, dict):
        return None
    return tuple(sorted(set(_rewrites(document)), key=lambda rule: (rule.kind, rule.interface)))


def uses_legacy_nat() -> bool:
    """Says whether there are NAT tables that nft does not show."""
    for path in IPTABLES_TABLES:
        try:
            if "nat" in path.read_text(encoding="ascii", errors="replace").split():
                return True
        except OSError:
            continue
    return False


def warnings(
    rules: tuple[Rewrite, ...] | None, name: str, *, bridge: bool, over: str | None, ports: tuple[str, ...]
) -> tuple[str, ...]:
    """Gives why a recording on an interface would show rewritten addresses.

    Args:
        rules: the host's rewriting rules; None: not known.
        name: the interface that is to be recorded.
        bridge: whether it is a bridge.
        over: the bridge that it is a port of, if any.
        ports: the ports of the bridge.
    """
    if rules is None:
        return ()
    told = []
    towards = [rule for rule in rules if rule.kind in TOWARDS]
    for rule in towards:
        if bridge and (not rule.interface or _fits(rule, name)):
            port = ports[0] if len(ports) == 1 else "the port that faces the device"
            told.append(
                f"this host rewrites destinations ({rule.kind}) that come in on {name}, a bridge: every destination in "
                f"this recording is false; record {port}"
            )
        elif not bridge and rule.interface and not (_fits(rule, name) or (over and _fits(rule, over))):
            told.append(
                f"this host rewrites destinations ({rule.kind}) that come in on {rule.interface}: {name} is behind that, "
                "and does not show where the device sent to; record the port that faces the device"
            )
    told += [
        f"this host rewrites senders ({rule.kind}) that go out on {name}: the device cannot be told from others there; "
        "record the port that faces the device"
        for rule in rules
        if rule.kind in BEHIND and _fits(rule, name)
    ]
    return tuple(dict.fromkeys(told))


def _fits(rule: Rewrite, name: str) -> bool:
    return fnmatch.fnmatchcase(name, rule.interface)


def _rewrites(document: dict[str, Any]) -> Iterator[Rewrite]:
    entries = document.get("nftables")
    for entry in entries if isinstance(entries, list) else ():
        rule = entry.get("rule") if isinstance(entry, dict) else None
        steps = rule.get("expr") if isinstance(rule, dict) else None
        if not isinstance(steps, list):
            continue
        kinds = [kind for step in steps if isinstance(step, dict) for kind in (*TOWARDS, *BEHIND) if kind in step]
        names = list(_names(steps, "oifname" if kinds and kinds[0] in BEHIND else "iifname")) or [""]
        for kind in kinds:
            yield from (Rewrite(kind, name) for name in names)


def _names(steps: list[Any], key: str) -> Iterator[str]:
    """Gives the interfaces that a rule's matches name."""
    keys = (key, key.removesuffix("name"))
    for step in steps:
        match = step.get("match") if isinstance(step, dict) else None
        if not isinstance(match, dict) or match.get("op") != "==":
            continue
        left, right = match.get("left"), match.get("right")
        if not isinstance(left, dict) or not isinstance(left.get("meta"), dict) or left["meta"].get("key") not in keys:
            continue
        values = right.get("set", ()) if isinstance(right, dict) else (right,)
        yield from (value for value in values if isinstance(value, str))
