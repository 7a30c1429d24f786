"""Values of web logs as our types have them: addresses, names, times, lengths; bad ones become None or -1."""

import ipaddress
import math

HEADERS_KEPT = 1000
MESSAGES_KEPT = 1_000_000
NAME_LEN = 253
LATEST_S = 1 << 33


def address(value: object) -> str | None:
    """Gives RFC 5952 text, None where the value is no address; IPv4 mapped into IPv6 is given as IPv4."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if not isinstance(value, str):
        return None
    try:
        found = ipaddress.ip_address(value.strip("[]").split("%", 1)[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def host_name(value: object) -> str | None:
    """Gives a host in lower case without the final dot (an address in RFC 5952 form), None: there is none."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    text = value.strip().rstrip(".").lower()
    if not text or len(text) > NAME_LEN:
        return None
    return address(text) or text


def port_number(value: object) -> int:
    """Gives a number from 0 to 65535, else 0."""
    return value if isinstance(value, int) and 0 <= value <= 0xFFFF else 0


def nanoseconds(value: object, *, unit: int = 1_000_000_000) -> int:
    """Gives a float of `unit` nanoseconds in ns, to the microsecond that such floats hold; -1: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return -1
    if not 0 <= value * unit <= LATEST_S * 1_000_000_000:
        return -1
    return round(value * unit / 1000) * 1000


def message_len(headers: tuple[tuple[str, str], ...], body: bytes, *, first_line: int) -> int:
    """Gives the length of a message as HTTP/1.1 would write it: first line, headers, empty line, body."""
    return first_line + 2 + sum(len(name) + len(value) + 4 for name, value in headers) + len(body)
