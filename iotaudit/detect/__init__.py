"""What the devices said: content → exposures, and the redactor that keeps every value out of the output.

`DETECTORS` is the one list; docs/data-types/ has a page for each. Payload ends in this room: nothing that it
returns, and no repr, shows a value.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from iotaudit.codec.budget import Budget
from iotaudit.detect import (
    biometric_face,
    biometric_other,
    credential_password,
    credential_private_key,
    credential_token,
    credential_wifi,
    device_battery,
    device_imei,
    device_imsi,
    device_installed_apps,
    device_ip_internal,
    device_ip_public,
    device_logs,
    device_mac,
    device_model,
    device_os_firmware,
    device_serial,
    device_uuid,
    geo_ble_beacons,
    geo_coarse,
    geo_floor_map,
    geo_gps,
    geo_pose_track,
    geo_wifi_scan,
    health_data,
    media_audio,
    media_image,
    media_video,
    payment_account,
    payment_card,
    people_detection,
    person_address,
    person_email,
    person_name,
    person_phone,
    person_username,
    person_vehicle_plate,
    site_environment,
    site_lan_inventory,
    usage_command,
    usage_remote_access,
    usage_schedule,
    usage_telemetry,
    work_performance,
)
from iotaudit.detect.book import FlowRef, own_matches
from iotaudit.detect.dull import Dull
from iotaudit.detect.index import Asked, Index
from iotaudit.detect.known import (
    GROUND,
    NOTHING,
    SALT,
    Known,
    Present,
    find_places,
    find_present,
    known_values,
)
from iotaudit.detect.ledger import Ledger
from iotaudit.detect.node import Finder, Hit, Kind, Node
from iotaudit.detect.offsets import Offsets
from iotaudit.detect.redact import Redactor
from iotaudit.detect.tree import Tree
from iotaudit.model.data_types import DataType, KnownValue
from iotaudit.model.exposures import Exposure
from iotaudit.model.lanes import ALL_LANES, lane_of
from iotaudit.model.packets import input_of
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.quick import quick
from iotaudit.model.raw import Content

DETECTORS: tuple[Finder, ...] = (
    biometric_face,
    biometric_other,
    credential_password,
    credential_private_key,
    credential_token,
    credential_wifi,
    device_battery,
    device_imei,
    device_imsi,
    device_installed_apps,
    device_ip_internal,
    device_ip_public,
    device_logs,
    device_mac,
    device_model,
    device_os_firmware,
    device_serial,
    device_uuid,
    geo_ble_beacons,
    geo_coarse,
    geo_floor_map,
    geo_gps,
    geo_pose_track,
    geo_wifi_scan,
    health_data,
    media_audio,
    media_image,
    media_video,
    payment_account,
    payment_card,
    people_detection,
    person_address,
    person_email,
    person_name,
    person_phone,
    person_username,
    person_vehicle_plate,
    site_environment,
    site_lan_inventory,
    usage_command,
    usage_remote_access,
    usage_schedule,
    usage_telemetry,
    work_performance,
)
"""Every detector, by id; the order never decides a result."""

SPELLINGS = 64
"""Spellings that are kept of one value in one content."""
CONTENTS_REMEMBERED = 2048
REMEMBERED_LEN = 4096
VALUES_REMEMBERED = 8192
VALUE_LEN = 64
CUT_LEN = 1 << 18
"""A content of this length that goes on is one that dissection did not keep whole; of a shorter one bytes were lost."""
OWN_TYPES = ("device.mac", "device.ip.internal", "device.ip.public")
DETAILS = {
    "size": "a decoding step gave more bytes than the bound; the rest was not searched",
    "bytes": "a body gave more decoded bytes than the bound; the rest was not searched",
    "nodes": "a body has more fields than the bound; the rest was not searched",
    "depth": "a body is nested deeper than the bound; the rest was not searched",
    "tokens": "a text has more encoded words than the bound; the rest was not decoded",
    "strings": "bytes hold more readable strings than the bound; the rest was not searched",
    "parts": "a multipart body has more parts than the bound; the rest was not searched",
    "cut": "a body is longer than is kept, or its end is missing; the rest was not searched",
    "coding": "a body has a content coding that is not read; it was searched as it came",
}
"""What the bounds of decoding mean, by their names in `Budget.exceeded`."""


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """One value of one content: its surest hit, and the encoded tokens (`Node.cover`) that it was read from."""

    node: Node
    hit: Hit
    covers: tuple[str, ...]
    offset: int | None = None


Result = tuple[tuple[Found, ...], str]
"""What one content holds, and the bound of decoding that was hit, "" none."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What the devices said, the masks for everything else, and what could not be searched.

    `values` are those of the exposures by id, as they were met: for who asked to see them (`--reveal`), for no output.
    """

    exposures: tuple[Exposure, ...]
    redactor: Redactor
    problems: tuple[Problem, ...]
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


class Detector:
    """Takes content as it streams by and keeps only what it needs: hits, their spellings, bounds that were hit."""

    __slots__ = (
        "_answers",
        "_dull",
        "_index",
        "_known",
        "_ledgers",
        "_remembered",
        "_salts",
        "_types",
    )

    def __init__(self, data_types: tuple[DataType, ...], known: tuple[KnownValue, ...]) -> None:
        self._types = {row.id: row for row in data_types}
        self._known = Known(known)
        self._salts = tuple(v for v in known if v.label == SALT)
        self._index = Index(DETECTORS, self._known)
        self._dull = Dull(self._index)
        self._ledgers = {lane: Ledger() for lane in ALL_LANES}
        self._answers: OrderedDict[tuple[Asked, bool, str, str, bool, str], tuple[Hit, ...]] = OrderedDict()
        self._remembered: OrderedDict[tuple[str, str, str, str, bytes], Result] = OrderedDict()

    def __repr__(self) -> str:
        """Shows no value."""
        return f"Detector({len(self._types)} data types, {self._known!r})"

    def feed(self, content: Content) -> None:
        """Searches one content; equal short contents (heartbeats, names) are searched once."""
        if not content.data or self._dull.holds(content):
            return
        about = (content.where, content.key, content.encoding, content.media_type, content.data)
        known = self._remembered.get(about)
        if known is not None:
            self._remembered.move_to_end(about)
        else:
            known = self._search(content)
            if len(content.data) <= REMEMBERED_LEN:
                self._remembered[about] = known
                if len(self._remembered) > CONTENTS_REMEMBERED:
                    self._remembered.popitem(last=False)
        found, exceeded = known
        if content.truncated and len(content.data) >= CUT_LEN:
            exceeded = exceeded or "cut"
        if not found and not exceeded:
            return
        ledger = self._ledgers[lane_of(content.flow)]
        for one in found:
            ledger.book.add(content, one.node, one.hit, one.offset)
            if not one.hit.candidate and (one.hit.texts or one.covers):
                ledger.note_texts(content, one.hit, one.covers)
        if exceeded:
            ledger.note_limit(content, exceeded)

    def ledgers(self, lanes: Iterable[int]) -> dict[int, Ledger]:
        """Gives what was kept of some lanes, for the detector of another process."""
        return {lane: self._ledgers[lane] for lane in lanes}

    def take_over(self, ledgers: Mapping[int, Ledger]) -> None:
        """Takes what the detector of another process kept, in place of its own."""
        self._ledgers.update(ledgers)

    def finish(
        self,
        own_values: tuple[KnownValue, ...],
        flow_refs: dict[int, FlowRef],
        twins: Mapping[int, int] = MappingProxyType({}),
    ) -> Detection:
        """Gives the exposures of the audited devices, the redactor and the problems.

        Args:
            own_values: what the capture itself shows of the devices; it classifies payload and masks nothing.
            flow_refs: flow number → what became of the flow.
            twins: numbers of flows that are the same conversation as another, with that one's.
        """
        salted = Known((*own_values, *self._salts))
        own = own_matches(own_values, salted.digests(own_values))
        whole = self._whole()
        whole.book.settle(own)
        whole.book.fold(twins)
        redactor = self._redactor(whole, own.keys())
        told = whole.book.exposures(self._types, flow_refs)
        exposures = tuple(
            replace(
                row,
                decoding=tuple(redactor.text(step) for step in row.decoding),
                masked_sample=redactor.text(row.masked_sample),
            )
            for row, _ in told
        )
        values = {row.id: value for row, value in told}
        return Detection(exposures, redactor, self._problems(whole, flow_refs), values)

    def _search(self, content: Content) -> Result:
        """Gives the distinct hits of one content, and the bound of decoding that was hit."""
        budget = Budget()
        found: dict[tuple[str, str], Found] = {}

        def see(node: Node, finders: Asked, present: Present) -> None:
            hits = self._hits(node, finders) if present is NOTHING else self._all_hits(node, finders, present)
            for hit in hits:
                key = (hit.data_type, hit.value)
                new = Found(node, hit, (node.cover,) if node.cover else ())
                found[key] = _surer(found[key], new) if key in found else new

        Tree(content, self._index, see, budget).walk()
        if not found:
            return (), budget.exceeded
        offsets = Offsets(content.data)
        placed = [Found(f.node, f.hit, f.covers, offsets.of(f.node, f.hit, f.covers)) for f in found.values()]
        return tuple(placed), budget.exceeded

    def _hits(self, node: Node, finders: Asked) -> tuple[Hit, ...]:
        """Gives what the detectors find in a place; short values are asked about once, since readings and names recur."""
        if len(node.text) > VALUE_LEN or len(node.key) > VALUE_LEN or node.kind not in (Kind.TEXT, Kind.NUMBER):
            return self._all_hits(node, finders, NOTHING)
        about = (finders, node.kind is Kind.TEXT, node.key, node.where, node.is_nested, node.text)
        known = self._answers.get(about)
        if known is None:
            known = self._answers[about] = self._all_hits(node, finders, NOTHING)
            if len(self._answers) > VALUES_REMEMBERED:
                self._answers.popitem(last=False)
        return known

    def _all_hits(self, node: Node, finders: Asked, present: Present) -> tuple[Hit, ...]:
        """Gives what the detectors, and the known values that the layer holds, find in a place."""
        hits: list[Hit] = []
        for finder in finders:
            hits += finder.find(node, self._known)
        if present:
            hits += find_present(node, present)
            hits += find_places(node.text, present)
        return tuple(_strongest(hits) if len(hits) > 1 else hits)

    def _whole(self) -> Ledger:
        """Gives the ledgers of all lanes as one."""
        whole = Ledger()
        for lane in ALL_LANES:
            whole.join(self._ledgers[lane])
        return whole

    def _redactor(self, whole: Ledger, own: Iterable[str]) -> Redactor:
        mine = frozenset(own)
        texts = {
            text: row.shape
            for text, row in whole.texts.items()
            if not (row.data_type in OWN_TYPES and row.value in mine)
        }
        texts.update(self._known.texts())
        return Redactor(texts, strict=whole.unlisted > 0)

    def _problems(self, whole: Ledger, refs: dict[int, FlowRef]) -> tuple[Problem, ...]:
        tally = ProblemTally()
        for (flow, outbound, exceeded), limit in whole.limits.items():
            ref = refs.get(flow)
            sent = ref is None or (outbound == ref.device_is_client and not ref.local)
            loses = outbound if ref is None else sent
            tally.add(
                Problem(
                    "decode_limit",
                    input_of(limit.packet),
                    limit.packet,
                    None,
                    DETAILS[exceeded],
                    limit.count,
                    loses,
                )
            )
        if whole.book.overflow:
            detail = "more distinct values than are kept; further ones were summed up"
            tally.add(Problem("decode_limit", detail=detail, count=whole.book.overflow))
        if self._known.too_many:
            detail = "the file has more known values than are looked for"
            tally.add(
                Problem(
                    "decode_limit", detail=detail, count=self._known.too_many, loses_payload=True
                )
            )
        return tally.rows()


def _strongest(hits: list[Hit]) -> list[Hit]:
    """Drops what a credential, a known value or an address explains better: the same text is one thing."""
    strong = {
        text
        for hit in hits
        if hit.data_type.startswith("credential.") or hit.data_type == "person.email"
        for text in hit.texts
    }
    if not strong:
        return hits
    return [
        hit
        for hit in hits
        if hit.data_type.startswith("credential.")
        or hit.data_type == "person.email"
        or hit.reasoning.startswith(GROUND)
        or not strong.intersection(hit.texts)
    ]


def _surer(old: Found, new: Found) -> Found:
    """Gives the surer of two sightings of one value (else the first), with the spellings and tokens of both."""
    best = new if _rank(new.hit) > _rank(old.hit) else old
    hit = best.hit
    if not (set(new.hit.texts) <= set(hit.texts) and set(old.hit.texts) <= set(hit.texts)):
        hit = replace(hit, texts=tuple(dict.fromkeys(old.hit.texts + new.hit.texts))[:SPELLINGS])
    covers = tuple(dict.fromkeys(old.covers + new.covers))[:SPELLINGS] if new.covers else old.covers
    return Found(best.node, hit, covers)


def _rank(hit: Hit) -> tuple[bool, int]:
    order = ("inferred", "detected", "proven")
    return not hit.candidate, order.index(hit.confidence.value)


__all__ = [
    "DETECTORS",
    "Detection",
    "Detector",
    "FlowRef",
    "Ledger",
    "Redactor",
    "known_values",
]
