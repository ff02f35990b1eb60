"""Simulated life in any home that has a file: seeded, annotated, of any length."""

from discover.simulator.config import PlannedChange, SimulatorConfig
from discover.simulator.kits import KITS
from discover.simulator.life import DWELLINGS, RandomLife, RandomLifeConfig, simulate_random
from discover.simulator.log import SimulatedLog, SimulationSummary, simulate_log, write_simulated
from discover.simulator.random_log import write_random
from discover.simulator.repertoire import ACTIVITIES

__all__ = [
    "ACTIVITIES",
    "DWELLINGS",
    "KITS",
    "PlannedChange",
    "RandomLife",
    "RandomLifeConfig",
    "SimulatedLog",
    "SimulationSummary",
    "SimulatorConfig",
    "simulate_log",
    "simulate_random",
    "write_random",
    "write_simulated",
]
