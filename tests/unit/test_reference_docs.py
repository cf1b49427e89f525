"""The documents say what the code says: generated pages are current, links lead somewhere, examples work."""

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from obmen import components
from obmen.bootstrap import registered
from obmen.domain.catalogs.changes import SYSTEM_IDS
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


def test_pointers_in_code_lead_to_pages():
    sources = [*ROOT.joinpath("src").rglob("*.py"), *ROOT.joinpath("tests").rglob("*.py")]
    named = {found for file in sources for found in re.findall(r"\bdocs/[\w/-]+\.md\b", file.read_text("utf-8"))}
    assert not sorted(page for page in named if not (ROOT / page).exists())


def test_every_field_type_has_a_section():
    headings = re.findall(r"^## (.+)$", (DOCS / "reference" / "fields.md").read_text("utf-8"), re.MULTILINE)
    described = {name for heading in headings for name in heading.split(", ")}
    assert not set(registered().field_types) - described


@pytest.mark.parametrize("catalog", registered().system_catalogs.values(), ids=lambda one: one.text_id)
def test_every_field_of_a_system_catalog_is_listed(catalog):
    page = (DOCS / "reference" / "system-catalogs.md").read_text("utf-8")
    heading, section = next(
        part.partition("\n")[::2] for part in page.split("\n## ") if catalog.text_id in part.partition("\n")[0]
    )
    assert re.search(rf"\b{catalog.number}\b", heading)
    missing = [
        item
        for field in catalog.described("en")
        for item in [field["id"], *(one["id"] for one in field["config"].get("items", ()))]
        if f"`{item}`" not in section
    ]
    assert not missing


def test_the_ids_of_the_system_are_listed():
    page = (DOCS / "reference" / "ids.md").read_text("utf-8")
    listed = {own: int(number) for number, own in re.findall(r"\| (\d+) \| `(\$\w+)` ", page)}
    assert {*listed, "$settings", "$system"} == SYSTEM_IDS
    assert {one.text_id: one.number for one in registered().system_catalogs.values()}.items() <= listed.items()


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
