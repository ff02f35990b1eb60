"""The app's front end in a notebook: its questions are answered in-process, as a server would answer them."""

import json
from typing import Any

import pytest
from app_served import Served
from column_reader import read_columns

from discover.app.notebook import Routes, widget_of


@pytest.fixture(scope="module")
def routes(served: Served) -> Routes:
    return Routes(served.view.opened, served.view.name)


def ask(routes: Routes, url: str, **how: Any) -> tuple[int, dict[str, str], bytes]:
    told, content = routes.answer({"id": 7, "method": "GET", "url": url, "body": None, **how})
    assert told["id"] == 7
    return told["status"], told["headers"], content


def test_columns_are_those_of_the_server(served: Served, routes: Routes) -> None:
    for what in ("density?bins=40&by=room", "events?limit=5000", "typical-day"):
        status, _, content = ask(routes, f"api/homes/demo/{what}")
        assert status == 200
        assert content == served.client.get(f"{served.home}/{what}").content
    columns, meta = read_columns(ask(routes, "api/homes/demo/events")[2])
    assert meta["total"] == len(columns["time"]) == len(served.events)


def test_a_question_is_answered_and_nothing_is_stored(routes: Routes) -> None:
    body = json.dumps({"query": "someone is in the kitchen", "k": 2})
    status, _, content = ask(routes, "api/homes/demo/search", method="POST", body=body)
    assert status == 200
    assert len(json.loads(content)["hits"]) == 2
    stored = json.dumps({"kind": "activity", "text": "x", "rows": [0]})
    status, _, content = ask(routes, "api/homes/demo/corrections", method="POST", body=stored)
    assert (status, "read-only" in json.loads(content)["error"]) == (403, True)


def test_no_address_leads_out_of_the_process(routes: Routes) -> None:
    """An absolute address reaches the same routes: the transport has no network."""
    status, _, content = ask(routes, "http://example.org/api/homes/demo/typical-day")
    assert (status, content) == (200, ask(routes, "api/homes/demo/typical-day")[2])
    assert ask(routes, "api/homes/other/typical-day")[0] == 404


def test_the_widget_sends_what_the_routes_answer(served: Served) -> None:
    pytest.importorskip("anywidget", reason="anywidget is not installed (extra notebook)")
    routes = Routes(served.view.opened, served.view.name)
    widget = widget_of(routes, "map")
    assert (widget.home, widget.view) == ("demo", "map")
    sent: list[Any] = []
    widget.send = lambda content, buffers: sent.append((content, buffers))
    asked = {"id": 3, "method": "GET", "url": "api/homes/demo/typical-day", "body": None}
    widget._handle_custom_msg(asked, [])
    assert sent[0][0]["id"] == 3
    assert sent[0][1] == [served.client.get(f"{served.home}/typical-day").content]
