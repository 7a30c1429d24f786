"""IP addresses inside texts, told from version numbers; for the two detectors of them."""

import ipaddress
import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.node import Kind, Node

MOST = 256
VERSION_KEYS = KeySet(
    "version, ver, firmware, fw, build, rom, release",
)
NOT_IN = ("dns.name", "http.host", "http.header.host", "tls.sni")
"""Places that name the peer itself."""
_V4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:])")
_PATTERNS = ((".", _V4), (":", _V6))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def addresses(node: Node) -> Iterator[tuple[str, Address]]:
    """Gives the addresses that a text node holds, as written and as read."""
    if node.kind is not Kind.TEXT or node.where in NOT_IN or node.key in VERSION_KEYS:
        return
    for mark, pattern in _PATTERNS:
        if mark not in node.text:
            continue
        for number, match in enumerate(pattern.finditer(node.text)):
            if number >= MOST:
                break
            try:
                yield match[0], ipaddress.ip_address(match[0])
            except ValueError:
                continue
