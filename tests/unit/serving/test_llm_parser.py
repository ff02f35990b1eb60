"""The parser behind an OpenAI-compatible or an Anthropic endpoint, against a local stub of both."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from benchmarks.queries.everyday_home import everyday_lexicon

from discover.core.errors import ConfigError
from discover.query import Bounds, parse_question
from discover.serving.llm_parser import LlmParser

NOW = dt.datetime(2024, 5, 15, 20)


class Stub(HTTPServer):
    """Answers every request with `content`, and keeps what it got."""

    content = "{}"
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append({"path": self.path} | json.loads(body))
        self.server.requests[-1]["key"] = self.headers.get("x-api-key")
        told: dict[str, Any] = {"choices": [{"message": {"content": self.server.content}}]}
        if self.path.endswith("/messages"):
            told = {"content": [{"type": "text", "text": "here"}, *json.loads(self.server.content)]}
        answer = json.dumps(told).encode()
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


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
