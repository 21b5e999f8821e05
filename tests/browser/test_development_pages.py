"""The pages developers see: where to go, and GraphiQL, whose scripts come from elsewhere and are what their hashes say."""

import re

import pytest
from chromium import BROUGHT, Page
from scanned import Place

from souvenir.api.audience import AUDIENCES

CDN = "https://unpkg.com/"


@pytest.mark.parametrize("width", [320, 1280])
def test_the_first_page_can_be_read_by_anybody_and_leads_to_every_endpoint(place: Place, page: Page, width: int):
    page.open(place.address + "/", width=width)
    assert page.texts("li a") == [audience.path for audience in AUDIENCES]
    assert (page.overflow(), page.hurdles(), page.complaints) == (0, [], [])


def test_graphiql_loads_what_was_published_byte_for_byte_and_asks_the_shop(place: Place, page: Page):
    """The browser compares every script with its hash; here the published packages stand in for the network."""
    folders = [folder for folder in BROUGHT.glob("**/package") if "@" in folder.parent.name]
    page.elsewhere = {f"{CDN}{folder.parent.relative_to(BROUGHT)}/": folder for folder in folders}
    page.open(f"{place.address}/graphql/storefront?q=%7Bproducts%7Bedges%7Bnode%7Bname%7Btext%7D%7D%7D%7D%7D")
    page.until("document.querySelector('.graphiql-execute-button')")
    page.value("document.querySelector('.graphiql-execute-button').click()")
    page.until("document.querySelector('.result-window').innerText.includes('Scarf')")
    assert page.complaints == []
    assert {url for url in page.requests if url.startswith(CDN)} == sourced(page)


def test_graphiql_does_not_run_another_script_of_the_same_name(place: Place, page: Page):
    react = f"{CDN}react@18.2.0/umd/react.production.min.js"
    page.elsewhere = {react: BROUGHT / "axe-core@4.14.1" / "package" / "axe.min.js"}
    page.open(f"{place.address}/graphql/storefront")
    assert any("integrity" in complaint for complaint in page.complaints)
    assert page.value("typeof axe") == "undefined"


def sourced(page: Page) -> set[str]:
    """What the page says it loads; each with the hash of its content."""
    html = page.value("document.documentElement.outerHTML")
    tags = re.findall(rf"<(?:script|link)[^>]*{re.escape(CDN)}[^>]*>", html)
    assert [tag for tag in tags if 'integrity="sha384-' not in tag or "crossorigin" not in tag] == []
    return {match[1] for tag in tags if (match := re.search(r'(?:src|href)="([^"]+)"', tag))}
