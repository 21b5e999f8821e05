"""A browser, and a shop that is served over HTTP to look at with it.

Where the set-up could bring no browser, and said so, there is nothing to look with.
"""

from collections.abc import Iterator

import pytest
from chromium import PROGRAM, Browser, Page, opened
from scanned import Place, served_place

collect_ignore_glob = [] if PROGRAM.exists() else ["test_*.py"]


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
