"""Which hosts of a list a destination is: by its name, a domain above it, or an address."""

import ipaddress
from collections.abc import Iterable

from iotaudit.model.destinations import Destination
from iotaudit.model.knowledge import Networks


class HostList:
    """Hosts as people write them: a name, `*.` and a domain (any name below it), an address, a network.

    Every look-up costs one dict access per label or prefix length, whatever the length of the list.
    """

    __slots__ = ("_below", "_names", "_networks")

    def __init__(self, hosts: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        self._below: dict[str, str] = {}
        networks: list[tuple[str, str]] = []
        for host in hosts:
            if network := network_text(host):
                networks.append((network, host))
            elif host.startswith("*."):
                self._below.setdefault(host[2:].lower().rstrip("."), host)
            else:
                self._names.setdefault(host.lower().rstrip("."), host)
        self._networks: Networks[str] | None = Networks(networks) if networks else None

    def find(self, row: Destination) -> tuple[str, ...]:
        """Gives the entries that a destination is: the nearest by its name, and those of its addresses."""
        found: dict[str, None] = {}
        if row.name and (named := self._named(row.name)):
            found[named] = None
        if self._networks is not None:
            for ip in row.ips:
                if host := self._networks.find(ip):
                    found[host] = None
        return tuple(found)

    def _named(self, name: str) -> str | None:
        if name in self._names:
            return self._names[name]
        rest = name.partition(".")[2]
        while rest:
            if rest in self._below:
                return self._below[rest]
            rest = rest.partition(".")[2]
        return None


def network_text(text: str) -> str | None:
    """Gives an address or a network in its normal form, None for what is a name."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return None
