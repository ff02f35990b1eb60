"""A network that knows daily life from simulated homes and reads a home it never saw."""
