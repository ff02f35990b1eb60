"""A small vocabulary of everyday behaviour, written without looking at any home or label."""

__all__ = ["GENERIC_BEHAVIOUR"]

GENERIC_BEHAVIOUR: tuple[str, ...] = (
    "someone cooks a meal",
    "someone makes breakfast",
    "someone takes something from the fridge",
    "someone eats at the table",
    "someone washes the dishes",
    "someone sleeps in bed",
    "someone gets out of bed at night to use the toilet",
    "someone gets up in the morning",
    "someone naps on the couch",
    "someone watches television",
    "someone reads in a chair",
    "someone works at a desk",
    "someone takes a shower or a bath",
    "someone washes at the bathroom sink",
    "someone uses the toilet",
    "someone takes medicine",
    "someone gets dressed",
    "someone does the laundry",
    "someone cleans the home from room to room",
    "someone walks through the hallway",
    "someone leaves through the front door",
    "someone comes home",
    "several people are in the home at once",
    "the home is almost still",
)
"""Sentences that clusters are compared with, beside the home's own activities."""
