"""Make and model, by the name of the field."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, seen
from iotaudit.model.exposures import Confidence

ID = "device.model"
KEYS = KeySet(
    "=model, model name, model number, model no, model id, device model",
    "product model, robot model, =product name, =product key, sku, modell, 机型",
)
WANTS = Wants(keys=KEYS)
reasoning = (
    "A short word under a name for a model; it may be the model of a part, or of a language model."
)
_MODEL = re.compile(r"(?=.*[^\W\d])[\w][\w .()+/-]{1,47}")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the value of a field that is named as a model."""
    text = node.text.strip()
    if (
        node.kind is Kind.TEXT
        and node.key in KEYS
        and _MODEL.fullmatch(text)
        and not is_filler(text)
    ):
        yield seen(ID, text, Confidence.DETECTED, "a short word under a name for a model")
