"""Times the location of many destinations, with and without the position of the lab.

    python bench/locate.py [--count 100000] [--repeat 3] [--profile]

The destinations are made up, always the same: public addresses all over the announced networks (one in ten IPv6), a
third of them with a name, half of those with one that a cloud gives out; four in five answered a handshake. Shown are
the CPU time of the first run and the least of all, each with its tables still to be opened, and a digest of what was
found.
"""

import argparse
import cProfile
import hashlib
import ipaddress
import pstats
import random
import sys
import time
from collections.abc import Iterator

from iotaudit.locate import locate
from iotaudit.model.destinations import Destination, DestinationSeed
from iotaudit.model.knowledge import Knowledge
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.pipeline.cycles import NEVER, searched

SEED = 1
DAY = "2026-11-24"
LAB = (52.5, 13.4)
NETWORKS = 4000
"""Blocks that the addresses come from; several of a block have one operator."""
SHOWN = 25


def main() -> None:
    """Prints the times."""
    parser = argparse.ArgumentParser(description="times the location of many destinations")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="also print the functions that take most")
    options = parser.parse_args()
    knowledge = load_knowledge()
    seeds = tuple(make_seeds(options.count, knowledge))
    for title, position in (("without a position", None), ("with a position", LAB)):
        settings = Settings(as_of=DAY, lab_position=position)
        _times(title, seeds, settings, options.repeat)
        if options.profile:
            with cProfile.Profile() as profile:
                locate(seeds, load_knowledge(), settings)
            pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(SHOWN)


def make_seeds(count: int, knowledge: Knowledge) -> Iterator[DestinationSeed]:
    """Gives so many seeds with addresses that lie in an announced network and on the public Internet."""
    dice = random.Random(SEED)  # noqa: S311 - no secret
    blocks = [_block(dice, knowledge) for _ in range(NETWORKS)]
    for number in range(count):
        ip = _inside(dice.choice(blocks), dice)
        yield _seed(number, ip, dice)


def _block(dice: random.Random, knowledge: Knowledge) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    while True:
        block: ipaddress.IPv4Network | ipaddress.IPv6Network
        if not dice.randrange(10):
            block = ipaddress.IPv6Network((0x2A00 << 112 | dice.getrandbits(20) << 96, 32))
        else:
            block = ipaddress.IPv4Network((dice.randrange(1, 224) << 24 | dice.getrandbits(14) << 10, 22))
        ip = str(block[1])
        if knowledge.special.find(ip) is None and knowledge.networks.look_up(ip) is not None:
            return block


def _inside(block: ipaddress.IPv4Network | ipaddress.IPv6Network, dice: random.Random) -> str:
    return str(block[dice.randrange(1, min(block.num_addresses, 1 << 32))])


def _seed(number: int, ip: str, dice: random.Random) -> DestinationSeed:
    kind = number % 6
    vendor = dice.randrange(5000)
    name = {
        0: f"host{number}.vendor{vendor}.example",
        1: f"bucket{number}.s3.eu-central-1.amazonaws.com",
    }.get(kind)
    source = dice.choice(("dns", "sni")) if name else None
    return DestinationSeed(
        ip=ip,
        name=name,
        name_source=source,
        name_packet=number + 1 if name else None,
        aliases=(f"edge.vendor{vendor}.example",) if kind == 0 else (),
        outer_name=False,
        local=False,
        rtt_min_ns=dice.randrange(2_000_000, 150_000_000) if dice.randrange(5) else None,
        bytes_out=dice.randrange(100, 100_000),
        bytes_in=dice.randrange(100, 100_000),
        payload_out=dice.randrange(100_000),
        flows=(f"f{number + 1}",),
        applications=("tls",),
        ports=(443,),
        first_packet=number + 1,
        payload_packet=number + 2,
        devices=(f"device{number % 50}",),
        name_sources=(source,) if source else (),
    )


def _times(title: str, seeds: tuple[DestinationSeed, ...], settings: Settings, repeat: int) -> None:
    spent = []
    found: tuple[Destination, ...] = ()
    for _ in range(repeat):
        del found  # outside of what is timed
        knowledge = load_knowledge()
        with searched(NEVER):  # as in an audit
            begin = time.process_time()
            found = locate(seeds, knowledge, settings)
            spent.append(time.process_time() - begin)
    digest = hashlib.sha256()
    for row in found:
        digest.update(repr(row).encode())
    sys.stdout.write(
        f"{len(seeds)} addresses, {title}: {spent[0]:.2f} s at first, {min(spent):.2f} s at best; "
        f"{len(found)} destinations, {digest.hexdigest()[:16]}\n"
    )


if __name__ == "__main__":
    main()
