"""Positions in a building: a route of points that move in small steps; a single pose under its name.

Source: the fields of ROS `geometry_msgs/Pose2D` (x, y, theta) and `nav_msgs/Path`.
"""

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "geo.pose_track"
TRACK = KeySet(
    "trajectory, trajectories, =path, robot path, clean path, cleaning path, planned path, path points, "
    "pose list, =poses",
    "=track, track points, pose track, =route, route points, odometry, =odom, position history, =posearray",
)
POSE = KeySet("=pose, robot pose, current pose, robot position, robot pos, =odom pose")
HEADING = KeySet("=theta, =yaw, =phi, =heading, =angle, =orientation, =th, =a")
WANTS = Wants(keys=TRACK | POSE)
reasoning = (
    "Six or more points in one list whose steps are small beside the area that they cover, under a name "
    "for a route; "
    "one pose alone is inferred, since a fixed place (a dock, a waypoint) is written the same way."
)
LEAST = 6
POINTS = 4096
STEP_SHARE = 0.25
"""The mean step is at most this share of the points' extent: random points in a square have 0.37, a line of six 0.2."""
FAR = 1e7
"""Larger numbers are times: the steps of a plot over time are even too."""
_NUMBER = r"[+-]?\d{1,7}(?:\.\d{1,12})?"
_COMMA = r"[ \t]{0,3}+,[ \t]{0,3}+"
_POINT = re.compile(rf"({_NUMBER}){_COMMA}({_NUMBER})(?:{_COMMA}{_NUMBER}){{0,5}}")
_BETWEEN = r"(?:\s{0,3}+[;|]\s{0,3}+|\s{1,3}+)"
_SERIES = re.compile(
    rf"[\[(]?{_POINT.pattern}[\])]?(?:{_BETWEEN}[\[(]?{_NUMBER}(?:{_COMMA}{_NUMBER}){{1,6}}[\])]?)++;?"
)

Point = tuple[float, float]


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives routes, and poses under their name."""
    points: list[Point] = []
    if node.kind is Kind.RECORD and isinstance(node.value, list) and node.key in TRACK:
        rows = (_point(row) for row in node.value[:POINTS])
        points = [point for point in rows if point is not None]
    elif node.kind is Kind.TEXT and node.key in TRACK and len(node.text) <= POINTS * 32:
        points = _series(node.text.strip())
    elif node.kind is Kind.RECORD and isinstance(node.value, dict) and node.key in POSE:
        if _point(node.value) is not None and any(name in HEADING for name in node.value):
            yield kind_of(
                ID, "pose", Confidence.INFERRED, "coordinates and a heading under the name of a pose"
            )
        return
    if _moves(points):
        ground = "a series of points that move in small steps under a name for a route"
        yield kind_of(ID, "route", Confidence.DETECTED, ground)


def _series(text: str) -> list[Point]:
    """Gives the points of a text that is nothing but a series of them."""
    if text.count(",") < LEAST or not _SERIES.fullmatch(text):
        return []
    return [(float(match[1]), float(match[2])) for match in _POINT.finditer(text)]


def _point(row: object) -> Point | None:
    """Gives the first two coordinates of a row: a list of two to seven numbers, or a record with x and y."""
    if isinstance(row, dict):
        row = row.get("pose", row)
        row = row.get("position", row) if isinstance(row, dict) else row
    if isinstance(row, dict):
        lowered = {str(name).casefold(): value for name, value in row.items()}
        pair = [lowered.get("x"), lowered.get("y")]
    elif isinstance(row, list) and 2 <= len(row) <= 7:
        pair = row[:2]
    else:
        return None
    x, y = pair
    if (
        isinstance(x, bool)
        or isinstance(y, bool)
        or not isinstance(x, int | float)
        or not isinstance(y, int | float)
    ):
        return None
    return (float(x), float(y)) if abs(x) < FAR and abs(y) < FAR else None


def _moves(points: list[Point]) -> bool:
    """True for points that differ and of which each is near the one before."""
    if len(points) < LEAST or len(set(points)) < LEAST:
        return False
    xs, ys = [x for x, _ in points], [y for _, y in points]
    extent = math.hypot(max(xs) - min(xs), max(ys) - min(ys))
    steps = [math.dist(one, other) for one, other in pairwise(points)]
    return extent > 0 and sum(steps) / len(steps) <= STEP_SHARE * extent
