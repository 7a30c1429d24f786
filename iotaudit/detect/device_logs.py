"""Diagnostic logs and crash dumps.

Source: the line form of Android's logcat `threadtime`; ELF specification, `e_type`.
"""

import re
from collections.abc import Iterator

from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "device.logs"
FIELDS = frozenset({"syslog.message"})
"""Places that are a line of a log by the protocol."""
WANTS = Wants(shapes=frozenset({"log", "log_lines"}), binary=True, places=FIELDS)
reasoning = (
    "Three log lines in a row, the head of a stack trace, the magic of a core dump, or a message of syslog, which is "
    "a line of a log by itself."
)
LINES = 3
CORE = 4
_LOGCAT = re.compile(r"(?m)^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\s+\d+\s+\d+ [VDIWEF] ")
_SYSLOG = re.compile(r"(?m)^(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ \S+: ")
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|Kernel panic - not syncing|Fatal signal \d+ \(SIG[A-Z]+\)"
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives logs by their lines, traces by their heads, core dumps by their magic."""
    if node.kind is Kind.BINARY:
        data = node.data
        if (
            data[:4] == b"\x7fELF"
            and len(data) > 18
            and CORE in (data[16], data[17])
            and 0 in (data[16], data[17])
        ):
            yield kind_of(ID, "core dump", Confidence.PROVEN, "the magic of an ELF core dump")
        return
    if node.where in FIELDS and node.kind is Kind.TEXT and not node.is_nested:
        yield kind_of(ID, "syslog message", Confidence.DETECTED, "a message of the log protocol syslog")
    if node.kind is not Kind.TEXT or len(node.text) < 20:
        return
    if _TRACE.search(node.text):
        yield kind_of(
            ID, "stack trace", Confidence.DETECTED, "the head of a stack trace or fatal error"
        )
    for pattern, word in ((_LOGCAT, "logcat"), (_SYSLOG, "syslog")):
        if sum(1 for _, _ in zip(pattern.finditer(node.text), range(LINES), strict=False)) >= LINES:
            yield kind_of(ID, f"{word} lines", Confidence.DETECTED, "three log lines in a row")
