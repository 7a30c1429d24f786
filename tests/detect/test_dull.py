"""Dull messages: what is passed over holds nothing, whichever digits stand in it."""

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.budget import Budget
from iotaudit.detect import DETECTORS
from iotaudit.detect.dull import Dull
from iotaudit.detect.index import Index
from iotaudit.detect.known import Known, known_values
from iotaudit.detect.tree import Tree
from iotaudit.model.raw import Content

if TYPE_CHECKING:
    from iotaudit.detect.node import Node

INDEX = Index(DETECTORS, Known(()))
BITS = [
    *("{", "}", "[", "]", ",", ":", '"ts"', '"w":', '"mac":', '"lat":', '"battery":', '"on":true', '"a":"idle"'),
    *('"12"', '"aGVsbG8gd29ybGQh"', "12", "01", "-3.5", "1e9", "0-0", "null", " ", "\n", "%41", '"a=1&b=2"', "\\u0041"),
    *('"pin"', "pin=1234", "1767225601234", "AA11", '"fw":"1.2.3"', '"x":["', "truetrue", '"status":'),
]


def message(data: bytes, where: str = "mqtt.payload", **more: Any) -> Content:
    return Content(0, 1, 0, True, where, "plaintext", data, **more)


def asked(content: Content) -> list[str]:
    shown: list[Node] = []
    budget = Budget()
    Tree(content, INDEX, lambda node, _asked, _present: shown.append(node), budget).walk()
    return [node.key for node in shown] + ([budget.exceeded] if budget.exceeded else [])


@pytest.mark.parametrize("text", ['{"ok":true}', '{"ts":1767225601,"on":true,"w":1264}', '{"a":[1,2],"b":{"st":"idle"}}'])
def test_counters_and_switches_are_dull(text: str) -> None:
    assert Dull(INDEX).holds(message(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        '{"battery":50}',  # a name that somebody asks about
        '{"a":{"lat":51.4,"lon":7.0}}',
        '{"a":"1767225601"}',  # may be base64
        '{"a":"a45e60010203"}',
        '{"pm25":7}',  # names with digits are not the same name
        '{"has pin":01}',  # as a text, `pin` is a name
        '{"a":12345678901234}',
        '{"a":"\\u0041"}',
        '{"a":1}\n{"a":2}',
        '[{"a":1}]',
        "hello",
    ],
)
def test_what_may_hold_something_is_not(text: str) -> None:
    assert not Dull(INDEX).holds(message(text.encode()))


def test_the_name_and_the_place_of_the_message_count() -> None:
    dull = Dull(INDEX)
    assert dull.holds(message(b'{"v":1}', key="dev/7/state"))
    assert not dull.holds(message(b'{"v":1}', key="dev/7/battery"))
    assert not dull.holds(message(b'{"v":1}', where="http.uri"))
    assert not dull.holds(message(b'{"v":1}', encoding="gzip"))


def test_a_known_value_is_looked_for_in_each() -> None:
    dull = Dull(Index(DETECTORS, Known(known_values([("serial", None, "7355")]))))
    assert dull.holds(message(b'{"id":7354}'))
    assert not dull.holds(message(b'{"id":7355}'))


@given(st.lists(st.sampled_from(BITS), max_size=10), st.integers(0, 1 << 32), st.sampled_from(["", "t/pin", "t/x"]))
@settings(max_examples=400, deadline=None)
def test_nobody_is_asked_about_anything_in_a_dull_message(bits: list[str], seed: int, key: str) -> None:
    chance = random.Random(seed)  # noqa: S311 - which digits stand there, not a secret
    text = "{" + "".join(bits) + "}"
    other = "".join(str(chance.randrange(10)) if c.isdigit() else c for c in text)
    dull = Dull(INDEX)
    dull.holds(message(text.encode(), key=key))
    if dull.holds(message(other.encode(), key=key)):
        assert asked(message(other.encode(), key=key)) == []
