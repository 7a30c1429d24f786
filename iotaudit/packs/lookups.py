"""The embedded look-ups that are opened on first use: networks (ASN), vendors (OUI), public suffixes."""

from bisect import bisect_left
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from iotaudit.model.knowledge import address_of
from iotaudit.packs.columns import Begins, Column, read_columns, text_at

V6_SHIFT = 64
"""IPv6 ranges are kept to their upper 64 bits."""
RECENT = 1024
"""Domains kept: many names lie under one."""


class AsnTable:
    """Address to network number and registered name, from `asn.bin`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[int, tuple[int, str]] = {}

    @cached_property
    def _columns(self) -> dict[str, Column]:
        columns = read_columns(self._path)
        columns["v4_start"] = np.cumsum(columns.pop("v4_step"), dtype=np.uint32)
        columns["v6_start"] = np.cumsum(columns.pop("v6_step"), dtype=np.uint64)
        return columns

    @cached_property
    def _ranges(self) -> dict[int, tuple[Begins, memoryview]]:
        """Begins of ranges and their networks by version of IP, for look-ups one by one."""
        columns = self._columns
        return {v: (Begins(columns[f"v{v}_start"]), columns[f"v{v}_asn"].data) for v in (4, 6)}

    def look_up(self, ip: str) -> tuple[int, str] | None:
        """Gives number and name of the network that announces an address; None for none and for no address."""
        address = address_of(ip)
        if address is None:
            return None
        version, number = address
        begins, networks = self._ranges[version]
        asn = networks[begins.upto(number if version == 4 else number >> V6_SHIFT) - 1]
        if not asn:
            return None
        if asn not in self._answers:
            self._answers[asn] = asn, self._name(asn)
        return self._answers[asn]

    def _name(self, asn: int) -> str:
        columns = self._columns
        return text_at(columns, bisect_left(columns["asn"].data, asn))


class OuiTable:
    """Link address to vendor, from `oui.bin`; the longest block decides (36, 28, then 24 bits)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _columns(self) -> dict[str, Column]:
        columns = read_columns(self._path)
        for bits in (24, 28, 36):
            columns[f"p{bits}"] = np.cumsum(columns.pop(f"p{bits}_step"), dtype=np.uint64)
        return columns

    def look_up(self, mac: int) -> str | None:
        """Gives the organisation of a 48-bit address, None where no vendor is registered."""
        columns = self._columns
        for bits in (36, 28, 24):
            key = np.uint64(mac >> (48 - bits))
            at = int(np.searchsorted(columns[f"p{bits}"], key))
            if at < len(columns[f"p{bits}"]) and columns[f"p{bits}"][at] == key:
                return text_at(columns, int(columns[f"p{bits}_name"][at])) or None
        return None


class Suffixes:
    """Public suffixes, read from the list that the package `publicsuffixlist` brings.

    That package's own reader takes 0.11 s; this one reads the same file in about a tenth of it, and a test holds
    both against each other.

    Source: https://publicsuffix.org/list/ (format and algorithm).
    """

    def __init__(self, path: Path, local: frozenset[str]) -> None:
        self._path = path
        self._local = local
        self._above = lru_cache(RECENT)(self._read)

    @cached_property
    def _rules(self) -> tuple[frozenset[str], frozenset[str]]:
        """The rules of the ICANN section, and of both sections."""
        icann: list[str] = []
        private: list[str] = []
        rules = icann
        for line in self._path.read_text(encoding="utf-8").splitlines():
            if line.startswith("//"):
                if "BEGIN PRIVATE DOMAINS" in line:
                    rules = private
                continue
            rule = line.partition(" ")[0]
            if rule:
                rules.append(rule if rule.isascii() else _ascii(rule))
        return frozenset(icann), frozenset(icann + private)

    def registrable(self, name: str, *, private: bool) -> str | None:
        """Gives the public suffix of a name and one label more, None where the name has no more than a suffix.

        Args:
            name: host name; labels outside ASCII are taken as IDNA.
            private: suffixes that operators list for their customers count too.
        """
        text = name.rstrip(".").lower()
        text = text if text.isascii() else _ascii(text)
        rules = self._rules[1 if private else 0]
        above = text.partition(".")[2]
        return self._lengthened(text, above, self._above(above, rules), rules) or None

    def _read(self, name: str, rules: frozenset[str]) -> str | None:
        """Gives the registrable domain of a name, "" where it is a public suffix itself, None where it can have none."""
        labels = name.split(".")
        above = labels.pop()
        found = None if not above or above in self._local or _numeric(above) else ""
        while labels and found is not None:
            text = f"{labels.pop()}.{above}"
            found = self._lengthened(text, above, found, rules)
            above = text
        return found

    def _lengthened(self, text: str, above: str, found: str | None, rules: frozenset[str]) -> str | None:
        """Gives the same of a name of one label more; `found` is that of the name `above`."""
        if found is None or text.startswith(".") or text in self._local:
            return None
        if f"!{text}" in rules:
            return text
        if text in rules or f"*.{above}" in rules:
            return ""
        return found or text


def _ascii(name: str) -> str:
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return name


def _numeric(label: str) -> bool:
    """Tells whether a last label makes the text an address (no top-level domain is a number)."""
    return label.isdigit() or ":" in label
