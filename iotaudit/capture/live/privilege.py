"""What recording needs from the kernel, how it is granted, and how it is given up once the socket is open.

Only the standard library: the recorders of our own run this file's functions in a process of theirs.

Source: capabilities(7); linux/capability.h for the numbers and `capset`.
"""

import ctypes
import grp
import os
import pwd
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CAP_NET_ADMIN, CAP_NET_RAW = 12, 13
CAPABILITY_VERSION = 0x20080522
PR_SET_NO_NEW_PRIVS = 38
FILE_CAPABILITIES = "security.capability"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class User:
    """An account of this host."""

    uid: int
    gid: int
    name: str


def invoking_user() -> User | None:
    """Gives who called sudo; None where this process is not root, or root by itself."""
    uid = os.environ.get("SUDO_UID", "")
    if os.geteuid() != 0 or not uid.isdecimal() or uid == "0":
        return None
    return _user(lambda: pwd.getpwuid(int(uid)))


def recording_user() -> User | None:
    """Gives whom a recorder becomes once its socket is open; None where this process is not root."""
    if os.geteuid() != 0:
        return None
    return invoking_user() or _user(lambda: pwd.getpwnam(NOBODY))


def may_record() -> bool:
    """Says whether this process itself may open a packet socket."""
    return bool(_effective() >> CAP_NET_RAW & 1)


def has_privileges() -> bool:
    """Says whether this process has any capability left."""
    return _effective() != 0


def give_up(user: User | None) -> None:
    """Becomes `user` (None: stays who it is) and drops every capability, for good.

    Raises:
        OSError: the kernel does not let it; the caller must end then.
    """
    if user is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user.gid, user.gid, user.gid)
        os.setresuid(user.uid, user.uid, user.uid)
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    if libc.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "the capabilities could not be dropped")
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if has_privileges():
        raise PermissionError("some capabilities could not be dropped")


def how_to_grant(dumpcap: str | None) -> str:
    """Gives what is missing and the commands that help, for the one who runs this process."""
    need = "recording needs CAP_NET_RAW (and CAP_NET_ADMIN for promiscuous mode)"
    account = _user(lambda: pwd.getpwuid(os.getuid()))
    name = account.name if account else str(os.getuid())
    if dumpcap is None:
        return f"{need}; run it with sudo, or install dumpcap: apt-get install wireshark-common"
    if _has_file_capabilities(dumpcap) and not os.access(dumpcap, os.X_OK):
        group = _group_of(dumpcap)
        return f"{need}; dumpcap has them for the group {group}: sudo usermod -aG {group} {name}, then log in again"
    grant = f"sudo setcap cap_net_raw,cap_net_admin=eip {dumpcap}"
    return f"{need}; grant them to dumpcap: {grant}; or run this with sudo"


def find_dumpcap() -> str | None:
    """Gives the path of dumpcap, also where this user may not run it."""
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/bin", "/usr/sbin"]
    return shutil.which("dumpcap", mode=os.F_OK, path=os.pathsep.join(folders))


def as_user(user: User | None, program: str) -> list[str]:
    """Gives the prefix of a command that runs as `user` with the two capabilities of recording alone.

    It is empty where that cannot be: no setpriv, or the program is not for that user.
    """
    setpriv = shutil.which("setpriv")
    if user is None or setpriv is None or not _runs_for(user, program):
        return []
    only = "-all,+net_raw,+net_admin"
    return [
        *(setpriv, "--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups", "--no-new-privs"),
        *(f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"),
        *("--pdeathsig", "TERM", "--"),
    ]


def _runs_for(user: User, program: str) -> bool:
    """Says whether a user may run a program; one with file capabilities would lose those it is given."""
    path = Path(program).resolve()
    if not all(parent.stat().st_mode & 0o001 for parent in path.parents):
        return False
    facts = path.stat()
    mine = facts.st_mode & 0o001
    if facts.st_uid == user.uid:
        mine = facts.st_mode & 0o100
    elif facts.st_gid == user.gid:
        mine = facts.st_mode & 0o010
    return bool(mine) and not _has_file_capabilities(program)


def _has_file_capabilities(path: str) -> bool:
    try:
        return bool(os.getxattr(path, FILE_CAPABILITIES))
    except OSError:
        return False


def _group_of(path: str) -> str:
    gid = Path(path).stat().st_gid
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _user(look_up: Callable[[], pwd.struct_passwd]) -> User | None:
    try:
        found = look_up()
    except KeyError:
        return None
    return User(found.pw_uid, found.pw_gid, found.pw_name)


def _effective() -> int:
    """Reads the effective capabilities; by plain reading, as an account may not be able to load modules any more."""
    descriptor = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.read(descriptor, 1 << 14)
    finally:
        os.close(descriptor)
    _, _, rest = status.partition(b"\nCapEff:")
    return int(rest.split(b"\n", 1)[0].strip() or b"0", 16)
