"""The templates of the HTML pages."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from discover.core.shown import terminal_text

__all__ = ["page_environment"]


def page_environment() -> Environment:
    """Templates whose text is escaped and harmless; a missing value is an error."""
    return Environment(
        loader=PackageLoader("discover.reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_harmless,
    )  # fmt: skip


def _harmless(value: Any) -> Any:
    """Text from files loses its control and direction characters; the template escapes the rest."""
    return terminal_text(value) if type(value) is str else value
