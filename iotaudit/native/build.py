"""Compiles `engine.c` to a shared library beside it.

The build hook of the project runs this file by its path, before the package can be imported: it needs the standard
library alone. Where there is no C compiler, nothing is built, and nothing else needs the library.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).with_name("engine.c")
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
LIBRARY = Path(__file__).with_name(f"_engine{SUFFIX}")
FLAGS = ("-O3", "-std=c11", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra")
COMPILERS = ("cc", "gcc", "clang")
TIMEOUT_S = 120


def compiler() -> list[str]:
    """Gives the command of the C compiler (the variable CC, else the first that is there), empty where none is."""
    named = shlex.split(os.environ.get("CC", ""))
    if named:
        return named if shutil.which(named[0]) else []
    return next(([found] for name in COMPILERS if (found := shutil.which(name))), [])


def build(library: Path = LIBRARY, extra: Sequence[str] = ()) -> Path | None:
    """Compiles the engine to `library`; None where there is no compiler, or it fails (its messages are shown).

    Args:
        library: where the result goes; it is replaced in one step.
        extra: more flags, such as `-fsanitize=address,undefined`.
    """
    command = compiler()
    if not command:
        return None
    if sys.platform == "darwin" and sysconfig.get_platform().endswith("universal2"):
        extra = ("-arch", "x86_64", "-arch", "arm64", *extra)
    digest = f"-DENGINE_SOURCE=0x{source_digest():08x}u"
    with tempfile.TemporaryDirectory(dir=library.parent, prefix="_build") as folder:
        made = Path(folder) / library.name
        arguments = [*command, *FLAGS, digest, *extra, "-o", str(made), str(SOURCE)]
        try:
            done = subprocess.run(arguments, check=False, timeout=TIMEOUT_S)  # noqa: S603 - our own arguments
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode or not made.is_file():
            return None
        made.replace(library)
    return library


def source_digest() -> int:
    """Gives the CRC-32 of the source, which the library carries."""
    return zlib.crc32(SOURCE.read_bytes())
