"""Lanes: flows are dealt out to a fixed number of them, so that processes can share the work of an audit.

A flow stays in one lane. All that is bounded over many flows (bytes held back, values kept, problems told apart) is
bounded in each lane alone, and lanes are put together in their order: so it never matters which process has which.
"""

LANES = 8
"""Also the most processes that are of use: each reads and counts every packet itself, which is a fifth of the work."""
ALL_LANES = tuple(range(LANES))


def lane_of(flow: int) -> int:
    """Gives the lane of a flow number."""
    return flow % LANES
