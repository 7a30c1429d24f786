"""Frozen types that the stages hand to each other; none of them knows how it was made."""
