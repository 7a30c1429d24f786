"""SADP: how cameras and recorders of Hikvision and its platform answer a search on the local network.

Source: observed form as published by several open-source clients of the search (multicast 239.255.255.250,
UDP 37020, XML `Probe` and `ProbeMatch`); there is no public standard.
"""

import re

from iotaudit.dissect.datagrams import DatagramSession, Said, Seen
from iotaudit.dissect.frames import content
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Session
from iotaudit.dissect.xml_values import xml_values
from iotaudit.model.raw import Segment

ID = "sadp"
PORTS = frozenset({37020})
TRANSPORT = frozenset({UDP})
FIRST = frozenset(b"<")
AWAY = FIRST
SURE: frozenset[int] = frozenset()

BEGIN = re.compile(rb"(?:<\?xml[^<>]{0,64}\?>\s{0,4})?<(Probe|ProbeMatch)>\s{0,16}<Uuid>")
ROUTINE = frozenset({"Types", "Uuid"})


def recognise(head: Head) -> Likeness:
    """Fits the document of a search or of its answer."""
    return Likeness.LIKELY if BEGIN.match(head.data) else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    said = Said()

    def read(message: Segment, found: Seen) -> str | None:
        if not BEGIN.match(message.data):
            return "not a search"
        for key, value in xml_values(message.data):
            if key not in ROUTINE and said.is_new(key, value):
                found.append(content(message, f"sadp.{key}", value, key=key))
        return None

    return DatagramSession(context, ID, read)
