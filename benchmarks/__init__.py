"""Measurements behind every figure the project quotes. `python -m benchmarks --help`."""

import os

# As the command line does: waiting threads sleep. Must be set before torch loads its OpenMP runtime.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
