"""Diagnostic logs and crash dumps.

Source: the line form of Android's logcat `threadtime`; the heads that runtimes (Python, Go, Rust, Java) give their
traces; for dumps and archives see `codec.archive`.
"""

import re
from collections.abc import Iterator

from iotaudit.codec import archive
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "device.logs"
FIELDS = frozenset({"syslog.message"})
"""Places that are a line of a log by the protocol."""
WANTS = Wants(shapes=frozenset({"log", "log_lines"}), binary=True, places=FIELDS)
reasoning = (
    "Three log lines in a row, the head of a stack trace, the header of a core dump or minidump, an archive with a "
    "member that is named as a log, or a message of syslog, which is a line of a log by itself."
)
LINES = 3
_LOGCAT = re.compile(r"(?m)^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\s+\d+\s+\d+ [VDIWEF] ")
_SYSLOG = re.compile(r"(?m)^(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ \S+: ")
_DATED = re.compile(
    r"(?m)^\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S{0,10}\]? .{0,48}"
    r"\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b"
)
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|Kernel panic - not syncing|[Ff]atal signal \d+ \(SIG[A-Z]+\)"
    r"|signal \d+ \(SIG[A-Z]+\), code |\bgoroutine \d+ \[[a-z ,0-9]+\]:|thread '[^']{1,64}' (?:\(\d+\) )?panicked at "
    r"|(?:\n[ \t]{1,16}at [\w.$<>]{3,200}\([\w.$: ]{1,80}\)){3}"
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives logs by their lines, traces by their heads, core dumps by their magic."""
    if node.kind is Kind.BINARY:
        if kind := archive.dump(node.data):
            yield kind_of(ID, kind, Confidence.PROVEN, f"the header of a {kind}")
        elif archive.holds_logs(node.data):
            yield kind_of(ID, "archive", Confidence.DETECTED, "an archive with a member that is named as a log")
        return
    if node.where in FIELDS and node.kind is Kind.TEXT and not node.is_nested:
        yield kind_of(ID, "syslog message", Confidence.DETECTED, "a message of the log protocol syslog")
    if node.kind is not Kind.TEXT or len(node.text) < 20:
        return
    if _TRACE.search(node.text):
        yield kind_of(
            ID, "stack trace", Confidence.DETECTED, "the head of a stack trace or fatal error"
        )
    for pattern, word in ((_LOGCAT, "logcat"), (_SYSLOG, "syslog"), (_DATED, "log")):
        if sum(1 for _, _ in zip(pattern.finditer(node.text), range(LINES), strict=False)) >= LINES:
            yield kind_of(ID, f"{word} lines", Confidence.DETECTED, "three log lines in a row")
