"""Packet tables to flows and segments: numbers and sums as columns, payload only where it is wanted."""

from iotaudit.assemble.assembler import Assembler

__all__ = ["Assembler"]
