"""Pages as people open them: a real browser, three widths, light and dark, and the keyboard alone.

They are skipped where playwright (the extra `browser`) or Debian's chromium is missing; where
SOILSWEEP_BROWSER is set, as in CI, that is a failure.
"""

import functools
import http.server
import io
import os
import shutil
import threading
from pathlib import Path

import matplotlib.image
import pandas as pd
import pytest
from commandline import PROGRAM
from test_readme import run as run_program
from tracked import ROOT

pytestmark = pytest.mark.slow

WIDTHS = (1200, 800, 400)
SCHEMES = ("light", "dark")
MOST_KEYS = 400

PAGES = {
    "tau-constraint": "run",
    "two-box-calibration": "run",
    "casa-2000-2010": "evaluate",
}
"""Shipped ones, and how their stores are made."""

SEES = """() => {
  const wide = document.scrollingElement;
  const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
  const colour = text => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const found = colour(getComputedStyle(e).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const light = c => c.slice(0, 3).map(v => v / 255).map(
    v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  ).reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const contrast = e => {
    const [a, b] = [colour(getComputedStyle(e).color), ground(e)].map(light);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const texts = [...document.querySelectorAll('h1,h2,h3,p,td,th,a,li,figcaption,code,pre')]
    .filter(e => shown(e) && e.innerText.trim());
  const sideways = [...document.querySelectorAll('body *')].filter(
    e => shown(e) && e.scrollWidth > e.clientWidth + 1
      && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
  );
  return {
    over: wide.scrollWidth - wide.clientWidth,
    ground: light(ground(document.body)),
    pale: texts.filter(e => contrast(e) < 4.5).map(e => `${e.tagName} ${e.innerText.slice(0, 60)}`),
    images: [...document.querySelectorAll('img')].map(
      e => ({ text: e.alt, drawn: e.complete && e.naturalWidth > 0 })),
    figures: document.querySelectorAll('figure').length,
    unreached: sideways.filter(e => e.tabIndex < 0).map(e => e.outerHTML.slice(0, 80)),
  };
}"""
"""What is seen of a page; contrast as WCAG 2 has it, which asks for 4.5."""


def _missing(what):
    """Skip, or fail where nothing may be missing."""
    (pytest.fail if os.environ.get("SOILSWEEP_BROWSER") else pytest.skip)(what)


@pytest.fixture(scope="module")
def browser():
    """Return the browser; without one the module is skipped, or fails where there has to be one."""
    program = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        _missing("needs chromium and the extra browser (playwright)")
    with sync_playwright() as player:
        # As root in a container there is no sandbox; nothing is opened but our own pages.
        opened = player.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(browser, tmp_path_factory):
    """Return the pages of the shipped scenarios, whose stores are made here."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name, command in PAGES.items():
        for words in ([command, name], ["report", f"runs/{name}.zarr"]):
            done = run_program([*PROGRAM, *words], folder)
            assert done.returncode == 0, done.stderr
        found[name] = (folder / "runs" / f"{name}.html").as_uri()
    return found


@pytest.fixture
def opened(browser):
    """Return what opens an address at a width, and what the browser complains of."""
    contexts, said = [], []

    def at(address, width, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: m.type in ("error", "warning") and said.append(m.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        # A page that is left while its icon is on the way has no fault.
        page.on("requestfailed", lambda r: "ABORTED" in str(r.failure) or said.append(r.url[:80]))
        page.goto(address, wait_until="load")
        return page

    yield at, said
    for context in contexts:
        context.close()


def not_reached(page):
    """Return what can be followed, pressed or moved, and never comes up by Tab; and how many do."""
    every = page.evaluate(
        """() => {
          const asked = 'a[href], button, input:not([type=hidden]), [tabindex="0"]';
          const hidden = e => getComputedStyle(e).visibility === 'hidden';
          window.asked = [...document.querySelectorAll(asked)].filter(
            e => e.getClientRects().length && !hidden(e)
          );
          return window.asked.map(e => e.outerHTML.replace(/data:[^"]*/g, '').slice(0, 120));
        }"""
    )
    reached = []
    for _ in range(MOST_KEYS):
        page.keyboard.press("Tab")
        here = page.evaluate("window.asked.indexOf(document.activeElement)")
        if reached and here == reached[0]:
            break
        reached.append(here)
    return [one for k, one in enumerate(every) if k not in reached], len({*reached})


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_is_readable_and_says_what_its_figures_show(name, width, scheme, pages, opened):
    at, said = opened
    page = at(pages[name], width, scheme)
    seen = page.evaluate(SEES)
    assert said == []
    assert seen["over"] <= 0, "it moves sideways"
    assert (seen["ground"] < 0.1) == (scheme == "dark")
    assert seen["pale"] == []
    assert seen["unreached"] == []
    assert seen["figures"] == len(seen["images"]) >= 3
    assert all(image["drawn"] and len(image["text"]) > 40 for image in seen["images"])
    # A figure is as dark as its page.
    shot = page.locator("figure img").first.screenshot()
    ground = matplotlib.image.imread(io.BytesIO(shot))[2:8, 2:8, :3]
    assert (ground.mean() < 0.2) == (scheme == "dark")


@pytest.mark.parametrize("name", PAGES)
def test_all_of_a_page_is_reached_by_keyboard(name, pages, opened):
    at, _ = opened
    missed, count = not_reached(at(pages[name], 400))
    assert missed == []
    assert count > 10


def test_figures_and_numbers_are_taken_by_keyboard(pages, opened):
    at, said = opened
    page = at(pages["two-box-calibration"], 800)
    for form in ("svg", "csv"):
        link = page.locator(f"a[download$='.{form}']").first
        link.focus()
        with page.expect_download() as waiting:
            page.keyboard.press("Enter")
        taken = waiting.value
        assert taken.suggested_filename == link.get_attribute("download")
        text = Path(taken.path()).read_text(encoding="utf-8")
        if form == "svg":
            assert "</text>" in text
            assert "prefers-color-scheme" not in text
        else:
            assert {"panel", "mark"} <= {*pd.read_csv(io.StringIO(text)).columns}
    assert said == []


# --- the documentation ---


@pytest.fixture(scope="module")
def site(browser, tmp_path_factory):
    """Return the address of the documentation, which a server of this module's has."""
    try:
        from mkdocs.commands.build import build
        from mkdocs.config import load_config
    except ImportError:
        _missing("needs the extra docs")
    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder)))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        names = sorted(str(f.relative_to(folder)) for f in folder.rglob("*.html"))
        yield f"http://127.0.0.1:{server.server_port}", names
        server.shutdown()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_documentation_fits(width, site, opened):
    address, names = site
    assert len(names) > 30
    at, said = opened
    page = at(address, width)
    wrong = []
    for name in names:
        page.goto(f"{address}/{name}", wait_until="load")
        seen = page.evaluate(SEES)
        wrong += [f"{name}: moves sideways by {seen['over']}"] * (seen["over"] > 0)
        wrong += [f"{name}: an image without words"] * any(not i["text"] for i in seen["images"])
        wrong += [f"{name}: {text}" for text in said]
        said.clear()
    assert wrong == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_links_of_the_documentation_are_reached_by_keyboard(scheme, site, opened):
    address, _ = site
    at, _ = opened
    missed, count = not_reached(at(f"{address}/index.html", 1200, scheme))
    # The theme's switch of colours and its search have their own ways.
    assert [one for one in missed if one.startswith("<a")] == []
    assert count > 30
