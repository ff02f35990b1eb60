"""The parser behind an OpenAI-compatible or an Anthropic endpoint, against a local stub of both."""

import datetime as dt
import json

import pytest
from benchmarks.queries.everyday_home import everyday_lexicon
from llm_stub import Stub

from discover.core.errors import ConfigError
from discover.query import Bounds, parse_question
from discover.serving.llm_parser import LlmParser

NOW = dt.datetime(2024, 5, 15, 20)


def test_an_answer_of_the_schema_is_taken_and_asked_for_once(stub: Stub) -> None:
    stub.content = json.dumps(
        {"asks": "how often", "wanted": [{"kind": "object", "name": "fridge"}], "weekdays": [6]}
    )
    parser = LlmParser(stub.url, "tiny")
    query = parser("wie oft war der Kühlschrank am Sonntag offen?", everyday_lexicon(), NOW)
    assert (query.asks, query.wanted[0].name, query.weekdays) == ("how often", "fridge", (6,))
    assert query.text == "wie oft war der Kühlschrank am Sonntag offen?"
    assert parser(query.text, everyday_lexicon(), NOW) == query
    (request,) = stub.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["temperature"] == 0
    told = json.dumps(request)
    assert "fridge" in told
    assert "S_fridge_kitchen" not in told  # words of the home, never its sensors or events


def test_anthropic_gets_the_schema_as_a_tool(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCOVER_LLM_KEY", "secret")
    read = {
        "asks": "find",
        "unwanted": [{"kind": "room", "name": "kitchen"}],
        "lasts": {"low": 3600, "high": None},
    }
    stub.content = json.dumps([{"type": "tool_use", "name": "question", "input": read}])
    parser = LlmParser(f"{stub.url}/messages", "claude")
    query = parser("une heure sans personne dans la cuisine", everyday_lexicon(), NOW)
    assert ([t.name for t in query.unwanted], query.lasts) == (["kitchen"], Bounds(low=3600))
    assert query.notes == ("A language model read the question.",)
    (request,) = stub.requests
    assert (request["path"], request["key"]) == ("/v1/messages", "secret")
    assert request["tool_choice"] == {"type": "tool", "name": "question"}
    assert {"clauses", "affirmed", "text"}.isdisjoint(request["tools"][0]["input_schema"]["properties"])
    assert "S_fridge_kitchen" not in json.dumps(request)
    stub.content = "[]"
    rules = parser("in the kitchen", everyday_lexicon(), NOW)
    assert [t.name for t in rules.wanted] == ["kitchen"]
    assert "its answer is no JSON object" in rules.notes[-1]


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        ("no json", 200, "Expecting value"),
        ('{"asks": "sing"}', 200, "does not fit the schema"),
        ('{"wanted": [{"kind": "object", "name": "piano"}]}', 200, "'piano'"),
        ("[]", 200, "no JSON object"),
        ("{}", 500, "500"),
    ],
)  # fmt: skip
def test_any_other_answer_gives_way_to_the_rules_with_a_note(
    stub: Stub, content: str, status: int, reason: str
) -> None:
    stub.content, stub.status = content, status
    question = "how often was the fridge opened last week?"
    query = LlmParser(stub.url)(question, everyday_lexicon(), NOW)
    assert query.model_copy(update={"notes": ()}) == parse_question(question, everyday_lexicon(), NOW)
    assert reason in query.notes[0]
    assert "the rules did" in query.notes[0]


def test_an_endpoint_that_is_not_there_or_no_address() -> None:
    query = LlmParser("http://127.0.0.1:9/v1", timeout_s=2)("in the kitchen", everyday_lexicon(), NOW)
    assert query.wanted[0].name == "kitchen"
    assert query.notes
    with pytest.raises(ConfigError, match="OpenAI-compatible"):
        LlmParser("not an address")


def test_a_search_gets_its_conditions_from_what_the_model_read(stub: Stub) -> None:
    stub.content = json.dumps(
        {"wanted": [{"kind": "object", "name": "fridge"}, {"kind": "activity", "name": "cooking"}],
         "unwanted": [{"kind": "room", "name": "bathroom"}], "hours": [[22, 5]]}
    )  # fmt: skip
    query = LlmParser(stub.url)(
        "quelqu'un au frigo la nuit, pas dans la salle de bain", everyday_lexicon(), NOW
    )
    assert [(c.kind, c.places) for c in query.clauses] == [("used", ("fridge",)), ("not at", ("bathroom",))]
    assert query.embedded == "someone is at the fridge and someone cooks a meal in the kitchen"
    assert query.when_hours == ((22, 5),)


def test_rules_give_the_conditions_where_they_read_the_same(stub: Stub) -> None:
    question = "someone opens the fridge twice, not in the bathroom"
    stub.content = json.dumps(
        {"wanted": [{"kind": "object", "name": "fridge"}], "unwanted": [{"kind": "room", "name": "bathroom"}]}
    )
    rules = parse_question(question, everyday_lexicon(), NOW)
    query = LlmParser(stub.url)(question, everyday_lexicon(), NOW)
    assert (query.clauses, query.affirmed) == (rules.clauses, rules.affirmed)


def test_a_failure_is_not_kept(stub: Stub) -> None:
    parser, question = LlmParser(stub.url), "im Bad"
    stub.status = 500
    assert "the rules did" in parser(question, everyday_lexicon(), NOW).notes[-1]
    stub.status, stub.content = 200, json.dumps({"wanted": [{"kind": "room", "name": "bathroom"}]})
    assert [t.name for t in parser(question, everyday_lexicon(), NOW).wanted] == ["bathroom"]
