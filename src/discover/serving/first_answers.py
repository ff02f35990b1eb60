"""The first thing to see of a home: questions that its sensors can answer, chosen without a label."""

from collections.abc import Sequence

from discover.query import parse_question
from discover.retrieval import SearchOptions
from discover.serving.answers import Answer
from discover.serving.search import Searcher

__all__ = ["FIRST_QUESTIONS", "answered_questions"]

FIRST_QUESTIONS: tuple[tuple[str, int], ...] = (
    ("someone gets up from bed at night and goes to the bathroom", 2),
    ("someone opens the fridge at night", 2),
    ("someone leaves through the front door", 1),
    ("someone is in the kitchen in the early morning", 2),
    ("a long stay in the living room in the evening", 3),
    ("someone is in the bathroom at night", 2),
    ("someone is in the bedroom in the afternoon", 2),
    ("movement in the hallway at night", 2),
    ("movement at night", 1),
    ("movement in the early morning", 1),
    ("movement in the evening on a weekend", 1),
)
"""Sentences in the order in which they are tried, each with the conditions that must be understood of it."""


def answered_questions(searcher: Searcher, *, wanted: int = 3, top_k: int = 3) -> list[Answer]:
    """The first questions that a home can answer: understood whole, with a moment that meets all of it.

    Args:
        searcher: Of one home.
        wanted: How many; fewer where the home answers fewer.
        top_k: Moments of each.
    """
    options: SearchOptions = searcher.defaults.model_copy(update={"top_k": top_k})
    answers: Sequence[Answer] = searcher.search_parsed(
        [(text, searcher.parse(text, options, parse_question)) for text, _ in FIRST_QUESTIONS], options
    )
    kept = [
        answer
        for answer, (_, conditions) in zip(answers, FIRST_QUESTIONS, strict=True)
        if not answer.note and answer.query.count >= conditions and answer.shares and answer.shares[0] > 0.995
    ]
    return kept[:wanted]
