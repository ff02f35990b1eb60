"""Typed tables, artefacts, configs and errors that every other room builds on.

This room imports the standard library, numpy, polars, pydantic, yaml and ijson, nothing else, so
that importing it costs well under half a second.
"""
