"""After a declined capture: tried again by schedule, paid by link, repaid otherwise, or written off; paid once, ever."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from crashes import Crash, Tripwire, Watched
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel.money import Money
from souvenir.payments.collection import Collection, CollectionOver
from souvenir.payments.payment import Tender
from souvenir.payments.provider import Answer, Outcome, Providers, ProviderSilent
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.sandbox import Fault
from souvenir.processes.collect_debts import LinkNotGenuine, key_of
from souvenir.processes.make_order import Item
from souvenir.processes.pay_back import NothingToReturn
from souvenir.processes.refund_tax import TravelDocument
from souvenir.shop import Shop
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim
from souvenir.testing import clock_at

LATE = date(2026, 8, 8)
DAYS = timedelta(days=1)
OWED, CARD = "Assets:RefundAdvance:TouristRecoverable", "Assets:Clearing:Card"


class Debt:
    """A shop to which a traveller owes 101.70: the promise is broken, and the card was declined on 8 August."""

    def __init__(self, small: SmallShop, refusals: int = 0) -> None:
        self.small, self.shop, self.bank = small, small.shop, small.sandbox
        order = self.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
        document = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
        self.claim = self.shop.refund_tax.open_claim([order], "instant_store", document, issued_on=TODAY).result
        self.shop.refund_tax.agree(self.claim, TODAY)
        self.shop.refund_tax.guarantee(self.claim, "sandbox", "a card", TODAY)
        self.shop.refund_tax.advance(self.claim, "cash", TODAY)
        for reference, movement in self.bank.movements.items():
            self.bank.movements[reference] = replace(movement, open=False)
        self.bank.refusals = refusals
        self.shop.followers.catch_up()
        self.shop.refund_tax.act_on_deadlines(LATE)
        (opened,) = self.shop.log.events(topics=("payments.CollectionOpened",))
        self.id: UUID = opened.event.originator_id

    def day(self, days: int) -> None:
        self.shop.collect_debts.act_on_schedule(LATE + days * DAYS)

    @property
    def now(self) -> Collection:
        return self.shop.log.load(Collection, self.id)

    def of(self) -> tuple[str, str, str]:
        """The collection's state, the guarantee's, and how much of the advance is recovered."""
        guarantee = latest_guarantee(self.shop.log, self.claim)
        assert guarantee is not None
        return self.now.state, guarantee.state, guarantee.recoverable.amount

    def charged(self) -> list[str]:
        return [m.amount.amount for m in self.bank.movements.values() if m.kind == "capture"]

    def kept(self) -> str:
        return self.bank.balance["CNY"].amount if self.bank.balance else "0.00"

    def books(self) -> dict[str, str]:
        self.shop.followers.catch_up()
        names = ("Advance", "Guarantee", "BadDebt", "Card")
        rows = self.shop.ledger.trial_balance().rows
        return {row.account: row.closing.amount for row in rows if row.closing and any(n in row.account for n in names)}

    def pays(self, amount: str) -> None:
        self.shop.refund_tax.repay(self.claim, uuid4(), Money.of(amount, "CNY"), "cash", LATE)

    def link(self) -> str:
        return self.shop.collect_debts.link_for(self.claim, LATE).result

    def holder_pays(self) -> None:
        self.bank.holder_pays(key_of(self.now))


@pytest.fixture
def small():
    with clock_at(MORNING):
        small = open_small_shop("sqlite://")
        yield small
        small.shop.close()


def test_a_declined_capture_leaves_a_debt_that_is_tried_again_after_one_three_and_seven_days(small):
    debt = Debt(small, refusals=9)
    assert debt.of() == ("open", "recoverable", "101.70")
    assert debt.now.tries_on == (date(2026, 8, 9), date(2026, 8, 11), date(2026, 8, 15))
    tried = []
    for day in range(12):
        before = debt.now.tries
        debt.day(day)
        tried += [day] if debt.now.tries > before else []
    assert (tried, debt.charged()) == ([1, 3, 7], [])


@pytest.mark.parametrize(("refusals", "day"), [(0, 1), (1, 3), (2, 7)])
def test_the_attempt_that_succeeds_pays_the_debt_once(small, refusals, day):
    debt = Debt(small, refusals=refusals)
    for passing in range(20):
        debt.day(passing)
        assert debt.charged() == (["101.70"] if passing >= day else [])
    assert debt.of() == ("closed", "repaid", "0.00")
    assert debt.books() == {CARD: "101.70"}
    assert small.shop.log.load(Claim, debt.claim).state == "recovered"


def test_a_debt_nobody_pays_is_written_off_after_sixty_days_and_nothing_can_be_charged_then(small):
    debt = Debt(small, refusals=9)
    link = debt.link()
    small.shop.collect_debts.begin(link)
    for passing in (1, 3, 7, 59):
        debt.day(passing)
    assert debt.of() == ("open", "recoverable", "101.70")
    debt.day(60)
    assert debt.of()[:2] == ("closed", "written_off")
    assert debt.books() == {"Expenses:BadDebt:RefundAdvance": "101.70"}
    debt.holder_pays()
    assert debt.charged() == []
    with pytest.raises(CollectionOver):
        small.shop.collect_debts.begin(link)


def test_who_pays_while_their_debt_is_being_given_up_has_paid(small):
    debt = Debt(small, refusals=9)
    link = debt.link()
    small.shop.collect_debts.begin(link)
    small.sandbox.faults.extend([Fault.NONE, Fault.ANSWER_LOST])
    debt.day(60)
    assert debt.of() == ("giving_up", "recoverable", "101.70")
    debt.holder_pays()
    assert small.shop.collect_debts.settle(link).result
    assert (debt.of(), debt.charged()) == (("closed", "repaid", "0.00"), ["101.70"])


def test_after_downtime_what_was_missed_is_made_up_for_by_one_attempt_a_look(small):
    debt = Debt(small, refusals=1)
    debt.day(30)
    assert (debt.now.tries, debt.charged()) == (1, [])
    debt.day(30)
    assert debt.charged() == ["101.70"]


def test_the_holder_pays_by_the_link_in_their_browser(small):
    debt = Debt(small, refusals=9)
    offer = small.shop.collect_debts.begin(debt.link()).result
    assert (offer.amount.amount, offer.provider, bool(offer.secret)) == ("101.70", "sandbox", True)
    debt.holder_pays()
    for _ in range(2):
        debt.day(0)
    assert (debt.of(), debt.charged()) == (("closed", "repaid", "0.00"), ["101.70"])


def test_who_pays_by_the_link_is_not_charged_again_by_the_schedule(small):
    debt = Debt(small)
    small.shop.collect_debts.begin(debt.link())
    debt.holder_pays()
    debt.day(1)
    debt.holder_pays()
    assert (debt.of(), debt.charged()) == (("closed", "repaid", "0.00"), ["101.70"])


def test_a_link_is_good_for_its_own_debt_and_cannot_be_made_up(small):
    debt = Debt(small)
    link = debt.link()
    assert small.shop.collect_debts.behind(link) == debt.id
    for forged in ("", link[:-1], link[:32], "0" * len(link), f"{uuid4().hex}{link[32:]}", f"{link[:-1]}é"):
        with pytest.raises(LinkNotGenuine):
            small.shop.collect_debts.behind(forged)


def test_what_was_paid_in_part_at_the_counter_is_not_charged(small):
    debt = Debt(small)
    debt.pays("60.00")
    debt.day(1)
    assert (debt.of(), debt.charged()) == (("closed", "repaid", "0.00"), ["41.70"])


def test_a_debt_paid_at_the_counter_is_not_collected_any_more(small):
    debt = Debt(small)
    link = debt.link()
    debt.pays("101.70")
    for passing in (0, 1, 3):
        debt.day(passing)
    assert debt.of() == ("closed", "repaid", "0.00")
    assert debt.charged() == []
    assert small.shop.collect_debts.settle(link).result


def test_what_came_twice_by_link_and_counter_goes_back(small):
    debt = Debt(small, refusals=9)
    small.shop.collect_debts.begin(debt.link())
    debt.pays("60.00")
    debt.holder_pays()
    debt.day(0)
    assert (debt.of(), debt.kept()) == (("closed", "repaid", "0.00"), "41.70")
    assert debt.books() == {CARD: "41.70"}


def test_what_came_twice_and_cannot_go_back_is_listed_and_paid_another_way_once(small):
    debt = Debt(small, refusals=9)
    small.shop.collect_debts.begin(debt.link())
    debt.pays("60.00")
    debt.holder_pays()
    small.sandbox.refund = lambda key, charge, amount: Answer(Outcome.DECLINED, reason="account closed")
    debt.day(0)
    assert debt.of() == ("closed", "repaid", "0.00")
    (owed,) = small.shop.pay_back.owed()
    assert (str(owed.amount), owed.reason, owed.claim_id) == ("60.00 CNY", "account closed", debt.claim)
    assert debt.books() == {CARD: "101.70", "Liabilities:Deposits:Guarantee": "-60.00"}
    small.shop.pay_back.record(owed.id, "bank_transfer", "SWIFT-1", LATE)
    assert small.shop.pay_back.owed() == []
    with pytest.raises(NothingToReturn):
        small.shop.pay_back.record(owed.id, "cash", "PV-2", LATE)
    assert debt.books() == {CARD: "101.70"}


@pytest.mark.parametrize("reason", ["lost card", "authentication required"])
def test_after_some_reasons_the_card_is_not_tried_again(small, reason):
    """A lost card is no longer its holder's; one that wants its holder waits for them."""
    debt = Debt(small)

    def record(tx):
        collection = tx.get(Collection, debt.id)
        collection.try_again(collection.amount, LATE)
        tx.save(collection)

    small.shop.log.commit(record)
    small.shop.collect_debts._declined(debt.id, reason)
    assert (debt.now.state, debt.now.next_try) == ("open", None)
    debt.day(30)
    assert debt.charged() == []


STEPS = 6


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_crash_at_any_step_charges_once(small, step):
    debt, tripwire = Debt(small), Tripwire()
    log, secrets = small.shop.log, small.shop.secrets
    providers = Providers(Cash(), Watched(small.sandbox, tripwire))
    log.commit = tripwire.around(log.commit)  # type: ignore[method-assign]
    debt.shop = Shop(log, secrets, providers, issuer={"en": "Shop"}, resolver="")
    tripwire.steps = step
    with pytest.raises(Crash):
        debt.day(1)
    for _ in range(3):
        debt.day(1)
    assert (debt.of(), debt.charged()) == (("closed", "repaid", "0.00"), ["101.70"])


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.REQUEST_LATE])
@pytest.mark.parametrize("before", range(4))
def test_whatever_is_lost_the_card_is_charged_once(small, fault, before):
    debt = Debt(small)
    small.sandbox.faults.extend([*[Fault.NONE] * before, fault])
    for passing in (1, 1, 3, 3):
        debt.day(passing)
        small.sandbox.late_arrive()
    for _ in range(2):
        debt.day(3)
    assert (debt.of(), debt.charged()) == (("closed", "repaid", "0.00"), ["101.70"])


def test_a_provider_that_is_silent_is_asked_again_before_anything_is_given_up(small):
    debt = Debt(small, refusals=9)
    small.sandbox.faults.append(Fault.ANSWER_LOST)
    with pytest.raises(ProviderSilent):
        small.shop.collect_debts.look(debt.id, LATE + 60 * DAYS)
    assert debt.of() == ("open", "recoverable", "101.70")


def test_notices_of_a_debts_payment_and_of_what_went_back_of_it_settle_it(small):
    debt = Debt(small)
    small.shop.collect_debts.begin(debt.link())
    debt.pays("60.00")
    debt.holder_pays()
    debt.day(1)
    for notice in small.sandbox.notices * 2:
        small.shop.settle_payments.work_off(small.shop.settle_payments.keep("sandbox", notice).result)
    puzzles = [r.event for r in small.shop.log.events(topics=("payments.NoticePuzzled",))]
    assert (puzzles, debt.charged()) == ([], ["101.70"])
