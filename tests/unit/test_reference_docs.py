"""The generated pages of the reference say what the code says."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = runpy.run_path(str(DOCS / "build.py"))["pages"]()


@pytest.mark.parametrize("name", PAGES)
def test_page_is_current(name):
    written = (DOCS / "reference" / name).read_text("utf-8")
    assert written == PAGES[name], f"docs/reference/{name} is stale: run `make docs`"


def test_every_page_of_the_reference_is_in_the_index():
    index = (DOCS / "index.md").read_text("utf-8")
    missing = [page.name for page in (DOCS / "reference").glob("*.md") if f"(reference/{page.name})" not in index]
    assert not missing


def test_every_decision_is_in_the_list():
    listed = (DOCS / "decisions" / "index.md").read_text("utf-8")
    missing = [page.name for page in (DOCS / "decisions").glob("0*.md") if f"({page.name})" not in listed]
    assert not missing
