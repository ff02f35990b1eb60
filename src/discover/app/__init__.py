"""`discover app`: a home in the browser, by a local web server over `discover.open`.

The routes are in docs/reference/app_api.md; `contract` and `contract_patterns` define them. What answers them
is imported when it is first asked for: it loads torch, and the page should be there at once.
"""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.app.asking import answer_question, ask, like, moment
    from discover.app.correcting import correct, held
    from discover.app.exporting import export
    from discover.app.home_view import HomeView
    from discover.app.log_end import now
    from discover.app.patterns import (
        changes,
        clusters,
        days,
        map_columns,
        places_on_map,
        rare_days,
        typical_day,
    )
    from discover.app.timeline import activities, density, events, states, sun

__all__ = [
    "HomeView",
    "activities",
    "answer_question",
    "ask",
    "changes",
    "clusters",
    "correct",
    "days",
    "density",
    "events",
    "export",
    "held",
    "like",
    "map_columns",
    "moment",
    "now",
    "places_on_map",
    "rare_days",
    "states",
    "sun",
    "typical_day",
]

__getattr__ = lazy_names(__name__)
