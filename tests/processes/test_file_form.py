"""The tax office issues forms and invoices, voids them together and locks them; what it did is found, never doubled."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.eventlog.rebuild import differences
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.eligibility import BelowMinimumPurchase
from souvenir.taxrefund.filing import Filing
from souvenir.taxrefund.registers import OpenFilings
from souvenir.taxrefund.simulators.tax_office import SimulatedTaxOffice
from souvenir.taxrefund.tax_office import FormOutcome, FormWanted, OfficeAnswer, Sold, TaxOfficeRefused, TaxOfficeSilent
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))


@pytest.fixture
def time() -> Iterator[SettableClock]:
    with clock_at(MORNING) as time:
        yield time


@pytest.fixture
def office() -> SimulatedTaxOffice:
    return SimulatedTaxOffice()


@pytest.fixture
def small(time: SettableClock, office: SimulatedTaxOffice, tmp_path) -> Iterator[SmallShop]:
    small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), office=office)
    yield small
    assert differences(small.shop.log, OpenFilings()) == []
    small.shop.close()


def bought(small: SmallShop, mugs: int = 10):
    return small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, mugs)], Tender.CASH, on=TODAY).result


def opened(small: SmallShop, *orders, mode: str = "departure", **more):
    return small.shop.refund_tax.open_claim(orders or [bought(small)], mode, JANE, issued_on=TODAY, **more).result


def claim_of(small: SmallShop, claim) -> Claim:
    return small.shop.log.load(Claim, claim)


def filings(small: SmallShop) -> list[Filing]:
    ids = [found.event.originator_id for found in small.shop.log.events(topics=(Filing.Requested.TOPIC,))]
    return [small.shop.log.load(Filing, id) for id in ids]


def only(office: SimulatedTaxOffice) -> OfficeAnswer:
    (form,) = office.forms.values()
    return form


def test_the_office_numbers_the_form_and_its_digital_invoices(small: SmallShop, office: SimulatedTaxOffice):
    claim = claim_of(small, opened(small, bought(small), bought(small)))
    form = only(office)
    assert (claim.claim_no, claim.invoices) == (form.form_no, form.invoices)
    assert (len(claim.claim_no), claim.claim_no[:8]) == (19, "20260710")
    assert claim.invoices == ("26112000000000000001", "26112000000000000002")
    (filing,) = filings(small)
    assert (filing.state, filing.claim_id) == ("issued", claim.id)


def test_invoices_that_were_issued_elsewhere_are_used_and_stand_on_one_form(
    small: SmallShop, office: SimulatedTaxOffice
):
    mine = ("26112000000000000777",)
    assert claim_of(small, opened(small, invoices=mine)).invoices == mine
    elsewhere = FormWanted("another store", "S2", "CN-BJ", TODAY, (), mine)
    assert office.issue(elsewhere).outcome is FormOutcome.REFUSED


def test_the_office_is_not_asked_for_what_our_own_rules_refuse(small: SmallShop, office: SimulatedTaxOffice):
    order, head = bought(small, mugs=1), small.shop.log.head()
    with pytest.raises(BelowMinimumPurchase):
        opened(small, order)
    assert (office.forms, small.shop.log.head()) == ({}, head)


def test_what_the_office_refuses_is_a_refusal_and_opens_no_claim(small: SmallShop, office: SimulatedTaxOffice):
    order = bought(small)
    other = FormWanted("another till", "S1", "CN-BJ", TODAY, (Sold(order, Money.parse("1130.00 CNY")),))
    taken = office.issue(other).form_no
    with pytest.raises(TaxOfficeRefused, match=f"form {taken} stands for these goods"):
        opened(small, order)
    (filing,) = filings(small)
    assert filing.state == "declined"
    small.shop.followers.catch_up()
    with small.shop.log.reading() as session:
        assert small.shop.views.claims.page(session) == []


def test_an_office_that_repeats_whom_the_form_is_for_is_not_quoted(
    small: SmallShop, office: SimulatedTaxOffice, monkeypatch: pytest.MonkeyPatch
):
    said = OfficeAnswer(FormOutcome.REFUSED, reason="Jane Doe (e12345678) is on another list")
    monkeypatch.setattr(office, "issue", lambda wanted: said)
    with pytest.raises(TaxOfficeRefused, match=re.escape("… (…) is on another list")):
        opened(small)
    (filing,) = filings(small)
    assert filing.reason == "… (…) is on another list"


@pytest.mark.parametrize("losses", [("before",), ("after",), ("after", "before"), ("before", "after", "after")])
def test_a_lost_answer_is_asked_for_again_and_is_one_form(small: SmallShop, office: SimulatedTaxOffice, losses):
    office.lose(*losses)
    claim = claim_of(small, opened(small))
    assert only(office).form_no == claim.claim_no


def test_an_office_that_stays_silent_is_asked_again_under_the_same_key(small: SmallShop, office: SimulatedTaxOffice):
    order = bought(small)
    office.lose(*["after"] * 4)
    with small.shop.once("till", "key-1", b"form"), pytest.raises(TaxOfficeSilent):
        opened(small, order)
    with small.shop.once("till", "key-1", b"form"):
        claim = opened(small, order)
    assert claim_of(small, claim).claim_no == only(office).form_no
    assert len(filings(small)) == 1


def test_the_same_command_repeats_its_answer_whatever_became_of_the_form(small: SmallShop, office: SimulatedTaxOffice):
    order = bought(small)

    def asked():
        with small.shop.once("till", "key-1", b"form"):
            return opened(small, order)

    claim = asked()
    small.shop.refund_tax.void(claim, "wrong name", TODAY)
    assert asked() == claim
    assert len(office.forms) == 1


def test_a_command_that_comes_back_after_its_form_was_given_up_is_refused(
    small: SmallShop, office: SimulatedTaxOffice, time: SettableClock
):
    order = bought(small)
    office.lose(*["after"] * 4)
    with small.shop.once("till", "key-1", b"form"), pytest.raises(TaxOfficeSilent):
        opened(small, order)
    time.move_to(time() + timedelta(minutes=5))
    small.shop.deadlines.look()
    with small.shop.once("till", "key-1", b"form"), pytest.raises(TaxOfficeRefused, match="nobody waits"):
        opened(small, order)
    assert claim_of(small, opened(small, order)).state == "issued"


def test_a_form_nobody_came_back_for_is_found_and_voided(
    small: SmallShop, office: SimulatedTaxOffice, time: SettableClock
):
    order = bought(small)
    office.lose(*["after"] * 4)
    with pytest.raises(TaxOfficeSilent):
        opened(small, order)
    small.shop.deadlines.look()
    assert only(office).outcome is FormOutcome.ISSUED
    time.move_to(time() + timedelta(minutes=5))
    small.shop.deadlines.look()
    form = only(office)
    assert (form.outcome, len(form.red_letters)) == (FormOutcome.VOIDED, 1)
    assert filings(small)[0].state == "voided"
    assert claim_of(small, opened(small, order)).state == "issued"


def test_a_request_that_never_arrived_is_closed(small: SmallShop, office: SimulatedTaxOffice, time: SettableClock):
    office.lose(*["before"] * 4)
    with pytest.raises(TaxOfficeSilent):
        opened(small)
    time.move_to(time() + timedelta(minutes=5))
    small.shop.deadlines.look()
    assert (filings(small)[0].state, office.forms) == ("declined", {})


def test_goods_that_come_back_void_form_and_invoice_together_and_the_rest_is_issued_anew(
    small: SmallShop, office: SimulatedTaxOffice
):
    order = bought(small, mugs=10)
    first = opened(small, order)
    small.shop.take_back.take_back(order, {1: 4}, "cash", TODAY)
    form = only(office)
    assert (form.outcome, form.invoices, form.red_letters) == (
        FormOutcome.VOIDED, ("26112000000000000001",), ("26112000000000000002",),
    )  # fmt: skip
    second = claim_of(small, small.shop.refund_tax.reissue(first).result)
    assert (second.gross.amount, second.invoices) == ("678.00", ("26112000000000000003",))
    assert [filing.state for filing in filings(small)] == ["voided", "issued"]


def test_a_new_form_waits_until_the_old_one_is_surely_void(small: SmallShop, office: SimulatedTaxOffice):
    order = bought(small)
    claim = opened(small, order)
    office.lose(*["before"] * 8)
    small.shop.take_back.take_back(order, {1: 4}, "cash", TODAY)
    with pytest.raises(TaxOfficeSilent):
        small.shop.refund_tax.reissue(claim)
    assert [filing.state for filing in filings(small)] == ["issued"]
    small.shop.deadlines.look()
    assert claim_of(small, small.shop.refund_tax.reissue(claim).result).gross.amount == "678.00"


def test_a_void_that_was_lost_is_done_by_the_sweep_after_a_restart(small: SmallShop, office: SimulatedTaxOffice):
    order = bought(small)
    opened(small, order)
    office.lose(*["after"] * 4)
    small.shop.take_back.take_back(order, {1: 10}, "cash", TODAY)
    assert filings(small)[0].state == "issued"
    small.shop.deadlines.look()
    assert (filings(small)[0].state, filings(small)[0].red_letters) == ("voided", ("26112000000000000002",))


def test_a_form_made_out_wrongly_is_voided_without_a_return(small: SmallShop, office: SimulatedTaxOffice):
    order = bought(small)
    claim = opened(small, order)
    small.shop.refund_tax.void(claim, "wrong name", TODAY)
    assert only(office).outcome is FormOutcome.VOIDED
    assert claim_of(small, opened(small, order)).state == "issued"


def test_a_paid_refund_locks_its_invoice(small: SmallShop, office: SimulatedTaxOffice):
    claim = opened(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, TODAY)
    small.shop.refund_tax.pay_at_departure(claim, "cash", TODAY)
    assert only(office).outcome is FormOutcome.LOCKED
    (filing,) = filings(small)
    assert filing.state == "locked"
    refused = office.void(str(filing.id), TODAY, "")
    assert (refused.outcome, refused.reason) == (FormOutcome.REFUSED, "its refund is paid")


def test_an_advance_that_becomes_the_refund_locks_its_invoice(small: SmallShop, office: SimulatedTaxOffice):
    claim = opened(small, mode="instant_store")
    refund_tax = small.shop.refund_tax
    refund_tax.agree(claim, TODAY)
    refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    refund_tax.advance(claim, "cash", TODAY)
    office.lose(*["before"] * 4)
    refund_tax.confirm_customs(claim, "PEK", {1: 10}, TODAY)
    assert only(office).outcome is FormOutcome.ISSUED
    small.shop.deadlines.look()
    assert only(office).outcome is FormOutcome.LOCKED


def test_an_office_that_objects_is_a_misfortune_people_look_into(small: SmallShop, office: SimulatedTaxOffice):
    claim = opened(small)
    (key,) = office.forms
    office.lock(key, TODAY)
    small.shop.refund_tax.void(claim, "wrong name", TODAY)
    (filing,) = filings(small)
    assert (filing.state, filing.reason) == ("disputed", "its refund is paid")


def test_the_log_holds_nothing_of_the_person_that_the_office_was_told(small: SmallShop):
    opened(small)
    stored = b"".join(bytes(row.state) for row in small.shop.log.stored())
    assert b"JANE DOE" not in stored
    assert b"E12345678" not in stored
    assert "JANE" not in repr(FormWanted("k", "S1", "CN-BJ", TODAY, (), holder="JANE DOE"))
