"""Time of flight: how far away an answer can have come from. See docs/sources/round_trip.md.

Light in vacuum covers 150 km of distance per millisecond of round trip, there and back; nothing is faster, so what
is farther than that from the lab did not answer. This is the only bound that excludes a place. It says where the
answer to a handshake came from: a front end may have given it, and pass the data on.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

from iotaudit.model.destinations import DestinationSeed, Evidence, Zone
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.quick import quick
from iotaudit.model.result import Settings

ID = "round_trip"
KIND = "round-trip"
IN_EEA_KIND = "round-trip-eea"
"""Kind of a round trip that leaves no place outside the EEA in reach."""
DISPROOF_KIND = "disproof"
"""Kind of a row by which the place that another row names is out of reach."""
UNUSED_KIND = "round-trip-unused"
KM_PER_MS = 150
CLOCK_ERROR_NS = 1_000_000
"""What the clock of the recording host, and the order in which it stamps packets, may be wrong by."""
TOO_NEAR_NS = 1_000_000
"""Less is the local network's own: an access line alone takes as long."""
ALIKE_NS = 200_000
ALIKE_BELOW_NS = 20_000_000
ALIKE_ADDRESSES = 4
ALIKE_NETWORKS = 3
"""Round trips of so many addresses in so many networks within `ALIKE_NS`: one thing answered for all of them."""
PROXY = "a proxy answered the handshake"
TOO_NEAR = "under 1 ms, so something in or near the local network answered"
ALIKE = "other networks answered within the same fifth of a millisecond: one thing near the lab may speak for all"
INSIDE = (Zone.EU, Zone.EEA)


@dataclass(frozen=True, slots=True)
class Circle:
    """The first `count` countries `around` the lab; `zone` holds for all of them, `words` say what a row tells of them."""

    around: tuple[tuple[float, str], ...]
    count: int
    zone: Zone
    kind: str
    only: str | None
    words: str


@quick
@dataclass(frozen=True, slots=True)
class Reach:
    """What a round trip leaves possible."""

    ms: float
    km: float
    circle: Circle

    @property
    def zone(self) -> Zone:
        """The zone of all countries in reach, unknown where they lie in several."""
        return self.circle.zone

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries in reach, nearest first."""
        return tuple([code for _, code in self.circle.around[: self.circle.count]])


class Horizon:
    """What lies around the lab, nearest first, and what a round trip leaves of it."""

    __slots__ = ("_begins", "_circle_of", "_distances")

    def __init__(self, knowledge: Knowledge, position: tuple[float, float], as_of: str) -> None:
        around = knowledge.outlines.around(*position)
        self._begins = [km for km, _ in around]
        self._distances = knowledge.outlines.distances(*position)
        self._circle_of = cache(lambda count: _circle(around, count, _zone(around, count, knowledge, as_of)))

    def reach_of(self, seed: DestinationSeed) -> Reach | None:
        """Gives what is in reach, None where nothing is known of it or nothing is out of reach."""
        if seed.rtt_min_ns is None or seed.rtt_unused:
            return None
        km = KM_PER_MS * (seed.rtt_min_ns + CLOCK_ERROR_NS) / 1_000_000
        count = bisect_right(self._begins, km)
        if count == len(self._begins):
            return None
        return Reach(seed.rtt_min_ns / 1_000_000, km, self._circle_of(count))

    def disproofs(self, rows: Iterable[Evidence], reach: Reach) -> tuple[Evidence, ...]:
        """Gives a row for each country that other evidence names and that is out of reach."""
        return self.disproved(sorted({row.country for row in rows if row.country and row.source != ID}), reach)

    def disproved(self, countries: Iterable[str], reach: Reach) -> tuple[Evidence, ...]:
        """Gives a row for each of the countries that is out of reach."""
        found: tuple[Evidence, ...] = ()
        for country in countries:
            km = self._distances.get(country, 0.0)
            if km > reach.km:
                detail = (
                    f"not in {country}: its nearest point is at least {km:.0f} km from the lab, "
                    f"the answer came from within {reach.km:.0f} km"
                )
                found += (Evidence(ID, DISPROOF_KIND, None, detail, family=country),)
        return found


def horizon_of(knowledge: Knowledge, settings: Settings) -> Horizon | None:
    """Gives what lies around the lab, None where its position is not known."""
    return Horizon(knowledge, settings.lab_position, settings.as_of) if settings.lab_position else None


def evidence(
    seed: DestinationSeed, knowledge: Knowledge, settings: Settings
) -> tuple[Evidence, ...]:
    """Gives one row where the position of the lab is known, the address answered a handshake, and that bounds it."""
    horizon = horizon_of(knowledge, settings)
    return evidence_within(horizon.reach_of(seed), seed) if horizon else ()


def evidence_within(reach: Reach | None, seed: DestinationSeed) -> tuple[Evidence, ...]:
    """Gives the row of a seed where the position of the lab is known."""
    if seed.rtt_unused:
        return (Evidence(ID, UNUSED_KIND, None, f"the round trip is not used: {seed.rtt_unused}"),)
    if reach is None:
        return ()
    circle = reach.circle
    detail = (
        f"answered a handshake within {reach.ms:.1f} ms: not farther than {reach.km:.0f} km from the lab "
        f"({KM_PER_MS} km per ms of round trip, {CLOCK_ERROR_NS // 1_000_000} ms of clock error allowed), "
        f"{circle.words}; a front end may have answered"
    )
    return (Evidence(ID, circle.kind, circle.only, detail),)


def screened(
    seeds: Iterable[DestinationSeed], knowledge: Knowledge, settings: Settings
) -> tuple[DestinationSeed, ...]:
    """Gives the seeds, those marked whose round trip tells nothing of the distance."""
    found = tuple(seeds)
    if settings.lab_position is None:
        return found
    alike = _alike(found, knowledge)
    marked = []
    for seed in found:
        ns, unused = seed.rtt_min_ns, seed.rtt_unused
        if ns is not None and not unused and not seed.local:
            unused = TOO_NEAR if ns < TOO_NEAR_NS else ALIKE if seed.ip in alike else ""
        marked.append(replace(seed, rtt_unused=unused) if unused != seed.rtt_unused else seed)
    return tuple(marked)


def _alike(seeds: Iterable[DestinationSeed], knowledge: Knowledge) -> frozenset[str]:
    """Gives the addresses that answered as fast as those of other networks."""
    least: dict[str, int] = {}
    for seed in seeds:
        ns = seed.rtt_min_ns
        if ns is not None and ns < ALIKE_BELOW_NS and not (seed.local or seed.rtt_unused):
            least[seed.ip] = min(ns, least.get(seed.ip, ns))
    rows = sorted((ns, ip) for ip, ns in least.items())
    networks = {ip: (knowledge.networks.look_up(ip) or (0, ""))[0] for ip in least}
    found: set[str] = set()
    inside: dict[int, int] = defaultdict(int)
    begin = marked = 0
    for end, (ns, ip) in enumerate(rows):
        inside[networks[ip]] += 1
        while ns - rows[begin][0] > ALIKE_NS:
            first = networks[rows[begin][1]]
            inside[first] -= 1
            if not inside[first]:
                del inside[first]
            begin += 1
        if end - begin + 1 >= ALIKE_ADDRESSES and len(inside) >= ALIKE_NETWORKS:
            found.update(other for _, other in rows[max(begin, marked) : end + 1])
            marked = end + 1
    return frozenset(found)


def _zone(
    around: tuple[tuple[float, str], ...], count: int, knowledge: Knowledge, as_of: str
) -> Zone:
    """Gives EU or EEA where all that is in reach lies there, else unknown; stops at the first that does not."""
    zone = Zone.EU if count else Zone.UNKNOWN
    for _, country in islice(around, count):
        found = knowledge.zones.zone(country, as_of)
        if found not in INSIDE:
            return Zone.UNKNOWN
        zone = found if found is Zone.EEA else zone
    return zone


def _circle(around: tuple[tuple[float, str], ...], count: int, zone: Zone) -> Circle:
    if zone in INSIDE:
        words = "so every point outside the EEA is out of reach"
    elif not count:
        words = "where no country is"
    else:
        words = f"where {count} of all countries and territories have a point"
    only = around[0][1] if count == 1 else None
    return Circle(around, count, zone, IN_EEA_KIND if zone in INSIDE else KIND, only, words)
