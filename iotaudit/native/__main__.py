"""Builds the engine anew: `python -m iotaudit.native [compiler flag ...]`."""

import sys

from iotaudit.native.build import build

result = build(extra=sys.argv[1:])
sys.stderr.write(f"built {result}\n" if result else "no C compiler, or it failed: the Python code is used\n")
sys.exit(result is None)
