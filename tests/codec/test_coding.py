"""Content codings that a header declares."""

import gzip
import zlib

import pytest

from iotaudit.codec.budget import Budget
from iotaudit.codec.coding import CODINGS, undo

PLAIN = b'{"serial": "AB12CD34"}'
GZIP = gzip.compress(PLAIN, mtime=0)


@pytest.mark.parametrize(
    ("data", "encoding", "path"),
    [
        (PLAIN, "", ()),
        (PLAIN, "identity", ()),
        (GZIP, "gzip", ("gzip",)),
        (GZIP, " X-GZip ", ("x-gzip",)),
        (zlib.compress(GZIP), "gzip, deflate", ("deflate", "gzip")),
        (zlib.compress(PLAIN)[2:-4], "deflate", ("deflate",)),
    ],
)
def test_declared_codings_are_undone_last_one_first(
    data: bytes, encoding: str, path: tuple[str, ...]
) -> None:
    assert undo(data, encoding, Budget()) == (PLAIN, path)


def test_bytes_that_are_not_of_the_declared_coding_stay() -> None:
    assert undo(PLAIN, "gzip", Budget()) == (PLAIN, ())


def test_an_unknown_coding_is_noted() -> None:
    budget = Budget()
    assert undo(PLAIN, "rot13", budget) == (PLAIN, ())
    assert budget.exceeded == "coding"


def test_no_more_codings_are_undone_than_the_bound() -> None:
    data = PLAIN
    for _ in range(CODINGS + 1):
        data = gzip.compress(data, mtime=0)
    assert undo(data, ",".join(["gzip"] * (CODINGS + 1)), Budget()) == (GZIP, ("gzip",) * CODINGS)
