"""Audit where connected devices send their data, under whose law, and what it is."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "audit"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute can be anything
    """Loads the API on first use, so that `iotaudit --help` starts fast."""
    if name == "audit":
        from iotaudit.pipeline import audit

        return audit
    raise AttributeError(name)
