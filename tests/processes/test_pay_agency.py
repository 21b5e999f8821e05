"""What came back of the agency's advances goes back to it: by the bank, by hand, or out of its own statement; once."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.banking.bank import NoBank
from souvenir.banking.banks.simulator import BankSimulator
from souvenir.banking.transfer import Transfer
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.pay_agency import PayAgency
from souvenir.processes.pay_out import PaymentNotKnown
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.agency_payment import AgencyPayment, NothingOwedToAgency, NotPaidToAgencyByHand
from souvenir.taxrefund.agency_statement import StatementChanged
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.settlement import Statement, clawback_line, read_statement, write_statement
from souvenir.testing import clock_at

PROMISED, LATE, AUGUST, SEPTEMBER = date(2026, 8, 7), date(2026, 8, 8), date(2026, 8, 1), date(2026, 9, 15)
ACCOUNTS = ("Assets:Receivable:RefundAgency", "Liabilities:AgencyFee", "Liabilities:RefundAgency:Clawback")
ALL = Money.parse("101.70 CNY")


@pytest.fixture
def now() -> Iterator[SettableClock]:
    with clock_at(MORNING) as standing:
        yield standing


@pytest.fixture
def small(tmp_path, now) -> Iterator[SmallShop]:
    small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), advanced_by="agency")
    yield small
    small.shop.close()


def advanced(small: SmallShop) -> UUID:
    """Ten mugs, 1,130.00: refund 124.30, fee 22.60, of which the shop has 6.78; the agency advanced 101.70."""
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    jane = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
    claim = small.shop.refund_tax.open_claim([order], "instant_store", jane, issued_on=TODAY).result
    small.shop.refund_tax.agree(claim, TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    return claim


def broken(small: SmallShop) -> UUID:
    claim = advanced(small)
    small.shop.refund_tax.miss_promise(claim, LATE)
    small.shop.followers.catch_up()
    return claim


def owed(small: SmallShop) -> list[str]:
    small.shop.followers.catch_up()
    with small.shop.log.reading() as session:
        return [str(form.amount) for form in small.shop.views.agency_account.owed(session, "Bank", "CNY")]


def books(small: SmallShop) -> dict[str, str]:
    small.shop.followers.catch_up()
    rows = {row.account: row.closing for row in small.shop.ledger.trial_balance().rows}
    return {account: rows[account].amount for account in ("Assets:Bank", *ACCOUNTS) if rows.get(account)}


def form_no(small: SmallShop, claim: UUID) -> str:
    return small.shop.log.load(Claim, claim).claim_no


def test_what_people_paid_the_agency_themselves_is_no_longer_owed(small: SmallShop) -> None:
    claim = broken(small)
    assert (owed(small), books(small)) == (["101.70 CNY"], {ACCOUNTS[2]: "-101.70"})
    paid = small.shop.pay_agency.record_paid("Bank", "CNY", TODAY, "B-1").result
    payment = small.shop.log.load(AgencyPayment, paid)
    assert [(line.claim_id, line.amount) for line in payment.lines] == [(claim, ALL)]
    assert (payment.state, payment.paid_on, payment.reference) == ("paid", TODAY, "B-1")
    assert (owed(small), books(small)) == ([], {"Assets:Bank": "-101.70"})
    with pytest.raises(NothingOwedToAgency):
        small.shop.pay_agency.record_paid("Bank", "CNY", TODAY, "B-2")
    with pytest.raises(NothingOwedToAgency):
        small.shop.pay_agency.record_paid("Bank", "CNY", TODAY, "B-2", [claim])


def test_a_payment_that_was_none_is_taken_back_and_owed_again(small: SmallShop) -> None:
    broken(small)
    paid = small.shop.pay_agency.record_paid("Bank", "CNY", TODAY, "B-1").result
    owed(small)
    for _ in range(2):
        small.shop.pay_agency.withdraw(paid, "the wrong bank", TODAY)
        assert (owed(small), books(small)) == (["101.70 CNY"], {ACCOUNTS[2]: "-101.70"})
    small.shop.pay_agency.record_paid("Bank", "CNY", TODAY, "B-2")
    assert (owed(small), books(small)) == ([], {"Assets:Bank": "-101.70"})


@pytest.mark.parametrize(("paid_on", "reference"), [(date(2026, 7, 12), "B-1"), (TODAY, " ")])
def test_a_payment_has_a_day_that_has_come_and_a_reference(small: SmallShop, paid_on: date, reference: str) -> None:
    broken(small)
    with pytest.raises(PaymentNotKnown):
        small.shop.pay_agency.record_paid("Bank", "CNY", paid_on, reference)


def test_what_the_shop_advanced_itself_is_owed_to_nobody(tmp_path, now) -> None:
    small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), advanced_by="shop")
    claim = broken(small)
    assert owed(small) == []
    with pytest.raises(NothingOwedToAgency):
        small.shop.pay_agency.record_paid("Bank", "CNY", TODAY, "B-1", [claim])
    small.shop.close()


def test_only_what_is_owed_in_that_currency_to_that_agency_is_paid(small: SmallShop) -> None:
    claim = broken(small)
    for agency, currency in (("Another", "CNY"), ("Bank", "EUR")):
        with pytest.raises(NothingOwedToAgency):
            small.shop.pay_agency.record_paid(agency, currency, TODAY, "B-1", [claim])


# By the bank.


def by_bank(small: SmallShop, bank: BankSimulator) -> PayAgency:
    small.shop.pay_out._bank = bank
    return PayAgency(small.shop.log, bank, small.shop.pay_out)


def test_the_bank_is_ordered_to_pay_and_the_books_follow_the_bank(small: SmallShop, now) -> None:
    broken(small), broken(small)
    now.move_to(MORNING.replace(month=8, day=10))
    bank = BankSimulator()
    paid = by_bank(small, bank).by_bank("Bank", "CNY").result
    assert [str(amount) for amount in bank.paid] == ["203.40 CNY"]
    assert (owed(small), books(small)) == ([], {"Assets:Bank": "-203.40"})
    assert small.shop.log.load(AgencyPayment, paid).state == "paid"
    with pytest.raises(NotPaidToAgencyByHand):
        small.shop.pay_agency.withdraw(paid, "no", TODAY)
    with pytest.raises(NothingOwedToAgency):
        by_bank(small, bank).by_bank("Bank", "CNY")


def test_what_the_bank_rejects_or_sends_back_is_owed_again(small: SmallShop, now) -> None:
    broken(small)
    now.move_to(MORNING.replace(month=8, day=10))
    rejecting, paying = BankSimulator(rejects={"Bank": "account closed"}), BankSimulator()
    failed = by_bank(small, rejecting).by_bank("Bank", "CNY").result
    assert (owed(small), books(small)) == (["101.70 CNY"], {ACCOUNTS[2]: "-101.70"})
    assert small.shop.log.load(AgencyPayment, failed).reason == "account closed"
    by_bank(small, paying).by_bank("Bank", "CNY")
    assert (owed(small), books(small)) == ([], {"Assets:Bank": "-101.70"})
    (key,) = paying.orders
    paying.returned[key] = "no such account"
    small.shop.pay_out.look(key)
    assert small.shop.log.load(Transfer, key).state == "rejected"
    assert (owed(small), books(small)) == (["101.70 CNY"], {ACCOUNTS[2]: "-101.70"})


def test_without_a_bank_nothing_is_ordered(small: SmallShop) -> None:
    broken(small)
    with pytest.raises(NoBank):
        small.shop.pay_agency.by_bank("Bank", "CNY")


# Out of the agency's statement.


def test_the_month_is_stated_with_what_came_back_and_the_agency_s_account_clears_exactly(small: SmallShop) -> None:
    kept, missed = advanced(small), broken(small)
    small.shop.refund_tax.confirm_customs(kept, "PEK", {1: 4}, PROMISED)
    small.shop.followers.catch_up()
    settle = small.shop.settle_agency
    stated = settle.statement("2026-08", AUGUST)
    assert {(line.form_no, str(line.amount)) for line in stated.lines} == {
        (form_no(small, kept), "2.71 CNY"),
        (form_no(small, kept), "-61.02 CNY"),
        (form_no(small, missed), "-101.70 CNY"),
    }
    assert str(stated.amount) == "-160.01 CNY"
    read = read_statement(write_statement(stated))
    assert read == stated
    settle.take_in(read, SEPTEMBER)
    received = settle.received("2026-08")
    assert (received.lines, received.settled, received.discrepancies) == (3, 3, ())
    assert (owed(small), books(small)) == ([], {"Assets:Bank": "-160.01"})
    assert settle.take_in(read, SEPTEMBER).replayed
    assert settle.statement("X", AUGUST).lines == ()


def test_a_line_that_is_not_what_is_owed_is_told_and_nothing_is_paid_for_it(small: SmallShop) -> None:
    missed, going = broken(small), advanced(small)
    small.shop.followers.catch_up()
    settle, number = small.shop.settle_agency, form_no(small, missed)
    lines = (
        clawback_line(number, LATE, Money.parse("101.69 CNY")),
        clawback_line(form_no(small, going), LATE, ALL),
        clawback_line("2026081200000000000", LATE, ALL),
    )
    settle.take_in(Statement("S1", lines), SEPTEMBER)
    told = {(one.difference, one.expected and one.expected.amount) for one in settle.received("S1").discrepancies}
    assert told == {("amount_differs", "-101.70"), ("not_final", None), ("unknown_form", None)}
    settle.take_in(Statement("S2", (clawback_line(number, LATE, ALL),)), SEPTEMBER)
    settle.take_in(Statement("S3", (clawback_line(number, LATE, ALL),)), SEPTEMBER)
    assert settle.received("S2").discrepancies == ()
    assert [one.difference for one in settle.received("S3").discrepancies] == ["settled_before"]
    assert books(small) == {"Assets:Bank": "-101.70"}
    with pytest.raises(StatementChanged):
        settle.take_in(Statement("S2", (clawback_line(number, LATE, Money.parse("1 CNY")),)), SEPTEMBER)


def test_what_is_owed_and_not_on_the_statement_is_missing(small: SmallShop) -> None:
    kept, missed = advanced(small), broken(small)
    small.shop.refund_tax.confirm_customs(kept, "PEK", {1: 10}, PROMISED)
    small.shop.followers.catch_up()
    settle = small.shop.settle_agency
    stated = settle.statement("S1", AUGUST)
    settle.take_in(Statement("S1", tuple(line for line in stated.lines if not line.is_clawback)), SEPTEMBER)
    (missing,) = settle.received("S1").discrepancies
    assert (missing.difference, missing.form_no) == ("missing", form_no(small, missed))
    assert str(missing.expected) == "-101.70 CNY"


def test_each_agency_has_a_statement_of_its_own(small: SmallShop) -> None:
    kept, _ = advanced(small), broken(small)
    small.shop.refund_tax.confirm_customs(kept, "PEK", {1: 10}, PROMISED)
    small.shop.followers.catch_up()
    settle = small.shop.settle_agency
    stated = settle.statement("S1", AUGUST, agency="Bank")
    assert {str(line.amount) for line in stated.lines} == {"6.78 CNY", "-101.70 CNY"}
    assert settle.statement("S1", AUGUST, agency="Another").lines == ()
