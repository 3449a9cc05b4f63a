"""What the page is made of and where it comes from, without a browser."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_insights.server import Settings, console, create_app
from partner_insights.server.admin import data_views as holdings
from partner_insights.server.admin.data_views import MAX_EXAMINED, search_customers
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from partner_insights.contract import Catalogue

STATIC = Path(console.__file__).parent / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
ELSEWHERE = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
USAGE = "/v1/analytics/licenses/usage"
OTHERS = (
    *("__init__.py", "../assets.py", "..%2fassets.py", "%2e%2e/assets.py", "..\\assets.js", "/etc/a.css"),
    *("../templates/console.html", "swagger-ui.js", "index.css", ".", "console.css/.."),
)
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def world(catalogue: Catalogue) -> World:
    return World(catalogue, seed=7, customers=40)


@pytest.fixture(scope="module")
def client_of(catalogue: Catalogue, world: World) -> Callable[..., FlaskClient]:
    return lambda **options: create_app(world, catalogue, Settings(**options)).test_client()


@pytest.fixture
def client(client_of: Callable[..., FlaskClient]) -> FlaskClient:
    return client_of()


def test_the_page_has_lines_that_work(client: FlaskClient, world: World, catalogue: Catalogue) -> None:
    """A curl line with a working token for each operation, and one that gets a token."""
    page = client.get("/").get_data(as_text=True).replace("&#39;", "'")
    lines = [shlex.split(line) for line in re.findall(r"<code>(curl .*?)</code>", page)]
    asked = {line[-1]: line[2] for line in lines if "/v1/" in line[-1]}
    assert len(asked) == len(catalogue.operations)
    assert any(world.customer_id(0) in url for url in asked)
    for url, header in asked.items():
        assert client.get(url, headers=[header.split(": ")]).status_code == 200
    (got,) = [line for line in lines if line[-1].endswith("/oauth2/token")]
    form = dict(field.split("=", 1) for field in got[2:-1:2])
    token = client.post(got[-1], data=form).get_json()["access_token"]
    assert client.get(USAGE, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_page_escapes_what_it_shows(client: FlaskClient) -> None:
    """A Host header with markup in it stays text."""
    page = client.get("/", headers={"Host": "localhost:80<script>"}).get_data(as_text=True)
    assert "80<script>" not in page


def test_only_its_own_files_may_run(client: FlaskClient) -> None:
    """The policy allows this host alone and nothing inline, and the page has nothing inline."""
    reply = client.get("/")
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    page = reply.get_data(as_text=True)
    assert not re.findall(r"<script(?![^>]* src=)| style=| on\w+=", page)
    assert not re.findall(r'(?:href|src)="(?:https?:)?//', page)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_text_never_becomes_markup(path: Path) -> None:
    """No script of ours has a way to turn a text into elements or code, and none names another host."""
    words = path.read_text(encoding="utf-8")
    banned = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
        r"|https?://(?!www\.w3\.org/2000/svg\b)"  # the name of what is drawn, which nobody asks for
    )
    assert not banned.findall(words)
    assert banned.findall("place.innerHTML = path; fetch('https://elsewhere.example')")
    for name in re.findall(r'from "\./([^"]+)"', words):
        assert (STATIC / name).is_file()


def test_every_part_is_served(client: FlaskClient) -> None:
    """Each file comes in its type, and not again to whoever has it."""
    names = [path.name for path in STATIC.iterdir()] + ["swagger-ui.css", "swagger-ui-bundle.js"]
    for name in names:
        reply = client.get(f"/_console/{name}")
        assert (reply.status_code, reply.mimetype) == (200, TYPES[Path(name).suffix])
        again = client.get(f"/_console/{name}", headers={"If-None-Match": reply.headers["ETag"]})
        assert again.status_code == 304
        reply.close()


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_else_is_served(client: FlaskClient, name: str) -> None:
    """No other file can be reached through the page's parts."""
    assert client.get(f"/_console/{name}").status_code == 404


@settings(max_examples=30)
@given(data=st.data(), size=st.integers(1, 9), examined=st.integers(1, 50))
def test_a_search_finds_all_and_nothing_else(
    world: World, data: st.DataObject, size: int, examined: int
) -> None:
    """Page by page, in parts of any length, come those with the words in name or domain, each once."""
    everybody = [world.customer(index) for index in range(world.customers)]
    name = data.draw(st.sampled_from([each.name for each in everybody] + [each.domain for each in everybody]))
    start = data.draw(st.integers(0, len(name)))
    words = name[start : start + data.draw(st.integers(0, 4))]
    wanted = [c.id for c in everybody if words.strip().casefold() in f"{c.name.casefold()}\n{c.domain}"]
    seen, after = [], 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holdings, "MAX_EXAMINED", examined)
        while after is not None:
            part = search_customers(world, words, after, size)
            assert part["examined"] <= examined
            assert len(part["customers"]) <= size
            seen += [each["id"] for each in part["customers"]]
            after = part["next"]
    assert seen == wanted


def test_a_million_customers_are_searched_in_parts(catalogue: Catalogue) -> None:
    """One request looks at a bounded number; an id and a domain lead straight to their customer."""
    world = World(catalogue, customers=1_000_000)
    part = search_customers(world, "no customer is called so")
    assert (part["examined"], part["next"], part["customers"]) == (MAX_EXAMINED, MAX_EXAMINED, [])
    last = world.customer(999_999)
    for words in (last.id.upper(), last.domain):
        assert [each["name"] for each in search_customers(world, words)["customers"]] == [last.name]
    assert search_customers(world, "nobody-1000000.example")["customers"] == []
    assert search_customers(world, "nobody-7.example")["next"] == MAX_EXAMINED


def test_a_customer_in_full(client: FlaskClient, world: World) -> None:
    """The drill-down has the rows the API answers; for a stranger's id it is 404, and bad numbers are 400."""
    token = client.get("/_admin/token").get_json()["token"]
    customer = world.customer_id(3)
    shown = client.get(f"/_admin/customers/{customer}").get_json()
    for kind in ("deployment", "usage"):
        path = f"/v1/customers/{customer}/analytics/licenses/{kind}"
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"}).get_json()
        assert shown[kind] == answer["items"]
    assert client.get("/_admin/customers/nobody").status_code == 404
    assert client.get("/_admin/customers?size=101").status_code == 400
    assert client.get("/_admin/customers?after=-1").status_code == 400


def test_figures_follow_the_scenario(client: FlaskClient) -> None:
    """They are what the partner operations answer: rows, or none."""
    assert len(client.get("/_admin/figures").get_json()["usage"]) > 4
    client.post("/_admin/scenario", json={"scenario": "silent-empty"})
    assert client.get("/_admin/figures").get_json() == {"percentScale": 100, "deployment": [], "usage": []}


def test_the_newest_of_the_journal(client: FlaskClient) -> None:
    """`last` leaves the newest entries, none for 0; what is no number is refused."""
    for _ in range(3):
        client.get(USAGE)

    def numbers(last: str) -> list[int]:
        reply = client.get(f"/_admin/journal?last={last}")
        return [entry["number"] for entry in reply.get_json()["entries"]]

    assert (numbers("2"), numbers("0"), numbers("99")) == ([2, 3], [], [1, 2, 3])
    assert client.get("/_admin/journal?last=-1").status_code == 400


def test_a_stranger_is_asked_for_the_admin_token(client_of: Any) -> None:
    """Where there is one, the page asks for it and says nothing else; where there is none, it is refused."""
    locked = client_of(admin_token="hush", trust_loopback=False)
    for reply in (locked.get("/"), locked.get("/", headers={"X-Admin-Token": "wrong"}, **ELSEWHERE)):
        page = reply.get_data(as_text=True)
        assert reply.status_code == 403
        assert 'id="unlock"' in page
        assert not re.search(r"eyJ|curl|hush|seed", page)
    assert "curl" in locked.get("/", headers={"X-Admin-Token": "hush"}).get_data(as_text=True)
    assert "error" in client_of().get("/", **ELSEWHERE).get_json()


def test_no_token_where_none_is_wanted(client_of: Any) -> None:
    """With `--auth off` there is nothing to hand out, and the page says so."""
    client = client_of(auth="off")
    assert client.get("/_admin/token").get_json()["token"] is None
    page = client.get("/").get_data(as_text=True)
    assert "wants no token" in page
    assert "Bearer" not in page
