"""Content codings that a header declares, undone in turn.

Source: RFC 9110 section 8.4.1 (codings, and `x-` names of the same); RFC 7932 (br); RFC 8878 (zstd).
"""

from iotaudit.codec import brotli, gzip, zlib, zstd
from iotaudit.codec.budget import Budget

CODINGS = 4
"""More are not undone."""


def undo(data: bytes, encoding: str, budget: Budget) -> tuple[bytes, tuple[str, ...]]:
    """Gives the bytes without the declared codings (last one first), and which were undone.

    What is not of the declared coding stays as it is; an unknown coding is noted as a bound.
    """
    path: tuple[str, ...] = ()
    if not encoding:
        return data, path
    for name in reversed([n.strip().lower() for n in encoding.split(",")][:CODINGS]):
        match name.removeprefix("x-"):
            case "" | "identity":
                continue
            case "gzip":
                found = gzip.decode(data, budget)
            case "deflate":
                found = zlib.decode_declared(data, budget)
            case "zstd":
                found = zstd.decode(data, budget)
            case "br":
                found = brotli.decode_declared(data, budget)
            case _:
                budget.exceed("coding")
                continue
        if found:
            data, path = found[0].data, (*path, name)
    return data, path
