"""What was observed beside the traffic: results of active tests, and what the technician wrote down.

Source: contract, decisions 11 and 13; docs/formats/observations.md has the words.
"""

from dataclasses import dataclass

ANSWER = "answer"
"""The kind of an observation that a technician wrote into `answers.yaml`: the target is the question."""
KINDS: dict[str, tuple[str, ...]] = {
    "certificate_acceptance": ("accepted", "refused"),
    "cut_off": ("works", "function_lost", "online"),
    "dns_withheld": ("works", "function_lost", "online"),
    "listening_service": ("open", "closed"),
}
"""The active tests that rules know, each with its results; another result counts as not known."""
QUESTIONS: dict[str, str] = {
    "terms_accepted": "when terms were accepted (`time`)",
    "opt_out": "when analytics or the cloud was switched off (`time`)",
    "function_lost": "which function stopped without the network or a remote host (a name each time)",
    "other_links": "links beside the captured one: cellular, bluetooth, ..., or none",
    "online_without_network": "yes or no: the device stayed online while its network was cut",
    "changed_by_itself": "what the device did that nobody on site had asked for (`time`)",
    "new_account_after_reset": "yes or no: after the reset no old account, name or map was entered again",
    "two_units": "yes or no: the capture shows two units of one model",
}
"""The questions of `answers.yaml` that rules know; any other one is kept and printed."""
YES = frozenset(("yes", "true"))
NO = frozenset(("no", "none", "false"))


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation. `target` is what was tested (a host, `tcp/23`, a question), `evidence` how it shows.

    `time_ns`: ns since the epoch, UTC; None where nobody noted it.
    """

    kind: str
    target: str | None
    result: str
    evidence: str | None = None
    time_ns: int | None = None
