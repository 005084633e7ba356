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
  const bottom = (selector) => box(page.querySelector(selector)).bottom;
  const opening = [bottom("h1"), bottom(".answer"), bottom(".opening svg")];
  const folded = page.querySelectorAll("details:not([open])").length;
  const hidden = [...page.querySelectorAll("table")].filter((table) => !table.checkVisibility()).length;
  for (const details of page.querySelectorAll("details")) details.open = {unfold};
  document.querySelector("pre").textContent = JSON.stringify({{
    scroll_width: page.documentElement.scrollWidth,
    opening, folded, hidden,
    scrolled: [...page.querySelectorAll(".scroll")].filter((box) => box.scrollWidth > box.clientWidth).length,
    heading: page.querySelector("h1").textContent,
    headings: box(page.querySelector("h1")).height,
    drawings: [...page.querySelectorAll("figure svg")].map((svg) => [box(svg).width, box(svg).height]),
    tables: [...page.querySelectorAll("table")].map((table) => box(table).right),
    smallest_text: Math.min(...[...page.querySelectorAll("svg text")].map((text) => box(text).height)),
    resources: target.contentWindow.performance.getEntriesByType("resource").map((entry) => entry.name),
  }});
}});
</script></body></html>
"""

_PRINTED_WIDTH = 680  # A4 less the page's margins of 15 mm, at 96 pixels per inch

# A pointer comes to a point, and leaves the drawing.
_POINTING = """
const svg = document.querySelector("figure svg"), tip = document.querySelector(".tip"), hidden = [];
const at = [...svg.querySelectorAll("use")].find((use) => use.dataset.tip?.startsWith("baseline, seed 0\\n"));
const box = at.getBoundingClientRect();
const pointer = {clientX: box.x + box.width / 2, clientY: box.y + box.height / 2};
svg.dispatchEvent(new PointerEvent("pointermove", pointer));
hidden.push(tip.hidden);
const chosen = document.querySelectorAll(".chosen").length, text = tip.textContent;
svg.dispatchEvent(new PointerEvent("pointerleave"));
hidden.push(tip.hidden);
return {tip: text, chosen, hidden, titles: document.querySelectorAll("use title").length};
"""


@pytest.fixture(scope="module")
def axe() -> str:
    path = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        message = "no axe-core in node_modules: run `make axe`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path.read_text(encoding="utf-8")


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


def measure(
    chromium: str, folder: Path, page: Path, *, width: int, unfold: bool = True
) -> tuple[dict[str, Any], list[str]]:
    """Return what the harness measures of ``page``, and what the browser wrote to its console."""
    harness = folder / "harness.html"
    text = _HARNESS.format(page=page.as_uri(), width=width, unfold=str(unfold).lower())
    harness.write_text(text, encoding="utf-8")
    done = run(chromium, folder, f"--window-size={max(width, 800)},2000", "--dump-dom", harness.as_uri())
    found = re.search(r"<pre>(.+?)</pre>", done.stdout, flags=re.DOTALL)
    assert found, done.stdout[-2000:]
    return json.loads(html.unescape(found[1])), [
        line for line in done.stderr.splitlines() if ":CONSOLE:" in line
    ]


def evaluate(chromium: str, folder: Path, page: Path, script: str, *arguments: str) -> dict[str, Any]:
    """Return what the body of a function returns that runs in a copy of ``page``."""
    copy = folder / "copy.html"
    answer = f"""<pre id="answer"></pre><script>(async () => {{ {script} }})().then((found) => {{
    document.querySelector("#answer").textContent = JSON.stringify(found); }});</script></body>"""
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", answer), encoding="utf-8")
    done = run(chromium, folder, "--window-size=1280,2000", *arguments, "--dump-dom", copy.as_uri())
    found = re.search(r'<pre id="answer">(.+?)</pre>', done.stdout, flags=re.DOTALL)
    assert found, done.stderr[-2000:]
    answered: dict[str, Any] = json.loads(html.unescape(found[1]))
    return answered


@pytest.mark.parametrize("width", [400, 1280])
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
    # The page never scrolls sideways, even unfolded; on a phone its wide tables do, within themselves.
    assert measured["folded"] > 2
    if width == 400:
        assert measured["scrolled"] > 2
    # Title, answer and picture, in this order, fill the first screen.
    assert measured["opening"] == sorted(measured["opening"])
    assert measured["opening"][-1] <= (800 if width == 1280 else 1000)
    # Boxes of text are about 1.2 times its size, so nothing in a drawing is below 8 pixels.
    assert measured["smallest_text"] >= 9


def test_tables_are_open_and_fit_a_printed_page(chromium: str, quick_report: Path, tmp_path: Path) -> None:
    page = (quick_report / "report" / "index.html").read_text(encoding="utf-8")
    assert "@media print" in page
    as_printed = tmp_path / "printed.html"
    as_printed.write_text(page.replace("@media print", "@media all"), encoding="utf-8")
    measured, _ = measure(chromium, tmp_path, as_printed, width=_PRINTED_WIDTH, unfold=False)
    assert measured["folded"] > 2
    assert measured["hidden"] == 0
    assert len(measured["tables"]) > 5
    assert max(measured["tables"]) <= _PRINTED_WIDTH


def test_the_page_prints(chromium: str, quick_report: Path, tmp_path: Path) -> None:
    printed = tmp_path / "report.pdf"
    run(chromium, tmp_path, f"--print-to-pdf={printed}", (quick_report / "report" / "index.html").as_uri())
    assert printed.read_bytes().startswith(b"%PDF")


def test_pointing_at_a_run_shows_its_numbers_and_marks_it_everywhere(
    chromium: str, quick_report: Path, tmp_path: Path
) -> None:
    page = quick_report / "report" / "index.html"
    found = evaluate(chromium, tmp_path, page, _POINTING)
    assert re.fullmatch(r"baseline, seed 0\nCapacity 0.5 nats\n(.+\n){2}run \w{16}", found["tip"])
    # The baseline is in both panels of rate and distortion, and of the achieved rate.
    assert found["chosen"] == 4
    assert found["hidden"] == [False, True]
    assert found["titles"] == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_a_reader(
    chromium: str, axe: str, quick_report: Path, tmp_path: Path, scheme: str
) -> None:
    found = evaluate(
        chromium,
        tmp_path,
        quick_report / "report" / "index.html",
        f"for (const part of document.querySelectorAll('details')) part.open = true; {axe};"
        "const found = await axe.run(); return {...found, n_passes: found.passes.length};",
        f"--blink-settings=preferredColorScheme={['dark', 'light'].index(scheme)}",
    )
    violations = {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found["violations"]}
    assert violations == {}
    assert found["n_passes"] > 20
