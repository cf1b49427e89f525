"""The npm package ``bp-api``, written for Bpium and unmodified: signs in, makes, finds, changes and removes."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from live_server import EMAIL, PASSWORD, LiveServer
from programs import required

CLIENT = Path(__file__).with_name("bp-api")
INSTALLED = ("package.json", "package-lock.json", ".npmrc", "client.js")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client with its packages, as the lock file lists them."""
    node, npm = shutil.which("node"), shutil.which("npm")
    required(node is not None and npm is not None, "Node with npm")
    folder = tmp_path_factory.mktemp("bp-api")
    for name in INSTALLED:
        shutil.copy(CLIENT / name, folder)
    command = [str(npm), "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=180)
    required(done.returncode == 0, f"bp-api (npm ci: {done.stderr[-500:]})")
    return folder / "client.js"


@pytest.fixture(scope="module")
def told(client: Path, server: LiveServer) -> dict[str, Any]:
    """What the client saw."""
    arguments = [server.url.removeprefix("http://"), EMAIL, PASSWORD]
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    command = [str(shutil.which("node")), str(client), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_it_signs_in_and_keeps_its_session(told: dict[str, Any]) -> None:
    assert told["cookie"].startswith("connect.sid=")
    assert told["afterExpiry"] == told["catalogId"]
    assert told["newCookie"].startswith("connect.sid=")
    assert told["newCookie"] != "connect.sid=expired"
    assert told["wrongPassword"]["status"] == 401


def test_it_makes_sections_and_catalogs(told: dict[str, Any], server: LiveServer) -> None:
    assert told["section"]["name"] == "bp-api"
    assert server.api("GET", f"/sections/{told['section']['id']}")["name"] == "bp-api, renamed"
    assert told["catalog"] == server.api("GET", f"/catalogs/{told['catalogId']}")
    assert told["catalog"]["name"] == "Clients, renamed"
    assert [(field["id"], field["type"]) for field in told["catalog"]["fields"]] == [
        ("1", "text"),
        ("2", "number"),
        ("3", "dropdown"),
        ("4", "object"),
        ("5", "date"),
    ]
    assert told["catalogId"] in told["catalogIds"]


def test_it_writes_records(told: dict[str, Any], server: LiveServer) -> None:
    assert told["patched"]["values"]["2"] == 100
    assert told["patched"]["title"] == told["patched"]["values"]["1"] == "Client 1"
    kept = server.api("GET", f"/catalogs/{told['catalogId']}/records?sortField=id")
    assert [record["id"] for record in kept] == told["ids"][1:]
    assert [record["values"]["1"] for record in kept] == [f"Client {number}" for number in range(2, 8)]
    assert [record["values"]["3"] for record in kept] == [["2"], ["1"]] * 3
    assert kept[0]["values"]["5"] == "2026-01-02T10:00:00.000Z"
    assert kept[-1]["values"]["4"][0]["recordTitle"] == "Omsk"


def test_it_finds_by_filters(told: dict[str, Any]) -> None:
    assert told["byText"] == [3]
    assert told["byRange"] == [3, 4, 5]
    assert told["byItems"] == [4, 2]
    assert told["byNoItems"] == [7, 1]
    assert told["byLink"] == [7]
    assert told["byDate"] == [3, 2]
    assert told["byOr"] == [2, 6, 7]
    assert told["byAnd"] == [1]
    assert told["byObject"] == [1, 7, 6]
    assert told["bySearch"] == [5]
    assert told["byIds"] == [3, 2]


def test_it_pages(told: dict[str, Any]) -> None:
    assert told["page"] == [3, 4]
    assert told["pages"] == [7, 6, 5, 4, 3, 2, 1]
    assert told["atMost"] == 5


def test_it_asks_for_some_fields(told: dict[str, Any]) -> None:
    assert set(told["someFields"]["values"]) == {"2", "4"}
    assert told["someFields"]["values"]["4"][0]["recordValues"] == {"1": "Omsk"}
    assert told["fieldsOfAll"] == ["1", "2"]


def test_failures_reach_it(told: dict[str, Any]) -> None:
    assert (told["badValue"]["status"], told["badValue"]["code"]) == (400, "invalid_value")
    assert told["badValue"]["message"]
    assert (told["badFilter"]["status"], told["badFilter"]["code"]) == (400, "invalid_filter")
    for name in ("noRecord", "removed"):
        assert (told[name]["status"], told[name]["code"]) == (404, "not_found"), name
