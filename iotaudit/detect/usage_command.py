"""Remote commands that can be read: a verb of control in a message to the device on a kept-open channel.

Source: observed forms of control protocols (JSON-RPC `method`, `cmd` and `action` fields, `set_relay_state` of
kasa, the delta of a device shadow over MQTT).
"""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet, words
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "usage.command"
KEYS = KeySet(
    "=cmd, =command, =action, =method, =rpc, =operation, =cmd type, cmd name, command name, =instruction"
)
SETTERS = KeySet(
    "set relay state, set led off, transition light state, set light state, set bulb state, set dev alias"
)
"""Fields of kasa whose being there is the command."""
TOPICS = KeySet("=set, =cmnd, =cmd, =command, =commands, =control")
"""Last levels of topics that carry commands."""
CHANNELS = frozenset(
    [
        "mqtt.payload",
        "websocket.text",
        "websocket.binary",
        "coap.payload",
        "amqp.body",
        "tuya.message",
        "kasa.message",
        "dhip.message",
        "miio.message",
        "text",
    ]
)
"""Places of messages on channels that are kept open; the answer to a request over HTTP is no command by itself."""
WANTS = Wants(keys=KEYS | SETTERS | TOPICS)
reasoning = (
    "A verb of control (reboot, unlock, upgrade, start ...) under a name for a command, in a message that "
    "the device "
    "receives on a kept-open channel. Whether the device obeyed is not seen here."
)
VERBS = frozenset((
    "activate", "arm", "charge", "close", "deactivate", "delete", "disable", "disarm", "dock", "drive",
    "enable", "erase", "exec", "execute", "factory", "firmware", "goto", "install", "lock",
    "move", "open", "ota", "pause", "poweroff", "reboot", "reset", "restart", "resume", "rotate", "set",
    "shell", "shutdown", "start", "stop", "switch", "toggle", "turn", "uninstall", "unlock", "upgrade",
    "wipe",
))  # fmt: skip
STATES = frozenset(
    {"on", "off", "open", "close", "stop", "start", "toggle", "lock", "unlock", "true", "false", "1", "0"}
)
"""Bare payloads of a topic for commands."""
TEXT_LEN = 64


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives commands by verb, by field and by topic; the book counts those that the device receives."""
    if node.where not in CHANNELS:
        return
    if node.kind is Kind.RECORD:
        if node.key in SETTERS:
            yield _command("set", "the field of a control protocol that changes the device's state")
        return
    if node.kind is not Kind.TEXT or not 0 < len(node.text) <= TEXT_LEN:
        return
    if node.key in KEYS:
        verb = next((word for word in words(node.text) if word in VERBS), "")
        if verb:
            yield _command(verb, "a verb of control under a name for a command")
    elif node.where == "mqtt.payload" and node.key in TOPICS and node.text.strip().casefold() in STATES:
        yield _command("switch", "a state in a topic for commands")


def _command(verb: str, ground: str) -> Hit:
    return kind_of(ID, verb, Confidence.DETECTED, ground)
