"""Shared by the tests of this folder: makers of small facts of a fictional vendor."""

from dataclasses import replace
from typing import Any

import pytest

from iotaudit.model.destinations import (
    AccessLaw,
    AddressLocation,
    Destination,
    Evidence,
    Location,
    Operator,
    Owner,
    Party,
    Status,
    Zone,
)
from iotaudit.model.devices import Device
from iotaudit.model.facts import CountryFact, Facts
from iotaudit.model.findings import Profile
from iotaudit.model.flows import Direction, Encryption, EncryptionState, Endpoint, Flow
from iotaudit.model.inputs import InputFacts, Mark
from iotaudit.model.result import Settings

S = 1_000_000_000
ZONES = {
    "DE": Zone.EU,
    "IE": Zone.EU,
    "NO": Zone.EEA,
    "CH": Zone.ADEQUATE,
    "CN": Zone.THIRD_COUNTRY,
    "US": Zone.THIRD_COUNTRY,
}
OWNED = Operator("Host GmbH", 64496, "HOST", "DE", "Host GmbH", "DE")


class Maker:
    """Makes facts; every call gives new frozen values."""

    owned = OWNED

    @staticmethod
    def location(country: Any = "DE", status: Any = Status.CLAIMED, says: Any = ()) -> Any:
        """Gives a location; disputed and unknown ones have no country."""
        known = status in (Status.CONFIRMED, Status.CLAIMED)
        evidence = tuple(Evidence(f"s{n}", "database", c, "") for n, c in enumerate(says))
        return Location(country if known else None, status, evidence)

    def address(
        self, ip: Any, country: Any = "DE", status: Any = Status.CLAIMED, says: Any = ()
    ) -> Any:
        """Gives one address of a destination."""
        location = self.location(country, status, says)
        return AddressLocation(ip, location, ZONES[country] if location.country else Zone.UNKNOWN)

    def destination(
        self,
        number: Any = 1,
        country: Any = "DE",
        status: Any = Status.CLAIMED,
        says: Any = (),
        **changes: Any,
    ) -> Any:
        """Gives a destination with one address."""
        address = self.address(f"198.51.100.{number}", country, status, says)
        plain = Destination(
            id=f"dst{number}",
            name=f"h{number}.vendor.example",
            ips=(address.ip,),
            registrable_domain="vendor.example",
            party=Party.FIRST,
            operator=OWNED,
            location=address.location,
            zone=address.zone,
            adequacy="met",
            access_laws=(),
            bytes_out=100,
            bytes_in=0,
            payload_out=100,
            flows=(f"f{number}",),
            addresses=(address,),
            owner=Owner("Vendor GmbH", "DE", "Vendor GmbH", "DE"),
        )
        return replace(plain, **changes)

    @staticmethod
    def local(number: Any = 9) -> Any:
        """Gives a destination inside."""
        location = Location(None, Status.UNKNOWN, (), "local")
        return replace(
            Maker().destination(number),
            name=None,
            ips=("192.168.7.1",),
            location=location,
            zone=Zone.LOCAL,
            addresses=(AddressLocation("192.168.7.1", location, Zone.LOCAL),),
        )

    @staticmethod
    def law(country: Any = "US", reach: Any = "operator") -> Any:
        """Gives an access law."""
        return AccessLaw(
            f"{country.lower()}-law", f"{country} law", reach, "a seat", country, "conditional"
        )

    @staticmethod
    def flow(
        number: Any = 1,
        destination: Any = None,
        sent: Any = 100,
        state: Any = EncryptionState.PLAINTEXT,
        **changes: Any,
    ) -> Any:
        """Gives a flow from the device to a destination's first address."""
        plain = Flow(
            id=f"f{number}",
            number=number,
            device="dev1",
            direction=Direction.OUTBOUND,
            protocol="tcp",
            client=Endpoint("192.168.7.20", 40000 + number),
            server=Endpoint(destination.ips[0] if destination else "203.0.113.77", 443),
            application="tls",
            packets_out=2,
            bytes_out=sent + 100,
            packets_in=1,
            bytes_in=60,
            payload_out=sent,
            payload_in=0,
            first_ns=0,
            last_ns=S,
            first_packet=number * 10,
            rtt_min_ns=None,
            names=(),
            encryption=Encryption(state),
            destination=destination.id if destination else None,
            device_sent=sent,
            first_device_payload_packet=number * 10 + 3 if sent else None,
        )
        return replace(plain, **changes)

    def facts(
        self,
        *destinations: Any,
        flows: Any = None,
        devices: Any = ("dev1",),
        duration_s: Any = 600,
        steps: Any = (),
        **changes: Any,
    ) -> Any:
        """Gives facts: one readable flow to each destination unless flows are given."""
        if flows is None:
            flows = tuple(self.flow(n, d) for n, d in enumerate(destinations, 1))
        duration_ns = int(duration_s * S)
        seen = InputFacts("a.pcap", "", 1, "pcap", ("ether",), 50, 1, 0, duration_ns, 0, None, ())
        plain = Facts(
            devices=tuple(
                Device(d, None, (f"192.168.7.{20 + n}",), None, None, ())
                for n, d in enumerate(devices)
            ),
            flows=tuple(flows),
            destinations=tuple(destinations),
            exposures=(),
            dns_rows=(),
            inputs=(seen,),
            problems=(),
            marks=tuple(Mark(0, step, "", None) for step in steps),
            countries=tuple(
                CountryFact(c, z.value, None, None, None, None, None) for c, z in ZONES.items()
            ),
            stale=(),
            duration_ns=duration_ns,
        )
        return replace(plain, **changes)

    @staticmethod
    def profile(**changes: Any) -> Any:
        """Gives a profile that asks for ten minutes and two steps."""
        plain = Profile("p", "P", "robot", (), (), (), (), (), 600.0, ("idle", "mapping"), ())
        return replace(plain, **changes)


@pytest.fixture(scope="session")
def make() -> Any:
    return Maker()


@pytest.fixture(scope="session")
def settings() -> Any:
    return Settings(as_of="2026-11-24")
