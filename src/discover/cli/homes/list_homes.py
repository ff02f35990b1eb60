"""`discover homes list`."""

__all__ = ["list_"]


def list_() -> None:
    """List the homes that come with the package."""
    from discover.cli.console import print_table
    from discover.homes import list_homes

    columns = ("name", "sensors", "rooms", "labels", "people", "what it is")
    rows = [(h.name, h.sensors, h.rooms, h.activities, h.residents, h.title) for h in list_homes()]
    print_table("", columns, rows)
