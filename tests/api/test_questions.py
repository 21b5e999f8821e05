"""How often the store is asked for one request of a visitor: a page costs as much as one of its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from calling import Client
from trading import Group

from souvenir.eventlog.stores.sqlite import SqliteStore

SHELF = """
{ products(first: 20) { edges { node {
    sku name { text } price { amount } origin { code name { text } } editions { size state }
} } } }
"""
LIMITS = "query ($id: ID!) { edition(id: $id) { predecessorId limits { perOrder } finalCounts { sold } recounts } }"
BUSY_SHOPS = "{ outlets(first: 20) { edges { node { code tills site { code } } } } }"


class Counted:
    """The statements a store was sent, while it is watched; what opens and ends a transaction is none."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @contextmanager
    def asked(self, reads: int, writes: int = 0) -> Iterator[None]:
        """What is done within asks the store so often at most, and writes to it in so many statements at most."""
        self.statements.clear()
        yield
        told = [statement.split(maxsplit=1)[0] for statement in self.statements]
        assert told.count("SELECT") <= reads, told
        assert sum(map(told.count, ("INSERT", "UPDATE", "DELETE"))) <= writes, told


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted, connect = Counted(), SqliteStore._connect

    def watched(store: SqliteStore):
        connection = connect(store)
        connection.set_trace_callback(counted.statements.append)
        return connection

    monkeypatch.setattr(SqliteStore, "_connect", watched)
    return counted


@pytest.fixture
def busy(counted: Counted, time, tmp_path: Path) -> Iterator[Group]:
    """A shop group in a file, with twenty more products, ten of them sold by number."""
    group = Group(f"sqlite:///{tmp_path}/shop.db")
    for no in range(20):
        product = group.product(f"A{no:02}", "10.00", hasEdition=no % 2 == 0)
        if no % 2 == 0:
            title = [{"language": "en", "text": f"Edition {no}"}]
            group.office.do("declareEdition", productId=product, title=title, size=10, gtin="4006381333931")
    group.shop.followers.catch_up()
    yield group
    group.shop.close()


def test_a_page_of_twenty_is_one_question_and_what_it_leads_to_one_more_each(busy: Group, counted: Counted):
    with counted.asked(reads=1):
        assert len(busy.visitor.ask("products", first=20)["edges"]) == 20
    with counted.asked(reads=3):
        answer = Client(busy.app).post(SHELF).json()["data"]["products"]["edges"]
    assert answer[2]["node"] == {
        "sku": "A02", "name": {"text": "商品A02"}, "price": {"amount": "10.00"},
        "origin": {"code": "ENAMEL", "name": {"text": "珐琅厂"}}, "editions": [{"size": 10, "state": "not released"}],
    }  # fmt: skip
    assert [len(edge["node"]["editions"]) for edge in answer] == [1, 0] * 10


def test_outlets_come_with_their_tills_and_sites(busy: Group, counted: Counted):
    with counted.asked(reads=3):
        answer = Client(busy.app).post(BUSY_SHOPS).json()["data"]["outlets"]["edges"]
    assert [(edge["node"]["code"], edge["node"]["tills"]) for edge in answer] == [
        ("COUNTER", ["T1", "T2"]), ("PARK", ["T1"]), ("POINT", ["D1"]), ("WEB", []),
    ]  # fmt: skip
    assert {edge["node"]["site"]["code"] for edge in answer} == {"ENAMEL"}


def test_one_product_and_one_edition_are_a_few_questions(busy: Group, counted: Counted):
    with counted.asked(reads=3):
        busy.visitor.ask("product", id=busy.vase)
    with counted.asked(reads=2):
        Client(busy.app).post(LIMITS, variables={"id": busy.edition})
    with counted.asked(reads=5):
        busy.visitor.ask("edition", id=busy.edition, outletId=busy.web)


def test_a_guests_purchase_asks_for_what_it_decides_on_and_waits_for_no_view(busy: Group, counted: Counted):
    guest = busy.guest
    with counted.asked(reads=2, writes=2):
        basket = busy.basket(guest)
    with counted.asked(reads=4, writes=2):
        guest.do("setQuantity", basketId=basket, productId=busy.mug, quantity=2)
    with counted.asked(reads=6, writes=6):
        guest.do("holdPiece", basketId=basket, editionId=busy.edition, number=102)
    with counted.asked(reads=2):
        guest.ask("basket", id=basket)
    with counted.asked(reads=8, writes=3):
        order = guest.do("placeOrder", basketId=basket)["order"]["id"]
    with counted.asked(reads=12, writes=10):
        guest.do("pay", orderId=order, tender="CARD", provider="sandbox", source="tok")
    busy.shop.followers.catch_up()
    with counted.asked(reads=5):
        assert len(guest.ask("order", id=order)["certificates"]) == 1
