"""Simulated life in any home that has a file: seeded, annotated, of any length."""

from discover.simulator.config import PlannedChange, SimulatorConfig
from discover.simulator.log import SimulatedLog, SimulationSummary, simulate_log, write_simulated

__all__ = [
    "PlannedChange",
    "SimulatedLog",
    "SimulationSummary",
    "SimulatorConfig",
    "simulate_log",
    "write_simulated",
]
