"""Installed software and processes: package names, process tables, lists of packages with versions.

Source: the Java and Android rule for package names (reversed domain); the columns of POSIX `ps`; `dpkg-query --list`.
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import RECORDS, kind_of
from iotaudit.model.exposures import Confidence

ID = "device.installed_apps"
KEYS = KeySet(
    "installed apps, installed packages, installed software, installed applications, app list, package list",
    "process list, =packages, =pkgs, =apps, =applications, =processes, =software, running apps, running "
    "processes",
    "software list, installierte apps, 应用列表",
)
NAMES = KeySet(
    "=name, =pkg, package, package name, pkg name, bundle id, app name, app id, process, process name, =cmd"
)
VERSIONS = KeySet("=version, version name, version code, =ver, =pid, =cpu, =rss")
WANTS = Wants(keys=KEYS, shapes=frozenset({"packages"}))
reasoning = (
    "Five or more names of packages, or of programs with a version or process number, in one list: fewer "
    "may be what "
    "one app says of itself."
)
LEAST = 5
MOST = 65_536
_PACKAGE = re.compile(
    r"(?<![\w.@/-])(?:com|org|net|io|de|cn|eu|fr|uk|jp|kr|us|in|tv|me|app|dev|android|example)"
    r"(?:\.[a-z][a-z0-9_]{0,40}){2,7}(?![\w@/-])"
)
"""Three levels or more: a host name is written the other way round."""
_LISTED = re.compile(r"(?m)^(?:package:)(?:\S{1,256}=)?([A-Za-z]\w*(?:\.\w+)+)$")
_DPKG = re.compile(r"(?m)^[uihrp][ncHUFWti] {1,2}[a-z0-9][a-z0-9+.:-]+ +\d\S* ")
_PS = re.compile(r"(?m)^.{0,40}\bPID\b.{0,80}\b(?:CMD|COMMAND|NAME)[ \t]{0,8}$")
_PS_ROW = re.compile(r"(?m)^[ \t]{0,16}(?:[\w+.-]{1,32}[ \t]{1,16})?\d{1,7}[ \t].{0,160}\S$")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives lists of packages, programs and processes."""
    if node.kind is Kind.RECORD:
        count, word = (_in_list(node.value), "installed software") if node.key in KEYS else (0, "")
    elif node.kind is Kind.TEXT:
        count, word = _in_text(node.text[:MOST], named=node.key in KEYS)
    else:
        return
    if count >= LEAST:
        ground = "five or more names of packages or processes in one list"
        yield kind_of(ID, word, Confidence.DETECTED, ground)


def _in_list(value: object) -> int:
    """Gives how many different programs a list, or a mapping by their names, holds."""
    found: set[str] = set()
    if isinstance(value, dict):
        return len({name for name in list(value)[:RECORDS] if _PACKAGE.fullmatch(name)})
    for row in value[:RECORDS] if isinstance(value, list) else ():
        if isinstance(row, str) and _PACKAGE.fullmatch(row):
            found.add(row)
        elif isinstance(row, dict):
            name = next((v for k, v in row.items() if k in NAMES and isinstance(v, str)), "")
            numbered = any(k in VERSIONS and isinstance(v, str | int | float) for k, v in row.items())
            if name and (numbered or _PACKAGE.fullmatch(name)):
                found.add(name)
    return len(found)


def _in_text(text: str, *, named: bool) -> tuple[int, str]:
    """Gives how many different programs a text lists, and the word for them."""
    listed = set(_LISTED.findall(text))
    if named:
        listed.update(_PACKAGE.findall(text))
    if len(listed) >= LEAST:
        return len(listed), "installed software"
    packages = sum(1 for _ in _DPKG.finditer(text))
    if packages >= LEAST:
        return packages, "installed software"
    head = _PS.search(text)
    if head is None:
        return 0, ""
    return sum(1 for _ in _PS_ROW.finditer(text, head.end())), "process list"
