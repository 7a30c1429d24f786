"""Where a host rewrites addresses, and who is warned of it."""

import json
import shutil
from pathlib import Path

import pytest

from iotaudit.capture.live import rewriting
from iotaudit.capture.live.rewriting import Rewrite, warnings


def match(key: str, value: object, op: str = "==") -> dict[str, object]:
    return {"match": {"op": op, "left": {"meta": {"key": key}}, "right": value}}


def nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, code: int = 0) -> None:
    """Makes a script that prints this the only nft there is."""
    (tmp_path / "rules").write_text(text)
    (tmp_path / "nft").write_text(f"#!/bin/sh\ncat {tmp_path}/rules; exit {code}\n")
    (tmp_path / "nft").chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: str(tmp_path / "nft"))


def test_rules_are_read_with_the_interfaces_that_they_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [
        [match("iifname", "br0"), {"redirect": {"port": 8080}}],
        [match("iifname", {"set": ["lan0", "lan1"]}), {"dnat": {"addr": "192.0.2.1"}}],
        [match("oifname", "wan0"), {"masquerade": None}],
        [match("iifname", "br0", "!="), {"tproxy": {"port": 1}}],
        [match("iifname", "br0"), {"accept": None}],
    ]
    document = {"nftables": [{"metainfo": {}}, *({"rule": {"expr": steps}} for steps in rules)]}
    nft(tmp_path, monkeypatch, json.dumps(document))
    assert rewriting.read_rules() == (
        Rewrite("dnat", "lan0"),
        Rewrite("dnat", "lan1"),
        Rewrite("masquerade", "wan0"),
        Rewrite("redirect", "br0"),
        Rewrite("tproxy", ""),
    )


@pytest.mark.parametrize(("text", "code"), [("", 0), ("[]", 0), ("{", 0), ("{}", 1)])
def test_rules_that_cannot_be_read_are_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, code: int
) -> None:
    nft(tmp_path, monkeypatch, text, code)
    assert rewriting.read_rules() is None


@pytest.mark.parametrize(
    ("rule", "name", "over", "words"),
    [
        (Rewrite("redirect", "br0"), "br0", None, "a bridge: every destination in this recording is false; record lan0"),
        (Rewrite("redirect", ""), "br0", None, "every destination in this recording is false"),
        (Rewrite("redirect", "br*"), "br0", None, "every destination in this recording is false"),
        (Rewrite("redirect", "br0"), "lan0", "br0", None),
        (Rewrite("redirect", "lan0"), "lan0", None, None),
        (Rewrite("dnat", "br0"), "wan0", None, "wan0 is behind that"),
        (Rewrite("masquerade", "wan0"), "wan0", None, "the device cannot be told from others there"),
        (Rewrite("masquerade", "wan0"), "lan0", None, None),
        (Rewrite("masquerade", ""), "lan0", None, None),
    ],
)
def test_only_who_records_behind_a_rewriting_is_warned(
    rule: Rewrite, name: str, over: str | None, words: str | None
) -> None:
    bridge = name == "br0"
    found = warnings((rule,), name, bridge=bridge, over=over, ports=("lan0",) if bridge else ())
    assert len(found) == (words is not None)
    assert words is None or words in found[0]


def test_what_is_not_known_warns_of_nothing() -> None:
    assert warnings(None, "br0", bridge=True, over=None, ports=()) == ()
