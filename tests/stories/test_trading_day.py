"""The trading day, line by line, through the published operations, on SQLite and on PostgreSQL."""

from contextlib import ExitStack
from datetime import date
from decimal import Decimal

import pytest
from own_postgresql import database
from wires import InProcess

from souvenir.certificates.certificate import ForgedCertificate, verify_certificate
from souvenir.demo.stage import perform
from souvenir.shop import Shop

TODAY = date(2026, 7, 10)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def day(request, tmp_path_factory):
    """The whole day, played once on each kind of store."""
    directory = tmp_path_factory.mktemp("story")
    with ExitStack() as stack:
        url = f"sqlite:///{directory / 'shop.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(database(request.getfixturevalue("postgres_server")))
        shop = stack.enter_context(Shop.open(url, secrets=directory / "secrets", issuer={"en": "Jingcai"}))
        shop.start()
        yield perform(shop, InProcess(shop.asgi()), TODAY), shop


def amounts(told, *names):
    return {name: told[name]["amount"] for name in names}


def closing(balance):
    return {row["account"]: row["closing"]["amount"] for row in balance["rows"] if row["closing"]["amount"] != "0.00"}


def test_the_first_published_refund_comes_out_exactly(day):
    claim = day[0].told["2015"]
    assert amounts(claim, "gross", "refund", "fee", "net") == {
        "gross": "502.00", "refund": "55.22", "fee": "10.04", "net": "45.18",
    }  # fmt: skip
    assert claim["state"] == "paid"


def test_the_second_published_refund_comes_out_exactly(day):
    told = day[0].told
    assert told["2025 advanced"]["advanced"]["amount"] == "134.46"
    assert (told["2025"]["state"], told["2025"]["guaranteeState"]) == ("completed", "released")


def test_line_1_goods_are_listed_open_limited_licensed_and_marked(day):
    world = day[0].world
    shelf = {edge["node"]["sku"]: edge["node"] for edge in world.tills["T1"].ask("products")["edges"]}
    assert {"MUG", "SCARF", "TEA-SET", "VASE"} <= set(shelf)
    assert shelf["VASE"]["hasEdition"] is True
    assert shelf["MUG"]["price"]["amount"] == "113.00"


def test_line_2_the_edition_is_declared_and_allotted_to_shops_and_web(day):
    edition = day[0].told["edition"]
    assert (edition["size"], edition["proofs"]["artists"], edition["state"]) == (500, 50, "on sale")


def test_line_3_a_held_number_is_paid_and_its_certificate_verifies_offline(day):
    told = day[0].told
    order = told["online"]
    assert (order["state"].lower(), order["lines"][0]["number"]) == ("paid", 288)
    (certificate,) = order["certificates"]
    keys = {key["keyId"]: bytes.fromhex(key["hex"]) for key in told["keys"]}
    verdict = verify_certificate(certificate["link"], keys)
    assert (verdict.number, verdict.size, verdict.freshness) == (288, 500, "not checked")
    with pytest.raises(ForgedCertificate):
        verify_certificate(certificate["link"].replace("n=288", "n=289"), keys)


def test_line_4_the_tills_sell_by_scan_and_take_back(day):
    told = day[0].told
    assert told["cash sale"]["total"]["amount"] == "226.00"
    assert [line["number"] for line in told["piece sale"]["lines"]] == [88]
    assert [line["returnedQuantity"] for line in told["return"]["lines"]] == [1]
    vases = told["whereabouts"]
    assert {what: sum(outlet[what] for outlet in vases["outlets"]) for what in ("free", "sold", "leased", "reserved")} == {
        "free": 476, "sold": 2, "leased": 20, "reserved": 2,
    }  # fmt: skip
    assert [(lease["till"], lease["numbers"]) for lease in vases["leases"]] == [("T2", 20)]


def test_line_5_the_traveller_who_leaves_in_time_keeps_the_refund(day):
    told = day[0].told
    quote = told["assessment"]["quote"]
    assert amounts(quote, "gross", "refund", "fee", "net") == {
        "gross": "1130.00", "refund": "124.30", "fee": "22.60", "net": "101.70",
    }  # fmt: skip
    assert (quote["promisedBy"], quote["lastDepartureOn"]) == ("2026-08-07", "2026-10-08")
    assert (told["in time"]["state"], told["in time"]["guaranteeState"]) == ("completed", "released")


def test_line_5_the_traveller_who_misses_the_day_loses_the_guarantee(day):
    late = day[0].told["late traveller"]
    assert (late["state"], late["guaranteeState"], late["outstanding"]["amount"]) == ("recovered", "captured", "0.00")


def test_line_5_the_third_takes_the_ordinary_route(day):
    assert day[0].told["ordinary"]["state"] == "paid"
    assert day[0].told["ordinary"]["net"]["amount"] == "101.70"


def test_line_6_the_royalty_is_recouped_and_the_return_reversed_its_share(day):
    position = day[0].told["royalty"]
    assert amounts(position, "earned", "recouped", "unrecouped", "payable", "marketingFund") == {
        "earned": "208.00", "recouped": "208.00", "unrecouped": "9792.00", "payable": "0.00", "marketingFund": "52.00",
    }  # fmt: skip
    scarf = next(product for product in position["products"] if product["sku"] == "SCARF")
    assert (scarf["sold"], scarf["returned"], scarf["earned"]["amount"]) == (3, 1, "48.00")


def test_line_7_the_trial_balance_foots_and_says_what_is_owed(day):
    balance = day[0].told["balance"]
    debit, credit = (sum(Decimal(row[side]["amount"]) for row in balance["rows"]) for side in ("debit", "credit"))
    assert debit == credit > 0
    owed = closing(balance)
    assert owed["Assets:Receivable:RefundAgency"] == "288.64"
    assert "Assets:RefundAdvance:PendingCustoms" not in owed
    assert closing(day[0].told["balance that evening"])["Assets:RefundAdvance:PendingCustoms"] == "248.60"


def test_line_7_a_balance_leads_down_to_the_event_that_made_it(day):
    statement = day[0].told["statement"]
    lines = [edge["node"] for edge in statement["lines"]["edges"]]
    assert [(line["effectiveOn"], line["rule"], line["amount"]["amount"]) for line in lines] == [
        ("2025-05-15", "J08", "164.34"),
        ("2025-05-20", "J09", "-164.34"),
        ("2026-07-10", "J08", "124.30"),
        ("2026-07-10", "J08", "124.30"),
        ("2026-07-16", "J09", "-124.30"),
        ("2026-08-08", "J11", "-124.30"),
    ]
    assert day[0].told["entry"]["causingEvent"]["topic"] == "taxrefund.GuaranteeCaptured"


def test_the_registers_agree_with_the_log_at_the_end(day):
    assert day[1].differences() == []


def test_no_name_and_no_document_number_stands_in_the_log_in_clear(day):
    for stored in day[1].log.stored():
        for secret in (b"CARLA", b"ROSSI", b"YA1234567", b"752233441", b"ORLOV", b"TR9988776"):
            assert secret not in stored.state


def test_replaying_gives_the_same_bytes_every_time(day):
    once, again = day[1].ledger.trial_balance(), day[1].ledger.trial_balance()
    assert once.canonical() == again.canonical()
    assert once.digest == day[0].told["balance"]["digest"]
