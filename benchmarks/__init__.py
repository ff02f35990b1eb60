"""Measurements behind every figure the project quotes. `python -m benchmarks --help`."""
