"""Facts about network interfaces of this host, as the kernel tells them in the current network namespace."""

import array
import fcntl
import socket
import struct

from iotaudit.errors import SetupError

ANY = "any"
"""The pseudo-interface of libpcap that is all interfaces at once."""
NAME_LEN = 15
SIOCETHTOOL = 0x8946
ETHTOOL_GDRVINFO = 3
DRIVER_INFO_LEN = 196


def check_interface(name: str) -> None:
    """Checks that an interface is there.

    Raises:
        SetupError: it is not; the text names those that are.
    """
    known = sorted(text for _, text in socket.if_nameindex())
    if name != ANY and name not in known:
        raise SetupError(f"there is no interface {name!r}; there are: {', '.join(known)}")


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


def warnings_for(name: str) -> tuple[str, ...]:
    """Gives what the user should know before an interface is recorded."""
    remedy = "record the port that faces the device"
    if driver_of(name) == "bridge":
        seen = "addresses that this host rewrites are seen after the rewriting there"
        return (f"{name} is a bridge: {seen}; {remedy}",)
    if name == ANY:
        return (f"'any' records forwarded packets twice; {remedy}",)
    return ()
