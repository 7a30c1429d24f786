"""The rhythm of conversations: payload by time, and what changed while a step of the test ran. No payload itself."""

from dataclasses import dataclass

from iotaudit.model.flows import Column

WIDTHS_S = (1, 10, 60)
"""How long a bin lasts, in seconds: a coarser one where the bins of the finer one are more than are kept."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Payload of conversations by time bin, in columns of n rows by flow, then time. A bin without payload has no row.

    flow: (n,) int64, number of the conversation · start_s: (n,) int64, seconds since the epoch · out, into: (n,) int64,
    payload bytes to the server and to the client · packets_out, packets_into: (n,) int64, packets with payload ·
    first: (n,) int64, the first of them · begins_out: (n,) bool, it goes to the server.

    `width_s` is the same for all bins. `unkept` is the first number of the conversations whose shape found no room,
    None where all did.
    """

    flow: Column
    start_s: Column
    out: Column
    into: Column
    packets_out: Column
    packets_into: Column
    first: Column
    begins_out: Column
    width_s: int = WIDTHS_S[0]
    unkept: int | None = None


STATES = ("new", "more", "less", "silent", "same", "unknown")


@dataclass(frozen=True, slots=True)
class StepChange:
    """What was different at one destination while a marked step ran: payload bytes of the audited devices.

    `state`: new (nothing before the step), more and less (the rate against that of the rest of the recording), silent
    (traffic at other times alone), same, unknown (there is no rest to compare with). `packet` is the first of the step.
    """

    step: str
    destination: str
    state: str
    step_s: float
    rest_s: float
    sent_in_step: int
    sent_in_rest: int
    received_in_step: int
    received_in_rest: int
    packet: int | None
