"""Shared by the tests of detectors: the vocabulary, and the way from a body to hits and exposures."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from iotaudit.detect import DETECTORS, Detection, Detector, FlowRef, known_values
from iotaudit.detect.index import Asked, Index
from iotaudit.detect.known import Known, Present
from iotaudit.detect.node import Hit, Node
from iotaudit.detect.tree import Tree
from iotaudit.model.data_types import DataType, KnownValue
from iotaudit.model.raw import Content
from iotaudit.packs.knowledge import load_knowledge

REF = FlowRef("f1", "dst1", local=False, device_is_client=True)


def content(body: object, where: str = "http.body", key: str = "", **more: Any) -> Content:
    """Gives a content of flow 0 that the device sent; anything but bytes and text is written as JSON."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    data = text.encode() if isinstance(text, str) else text
    fields: dict[str, Any] = {"packet": 7, "outbound": True, **more}
    return Content(
        flow=0, time_ns=0, where=where, channel="plaintext", data=data, key=key, **fields
    )


@dataclass(frozen=True, slots=True)
class Lab:
    """A bench for one detector, and for all of them."""

    types: tuple[DataType, ...]

    def hits(
        self, data_type: str, body: object, where: str = "http.body", key: str = "", **more: Any
    ) -> list[Hit]:
        """Gives the hits of the detector of `data_type` in a body, candidates apart."""
        detector = next(d for d in DETECTORS if data_type == d.ID)
        known = Known(())
        found: list[Hit] = []

        def see(node: Node, finders: Asked, _present: Present) -> None:
            if detector in finders:
                found.extend(hit for hit in detector.find(node, known) if not hit.candidate)

        Tree(content(body, where, key, **more), Index(DETECTORS, known), see).walk()
        return found

    def values(
        self, data_type: str, body: object, where: str = "http.body", key: str = "", **more: Any
    ) -> list[str]:
        """Gives the distinct values of the hits."""
        return list(
            dict.fromkeys(hit.value for hit in self.hits(data_type, body, where, key, **more))
        )

    def sure(
        self, data_type: str, body: object, where: str = "http.body", key: str = "", **more: Any
    ) -> list[str]:
        """Gives how sure the hits are."""
        return sorted(
            {hit.confidence.value for hit in self.hits(data_type, body, where, key, **more)}
        )

    def detect(
        self,
        *contents: Content,
        known: tuple[tuple[str, str | None, str], ...] = (),
        own: tuple[KnownValue, ...] = (),
        ref: FlowRef = REF,
    ) -> Detection:
        """Gives the detection of contents of flow 0."""
        detector = Detector(self.types, known_values(known))
        for one in contents:
            detector.feed(one)
        return detector.finish(own, {0: ref})


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab(load_knowledge([]).data_types)


Write = Callable[..., Content]


@pytest.fixture(scope="session")
def write() -> Write:
    return content
