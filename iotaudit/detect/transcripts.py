"""Words of an utterance beside the names that speech recognition gives them; for `media.audio`."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.node import Hit, Kind, Node
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

KEYS = KeySet(
    "utterance, transcript, transcription, asr, asr text, asr result, recognized text, recognised text, "
    "recognition result",
    "speech text, speech to text, voice text, spoken text, stt text, =stt, spoken words, 语音识别",
)
TEXT_LEN = 4096
_WORDS = re.compile(
    r"[^\W\d_]{1,40}[,.!?]?(?: [\w'\u2019-]{1,40}[,.!?]?){1,400}"
    r"|[\u3040-\u9fff\uac00-\ud7af]{2,400}[?!\u3002\uff1f\uff01]?"
)


def spoken(data_type: str, node: Node) -> Iterator[Hit]:
    """Gives two words or more (of scripts without gaps: two characters) under a name for recognised speech."""
    if node.kind is Kind.TEXT and node.key in KEYS and len(node.text) <= TEXT_LEN:
        text = node.text.strip()
        if _WORDS.fullmatch(text):
            ground = "words under a name for recognised speech: the text of an utterance, not its sound"
            yield seen(data_type, text, Confidence.DETECTED, ground)
