"""The front door: `discover.open` gives a log or a trained model that answers questions.

Names are imported on first use, so that `import discover` stays light.
"""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.api.changes_result import ChangesResult
    from discover.api.clusters_result import ClustersResult
    from discover.api.description import Description
    from discover.api.opened import OpenedHome
    from discover.api.opening import open_home
    from discover.api.recognition_result import RecognitionResult
    from discover.api.search_result import SearchResult
    from discover.api.summary_result import SummaryResult

__all__ = [
    "ChangesResult",
    "ClustersResult",
    "Description",
    "OpenedHome",
    "RecognitionResult",
    "SearchResult",
    "SummaryResult",
    "open_home",
]

__getattr__ = lazy_names(__name__)
