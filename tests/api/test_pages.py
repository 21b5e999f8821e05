"""Pages of every list: a cursor that was tampered with is the caller's mistake, and the largest page has a next one."""

from base64 import urlsafe_b64encode
from datetime import date

import orjson
import pytest
from calling import codes
from trading import Group

from souvenir.api.identity import read_id
from souvenir.catalogue.product import Product
from souvenir.kernel.money import Money

ID = "0196d174-9280-7432-8242-ba5e00000000"


def cursor(*parts: object) -> str:
    return urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("audience", "operation", "sort"),
    [
        ("storefront", "products", "sku"),
        ("storefront", "outlets", "outlet code"),
        ("pos", "orders", "day"),
        ("backoffice", "sites", "site code"),
        ("backoffice", "editions", "edition"),
        ("backoffice", "claims", "form number"),
        ("finance", "transfers", "transfer"),
        ("finance", "payouts", "payout"),
        ("finance", "disputes", "dispute"),
        ("finance", "moneyToReturn", "money to return"),
        ("finance", "agencyStatements", "agency statement"),
    ],
)
def test_a_cursor_that_was_tampered_with_is_the_callers_mistake(group: Group, audience: str, operation: str, sort: str):
    who = {"storefront": group.visitor, "pos": group.till, "backoffice": group.office, "finance": group.finance}
    for parts in [(), ("\0",), (7,), ("a", 7), ("a", "b", "c"), (["a"],), (None, None)]:
        assert codes(who[audience].send(operation, first=1, after=cursor(sort, *parts))) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("parts", [("2025-05-15", "x"), ("x", ID), ("2025-05-15",), ("2025-02-30", ID)])
def test_a_cursor_without_the_day_and_id_of_an_order_is_none_of_the_order_book(group: Group, parts: tuple[str, ...]):
    assert codes(group.till.send("orders", first=1, after=cursor("day", *parts))) == ["BAD_USER_INPUT"]
    assert group.till.send("orders", first=1, after=cursor("day", "2025-05-15", ID)).json()["data"]


def test_a_list_longer_than_the_largest_page_goes_on_after_it(group: Group):
    origin = group.shop.log.load(Product, read_id("Product", group.pen)).origin_site_id
    for no in range(96):
        group.shop.catalogue.list_product(
            sku=f"A{no:02}", name={"en": "Pen"}, story={"en": "Blue."}, price=Money.parse("1.00 CNY"), category="pens",
            vat_category="standard", listed_on=date(2025, 5, 15), origin_site_id=origin,
        )  # fmt: skip
    group.shop.followers.catch_up()
    page = group.visitor.ask("products", first=100)
    assert (len(page["edges"]), page["pageInfo"]["hasNextPage"]) == (100, True)
    rest = group.visitor.ask("products", first=100, after=page["pageInfo"]["endCursor"])
    assert [edge["node"]["sku"] for edge in rest["edges"]] == ["VASE"]
    assert rest["pageInfo"]["hasNextPage"] is False
