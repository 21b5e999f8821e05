"""Three travellers, on every store: one leaves in time, one does not, one takes the ordinary route; and what can go wrong."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel.money import Money
from souvenir.kernel.sealing import Redacted
from souvenir.payments.payment import Tender
from souvenir.processes.forget_person import forget_person
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import (
    GuaranteeDeclined,
    NoOrdersToRefund,
    OrdersDoNotBelongTogether,
    TravelDocument,
)
from souvenir.processes.take_back import AdvanceExceedsReturn
from souvenir.sales.order import OrderNotPaid
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.eligibility import BelowMinimumPurchase, DocumentNotAccepted, InvoiceBeforeEntry, StayTooLong
from souvenir.taxrefund.invoice import InvoiceMalformed
from souvenir.taxrefund.refusals import (
    GuaranteeTooSmall,
    InvoiceAlreadyClaimed,
    MoreUnitsThanListed,
    OrderAlreadyClaimed,
    RefundIsFinal,
)
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
IN_TIME, LATE = date(2026, 8, 7), date(2026, 8, 8)
NO_LAW_KEEPS_IT = datetime(2037, 1, 1, tzinfo=UTC)
ELEVEN_HUNDRED = 10
"""Mugs: 1,130.00 with 13 % VAT; refund 124.30, fee 22.60, net 101.70, as in the journal's worked example."""


@pytest.fixture
def now():
    with clock_at(MORNING) as standing:
        yield standing


@pytest.fixture
def small(store_url, tmp_path, now):
    small = open_small_shop(store_url, secrets=str(tmp_path / "secrets"))
    yield small
    small.shop.close()


def bought(small: SmallShop, mugs: int = ELEVEN_HUNDRED, on: date = TODAY) -> UUID:
    return small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, mugs)], Tender.CASH, on=on).result


def opened(small: SmallShop, mode: str = "instant_store", document: TravelDocument = JANE, mugs: int = ELEVEN_HUNDRED):
    return small.shop.refund_tax.open_claim([bought(small, mugs)], mode, document, issued_on=TODAY).result


def advanced(small: SmallShop) -> UUID:
    return hand_over(small, opened(small))


def hand_over(small: SmallShop, claim: UUID) -> UUID:
    small.shop.refund_tax.agree(claim, TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "tok_visa", TODAY)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    return claim


def balances(small: SmallShop) -> dict[str, str]:
    small.shop.followers.catch_up()
    return {
        row.account: row.closing.amount
        for row in small.shop.ledger.trial_balance().rows
        if row.closing and ("Refund" in row.account or "Guarantee" in row.account)
    }


def held(small: SmallShop) -> list[str]:
    return [str(m.amount) for m in small.sandbox.movements.values() if m.kind == "hold" and m.open]


def test_who_leaves_in_time_keeps_the_advance_and_gets_the_guarantee_back(small):
    claim = advanced(small)
    assert held(small) == ["101.70 CNY"]
    assert balances(small) == {
        "Assets:RefundAdvance:PendingCustoms": "124.30",
        "Liabilities:UnearnedRefundFee": "-22.60",
        "Memo:Guarantee:Held": "101.70",
        "Memo:Guarantee:Contra": "-101.70",
    }
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, IN_TIME)
    assert small.shop.log.load(Claim, claim).state == "completed"
    assert held(small) == []
    assert balances(small) == {"Assets:Receivable:RefundAgency": "124.30", "Income:RefundCommission": "-6.78"}


def test_who_misses_the_day_loses_the_guarantee_and_may_still_claim_the_ordinary_way(small):
    claim = advanced(small)
    small.shop.followers.catch_up()
    assert small.shop.refund_tax.act_on_deadlines(IN_TIME) == 0
    assert small.shop.refund_tax.act_on_deadlines(LATE) == 1
    captured = [m for m in small.sandbox.movements.values() if m.kind == "capture"]
    assert [str(m.amount) for m in captured] == ["101.70 CNY"]
    assert balances(small) == {}
    small.shop.refund_tax.confirm_customs(claim, "PVG", {1: 10}, date(2026, 10, 8))
    small.shop.refund_tax.pay_at_departure(claim, "cash", date(2026, 10, 8))
    assert small.shop.log.load(Claim, claim).state == "paid"
    assert small.shop.refund_tax.act_on_deadlines(date(2026, 12, 1)) == 0


def test_the_ordinary_route_is_paid_after_customs(small):
    claim = opened(small, "departure")
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, TODAY)
    small.shop.refund_tax.pay_at_departure(claim, "cash", TODAY, by="shop")
    assert small.shop.log.load(Claim, claim).received == Money.parse("101.70 CNY")
    assert balances(small)["Assets:Receivable:RefundAgency"] == "124.30"


def test_customs_that_see_fewer_units_recover_the_difference(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 4}, IN_TIME)
    loaded = small.shop.log.load(Claim, claim)
    assert (loaded.state, str(loaded.received)) == ("completed", "40.68 CNY")
    captured = [m for m in small.sandbox.movements.values() if m.kind == "capture"]
    assert [str(m.amount) for m in captured] == ["61.02 CNY"]


def test_customs_that_refuse_recover_everything(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 0}, IN_TIME, reason="goods_used")
    assert str(small.shop.log.load(Claim, claim).received) == "0.00 CNY"
    assert balances(small) == {}


def test_a_card_that_declines_leaves_the_claim_waiting_for_another(small):
    claim = opened(small)
    small.shop.refund_tax.agree(claim, TODAY)
    with pytest.raises(GuaranteeDeclined):
        small.shop.refund_tax.guarantee(claim, "sandbox", "decline", TODAY)
    with pytest.raises(GuaranteeTooSmall):
        small.shop.refund_tax.advance(claim, "cash", TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "unknown", TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "tok_other", TODAY)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    assert held(small) == ["101.70 CNY"]
    assert str(small.shop.log.load(Claim, claim).received) == "101.70 CNY"


def test_goods_returned_before_customs_void_the_form_and_keep_back_the_advance(small):
    claim = advanced(small)
    order = small.shop.log.load(Claim, claim).order_ids[0]
    small.shop.take_back.take_back(order, {1: 10}, "cash", TODAY)
    loaded = small.shop.log.load(Claim, claim)
    assert (loaded.state, str(loaded.outstanding)) == ("voided", "0.00 CNY")
    assert held(small) == []
    assert [m for m in small.sandbox.movements.values() if m.kind == "capture"] == []
    assert balances(small) == {}


def test_a_return_that_does_not_cover_the_advance_is_refused(small):
    """Of 1,356.00 the traveller holds 122.04; one mug of 113.00 does not bring that back."""
    items = [Item(small.mug, 2), Item(small.vase, edition_id=small.edition, number=1)]
    order = small.shop.sell.at_till(small.counter, TILL, items, Tender.CASH, on=TODAY).result
    claim = small.shop.refund_tax.open_claim([order], "instant_store", JANE, issued_on=TODAY).result
    hand_over(small, claim)
    with pytest.raises(AdvanceExceedsReturn) as refusal:
        small.shop.take_back.take_back(order, {1: 1}, "cash", TODAY)
    assert (str(refusal.value.owed), str(refusal.value.back)) == ("122.04 CNY", "113.00 CNY")
    assert small.shop.log.load(Claim, claim).state == "advanced"


def test_a_refund_that_is_final_locks_its_goods(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, IN_TIME)
    with pytest.raises(RefundIsFinal):
        small.shop.take_back.take_back(small.shop.log.load(Claim, claim).order_ids[0], {1: 10}, "cash", TODAY)


def test_a_form_without_a_date_is_issued_today_where_the_goods_were_sold(small, now):
    order = bought(small)
    now.move_to(MORNING + timedelta(days=2, hours=16))
    claim = small.shop.refund_tax.open_claim([order], "instant_store", JANE).result
    loaded = small.shop.log.load(Claim, claim)
    assert (loaded.purchased_on, loaded.issued_on) == (TODAY, TODAY + timedelta(days=3))
    small.shop.refund_tax.agree(claim)
    assert small.shop.log.load(Claim, claim).promised_by == TODAY + timedelta(days=3 + 28)


def test_one_order_stands_on_one_form(small):
    order = bought(small)
    small.shop.refund_tax.open_claim([order], "departure", JANE, issued_on=TODAY)
    with pytest.raises(OrderAlreadyClaimed):
        small.shop.refund_tax.open_claim([order], "departure", JANE, issued_on=TODAY)


def test_one_invoice_stands_on_one_form_however_it_is_written(small):
    def claim(*invoices: str) -> UUID:
        return small.shop.refund_tax.open_claim([bought(small)], "departure", JANE, None, TODAY, invoices).result

    claim("25112000000000001234")
    with pytest.raises(InvoiceAlreadyClaimed):
        claim("2511 2000 0000 0000 1234")
    with pytest.raises(InvoiceMalformed):
        claim("17")


def test_more_units_than_the_form_lists_are_refused(small):
    with pytest.raises(MoreUnitsThanListed):
        small.shop.refund_tax.confirm_customs(advanced(small), "PEK", {1: 11}, IN_TIME)


@pytest.mark.parametrize(
    ("document", "mugs", "refusal"),
    [
        (TravelDocument("passport", "E1", "A", TODAY - timedelta(days=184)), 10, StayTooLong),
        (TravelDocument("passport", "E1", "A", TODAY + timedelta(days=1)), 10, InvoiceBeforeEntry),
        (TravelDocument("library_card", "E1", "A", TODAY), 10, DocumentNotAccepted),
        (TravelDocument("passport", "E1", "A", TODAY), 1, BelowMinimumPurchase),
    ],
)
def test_who_or_what_is_not_eligible_is_refused_and_nothing_recorded(small, document, mugs, refusal):
    order = bought(small, mugs)
    before = small.shop.log.head()
    with pytest.raises(refusal):
        small.shop.refund_tax.open_claim([order], "departure", document, issued_on=TODAY)
    assert small.shop.log.head() == before
    assessment = small.shop.refund_tax.assess([order], "departure", document.kind, document.last_entry)
    assert refusal in [type(problem) for problem in assessment.problems]


def test_a_stay_of_183_days_is_still_eligible(small):
    document = TravelDocument("passport", "E1", "A", TODAY - timedelta(days=183))
    assert opened(small, "departure", document)


def test_orders_of_different_days_or_unpaid_ones_do_not_share_a_form(small):
    with pytest.raises(OrdersDoNotBelongTogether):
        small.shop.refund_tax.open_claim(
            [bought(small), bought(small, on=TODAY - timedelta(days=1))], "departure", JANE
        )
    with pytest.raises(NoOrdersToRefund):
        small.shop.refund_tax.open_claim([], "departure", JANE)
    basket = small.shop.sell.open_basket(small.counter, "guest").result
    small.shop.sell.set_quantity(basket, "guest", small.mug, 10)
    with pytest.raises(OrderNotPaid):
        small.shop.refund_tax.open_claim([small.shop.sell.place_order(basket, "guest").result], "departure", JANE)


def test_a_forgotten_traveller_is_redacted_while_the_books_still_replay(small):
    claim = advanced(small)
    before = balances(small)
    assert small.shop.refund_tax.traveller_of(claim) == ("JANE DOE", "E12345678")
    traveller = small.shop.log.load(Claim, claim).traveller
    with clock_at(NO_LAW_KEEPS_IT):
        forget_person(small.shop.log, small.shop.secrets.keyring, traveller, ["tax"], "asked by the traveller", TODAY)
    name, number = small.shop.refund_tax.traveller_of(claim)
    assert isinstance(name, Redacted)
    assert isinstance(number, Redacted)
    assert balances(small) == before


def test_the_same_document_is_the_same_person(small):
    first, second = opened(small, "departure"), opened(small, "departure")
    other = opened(small, "departure", TravelDocument("passport", "X9", "JOHN ROE", date(2026, 7, 1)))
    people = [small.shop.log.load(Claim, claim).traveller for claim in (first, second, other)]
    assert people[0] == people[1] != people[2]


class Scanner:
    def read(self) -> str:
        return "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"


def test_a_scanned_passport_opens_a_claim_and_shows_nobody(small):
    document = TravelDocument.read(Scanner(), date(2026, 7, 1), date(2012, 4, 1))
    assert "ERIKSSON" not in repr(document)
    assert "1974" not in repr(document)
    assert [document.age_on(date(2026, 8, day)) for day in (11, 12)] == [51, 52]
    claim = opened(small, "departure", document)
    assert small.shop.refund_tax.traveller_of(claim) == ("ANNA MARIA ERIKSSON", "L898902C3")


def test_an_unknown_claim_is_not_found(small):
    with pytest.raises(Exception, match="no Claim"):
        small.shop.refund_tax.agree(uuid4(), TODAY)
