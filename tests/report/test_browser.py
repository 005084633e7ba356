"""The page in a real browser: headless Chromium, driven from its command line."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

_FLAGS = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking",
    "--no-sandbox",  # a container's root user cannot have one, and the page is our own
    "--allow-file-access-from-files",  # lets the harness look into its frame
    "--enable-logging=stderr", "--virtual-time-budget=5000",
)  # fmt: skip

# A window has a least width, so a phone is a frame in a page of ours, which also reports what it measures.
_HARNESS = """<!DOCTYPE html><html lang="en"><title>harness</title><body style="margin: 0">
<iframe src="{page}" style="width: {width}px; height: 2000px; border: 0"></iframe><pre></pre><script>
document.querySelector("iframe").addEventListener("load", ({{target}}) => {{
  const page = target.contentDocument, box = (element) => element.getBoundingClientRect();
  document.querySelector("pre").textContent = JSON.stringify({{
    scroll_width: page.documentElement.scrollWidth,
    heading: page.querySelector("h1").textContent,
    headings: box(page.querySelector("h1")).height,
    drawings: [...page.querySelectorAll("figure svg")].map((svg) => [box(svg).width, box(svg).height]),
    smallest_text: Math.min(...[...page.querySelectorAll("svg text")].map((text) => box(text).height)),
    resources: target.contentWindow.performance.getEntriesByType("resource").map((entry) => entry.name),
  }});
}});
</script></body></html>
"""


@pytest.fixture(scope="module")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        message = "no Chromium on the path: install Debian's package `chromium`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def run(chromium: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    profile = f"--user-data-dir={folder / 'profile'}"
    return subprocess.run(
        [chromium, *_FLAGS, profile, *arguments], capture_output=True, text=True, timeout=120, check=True
    )


def measure(chromium: str, folder: Path, page: Path, *, width: int) -> tuple[dict[str, Any], list[str]]:
    """Return what the harness measures of ``page`` and what the browser wrote to its console."""
    harness = folder / "harness.html"
    harness.write_text(_HARNESS.format(page=page.as_uri(), width=width), encoding="utf-8")
    done = run(chromium, folder, f"--window-size={max(width, 800)},2000", "--dump-dom", harness.as_uri())
    found = re.search(r"<pre>(.+?)</pre>", done.stdout, flags=re.DOTALL)
    assert found, done.stdout[-2000:]
    return json.loads(html.unescape(found[1])), [
        line for line in done.stderr.splitlines() if ":CONSOLE:" in line
    ]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_opens_without_errors_or_requests_and_fits(
    chromium: str, quick_report: Path, tmp_path: Path, width: int
) -> None:
    measured, console = measure(chromium, tmp_path, quick_report / "report" / "index.html", width=width)
    assert console == []
    assert measured["resources"] == []
    assert measured["heading"] == "A <small> sweep & its report"
    assert measured["headings"] > 0
    assert measured["scroll_width"] <= width
    assert len(measured["drawings"]) == 10
    assert all(0 < drawn <= width and height > 0 for drawn, height in measured["drawings"])
    # Boxes of text are about 1.2 times its size, so nothing in a drawing is below 8 pixels.
    assert measured["smallest_text"] >= 9


def test_the_page_prints(chromium: str, quick_report: Path, tmp_path: Path) -> None:
    printed = tmp_path / "report.pdf"
    run(chromium, tmp_path, f"--print-to-pdf={printed}", (quick_report / "report" / "index.html").as_uri())
    assert printed.read_bytes().startswith(b"%PDF")
