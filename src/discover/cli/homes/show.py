"""`discover homes show`."""

from typing import Annotated

import typer

__all__ = ["show"]


def show(name: Annotated[str, typer.Argument(help="A shipped home or a home YAML.")]) -> None:
    """Print a home's YAML; redirect it to a file to start a home of your own."""
    import yaml

    from discover.core.shown import terminal_text
    from discover.homes import load_home

    values = load_home(name).model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    typer.echo(terminal_text(text), nl=False)
