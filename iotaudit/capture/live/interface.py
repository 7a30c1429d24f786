"""Facts about network interfaces of this host, as the kernel tells them in the current network namespace."""

import array
import fcntl
import socket
import struct
from pathlib import Path
from typing import Self

from iotaudit.capture.live import rewriting
from iotaudit.errors import SetupError

ANY = "any"
"""The pseudo-interface of libpcap that is all interfaces at once."""
NAME_LEN = 15
SIOCETHTOOL, SIOCGIFFLAGS = 0x8946, 0x8913
ETHTOOL_GDRVINFO = 3
DRIVER_INFO_LEN = 196
IFF_UP, IFF_RUNNING = 0x1, 0x40
RTMGRP_LINK = 1
SYSFS = Path("/sys/class/net")


def check_interface(name: str) -> None:
    """Checks that an interface is there and up.

    Raises:
        SetupError: it is not; the text names those that are.
    """
    if name == ANY:
        return
    known = sorted(text for _, text in socket.if_nameindex())
    if name not in known:
        raise SetupError(f"there is no interface {name!r}; there are: {', '.join(known)}")
    if not (flags_of(name) or 0) & IFF_UP:
        raise SetupError(f"{name} is down; set it up: ip link set {name} up")


def driver_of(name: str) -> str | None:
    """Gives the name of the interface's driver ("bridge", "veth", "e1000e"), None where it has none to tell.

    Source: ethtool_drvinfo in linux/ethtool.h.
    """
    if len(name) > NAME_LEN:
        return None
    info = array.array("B", struct.pack("<I", ETHTOOL_GDRVINFO).ljust(DRIVER_INFO_LEN, b"\0"))
    at, _ = info.buffer_info()
    request = struct.pack("16sP", name.encode(), at).ljust(40, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        try:
            fcntl.ioctl(handle, SIOCETHTOOL, request)
        except OSError:
            return None
    return info.tobytes()[4:36].split(b"\0", 1)[0].decode("ascii", "replace") or None


def flags_of(name: str) -> int | None:
    """Gives the interface's flags, None where it is gone. Source: netdevice(7)."""
    request = struct.pack("16sH", name.encode()[:NAME_LEN], 0).ljust(40, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        try:
            flags: int = struct.unpack_from("H", fcntl.ioctl(handle, SIOCGIFFLAGS, request), 16)[0]
        except OSError:
            return None
    return flags


def description_of(name: str) -> str:
    """Gives what an interface is, for the capture's interface description: driver, alias."""
    if name == ANY:
        return "all interfaces of this host"
    alias = _first_line(SYSFS / name / "ifalias")
    return " ".join(part for part in (driver_of(name) or "", f"({alias})" if alias else "") if part)


def bridge_of(name: str) -> str | None:
    """Gives the bridge (or bond) that an interface is a port of."""
    try:
        return (SYSFS / name / "master").readlink().name
    except OSError:
        return None


def ports_of(name: str) -> tuple[str, ...]:
    """Gives the ports of a bridge."""
    try:
        return tuple(sorted(path.name for path in (SYSFS / name / "brif").iterdir()))
    except OSError:
        return ()


def warnings_for(name: str) -> tuple[str, ...]:
    """Gives what the user should know before an interface is recorded."""
    remedy = "record the port that faces the device"
    if name == ANY:
        return (f"'any' records forwarded packets twice; {remedy}",)
    bridge = driver_of(name) == "bridge"
    found = rewriting.warnings(
        rewriting.read_rules(), name, bridge=bridge, over=bridge_of(name), ports=ports_of(name)
    )
    told = list(found)
    if not found and rewriting.uses_legacy_nat():
        told.append(f"this host has NAT rules that cannot be read here: where they rewrite what {name} shows, {remedy}")
    elif bridge and not found:
        seen = "addresses that this host rewrites are seen after the rewriting there"
        told.append(f"{name} is a bridge: {seen}; {remedy}")
    return tuple(told)


class LinkWatch:
    """Tells when an interface goes down, is gone, or loses or gets its carrier. Source: rtnetlink(7)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.carrier = True
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)

    def __enter__(self) -> Self:
        self._socket.setblocking(False)
        self._socket.bind((0, RTMGRP_LINK))
        self.carrier = bool((flags_of(self.name) or 0) & IFF_RUNNING)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """Gives what can be waited for."""
        return self._socket.fileno()

    def trouble(self) -> str | None:
        """Gives why the interface can no longer be recorded, after the kernel told of a change."""
        try:
            while self._socket.recv(65536):
                pass
        except OSError:  # nothing more to read, or news were lost: the state below is what counts
            pass
        flags = flags_of(self.name)
        if flags is None:
            return f"the interface {self.name} is gone"
        self.carrier = bool(flags & IFF_RUNNING)
        return None if flags & IFF_UP else f"the interface {self.name} went down"


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()[:256]
    except OSError:
        return ""
