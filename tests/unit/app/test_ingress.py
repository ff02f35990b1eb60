"""Behind Home Assistant's ingress: its requests are answered without a token, and nobody else's."""

import pytest
from app_served import TOKEN, Served

from discover.app.security import INGRESS_ADDRESS
from discover.app.server import STATIC

PATH = {"X-Ingress-Path": "/api/hassio_ingress/AbC-_123"}
# As the Supervisor passes them on: host and origin are those under which Home Assistant was opened.
BROWSER = PATH | {
    "Host": "homeassistant.local:8123",
    "Origin": "http://homeassistant.local:8123",
    "X-Forwarded-For": "192.168.1.20, 172.30.32.1",
    "Cookie": "ingress_session=abc",
}


def test_the_page_and_its_requests_come_through_ingress(served: Served) -> None:
    client = served.other(ingress=INGRESS_ADDRESS, peer=INGRESS_ADDRESS)
    page = client.get("/", headers=BROWSER | {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"})
    assert page.status_code == 200
    assert page.content == (STATIC / "index.html").read_bytes()
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers
    assert TOKEN not in page.text
    assert client.get("/api/app", headers=BROWSER).status_code == 200
    asked = client.post(
        f"{served.home}/search", json={"query": "kitchen"}, headers=BROWSER | {"X-Discover": "1"}
    )
    assert asked.status_code == 200


def test_another_site_cannot_use_the_ingress_of_a_signed_in_user(served: Served) -> None:
    client = served.other(ingress=INGRESS_ADDRESS, peer=INGRESS_ADDRESS, writable=True)
    assert client.get("/api/app", headers=BROWSER | {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.put(f"{served.home}/plan", json={}, headers=BROWSER).status_code == 403
    refused = client.options(
        f"{served.home}/plan", headers=BROWSER | {"Access-Control-Request-Headers": "x-discover"}
    )
    assert refused.status_code == 403
    assert not any(name.startswith("access-control") for name in refused.headers)


@pytest.mark.parametrize("peer", ["172.30.32.1", "172.30.33.5", "127.0.0.1", "192.168.1.20", "::1", ""])
def test_everybody_else_is_refused_whatever_they_claim(served: Served, peer: str) -> None:
    client = served.other(ingress=INGRESS_ADDRESS, peer=peer)
    claims = BROWSER | {"X-Forwarded-For": INGRESS_ADDRESS, "X-Real-IP": INGRESS_ADDRESS, "X-Discover": "1"}
    cookie = {"Cookie": f"discover_8123={TOKEN}"}
    for path in ("/", "/app.js", "/api/app", f"/?token={TOKEN}"):
        for headers in (claims, claims | cookie, claims | {"Authorization": f"Bearer {TOKEN}x"}):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 403, (path, headers)
            assert "Open the app in Home Assistant" in answer.json()["error"]
            assert "set-cookie" not in answer.headers
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_the_ingress_address_alone_is_not_enough(served: Served) -> None:
    client = served.other(ingress=INGRESS_ADDRESS, peer=INGRESS_ADDRESS)
    for path in ("", "/", "/api/hassio_ingress/", "/api/hassio_ingress/a/b", "/api/hassio_ingress/<b>"):
        assert client.get("/api/app", headers=BROWSER | {"X-Ingress-Path": path}).status_code == 403, path


def test_a_program_with_the_token_is_answered_from_anywhere(served: Served) -> None:
    client = served.other(ingress=INGRESS_ADDRESS, peer="172.30.32.1")
    bearer = {"Authorization": f"Bearer {TOKEN}", "Host": "local-discover:8099"}
    assert client.get("/api/app", headers=bearer).status_code == 200
    body = {"query": "kitchen"}
    assert client.post(f"{served.home}/search", json=body, headers=bearer).status_code == 403
    sent = bearer | {"X-Discover": "1"}
    assert client.post(f"{served.home}/search", json=body, headers=sent).status_code == 200


def test_without_the_option_ingress_means_nothing(served: Served) -> None:
    client = served.other(peer=INGRESS_ADDRESS)
    assert client.get("/api/app", headers=PATH).status_code == 401
    assert client.get("/api/app", headers=BROWSER).status_code == 421
