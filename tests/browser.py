"""A browser that the machine has, and what is wrong with a page in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

BROWSERS = "chromium", "chromium-browser", "google-chrome"


@contextmanager
def opened(url: str, *, width: int = 1280, dark: bool = False) -> Iterator[tuple[Page, list[str]]]:
    """A page, and a list that grows with errors of its console and requests that leave the machine.

    The test is skipped where there is no browser.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser; install one of {', '.join(BROWSERS)}")
    complaints: list[str] = []
    with sync_playwright() as tools:
        started = tools.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = started.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        local = "http://127.0.0.1", "file:", "data:"
        page.on("request", lambda r: None if r.url.startswith(local) else complaints.append(r.url))
        page.goto(url)
        yield page, complaints
        started.close()


def barriers(page: Page) -> list[str]:
    """What the axe check calls serious or critical for people who cannot see or point."""
    found = Axe().run(page)["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
