"""Where the files that ship with the project are: in the wheel's data folder, or beside the package in a checkout."""

from pathlib import Path

from iotaudit.errors import SetupError

PACKAGE = Path(__file__).resolve().parent.parent
IN_CHECKOUT = {"rules": "rules", "profiles": "profiles", "captures": "captures", "schema": "docs/schema"}


def shipped(kind: str) -> Path:
    """Gives the folder of `rules`, `profiles`, `captures` or `schema`.

    Raises:
        SetupError: the installation lacks it.
    """
    for folder in (PACKAGE / "data" / kind, PACKAGE.parent / IN_CHECKOUT[kind]):
        if folder.is_dir():
            return folder
    raise SetupError(f"the installation lacks its {kind}; install iotaudit again")
