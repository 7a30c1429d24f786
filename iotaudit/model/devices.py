"""Devices under audit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotaudit.model.reach import Verdict


@dataclass(frozen=True, slots=True)
class DeviceEvidence:
    """Why we say so: `source` is oui, dhcp, mdns, arp, frame, ssdp, http; `packet` a packet id or None."""

    source: str
    value: str
    packet: int | None


@dataclass(frozen=True, slots=True)
class Device:
    """One host inside that is under audit; `mac` is text or None (raw IP captures)."""

    id: str
    mac: str | None
    ips: tuple[str, ...]
    vendor: str | None
    hostname: str | None
    evidence: tuple[DeviceEvidence, ...]
    verdict: "Verdict | None" = None
