"""What a rule looks at, one by one, and how a fact of it is looked up."""

from collections.abc import Callable
from dataclasses import dataclass

from iotaudit.judge.conditions import Doubt, Value
from iotaudit.judge.inside import Listener, Login
from iotaudit.judge.scene import Scene
from iotaudit.model.declared import DeclaredRow
from iotaudit.model.destinations import Destination
from iotaudit.model.devices import Device
from iotaudit.model.exposures import Exposure
from iotaudit.model.flows import Flow
from iotaudit.model.observations import Observation
from iotaudit.model.quick import quick

UNKNOWN = Doubt.UNKNOWN


@dataclass(frozen=True, slots=True)
class Resolver:
    """A name server that was asked. `configured`: the network gave it to the device (None: not known)."""

    ip: str
    zone: str
    configured: bool | None
    packets: tuple[int, ...]


@quick
@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule looks at. Which fields are set follows from the scope; `item` is what has no field of its own."""

    scope: str
    destination: Destination | None = None
    exposure: Exposure | None = None
    flow: Flow | None = None
    resolver: Resolver | None = None
    exposures: tuple[Exposure, ...] = ()
    destinations: tuple[Destination, ...] = ()
    device: Device | None = None
    item: Listener | Login | Observation | DeclaredRow | None = None


LookUp = Callable[[Scene, Subject], Value]
