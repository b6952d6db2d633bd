"""The explorer's page in a browser."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Route, expect

from cfaug.exploring.server import make_app
from cfaug.exploring.session import Session
from datamodules.rendering.renderers import Color
from tests.browser import barriers, opened
from tests.integration.explorer import HOSTILE, a_session, png


@pytest.fixture(scope="module")
def session() -> Session:
    return a_session()


@pytest.fixture(scope="module")
def address(session: Session) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(make_app(session, ["127.0.0.1"]), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_edits_change_the_picture_and_the_prediction(address: str) -> None:
    with opened(address) as (page, complaints):
        answered = page.locator("#time")
        answered.get_by_text("ms").wait_for()
        before, after = (page.locator(f"#{name}") for name in ("before", "after"))
        assert before.get_attribute("src") == after.get_attribute("src")
        same = str(before.get_attribute("src"))
        said = page.locator(".opinion tbody").inner_text()
        page.locator(".strip[data-attribute=color] button").last.click()
        expect(after).not_to_have_attribute("src", same)
        assert before.get_attribute("src") == same
        assert page.locator(".opinion tbody").inner_text() != said
        chosen = page.locator("select[data-role='make it'][data-attribute=color]")
        assert chosen.input_value() == Color().attribute.values[-1]
        assert not barriers(page)
        assert not complaints


def test_a_thumbnail_is_chosen(address: str, session: Session) -> None:
    index = session.next_flip(HOSTILE, "color", 12).index
    assert index in range(12, 24)
    image, attributes = session.images_from(index, 1)
    seen = session.classifiers[HOSTILE](session.single_edits(image, attributes)[2]).argmax(1)
    wrong = int((seen != attributes[0, 0]).sum())
    with opened(address) as (page, complaints):
        page.locator("#time").get_by_text("ms").wait_for()
        shown = page.locator("#thumbnails button")
        assert shown.count() == 12
        page.locator("#next").click()
        expect(shown.first).to_have_attribute("data-index", "12")
        expect(page.locator("#number input")).to_have_value("0")
        shown.nth(index - 12).click()
        expect(page.locator("#number input")).to_have_value(str(index))
        expect(shown.nth(index - 12)).to_have_attribute("aria-pressed", "true")
        picture = str(shown.nth(index - 12).locator("img").get_attribute("src"))
        expect(page.locator("#before")).to_have_attribute("src", picture)
        said = page.locator(".strip[data-attribute=color] small")
        expect(said.locator("visible=true")).to_have_count(10)
        expect(said.and_(page.locator(".wrong"))).to_have_count(wrong)
        assert not complaints


def test_a_late_answer_does_not_take_the_place_of_another_image(address: str) -> None:
    with opened(address) as (page, complaints):
        page.locator("#time").get_by_text("ms").wait_for()

        held: list[Route] = []

        def hold(route: Route) -> None:
            if route.request.post_data_json == {"index": 5}:
                held.append(route)
            else:
                route.continue_()

        page.route("**/api/image", hold)
        shown = page.locator("#thumbnails button")
        picture = str(shown.nth(6).locator("img").get_attribute("src"))
        shown.nth(5).click()
        shown.nth(6).click()
        expect(page.locator("#before")).to_have_attribute("src", picture)
        with page.expect_response("**/api/image"):
            held[0].continue_()
        page.wait_for_timeout(300)
        expect(page.locator("#origin")).to_have_text("Attributes of test image 6")
        expect(page.locator("#before")).to_have_attribute("src", picture)
        assert not complaints


def test_a_failure_is_told(address: str, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(address) as (page, _):
        page.locator("#time").get_by_text("ms").wait_for()
        with monkeypatch.context() as broken:
            broken.setattr(session, "generator", None)
            page.locator(".strip[data-attribute=color] button").last.click()
            page.locator("#message.wrong").get_by_text("its window says at what").wait_for()


def test_the_page_is_for_all_in_the_dark_and_on_a_phone(address: str) -> None:
    with opened(address, width=390, dark=True) as (page, complaints):
        page.locator("#time").get_by_text("ms").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert not barriers(page)
        assert not complaints


def test_an_upload_that_is_no_image_gets_a_message(address: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello")
    (tmp_path / "b.png").write_bytes(png(30, 30))
    with opened(address) as (page, complaints):
        page.locator("#time").get_by_text("ms").wait_for()
        page.locator("#upload").set_input_files(tmp_path / "a.png")
        page.locator("#message.wrong").get_by_text("is no image that can be read").wait_for()
        page.locator("#upload").set_input_files(tmp_path / "b.png")
        page.locator("#origin").get_by_text("as a network guesses them").wait_for()
        assert page.locator("select[data-role='is']").first.input_value() == "7"
        assert complaints == [line for line in complaints if "400 (Bad Request)" in line]


def test_a_walk_through_flips_shows_each(address: str) -> None:
    with opened(address) as (page, complaints):
        page.locator("#time").get_by_text("ms").wait_for()
        page.locator("#flip select[name=attribute]").select_option("color")
        page.locator("#flip button").click()
        page.locator("#message").get_by_text("flips with color").wait_for()
        assert page.locator("output").inner_text().endswith("flips")
        assert not complaints
