"""Loads key logs (`--keylog`): the secrets of TLS and QUIC sessions. No message holds anything of them.

Source: draft-ietf-tls-keylogfile ("The SSLKEYLOGFILE Format for TLS").
"""

from dataclasses import dataclass
from pathlib import Path

from iotaudit.codec.keylog import KeyLog
from iotaudit.errors import InputError, UsageError

MAX_LEN = 256 << 20


@dataclass(frozen=True, slots=True, repr=False)
class KeyLogFile:
    """One file: its name, its text, the sessions that it names, and the number of lines that are none of a key log."""

    name: str
    text: bytes
    randoms: frozenset[bytes]
    refused: int


def load_keylog(path: str) -> KeyLogFile:
    """Gives what a key log holds.

    Raises:
        InputError: the file cannot be read.
        UsageError: it is larger than the bound, or holds no secret of a session.
    """
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_LEN + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check name and permissions") from None
    if len(text) > MAX_LEN:
        raise UsageError(f"--keylog {path}: larger than {MAX_LEN >> 20} MiB")
    log = KeyLog()
    if not log.add(text):
        raise UsageError(f"--keylog {path}: no line is one of a key log (LABEL, client random, secret)")
    return KeyLogFile(Path(path).name, text, log.randoms(), log.refused)
