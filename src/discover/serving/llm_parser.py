"""Questions read by a language model: an OpenAI-compatible endpoint (Ollama, vLLM), or Anthropic's.

Off unless the user names an endpoint. The request holds the question, the words of the home and the schema,
and never an event. An answer that does not come, does not fit the schema or names things that the home does
not have gives way to the rules, with a note.
"""

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlparse

from pydantic import ValidationError

from discover.core.errors import ConfigError
from discover.query import Clause, Lexicon, ParsedQuery, QueryParser, Thing, activities, parse_question
from discover.query.parsed_query import ClauseKind
from discover.query.window_clauses import NEUTRAL_TEXT

__all__ = ["LlmParser"]

KEY_VARIABLE = "DISCOVER_LLM_KEY"
"""Environment variable with the key of an endpoint that needs one."""
_TIMEOUT_S = 60.0
_LONGEST_ANSWER = 20_000
_KEPT = frozenset({"text", "notes", "clauses", "affirmed", "time_words"})
"""Fields that only the rules fill."""
_ANTHROPIC_VERSION, _ANTHROPIC_TOKENS = "2023-06-01", 2_000


@dataclass
class LlmParser:
    """Reads questions with a language model; a `QueryParser`.

    Attributes:
        url: Base of the endpoint, such as http://127.0.0.1:11434/v1; an address that ends in /messages, as
            https://api.anthropic.com/v1/messages, is spoken to as Anthropic's.
        model: Name of its model.
        fallback: Reads what the model cannot.
        timeout_s: How long to wait for one answer.
    """

    url: str
    model: str = "default"
    fallback: QueryParser = parse_question
    timeout_s: float = _TIMEOUT_S
    _cache: dict[tuple[str, tuple[str, ...], str], ParsedQuery] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            ConfigError: It is no http(s) address.
        """
        parts = urlparse(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"The endpoint is '{self.url}'; write the base of an OpenAI-compatible server, such as "
                "http://127.0.0.1:11434/v1."
            )

    def __call__(self, question: str, lexicon: Lexicon, now: dt.datetime, /) -> ParsedQuery:
        """Read a question; one that the model has read is not asked again."""
        import httpx

        key = (question, tuple(sorted(lexicon)), now.isoformat())
        rules = self.fallback(question, lexicon, now)
        try:
            if key not in self._cache:
                self._cache[key] = _checked(self._asked(question, lexicon, now), question, lexicon)
            return _for_windows(self._cache[key], rules, lexicon)
        except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            reason = str(error).strip().split("\n")[0][:160] or type(error).__name__
            note = f"The language model did not read the question ({reason}); the rules did."
            return rules.model_copy(update={"notes": (*rules.notes, note)})

    def _asked(self, question: str, lexicon: Lexicon, now: dt.datetime) -> Any:
        import httpx

        key = os.environ.get(KEY_VARIABLE, "")
        if self.url.rstrip("/").endswith("/messages"):
            response = httpx.post(
                self.url.rstrip("/"),
                json=anthropic_request(request_of(question, lexicon, now, self.model)),
                headers={"anthropic-version": _ANTHROPIC_VERSION} | ({"x-api-key": key} if key else {}),
                timeout=self.timeout_s,
            )
            response.raise_for_status()
            return next((p["input"] for p in response.json()["content"] if p["type"] == "tool_use"), None)
        response = httpx.post(
            f"{self.url.rstrip('/')}/chat/completions",
            json=request_of(question, lexicon, now, self.model),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=self.timeout_s,
        )
        response.raise_for_status()
        text = str(response.json()["choices"][0]["message"]["content"])
        if len(text) > _LONGEST_ANSWER:
            raise ValueError(f"its answer has {len(text)} characters")
        return json.loads(text)


def request_of(question: str, lexicon: Lexicon, now: dt.datetime, model: str) -> dict[str, Any]:
    """What is sent: the question, the words of the home and of activities, the schema, and the time."""
    schema = ParsedQuery.model_json_schema()
    for name in _KEPT:
        schema["properties"].pop(name, None)
    schema = _without_defaults(schema)
    told = (
        "You read a question about a home with sensors and answer with one JSON object of the given schema. "
        "Leave out what the question does not say. What must not happen goes to `unwanted`, not `wanted`. "
        "Hours of the day are numbers, days are dates. Words that no field can carry go to `unread`. "
        f"Now is {now:%A %Y-%m-%d %H:%M}. Activities: {', '.join(activities())}. "
        f"Places of the home: {', '.join(sorted({p.name for p in lexicon.values()}))}."
    )
    return {
        "model": model,
        "temperature": 0,
        "messages": [{"role": "system", "content": told}, {"role": "user", "content": question}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "question", "schema": schema}},
    }


def anthropic_request(request: dict[str, Any]) -> dict[str, Any]:
    """The same request for Anthropic's API, where a tool that must be used carries the schema."""
    system, user = request["messages"]
    schema = request["response_format"]["json_schema"]["schema"]
    tool = {"name": "question", "description": "The question as it was read.", "input_schema": schema}
    return {
        "model": request["model"],
        "max_tokens": _ANTHROPIC_TOKENS,
        "temperature": 0,
        "system": system["content"],
        "messages": [user],
        "tools": [tool],
        "tool_choice": {"type": "tool", "name": "question"},
    }


def _without_defaults(schema: Any) -> Any:
    """A schema whose defaults are left out: one of them is infinity, which JSON does not know."""
    if isinstance(schema, dict):
        return {k: _without_defaults(v) for k, v in schema.items() if k != "default"}
    return [_without_defaults(v) for v in schema] if isinstance(schema, list) else schema


def _for_windows(query: ParsedQuery, rules: ParsedQuery, lexicon: Lexicon) -> ParsedQuery:
    """A query with what a search of windows needs: clauses, and an English text for the text model.

    Those of the rules, where they read the same things; else those of the things that the model read.
    """
    if (
        not rules.unread
        and _names(rules.wanted) == _names(query.wanted)
        and _names(rules.unwanted) == _names(query.unwanted)
    ):
        return query.model_copy(update={"clauses": rules.clauses, "affirmed": rules.affirmed})
    clauses = [
        Clause(kind=_kind(t, lexicon), places=(t.name,), words=t.words or t.name)
        for t in query.wanted
        if t.kind != "activity"
    ]
    clauses += [
        Clause(kind="not at", places=(t.name,), words=t.words or t.name)
        for t in query.unwanted
        if t.kind != "activity"
    ]
    if query.lasts is not None:
        clauses.append(Clause(kind="lasts", low=query.lasts.low, high=query.lasts.high, words="the length"))
    said = [
        activities()[t.name].sentences[0]
        if t.kind == "activity"
        else f"someone is {'in' if t.kind == 'room' else 'at'} the {t.name}"
        for t in query.wanted
    ]
    return query.model_copy(
        update={"clauses": tuple(clauses), "affirmed": " and ".join(said) or NEUTRAL_TEXT}
    )


def _names(things: Sequence[Thing]) -> set[str]:
    return {t.name for t in things}


def _kind(thing: Thing, lexicon: Lexicon) -> ClauseKind:
    """Somebody is at a place; a door or switch that no motion sensor watches is used."""
    place = lexicon.place(thing.name)
    return "at" if place.kind == "room" or place.presence or not (place.doors or place.switches) else "used"


def _checked(answer: Any, question: str, lexicon: Lexicon) -> ParsedQuery:
    """The answer as a query.

    Raises:
        ValueError: It does not fit the schema, or names what is neither an activity nor a place of the home.
    """
    if not isinstance(answer, dict):
        raise ValueError("its answer is no JSON object")
    try:
        values = {k: v for k, v in answer.items() if k not in _KEPT}
        query = ParsedQuery.model_validate(values | {"text": question})
    except ValidationError as error:
        raise ValueError(f"its answer does not fit the schema: {error.errors()[0]['msg']}") from error
    for thing in (*query.wanted, *query.unwanted):
        if thing.name not in (activities() if thing.kind == "activity" else lexicon):
            raise ValueError(f"it names '{thing.name}', which is neither an activity nor a place of the home")
    return query.model_copy(update={"notes": ("A language model read the question.",)})
