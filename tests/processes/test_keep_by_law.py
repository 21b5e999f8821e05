"""A refund form puts the law's hold on its traveller's data by itself; what nobody may keep any longer goes by itself."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import resources
from uuid import UUID

import pytest
import refund_forms
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel import clock
from souvenir.kernel.sealing import Redacted
from souvenir.payments.payment import Tender
from souvenir.privacy.retention import RetentionSchedule
from souvenir.privacy.subject import Duty, LegalHold, Subject
from souvenir.processes.answer_person import Person
from souvenir.processes.forget_person import forget_person
from souvenir.processes.know_buyers import Shown
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.shop import Shop
from souvenir.taxrefund.claim import Claim

PASSPORT = TravelDocument("passport", "QX7734551", "MARGUERITE DUVALIER", date(2026, 7, 1))
IN_FORCE, OVER = datetime(2036, 12, 31, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)


@pytest.fixture
def time() -> Iterator[clock.SettableClock]:
    settable = clock.SettableClock(MORNING)
    with clock.using(settable):
        yield settable


@pytest.fixture
def small(time: clock.SettableClock) -> Iterator[SmallShop]:
    small = open_small_shop("sqlite://")
    yield small
    small.shop.close()


def form(small: SmallShop, document: TravelDocument = PASSPORT) -> Claim:
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    return small.shop.log.load(Claim, small.shop.refund_tax.open_claim([order], "departure", document).result)


def duty(small: SmallShop, traveller: UUID) -> Duty | None:
    return small.shop.log.load(Subject, traveller).duty("tax")


def test_the_hold_is_there_with_the_form_and_needs_nobody_to_place_it(small: SmallShop):
    assert duty(small, form(small).traveller) == Duty("refund forms are tax documents", date(2037, 1, 1))


def test_a_second_form_of_the_same_year_adds_nothing_and_a_later_entry_extends_the_hold(small: SmallShop):
    claim = form(small)
    before = small.shop.log.load(Subject, claim.traveller).version
    assert form(small).traveller == claim.traveller
    small.shop.followers.catch_up()
    assert small.shop.log.load(Subject, claim.traveller).version == before
    small.shop.refund_tax.confirm_customs(claim.id, "PEK", {1: 10}, TODAY)
    small.shop.refund_tax.pay_at_departure(claim.id, "cash", date(2027, 1, 4))
    small.shop.followers.catch_up()
    assert duty(small, claim.traveller) == Duty("refund forms are tax documents", date(2038, 1, 1))


def test_a_form_that_is_refused_holds_nothing(small: SmallShop):
    with pytest.raises(Exception, match="183"):
        form(small, TravelDocument("passport", "QX7734551", "MARGUERITE DUVALIER", date(2025, 1, 1)))
    kept = [row.topic for row in small.shop.log.stored(topics=["privacy.SubjectDataKept"])]
    assert kept == []


def test_forms_that_are_older_than_the_schedule_get_their_hold_when_the_log_is_followed(small: SmallShop):
    older = Claim.open(refund_forms.form(traveller=UUID(int=4)))
    small.shop.log.execute(lambda tx: tx.save(older))
    assert small.shop.log.find(Subject, UUID(int=4)) is None
    small.shop.followers.catch_up()
    assert duty(small, UUID(int=4)) == Duty("refund forms are tax documents", date(2036, 1, 1))


def test_on_the_day_the_law_lets_go_the_data_goes_by_itself_and_not_a_day_before(
    small: SmallShop, time: clock.SettableClock
):
    claim = form(small)
    time.move_to(IN_FORCE)
    assert small.shop.erase_due.erase_due() == 0
    with pytest.raises(LegalHold):
        forget_person(small.shop.log, small.shop.secrets.keyring, claim.traveller, ["tax"], "asked", TODAY)
    time.move_to(OVER)
    small.shop.deadlines.look()
    assert small.shop.refund_tax.traveller_of(claim.id)[0] == Redacted(claim.traveller, "tax", "erased")
    assert small.shop.erase_due.erase_due() == 0
    assert small.shop.log.load(Claim, claim.id).net == claim.net
    small.shop.followers.catch_up()
    assert small.shop.differences() == []


def test_a_dispute_keeps_what_is_due_until_it_is_lifted(small: SmallShop, time: clock.SettableClock):
    claim = form(small)
    small.shop.privacy.hold(claim.traveller, "tax", "a dispute is open", date(2040, 1, 1))
    time.move_to(OVER)
    assert small.shop.erase_due.erase_due() == 0
    small.shop.privacy.lift_hold(claim.traveller, "tax")
    assert small.shop.erase_due.erase_due() == 1


def test_what_a_buyer_showed_goes_after_three_years_and_a_customers_account_does_not(
    small: SmallShop, time: clock.SettableClock
):
    shop, customer = small.shop, small.shop.privacy.register().result
    shop.access.open_customer_session(customer)
    passport = Shown(document_number="QX7734551")
    order = shop.sell.at_till(small.counter, TILL, [Item(small.mug, 1)], Tender.CASH, on=TODAY).result
    shop.limits.identify(order, shop.know_buyers.evidence(passport, customer))
    shop.followers.catch_up()
    time.move_to(datetime(2029, 7, 9, tzinfo=UTC))
    assert (shop.erase_due.erase_due(), len(shop.know_buyers.known_as(passport))) == (0, 1)
    time.move_to(datetime(2029, 7, 10, tzinfo=UTC))
    assert (shop.erase_due.erase_due(), shop.know_buyers.known_as(passport)) == (1, [])
    assert shop.log.load(Subject, customer).erased == ()


def test_replaying_the_law_over_somebody_already_forgotten_stops_nothing(small: SmallShop, time: clock.SettableClock):
    claim = form(small)
    time.move_to(OVER)
    small.shop.erase_due.erase_due()
    small.shop.followers.catch_up()
    small.shop.refund_tax.void(claim.id, "made out wrongly", date(2037, 1, 2))
    small.shop.followers.catch_up()
    assert small.shop.log.load(Subject, claim.traveller).erased == ("tax",)


def test_a_shop_may_bring_a_schedule_of_its_own(time: clock.SettableClock):
    text = (resources.files("souvenir.privacy") / "retention.toml").read_text("utf-8")
    stricter = text.replace('jurisdiction = "CN"\nyears = 10\n', 'jurisdiction = "CN"\nyears = 30\n')
    with Shop.open("sqlite://", retention=RetentionSchedule.read(stricter)) as shop:
        shop.log.execute(lambda tx: tx.save(Claim.open(refund_forms.form(traveller=UUID(int=4)))))
        shop.followers.catch_up()
        assert shop.log.load(Subject, UUID(int=4)).duty("tax") == Duty(
            "refund forms are tax documents", date(2056, 1, 1)
        )


def test_what_somebody_shows_stands_in_no_repr():
    shown = Shown(document_number="QX7734551", telephone="+33 6 44", card_fingerprint="fp_9f", address="17 rue")
    assert repr(Person(shown)) == "Person(shown=Shown(), document_kind='passport', known_as=None)"
