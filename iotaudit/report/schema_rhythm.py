"""The form of what the rhythm of traffic tells: `exposures[].measured` and `step_changes`."""

from iotaudit.model.shapes import STATES
from iotaudit.report.schema_parts import (
    SECONDS,
    SECONDS_OR_NULL,
    SIZE,
    TEXT,
    Schema,
    ref_to,
    row_of,
    words_of,
)


def make() -> dict[str, Schema]:
    """Gives the definitions by name."""
    return {
        "measured": row_of(
            {
                "pattern": {**TEXT, "description": "The id of what fits; docs/data-types/inferred.md has a row for each."},
                "fits": {**TEXT, "description": "In words; `alternatives` fit as well."},
                "sent": {**SIZE, "description": "Payload bytes of the device in the bursts that fit."},
                "received": SIZE,
                "duration_s": SECONDS,
                "bursts": SIZE,
                "period_s": SECONDS_OR_NULL,
                "conversations": SIZE,
            },
            "The figures that a type was inferred from; null where content was read. Inferred is never seen.",
        ),
        "step_change": row_of(
            {
                "step": TEXT,
                "destination": TEXT,
                "state": words_of(
                    STATES,
                    "new: nothing before the step; more, less: the rate sent, by twice or more; silent: traffic at other "
                    "times alone; unknown: no time to compare with.",
                ),
                "step_s": SECONDS,
                "rest_s": SECONDS,
                "sent_in_step": SIZE,
                "sent_in_rest": SIZE,
                "received_in_step": SIZE,
                "received_in_rest": SIZE,
                "packet": ref_to("packet", or_null=True),
            },
            "Payload bytes of the audited devices with one destination in a marked step, against the rest of the recording.",
        ),
    }
