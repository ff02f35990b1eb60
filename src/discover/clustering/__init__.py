"""Clusters of window vectors: SCAN, TEMI and baselines, their hierarchy, health, names and words."""
