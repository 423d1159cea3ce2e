"""The report in a real browser, offline: drawn whole, silent, usable on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_sample import (
    sample_breaking_points,
    sample_manifest,
    sample_results,
    sample_simulations,
    sample_training,
)

from riskgen.report.document import build_document
from riskgen.report.html import charts_of, render

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]


@pytest.fixture(scope="module")
def built() -> Any:
    return build_document(
        sample_results(),
        sample_manifest(),
        sample_training(),
        sample_simulations(),
        sample_breaking_points(),
    )


@pytest.fixture(scope="module")
def file(built: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(built), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield opened
        opened.close()


class Visit:
    """One page, offline, with everything it said and asked for."""

    def __init__(self, browser: Any, file: str, width: int = 1400, **options: Any) -> None:
        viewport = {"width": width, "height": 900}
        self.context = browser.new_context(offline=True, viewport=viewport, **options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file)

    def drawn(self) -> Any:
        self.page.wait_for_selector("html.drawn", state="attached", timeout=30_000)
        return self.page


@pytest.fixture(scope="module")
def desk(browser: Any, file: str) -> Iterator[Visit]:
    visit = Visit(browser, file)
    visit.drawn()
    yield visit
    visit.context.close()


def test_every_chart_is_drawn(desk: Visit, built: Any) -> None:
    for chart in charts_of(built):
        place = desk.page.locator(f"#{chart.id} svg.main-svg").first
        box = place.bounding_box()
        assert box is not None
        assert box["width"] > 150
        assert box["height"] > 150
        curves = f"#{chart.id} .scatterlayer path, #{chart.id} .barlayer path"
        assert desk.page.locator(curves).count() > 0, chart.metric


def test_the_page_asks_nobody_and_says_nothing(desk: Visit, file: str) -> None:
    assert desk.said == []
    assert [url for url in desk.asked if not url.startswith(("file:", "data:"))] == []
    assert desk.asked[0] == file


def test_folded_parts_open_by_keyboard(desk: Visit) -> None:
    folded = desk.page.locator("#fidelity details").first
    assert folded.get_attribute("open") is None
    folded.locator("summary").focus()
    desk.page.keyboard.press("Enter")
    assert folded.get_attribute("open") is not None


def test_the_table_of_measures_can_be_filtered(desk: Visit) -> None:
    rows = desk.page.locator("#measures tbody tr:visible")
    whole = rows.count()
    button = desk.page.get_by_role("button", name="Inconclusive")
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert 0 < rows.count() < whole


def test_the_navigation_follows_the_reader(desk: Visit) -> None:
    desk.page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    desk.page.locator("#privacy").evaluate("(part) => part.scrollIntoView()")
    desk.page.wait_for_selector('nav.toc a[href="#privacy"][aria-current]')
    assert desk.page.locator("nav.toc a[aria-current]").count() == 1


@pytest.mark.parametrize("width", [390, 768, 1400])
def test_no_page_is_wider_than_its_screen(browser: Any, file: str, width: int) -> None:
    visit = Visit(browser, file, width)
    page = visit.drawn()
    page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.said == []
    visit.context.close()


def test_charts_take_the_colours_of_a_dark_screen(browser: Any, file: str, built: Any) -> None:
    from riskgen.report.theme import DARK

    visit = Visit(browser, file, color_scheme="dark")
    page = visit.drawn()
    place = charts_of(built)[0].id
    colours = page.evaluate(f"document.getElementById('{place}').data.map((t) => t.line.color)")
    assert DARK["real"] in colours
    visit.context.close()


def test_without_scripts_verdicts_tables_and_sketches_remain(browser: Any, file: str) -> None:
    visit = Visit(browser, file, java_script_enabled=False)
    page = visit.page
    assert page.locator(".card .answer:visible").count() == 4
    assert page.locator("#measures tbody tr:visible").count() == len(sample_results()["metrics"])
    assert page.locator("svg.sketch:visible").count() > 10
    assert page.locator(".plot:visible").count() == 0
    visit.context.close()
