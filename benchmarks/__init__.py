"""Measurements behind every figure the project quotes. `python -m benchmarks --help`."""

import os

# As the command line does (discover/cli/entry.py says why); read when torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
