"""Key logs: the secrets of TLS, DTLS and QUIC sessions that an auditor holds, by the client's random.

Source: draft-ietf-tls-keylogfile ("The SSLKEYLOGFILE Format for TLS"), which writes down the format of NSS;
older `RSA` lines are not used, since they name the encrypted secret instead of the session.
"""

import re

LINE = re.compile(rb"([A-Z0-9_]{1,64}) +([0-9A-Fa-f]{64}) +([0-9A-Fa-f]{2,192})\s*\Z")
LINE_LEN = 512
SESSIONS = 1_000_000
"""Sessions that are kept; a log of more is a log of another place."""
MISSED = 1 << 16
"""Sessions without secrets that are remembered, to tell secrets that come too late."""
MASTER = "CLIENT_RANDOM"
"""The label of the master secret (TLS 1.2 and before)."""


class KeyLog:
    """Secrets by client random and label; may grow while a capture is read.

    Never printed: `repr` counts only.
    """

    __slots__ = ("_missed", "_sessions", "late", "refused", "used")

    def __init__(self) -> None:
        self._sessions: dict[bytes, dict[str, bytes]] = {}
        self.used: set[bytes] = set()
        """Client randoms of the sessions that were asked for and are known."""
        self._missed: set[bytes] = set()
        self.late = 0
        """Sessions whose secrets were added after they had been asked for in vain."""
        self.refused = 0
        """Lines that are no line of a key log, or are beyond the bound."""

    def __repr__(self) -> str:
        return f"KeyLog({len(self._sessions)} sessions)"

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, text: bytes) -> int:
        """Takes lines of a key log and gives how many secrets they hold; comments and empty lines are passed over."""
        taken = 0
        for line in text.splitlines():
            if not line.strip() or line.lstrip().startswith(b"#"):
                continue
            found = LINE.match(line) if len(line) <= LINE_LEN else None
            if found is None or len(found[3]) % 2:
                self.refused += 1
                continue
            random = bytes.fromhex(found[2].decode())
            session = self._sessions.get(random)
            if session is None:
                if len(self._sessions) >= SESSIONS:
                    self.refused += 1
                    continue
                session = self._sessions[random] = {}
                self.late += random in self._missed
            session[found[1].decode()] = bytes.fromhex(found[3].decode())
            taken += 1
        return taken

    def randoms(self) -> frozenset[bytes]:
        """Gives the client randoms of all sessions."""
        return frozenset(self._sessions)

    def knows(self, random: bytes) -> bool:
        """Says whether there is any secret of the session with this client random, and notes that it was of use."""
        if random not in self._sessions:
            if len(self._missed) < MISSED:
                self._missed.add(random)
            return False
        self.used.add(random)
        return True

    def secret(self, random: bytes, label: str) -> bytes | None:
        """Gives one secret of a session, None where the log has none."""
        found = self._sessions.get(random, {}).get(label)
        if found is not None:
            self.used.add(random)
        return found
