"""`iotaudit schema`: the JSON Schema of audit.json."""

import typer


def schema() -> None:
    """Print the JSON Schema (2020-12) of audit.json."""
    from iotaudit.packs.shipped import shipped

    typer.echo((shipped("schema") / "audit.schema.json").read_text("utf-8"), nl=False)
