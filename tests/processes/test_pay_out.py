"""A royalty leaves by bank transfer as its statement asks: once, whatever the bank answers; the books follow the bank."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from crashes import Crash, Tripwire
from shops import MORNING, TILL, TODAY, open_small_shop

from souvenir.banking.bank import NoBank
from souvenir.banking.banks.simulator import BankSimulator, Lost
from souvenir.banking.transfer import Transfer
from souvenir.kernel.money import Money
from souvenir.licensing.licence import Grant
from souvenir.licensing.statement import NotStated
from souvenir.licensing.terms import Instalment, flat
from souvenir.payments.payment import Tender
from souvenir.payments.provider import Providers
from souvenir.payments.providers.cash import Cash
from souvenir.processes.make_order import Item
from souvenir.processes.pay_out import AlreadyBeingPaid, NothingToPay, NotPaidByHand, PaymentNotKnown
from souvenir.shop import Shop
from souvenir.testing import clock_at

PERIOD, STATED = "2026-Q3", date(2026, 10, 5)
PAYABLE = "Liabilities:Royalty:LIC-A"


class Desk:
    """Twenty vases at 1,000.00 without VAT, 8 %: 1,600.00 earned, 1,000.00 of it an advance; 600.00 is due."""

    def __init__(self, now) -> None:
        small = open_small_shop("sqlite://", size=40)
        self.now, self.licence, self.bank, self.log = now, small.licence, BankSimulator(), small.shop.log
        self.secrets, self.tripwire = small.shop.secrets, Tripwire()
        vases = [Item(small.vase, 1, small.edition, number=number) for number in range(1, 21)]
        small.shop.sell.at_till(small.counter, TILL, vases, Tender.CASH, on=TODAY)
        paid, nothing = Money.parse("1000.00 CNY"), Money.zero("CNY")
        small.shop.licensing.record_advance(small.licence, "B1", paid, nothing, TODAY)
        small.shop.followers.catch_up()
        now.move_to(MORNING.replace(month=10, day=5))
        small.shop.licensing.issue_statement(small.licence, "2026-Q1", STATED)
        small.shop.licensing.issue_statement(small.licence, "2026-Q2", STATED)
        small.shop.licensing.issue_statement(small.licence, PERIOD, STATED)
        self.shop = self.opened()

    def opened(self, bank: BankSimulator | None = None) -> Shop:
        return Shop(
            self.log, self.secrets, Providers(Cash()), issuer={"en": "Shop"}, resolver="", bank=bank or self.bank
        )

    def pay(self) -> UUID:
        return self.shop.pay_out.royalty(self.licence, PERIOD).result

    def later(self, days: int) -> None:
        self.now.move_to(self.now() + timedelta(days=days))
        self.shop.pay_out.settle_open()

    def of(self, id: UUID) -> tuple[str, str]:
        found = self.log.load(Transfer, id)
        return found.state, found.amount.amount

    def books(self) -> dict[str, str]:
        self.shop.followers.catch_up()
        rows = self.shop.ledger.trial_balance().rows
        return {row.account: row.closing.amount for row in rows if row.account in (PAYABLE, "Assets:Bank")}


@pytest.fixture
def desk():
    with clock_at(MORNING) as now:
        yield Desk(now)


def test_what_is_due_is_sent_at_once_and_paid_on_its_day(desk):
    assert desk.books() == {PAYABLE: "-600.00", "Assets:Bank": "-1000.00"}
    order = desk.pay()
    assert (desk.of(order), desk.bank.paid) == (("sent", "600.00"), [])
    desk.later(60)
    assert desk.of(order) == ("executed", "600.00")
    assert [str(amount) for amount in desk.bank.paid] == ["600.00 CNY"]
    assert desk.books() == {PAYABLE: "0.00", "Assets:Bank": "-1600.00"}


def test_asked_for_twice_or_by_two_people_it_is_one_order(desk):
    first, again = desk.pay(), desk.pay()
    desk.later(60)
    assert first == again == desk.pay()
    assert len(desk.bank.orders) == 1


@pytest.mark.parametrize("faults", [[f] * n for f in (Lost.REQUEST, Lost.ANSWER) for n in (1, 2, 3)])
def test_whatever_answer_is_lost_it_is_paid_once(desk, faults):
    desk.bank.faults.extend(faults)
    order = desk.pay()
    for _ in range(3):
        desk.later(20)
    assert (desk.of(order), len(desk.bank.orders)) == (("executed", "600.00"), 1)
    assert desk.books()[PAYABLE] == "0.00"


@pytest.mark.parametrize("step", range(1, 7))
def test_a_crash_at_any_step_pays_once(desk, step):
    desk.log.commit = desk.tripwire.around(desk.log.commit)
    desk.bank.send = desk.tripwire.around(desk.bank.send)
    desk.bank.query = desk.tripwire.around(desk.bank.query)
    desk.tripwire.steps = step
    with pytest.raises(Crash):
        desk.pay()
    desk.shop = desk.opened()
    order = desk.pay()
    desk.later(60)
    assert (desk.of(order), len(desk.bank.orders)) == (("executed", "600.00"), 1)


def test_a_rejected_order_is_still_owed_and_given_again_under_a_new_key(desk):
    desk.bank.rejects["Palace Studio"] = "closed account"
    first = desk.pay()
    assert desk.of(first) == ("rejected", "600.00")
    assert desk.books()[PAYABLE] == "-600.00"
    desk.bank.rejects.clear()
    second = desk.pay()
    assert second != first
    desk.later(60)
    assert desk.of(second) == ("executed", "600.00")
    assert desk.books() == {PAYABLE: "0.00", "Assets:Bank": "-1600.00"}


def test_money_the_payees_bank_sends_back_is_owed_again(desk):
    order = desk.pay()
    desk.later(60)
    desk.bank.returned[order] = "no such account"
    assert desk.shop.pay_out.look(order).reason == "no such account"
    assert desk.books() == {PAYABLE: "-600.00", "Assets:Bank": "-1000.00"}


@pytest.mark.parametrize(("days", "state"), [(1, "rejected"), (29, "rejected"), (31, "executed")])
def test_money_that_is_sent_back_within_a_month_is_noticed_by_itself(desk, days, state):
    order = desk.pay()
    desk.later(25)
    assert desk.of(order)[0] == "executed"
    desk.bank.returned[order] = "no such account"
    desk.later(days)
    assert desk.of(order)[0] == state


def test_nothing_is_paid_without_a_statement_a_debt_or_a_bank(desk):
    with pytest.raises(NotStated):
        desk.shop.pay_out.royalty(desk.licence, "2026-Q4")
    with pytest.raises(NothingToPay):
        desk.shop.pay_out.royalty(desk.licence, "2026-Q1")
    without = Shop(desk.log, desk.secrets, Providers(Cash()), issuer={"en": "Shop"}, resolver="")
    with pytest.raises(NoBank):
        without.pay_out.royalty(desk.licence, PERIOD)
    assert without.pay_out.settle_open() == 0


def test_an_order_the_bank_had_is_not_given_again_when_it_knows_it_no_longer(desk):
    """As when the bank's program takes the order's file away."""
    order = desk.pay()
    del desk.bank.orders[order]
    desk.later(1)
    assert (desk.of(order)[0], desk.bank.orders) == ("sent", {})


def test_an_order_for_another_bank_is_left_to_it(desk):
    order = desk.pay()
    other = BankSimulator()
    other.name = "other"
    desk.opened(other).pay_out.settle_open()
    assert (desk.of(order)[0], other.orders) == ("sent", {})
    assert isinstance(desk.now(), datetime)


def interest_of(desk, licence) -> list[tuple[str, str, str]]:
    """The lines about late payment on the next statement, and what of them may recoup."""
    desk.shop.followers.catch_up()
    sheet = desk.shop.licensing.draft_statement(licence, "2026-Q4", date(2027, 1, 5)).sheet
    assert sheet.header.account.earned == Money.zero("CNY"), "interest never recoups"
    return [(line.amendment_no, line.rate, line.royalty.amount) for line in sheet.adjustments]


def late(desk, rate="0.0365", counted="daily", **terms) -> UUID:
    """A licence whose third quarter of 2026 is stated at 1,000.00, due on 30 October."""
    grant = Grant(
        categories=("enamel",), territories=("CN",), channels=("shop",), starts=date(2026, 7, 1), ends=date(2027, 6, 30)
    )
    guarantee = Instalment(due=date(2026, 9, 30), amount=Money.parse("1000.00 CNY"))
    terms |= {"guarantees": (guarantee,), "late_interest_rate": rate, "late_interest": counted}
    licence = desk.shop.licensing.grant("LIC-B", "Museum", {"en": "Crane"}, grant, flat("0.08", "CNY", **terms)).result
    desk.shop.licensing.issue_statement(licence, PERIOD, STATED)
    return licence


@pytest.mark.parametrize(
    ("rate", "counted", "expected"),
    [("0.0365", "daily", "2.00"), ("0.01", "monthly", "10.00"), ("0", "daily", None)],
)
def test_what_leaves_late_bears_interest_on_the_next_statement(desk, rate, counted, expected):
    """1,000.00 due on 30 October, paid on 19 November: 20 days, or a month begun."""
    licence = late(desk, rate, counted)
    desk.later(45)
    order = desk.shop.pay_out.royalty(licence, PERIOD).result
    assert desk.of(order) == ("executed", "1000.00")
    lines = interest_of(desk, licence)
    if expected is None:
        assert lines == []
        return
    name = "interest on 2026-Q3 to 2026-11-19"
    assert lines == [(name, f"{rate} {counted}", expected)]

    desk.bank.returned[order] = "no such account"
    desk.shop.pay_out.look(order)
    assert interest_of(desk, licence)[1:] == [(f"{name}, taken back", f"{rate} {counted}", f"-{expected}")]


def test_tax_the_shop_bears_itself_is_its_own_expense_and_leaves_nothing_owed(desk):
    """1,000.00 owed under a contract that puts 10 % tax on top: 1,111.11 leave, 111.11 of it to the tax office."""
    licence = late(desk, tax_borne_by="licensee", withholding_rate="0.10")
    desk.later(1)
    paid = desk.shop.pay_out.record_paid(licence, PERIOD, date(2026, 10, 5), "TT-77")
    desk.shop.followers.catch_up()
    assert {(leg.account, leg.money.amount) for leg in desk.shop.ledger.legs() if leg.rule == "J25"} == {
        ("Liabilities:Royalty:LIC-B", "1000.00"),
        ("Expenses:Royalty", "111.11"),
        ("Assets:Bank", "-1000.00"),
        ("Liabilities:WHT", "-111.11"),
    }
    assert desk.of(paid.result) == ("executed", "1000.00")


# Paid by hand.


def test_what_was_paid_by_hand_is_no_longer_owed_and_not_paid_again(desk):
    on = date(2026, 10, 4)
    paid = desk.shop.pay_out.record_paid(desk.licence, PERIOD, on, "TT-77").result
    assert desk.of(paid) == ("executed", "600.00")
    assert desk.books() == {PAYABLE: "0.00", "Assets:Bank": "-1600.00"}
    assert desk.shop.pay_out.record_paid(desk.licence, PERIOD, on, "TT-77").result == paid == desk.pay()
    with pytest.raises(AlreadyBeingPaid):
        desk.shop.pay_out.record_paid(desk.licence, PERIOD, on, "TT-78")
    desk.later(60)
    assert (desk.bank.orders, desk.books()[PAYABLE]) == ({}, "0.00")


def test_what_the_bank_has_in_hand_is_not_recorded_besides(desk):
    order = desk.pay()
    with pytest.raises(AlreadyBeingPaid):
        desk.shop.pay_out.record_paid(desk.licence, PERIOD, date(2026, 10, 4), "TT-77")
    with pytest.raises(NotPaidByHand):
        desk.shop.pay_out.withdraw_paid(desk.licence, PERIOD, "a mistake", date(2026, 10, 5))
    desk.later(60)
    assert desk.of(order) == ("executed", "600.00")


@pytest.mark.parametrize(("paid_on", "reference"), [(date(2026, 10, 6), "TT-77"), (date(2026, 10, 4), " ")])
def test_a_payment_that_is_yet_to_come_or_cannot_be_found_is_not_recorded(desk, paid_on, reference):
    with pytest.raises(PaymentNotKnown):
        desk.shop.pay_out.record_paid(desk.licence, PERIOD, paid_on, reference)
    assert desk.books()[PAYABLE] == "-600.00"


def test_a_record_that_was_wrong_is_withdrawn_and_what_it_paid_is_owed_again(desk):
    desk.shop.pay_out.record_paid(desk.licence, PERIOD, date(2026, 10, 4), "TT-77")
    for _ in range(2):
        desk.shop.pay_out.withdraw_paid(desk.licence, PERIOD, "another licence's", date(2026, 10, 5))
    assert desk.books() == {PAYABLE: "-600.00", "Assets:Bank": "-1000.00"}
    desk.pay()
    desk.later(60)
    assert [str(amount) for amount in desk.bank.paid] == ["600.00 CNY"]
    assert desk.books()[PAYABLE] == "0.00"


def test_what_was_paid_late_by_hand_bears_interest_each_time_it_stands(desk):
    """1,000.00 due on 30 October, paid on 19 November."""
    licence = late(desk)
    desk.later(60)
    on, name = date(2026, 11, 19), "interest on 2026-Q3 to 2026-11-19"
    desk.shop.pay_out.record_paid(licence, PERIOD, on, "TT-77")
    assert interest_of(desk, licence) == [(name, "0.0365 daily", "2.00")]
    desk.shop.pay_out.withdraw_paid(licence, PERIOD, "the wrong reference", date(2026, 11, 20))
    desk.shop.pay_out.record_paid(licence, PERIOD, on, "TT-78")
    assert interest_of(desk, licence)[1:] == [
        (f"{name}, taken back", "0.0365 daily", "-2.00"),
        (f"{name}, payment 2", "0.0365 daily", "2.00"),
    ]
