"""A browser, and a shop that is served over HTTP to look at with it."""

from collections.abc import Iterator

import pytest
from chromium import Browser, Page, opened
from scanned import Place, served_place


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.page()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with served_place() as place:
        yield place
