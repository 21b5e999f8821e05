"""Where the agency advances the money: whatever becomes of a claim, the books say what the shop owes it and is owed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.claim import Claim
from souvenir.testing import clock_at

PROMISED, LATE = date(2026, 8, 7), date(2026, 8, 8)
CARD, OWED_TO_AGENCY = "Assets:Clearing:Card", "Liabilities:RefundAgency:Clawback"
OWED_BY_AGENCY, COMMISSION = "Assets:Receivable:RefundAgency", "Income:RefundCommission"


@pytest.fixture
def small(tmp_path):
    with clock_at(MORNING):
        small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), advanced_by="agency")
        yield small
        small.shop.close()


def advanced(small: SmallShop) -> UUID:
    """Ten mugs, 1,130.00: refund 124.30, fee 22.60, of which the shop has 6.78; the agency advanced 101.70."""
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    jane = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
    refund_tax = small.shop.refund_tax
    claim = refund_tax.open_claim([order], "instant_store", jane, issued_on=TODAY).result
    refund_tax.agree(claim, TODAY)
    refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    refund_tax.advance(claim, "cash", TODAY)
    return claim


def kept(small: SmallShop, claim: UUID) -> None:
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, PROMISED)


def kept_in_part(small: SmallShop, claim: UUID) -> None:
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 4}, PROMISED)


def settled(small: SmallShop, claim: UUID) -> None:
    kept(small, claim)
    small.shop.refund_tax.settle(claim, Money.parse("6.78 CNY"), PROMISED)


def settled_short(small: SmallShop, claim: UUID) -> None:
    kept(small, claim)
    small.shop.refund_tax.settle(claim, Money.parse("5.00 CNY"), PROMISED)


def broken(small: SmallShop, claim: UUID) -> None:
    small.shop.refund_tax.miss_promise(claim, LATE)


def refused_by_the_card(small: SmallShop, claim: UUID) -> None:
    for reference, movement in small.sandbox.movements.items():
        small.sandbox.movements[reference] = replace(movement, open=False)
    broken(small, claim)


def paid_back(small: SmallShop, claim: UUID) -> None:
    refused_by_the_card(small, claim)
    small.shop.refund_tax.repay(claim, uuid4(), Money.parse("101.70 CNY"), "bank_transfer", LATE)


def written_off(small: SmallShop, claim: UUID) -> None:
    refused_by_the_card(small, claim)
    small.shop.refund_tax.write_off(claim, LATE)


def voided(small: SmallShop, claim: UUID) -> None:
    small.shop.refund_tax.void(claim, "made out wrongly", TODAY)


def returned(small: SmallShop, claim: UUID) -> None:
    small.shop.take_back.take_back(small.shop.log.load(Claim, claim).order_ids[0], {1: 10}, "cash", TODAY)


def returned_by_who_owes(small: SmallShop, claim: UUID) -> None:
    refused_by_the_card(small, claim)
    returned(small, claim)


def claimed_at_departure(small: SmallShop, claim: UUID) -> None:
    broken(small, claim)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, LATE)
    small.shop.refund_tax.pay_at_departure(claim, "cash", LATE, by="agency")


@pytest.mark.parametrize(
    ("ends", "accounts", "by_agency"),
    [
        (kept, {OWED_BY_AGENCY: "6.78", COMMISSION: "-6.78"}, "101.70"),
        (kept_in_part, {OWED_BY_AGENCY: "2.71", COMMISSION: "-2.71", CARD: "61.02", OWED_TO_AGENCY: "-61.02"}, "40.68"),
        (settled, {"Assets:Bank": "6.78", COMMISSION: "-6.78"}, "0.00"),
        (settled_short, {"Assets:Bank": "5.00", OWED_BY_AGENCY: "1.78", COMMISSION: "-6.78"}, "0.00"),
        (broken, {CARD: "101.70", OWED_TO_AGENCY: "-101.70"}, "0.00"),
        (refused_by_the_card, {}, "101.70"),
        (paid_back, {"Assets:Bank": "101.70", OWED_TO_AGENCY: "-101.70"}, "0.00"),
        (written_off, {}, "0.00"),
        (voided, {CARD: "101.70", OWED_TO_AGENCY: "-101.70"}, "0.00"),
        (returned, {OWED_TO_AGENCY: "-101.70"}, "0.00"),
        (returned_by_who_owes, {OWED_TO_AGENCY: "-101.70"}, "0.00"),
        (claimed_at_departure, {CARD: "101.70", OWED_TO_AGENCY: "-101.70"}, "101.70"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_came_back_of_the_agencys_money_is_owed_to_it_and_the_memo_says_what_is_still_out(
    small: SmallShop, ends: Callable[[SmallShop, UUID], None], accounts: dict[str, str], by_agency: str
) -> None:
    ends(small, advanced(small))
    small.shop.followers.catch_up()
    rows = {row.account: row.closing.amount for row in small.shop.ledger.trial_balance().rows if row.closing}
    about = ("Refund", "Guarantee", "Clearing", "Bank", "BadDebt")
    moved = {account: amount for account, amount in rows.items() if any(word in account for word in about)}
    assert moved.pop("Memo:Refunds:ByAgency", "0.00") == by_agency
    moved.pop("Memo:Refunds:Contra", None)
    assert moved == accounts
