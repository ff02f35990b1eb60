"""The chain: every stage in order, skipping what is up to date.

Names are imported on first use: a search needs neither the trainer nor the figures.
"""

from typing import TYPE_CHECKING

from discover.core.lazy import lazy_names

if TYPE_CHECKING:
    from discover.pipeline.chain import DATA_STAGES, VECTOR_STAGES, Chain, build_chain, run_chain
    from discover.pipeline.checks import check_log, check_run
    from discover.pipeline.config import RunConfig
    from discover.pipeline.export import export_v2
    from discover.pipeline.refused_lines import RefusedLines

__all__ = [
    "DATA_STAGES",
    "VECTOR_STAGES",
    "Chain",
    "RefusedLines",
    "RunConfig",
    "build_chain",
    "check_log",
    "check_run",
    "export_v2",
    "run_chain",
]

__getattr__ = lazy_names(__name__)
