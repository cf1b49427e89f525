"""The documents say what the code says: generated pages are current, links lead somewhere, examples work."""

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from obmen import components
from obmen.domain.processes import elements
from obmen.domain.processes.reader import ScenarioReader
from obmen.domain.webhooks.signing import headers
from programs import required

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
WEBHOOKS = (DOCS / "how-to" / "receive-webhooks.md").read_text("utf-8")
PAGES = runpy.run_path(str(DOCS / "build.py"))["pages"]()


@pytest.mark.parametrize("name", PAGES)
def test_page_is_current(name):
    written = (DOCS / "reference" / name).read_text("utf-8")
    assert written == PAGES[name], f"docs/reference/{name} is stale: run `make docs`"


@pytest.mark.parametrize("folder", ["how-to", "reference", "explanation"])
def test_every_page_is_in_the_index(folder):
    index = (DOCS / "index.md").read_text("utf-8")
    missing = [page.name for page in (DOCS / folder).glob("*.md") if f"({folder}/{page.name})" not in index]
    assert not missing


def test_every_decision_is_in_the_list():
    listed = (DOCS / "decisions" / "index.md").read_text("utf-8")
    missing = [page.name for page in (DOCS / "decisions").glob("0*.md") if f"({page.name})" not in listed]
    assert not missing


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        if re.match(r"[a-z]+:", link) or (target.exists() and (not anchor or anchor in _anchors(target))):
            continue
        broken.append(link)
    assert not broken


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("file", sorted(DOCS.rglob("*.bpmn")), ids=lambda file: file.name)
def test_a_scenario_of_the_documents_can_be_saved(file):
    reader = ScenarioReader(elements.collect(), components.collect().resolve)
    assert reader.read(file.read_bytes()).nodes


def _example(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", WEBHOOKS, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return found[0]


SECRETS = ["a-long-random-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLw=="]


@pytest.mark.parametrize("secret", SECRETS)
def test_the_python_receiver_knows_what_is_genuine(secret):
    example = {"__name__": "receiver"}
    exec(_example("python"), example)
    example["SECRET"] = secret
    body = '{"a": "Ж"}'.encode()
    sent = headers(body, secret, "1.2", 1_700_000_000, "Obmen")

    assert example["is_hook"](sent, body)
    assert example["is_standard"](sent, body, 1_700_000_100)
    assert not example["is_hook"](sent, body + b" ")
    assert not example["is_standard"](sent, body + b" ", 1_700_000_100)
    assert not example["is_standard"](sent, body, 1_700_000_400)
    assert not example["is_standard"]({}, body, 1_700_000_100)


@pytest.mark.parametrize("secret", SECRETS)
def test_the_node_receiver_knows_what_is_genuine(secret, tmp_path):
    node = shutil.which("node")
    required(node is not None, "Node.js")
    body = '{"a": "Ж"}'
    sent = {name.lower(): text for name, text in headers(body.encode(), secret, "1.2", 1_700_000_000, "Obmen").items()}
    source = _example("js").replace("a-long-random-secret", secret).partition("const seen")[0]
    ask = (
        f"const headers = {json.dumps(sent)}, body = Buffer.from({json.dumps(body)}), other = Buffer.from('x');"
        "console.log(JSON.stringify([isHook(headers, body), isStandard(headers, body, 1700000100), isHook(headers, other),"
        " isStandard(headers, other, 1700000100), isStandard(headers, body, 1700000400), isStandard({}, body, 1700000100)]));"
    )
    file = tmp_path / "receiver.mjs"
    file.write_text(source + ask, "utf-8")
    done = subprocess.run([str(node), str(file)], capture_output=True, check=True, timeout=60)

    assert json.loads(done.stdout) == [True, True, False, False, False, False]
