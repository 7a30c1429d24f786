"""How a session hands on what its protocol says in the clear, value by value."""

from dataclasses import dataclass

from iotaudit.model.events import Event
from iotaudit.model.raw import Content

CLEAR = "plaintext"


@dataclass(frozen=True, slots=True)
class Teller:
    """Adds the values of one flow; the place of each begins with the protocol's id."""

    flow: int
    protocol: str

    def give(
        self,
        what: str,
        key: str,
        data: bytes,
        place: tuple[int, int],
        found: list[Event | Content],
        *,
        outbound: bool,
        media_type: str = "",
        truncated: bool = False,
    ) -> None:
        """Adds one value, unless it is empty.

        Args:
            what: the place within the protocol ("header.from").
            key: the name that the protocol gives the value, "" where none.
            data: the value as sent.
            place: packet id and time (ns) of its last byte.
            found: what the session has found so far.
            outbound: from client to server.
            media_type: the declared type.
            truncated: bytes of it are missing.
        """
        if data:
            where = f"{self.protocol}.{what}"
            found.append(
                Content(
                    self.flow, *place, outbound, where, CLEAR, data, "", media_type, key, truncated
                )
            )
