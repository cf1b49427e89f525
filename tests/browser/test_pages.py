"""Pages in a real browser: what a person sees, and that nothing of it comes from another host."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from live_server import LiveServer
from programs import required

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def seen(server: LiveServer, path: str, folder: Path) -> str:
    """The page after its scripts have run."""
    required(_CHROMIUM is not None, "Chromium")
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=10000", "--dump-dom"),
    ]
    done = subprocess.run(
        [str(_CHROMIUM), *options, f"--user-data-dir={folder / 'profile'}", server.url + path],
        capture_output=True,
        check=True,
        timeout=90,
    )
    return done.stdout.decode()


def test_the_start_page_leads_to_the_explorer(server: LiveServer, tmp_path: Path) -> None:
    page = seen(server, "/", tmp_path)

    assert 'href="/docs"' in page
    assert "{{" not in page


def test_the_explorer_shows_the_api(server: LiveServer, tmp_path: Path) -> None:
    page = seen(server, "/docs", tmp_path)

    assert "/api/v1/catalogs/{catalog_id}/records" in re.sub(r"<[^>]*>|\u200b", "", page)
    assert "Failed to load" not in page


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/errors", "/assets/swagger-ui.css", "/assets/explorer.js"])
def test_nothing_comes_from_another_host(server: LiveServer, path: str) -> None:
    answer = server.ask("GET", path, auth=None)

    assert answer.status == 200
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)|url\(["']?(http[^)"']+)""", answer.body.decode())
    assert not [address for pair in addresses for address in pair if address.startswith(("http", "//"))]
    if path in ("/", "/docs", "/docs/errors"):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
