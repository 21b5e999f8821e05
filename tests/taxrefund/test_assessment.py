"""Assessment: each reason why nothing comes back, and the edges of each limit."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import CurrencyMismatch, Money, total
from souvenir.taxrefund import eligibility as why
from souvenir.taxrefund.assessment import Excluded, Purchase, PurchaseLine, Store, Traveller, assess
from souvenir.taxrefund.rulebook import UnknownJurisdiction, open_rule_book

BOOK = open_rule_book()


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


def line(gross: str, vat_rate: str = "0.13", line_no: int = 1, **more: Any) -> PurchaseLine:
    return PurchaseLine(line_no=line_no, gross=cny(gross), vat_rate=Decimal(vat_rate), **more)


BOUGHT = Purchase(
    store=Store("CN", "CN-BJ"),
    mode="departure",
    traveller=Traveller("passport", date(2026, 2, 20)),
    lines=(line("1494.00"),),
    purchased_on=date(2026, 3, 1),
)
INSTANT = replace(
    BOUGHT, mode="instant_store", purchased_on=date(2025, 5, 15), traveller=Traveller("passport", date(2025, 5, 1))
)


def problems(purchase: Purchase) -> list[type[SouvenirError]]:
    return [type(problem) for problem in assess(BOOK, purchase).problems]


def staying(last_entry: date | None, document_kind: str = "passport") -> Traveller:
    return Traveller(document_kind, last_entry)


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"traveller": staying(date(2025, 8, 30))}, []),
        ({"traveller": staying(date(2025, 8, 29))}, [why.StayTooLong]),
        ({"traveller": staying(date(2026, 3, 1))}, []),
        ({"traveller": staying(date(2026, 3, 2))}, [why.InvoiceBeforeEntry]),
        ({"traveller": staying(None)}, [why.LastEntryUnknown]),
        ({"traveller": staying(date(2026, 2, 20), "hk_macao_permit")}, []),
        ({"traveller": staying(date(2026, 2, 20), "taiwan_permit")}, []),
        ({"traveller": staying(date(2026, 2, 20), "resident_permit")}, [why.DocumentNotAccepted]),
        ({"traveller": staying(date(2025, 1, 1), "resident_permit")}, [why.DocumentNotAccepted, why.StayTooLong]),
        ({"lines": (line("199.99"),)}, [why.BelowMinimumPurchase]),
        ({"lines": (line("200.00"),)}, []),
        ({"lines": (line("150.00"),), "earlier_today": cny("49.99")}, [why.BelowMinimumPurchase]),
        ({"lines": (line("150.00"),), "earlier_today": cny("50.00")}, []),
        ({"lines": (line("500.00", exempt=True),)}, [why.GoodsNotRefundable]),
        ({"lines": (line("500.00", refundable=False),)}, [why.GoodsNotRefundable]),
        ({"lines": (line("500.00", "0.03"),)}, [why.GoodsNotRefundable]),
        ({"lines": (line("500.00", "0.17"),)}, [why.GoodsNotRefundable]),
        ({"lines": ()}, [why.GoodsNotRefundable]),
        ({"store": Store("CN", "CN-BJ", registered=False)}, [why.StoreNotInScheme]),
        ({"store": Store("CN", "CN-BJ", instant=False)}, []),
        ({"store": Store("CN", "CN-BJ", instant=False), "mode": "instant_store"}, [why.StoreNotInScheme]),
        ({"store": Store("CN", "CN-XZ")}, [why.SchemeNotInForce]),
        ({"mode": "by_post"}, [why.ModeNotOffered]),
        ({"purchased_on": date(2015, 6, 30), "traveller": staying(date(2015, 6, 1))}, [why.SchemeNotInForce]),
        ({"issued_on": date(2026, 5, 30)}, []),
        ({"issued_on": date(2026, 5, 31)}, [why.DepartureWindowClosed]),
    ],
)  # fmt: skip
def test_each_reason_and_the_edge_beside_it(change: dict[str, Any], reasons: list[type[SouvenirError]]) -> None:
    assert problems(replace(BOUGHT, **change)) == reasons


@pytest.mark.parametrize(
    ("gross", "earlier", "reasons"),
    [
        ("220000.00", "0.00", []),
        ("220000.01", "0.00", [why.AboveInstantCap]),
        ("20000.00", "200000.00", []),
        ("20000.00", "200000.01", [why.AboveInstantCap]),
    ],
)
def test_beijings_instant_maximum_counts_the_travellers_whole_day(
    gross: str, earlier: str, reasons: list[type[SouvenirError]]
) -> None:
    assert problems(replace(INSTANT, lines=(line(gross),), earlier_instant=cny(earlier))) == reasons


def test_the_ordinary_route_has_no_instant_maximum() -> None:
    assert problems(replace(BOUGHT, lines=(line("220000.01"),), earlier_instant=cny("220000.00"))) == []


def test_a_refusal_carries_its_facts() -> None:
    found = assess(BOOK, replace(BOUGHT, lines=(line("199.99"),)))
    with pytest.raises(why.BelowMinimumPurchase) as refused:
        found.require()
    assert refused.value.facts == {"spent": cny("199.99"), "minimum": cny("200.00")}


def test_lines_without_a_refund_are_named_with_their_reason_and_leave_the_rest_a_quote() -> None:
    lines = (line("300.00"), line("80.00", line_no=2, exempt=True), line("70.00", "0.06", line_no=3))
    found = assess(BOOK, replace(BOUGHT, lines=lines))
    assert found.excluded == (Excluded(2, "vat_exempt"), Excluded(3, "no_refund_at_this_vat_rate"))
    assert found.eligible_gross == cny("300.00")
    assert found.require().net == cny("27.00")


def test_an_instant_quote_says_what_the_traveller_promises() -> None:
    quote = assess(BOOK, replace(INSTANT, mode="instant_centralised")).require()
    assert (quote.net, quote.promised_by, quote.capture_by) == (cny("134.46"), date(2025, 6, 1), date(2025, 6, 5))
    assert quote.ports == ("PEK", "PKX")
    assert quote.tenders[0] == "cash"


def test_nobody_may_promise_to_leave_after_the_longest_stay() -> None:
    quote = assess(BOOK, replace(INSTANT, traveller=staying(date(2024, 11, 15)))).require()
    assert quote.last_departure_on == quote.promised_by == date(2025, 5, 17)


def test_the_day_the_form_is_issued_decides_the_period_and_the_invoice_the_rest() -> None:
    quote = assess(BOOK, replace(INSTANT, purchased_on=date(2026, 6, 30), issued_on=date(2026, 7, 1), traveller=staying(date(2026, 6, 1)))).require()  # fmt: skip
    assert quote.promised_by == date(2026, 7, 29)
    assert quote.last_departure_on == date(2026, 9, 28)


def test_a_quote_names_the_rules_it_used_and_which_of_them_are_uncertain() -> None:
    quote = assess(BOOK, INSTANT).require()
    assert "CN/minimum_purchase@2025-04-27" in quote.rule_versions
    assert "CN/refund/0.13@2019-04-01" in quote.rule_versions
    assert "CN-BJ/instant_maximum@2025-05-15" in quote.rule_versions
    assert quote.uncertain == ("CN-BJ/instant_window@2020-09-01",)


def test_japan_changes_its_whole_route_with_the_purchase_date() -> None:
    japan = replace(
        BOUGHT,
        store=Store("JP", "JP"),
        mode="tax_free_at_till",
        lines=(PurchaseLine(1, Money(11000, "JPY"), Decimal("0.10")),),
        purchased_on=date(2026, 10, 31),
        traveller=staying(date(2026, 10, 20)),
    )
    assert assess(BOOK, japan).require().charged == Money(10000, "JPY")
    assert problems(replace(japan, purchased_on=date(2026, 11, 1))) == [why.ModeNotOffered]
    after = assess(BOOK, replace(japan, mode="refund_after_customs", purchased_on=date(2026, 11, 1))).require()
    assert (after.charged, after.refund, after.fee_known) == (Money(11000, "JPY"), Money(1000, "JPY"), False)
    assert after.confirmation == "all_or_nothing_receipt"


def test_japans_minimum_is_counted_without_tax() -> None:
    japan = replace(BOUGHT, store=Store("JP", "JP"), mode="refund_after_customs", purchased_on=date(2026, 11, 1), traveller=staying(date(2026, 10, 20)))  # fmt: skip
    assert problems(replace(japan, lines=(PurchaseLine(1, Money(5499, "JPY"), Decimal("0.10")),))) == []
    assert problems(replace(japan, lines=(PurchaseLine(1, Money(5498, "JPY"), Decimal("0.10")),))) == [
        why.BelowMinimumPurchase
    ]


def test_northern_ireland_keeps_what_great_britain_gave_up() -> None:
    island = replace(
        BOUGHT, store=Store("GB", "GB-NIR"), lines=(PurchaseLine(1, Money(60000, "GBP"), Decimal("0.20")),)
    )
    quote = assess(BOOK, island).require()
    assert (quote.refund, quote.last_departure_on) == (Money(10000, "GBP"), date(2026, 6, 30))
    assert problems(replace(island, store=Store("GB", "GB-ENG"))) == [why.SchemeWithdrawn]


def test_an_operators_table_is_not_guessed_between_its_rows() -> None:
    korea = replace(
        BOUGHT,
        store=Store("KR", "KR"),
        traveller=replace(BOUGHT.traveller, last_entry=date(2023, 5, 20)),
        lines=(PurchaseLine(1, Money(75000, "KRW"), Decimal("0.1")),),
        purchased_on=date(2023, 6, 1),
    )
    assert problems(korea) == [why.AmountOutsideTiers]
    assert problems(replace(korea, lines=(PurchaseLine(1, Money(74999, "KRW"), Decimal("0.1")),))) == []


def test_malformed_input_is_refused_at_once() -> None:
    with pytest.raises(CurrencyMismatch):
        assess(BOOK, replace(BOUGHT, lines=(PurchaseLine(1, Money(100, "JPY"), Decimal("0.1")),)))
    with pytest.raises(UnknownJurisdiction):
        assess(BOOK, replace(BOUGHT, store=Store("XX", "XX")))


@given(
    st.lists(st.tuples(st.integers(1, 10**8), st.sampled_from(["0.13", "0.09"])), min_size=1, max_size=12),
)
def test_lines_add_up_to_the_form_and_splitting_a_line_changes_nothing(goods: list[tuple[int, str]]) -> None:
    lines = tuple(PurchaseLine(n, Money(minor, "CNY"), Decimal(rate)) for n, (minor, rate) in enumerate(goods, 1))
    quote = assess(BOOK, replace(BOUGHT, lines=lines, earlier_today=cny("200.00"))).require()
    assert total((one.refund for one in quote.lines), "CNY") == quote.refund
    assert total((one.fee for one in quote.lines), "CNY") == quote.fee
    assert quote.net == quote.refund - quote.fee
    assert Money(0, "CNY") <= quote.net < quote.gross
    first = lines[0]
    halves = (
        replace(first, gross=Money(first.gross.minor // 2, "CNY")),
        replace(first, gross=Money(first.gross.minor - first.gross.minor // 2, "CNY"), line_no=99),
    )
    again = assess(BOOK, replace(BOUGHT, lines=(*halves, *lines[1:]), earlier_today=cny("200.00"))).require()
    assert (again.refund, again.fee) == (quote.refund, quote.fee)
