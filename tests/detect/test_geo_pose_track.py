"""The detector `geo.pose_track`: true hits, near misses, and what cannot be decided."""

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.detect import geo_pose_track
from iotaudit.detect.known import Known
from iotaudit.detect.node import Kind, Node

ID = "geo.pose_track"
ROUTE = [[round(math.cos(at / 4) * 3, 3), round(at * 0.1, 3), round(at / 4, 3)] for at in range(24)]


def test_pass_route_of_triples(lab: Any) -> None:
    assert lab.values(ID, {"trajectory": ROUTE}) == ["route"]
    assert lab.sure(ID, {"cleanPath": ROUTE}) == ["detected"]


def test_pass_route_of_records(lab: Any) -> None:
    assert lab.values(ID, {"path": [{"x": x, "y": y, "theta": t} for x, y, t in ROUTE]}) == ["route"]
    stamped = [{"pose": {"position": {"x": x, "y": y, "z": 0}}} for x, y, _ in ROUTE]
    assert lab.values(ID, {"poses": stamped}) == ["route"]


def test_pass_route_in_a_text(lab: Any) -> None:
    assert lab.values(ID, {"track": ";".join(f"{x},{y},{t}" for x, y, t in ROUTE)}) == ["route"]


def test_fail_points_without_order(lab: Any) -> None:
    points = [[at * 37 % 41 / 4, at * 23 % 43 / 4, 0.1] for at in range(40)]
    assert lab.hits(ID, {"trajectory": points}) == []


def test_fail_few_points_one_place_and_a_plot_over_time(lab: Any) -> None:
    assert lab.hits(ID, {"path": ROUTE[:4]}) == []
    assert lab.hits(ID, {"path": [[1.0, 2.0, 0.1]] * 20}) == []
    assert lab.hits(ID, {"track": [[1_700_000_000 + at * 60, at] for at in range(20)]}) == []


def test_fail_path_of_a_file_and_other_names(lab: Any) -> None:
    assert lab.hits(ID, {"path": "/a/b,c,d,e,f,g,h/i", "samples": ROUTE}) == []


def test_inconclusive_one_pose_is_inferred(lab: Any) -> None:
    assert lab.sure(ID, {"robot_pose": {"x": 1.2, "y": 3.4, "theta": 0.5}}) == ["inferred"]
    assert lab.hits(ID, {"pose": {"x": 1.2, "y": 3.4}}) == []


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from(["x", "y", "pose", "theta"]), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(value=ANY)
def test_any_value_gives_hits_or_none(value: object) -> None:
    known = Known(())
    for key in ("path", "pose"):
        kind = Kind.RECORD if isinstance(value, dict | list) else Kind.TEXT
        node = Node(kind, key, "http.body", text=str(value), value=value)
        assert len(list(geo_pose_track.find(node, known))) <= 1
