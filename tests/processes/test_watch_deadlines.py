"""Deadlines act by themselves: in local days, after any downtime, once; and a step that fails keeps no other from acting."""

from datetime import UTC, date, datetime, timedelta
from threading import Event
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, open_small_shop

from souvenir.licensing.approval import Approval
from souvenir.licensing.grant import ApprovalRules, Grant
from souvenir.licensing.terms import flat
from souvenir.payments.payment import Tender
from souvenir.payments.provider import ProviderSilent
from souvenir.payments.providers.sandbox import Fault
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.processes.watch_deadlines import WatchDeadlines, trying
from souvenir.shop import Shop
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.customs import Presented
from souvenir.taxrefund.refusals import AgencySilent
from souvenir.taxrefund.simulators.agency import SimulatedAgency
from souvenir.taxrefund.simulators.customs import SimulatedCustoms
from souvenir.taxrefund.simulators.tax_office import SimulatedTaxOffice
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
MIDNIGHT = datetime(2026, 8, 7, 16, tzinfo=UTC)
"""The end of 7 August, the promised day, in Beijing; in London the day has nine hours left."""


@pytest.fixture
def now():
    with clock_at(MORNING) as standing:
        yield standing


@pytest.fixture
def small(tmp_path, now):
    small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"))
    yield small
    small.shop.close()


def secured(small):
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    claim = small.shop.refund_tax.open_claim([order], "instant_store", JANE, issued_on=TODAY).result
    small.shop.refund_tax.agree(claim, TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    return claim


def advanced(small):
    claim = secured(small)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    small.shop.followers.catch_up()
    return claim


def state(small, claim):
    guarantee = latest_guarantee(small.shop.log, claim)
    return small.shop.log.load(Claim, claim).state, guarantee.state if guarantee else None


def test_the_promised_day_ends_where_the_goods_were_sold(small, now):
    claim = advanced(small)
    now.move_to(MIDNIGHT - timedelta(seconds=1))
    small.shop.deadlines.look()
    assert state(small, claim) == ("advanced", "held")
    now.move_to(MIDNIGHT)
    small.shop.deadlines.look()
    assert state(small, claim) == ("recovered", "captured")


def test_looking_again_records_nothing_new(small, now):
    advanced(small)
    now.move_to(MIDNIGHT)
    small.shop.deadlines.look()
    small.shop.followers.catch_up()
    head = small.shop.log.head()
    assert small.shop.deadlines.look() == 0
    assert small.shop.log.head() == head


def test_the_list_may_lag_behind_what_was_decided(small, now):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, date(2026, 8, 7))
    now.move_to(MIDNIGHT)
    assert small.shop.deadlines.look() == 0
    assert state(small, claim) == ("completed", "released")


@pytest.mark.parametrize(
    ("days", "guarantee_state", "captured"),
    [(1, "captured", ["101.70 CNY"]), (12, "recoverable", [])],
    ids=["a day", "longer than the hold lived"],
)
def test_downtime_is_caught_up_on_when_the_shop_starts(tmp_path, now, days, guarantee_state, captured):
    url, secrets = f"sqlite:///{tmp_path / 'shop.db'}", str(tmp_path / "secrets")
    small = open_small_shop(url, secrets=secrets)
    claim = advanced(small)
    providers = small.shop.sell._providers
    small.shop.close()
    now.move_to(MIDNIGHT + timedelta(days=days))
    with Shop.open(url, secrets=secrets, providers=providers) as shop:
        shop.start()
        guarantee = latest_guarantee(shop.log, claim)
        assert guarantee is not None
        assert guarantee.state == guarantee_state
    assert [str(m.amount) for m in small.sandbox.movements.values() if m.kind == "capture"] == captured


def test_more_promises_than_a_page_are_all_acted_on(small, now, monkeypatch):
    monkeypatch.setattr("souvenir.taxrefund.views.claims.LARGEST_PAGE", 2)
    claims = [advanced(small) for _ in range(5)]
    now.move_to(MIDNIGHT)
    for _ in range(3):
        small.shop.deadlines.look()
        small.shop.followers.catch_up()
    assert {state(small, claim) for claim in claims} == {("recovered", "captured")}


def test_what_a_crash_cut_off_after_the_decision_is_finished_all_at_once(small, now, monkeypatch):
    monkeypatch.setattr("souvenir.taxrefund.views.claims.LARGEST_PAGE", 2)
    claims = [advanced(small) for _ in range(5)]
    now.move_to(MIDNIGHT)
    for claim in claims:
        small.shop.refund_tax._refunds.miss_promise(claim, date(2026, 8, 8))
    small.shop.followers.catch_up()
    small.shop.refund_tax.act_on_deadlines()
    assert {state(small, claim) for claim in claims} == {("recovered", "captured")}


@pytest.mark.parametrize(("port", "outcome"), [("PEK", ("completed", "released")), ("XXX", ("recovered", "captured"))])
def test_an_answer_of_customs_that_was_lost_is_fetched_before_anything_is_captured(tmp_path, now, port, outcome):
    customs = SimulatedCustoms()
    small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), customs=customs)
    claim = advanced(small)
    claim_no = small.shop.log.load(Claim, claim).claim_no
    customs.verify(Presented(claim_no, port, date(2026, 8, 7), {1: 10}, "every_form"))
    now.move_to(MIDNIGHT)
    small.shop.deadlines.look()
    assert state(small, claim) == outcome
    small.shop.close()


def test_a_licensor_s_silence_is_counted_once_its_last_day_is_over_everywhere(small, now):
    grant = Grant(
        categories=("silk",), territories=("CN",), channels=("shop",), starts=TODAY, ends=TODAY,
        approval=ApprovalRules(stages=("artwork",), answer_days=1),
    )  # fmt: skip
    licence = small.shop.licensing.grant("LIC-S", "Studio", {"en": "Crane"}, grant, flat("0.08", "CNY")).result
    shown = (licence, small.mug, "MUG", "artwork", "0" * 64, TODAY)
    approval = small.shop.licensing.submit_for_approval(*shown).result
    outcomes = []
    for at in (datetime(2026, 7, 14, 11, 59, tzinfo=UTC), datetime(2026, 7, 14, 12, tzinfo=UTC)):
        now.move_to(at)
        assert small.shop.deadlines.look() == 0
        outcomes.append(small.shop.log.load(Approval, approval).submissions["artwork"].outcome)
    assert outcomes == [None, "rejected"], "shown on Friday, to be answered on Monday"


def test_a_step_that_fails_is_told_and_keeps_no_other_from_acting(caplog):
    acted = []

    def broken() -> None:
        raise RuntimeError("the network is down")

    assert WatchDeadlines((broken, lambda: acted.append("acted"))).look() == 1
    assert acted == ["acted"]
    assert "tried again" in caplog.text


# What could not be acted on.


def test_a_deadline_that_cannot_be_acted_on_is_listed_with_its_reason_until_it_can(tmp_path, now, caplog):
    agency = SimulatedAgency()
    small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), agency=agency, advanced_by="agency")
    waiting = secured(small)
    agency.next_advances("lost_before", "lost_before", "lost_before")
    with pytest.raises(AgencySilent):
        small.shop.refund_tax.advance(waiting, "cash", TODAY)
    small.shop.followers.catch_up()
    small.shop.deadlines.look()
    (stalled,) = small.shop.deadlines.stalled
    assert (stalled.kind, stalled.about, stalled.since, stalled.code) == ("agency", waiting, now(), "AGENCY_SILENT")
    assert small.shop.log.load(Claim, waiting).claim_no in stalled.why
    assert [record.getMessage() for record in caplog.records] == [
        f"The deadline of agency {waiting} could not be acted on: AGENCY_SILENT."
    ]
    small.shop.deadlines.look()
    assert small.shop.deadlines.stalled == ()
    assert state(small, waiting)[0] == "advanced"
    small.shop.close()


def test_a_promise_that_is_still_open_where_the_goods_were_sold_is_not_stalled(small, now):
    advanced(small)
    now.move_to(MIDNIGHT - timedelta(seconds=1))
    small.shop.deadlines.look()
    assert small.shop.deadlines.stalled == ()


@pytest.mark.parametrize("stuck", [1, 3])
def test_what_is_stuck_holds_up_no_other_however_many_there_are(small, now, monkeypatch, stuck):
    monkeypatch.setattr("souvenir.taxrefund.views.claims.LARGEST_PAGE", 2)
    claims = [advanced(small) for _ in range(5)]
    now.move_to(MIDNIGHT)
    refuse = sorted(claims, key=lambda claim: small.shop.log.load(Claim, claim).claim_no)[:stuck]
    miss = small.shop.refund_tax.miss_promise

    def silent(claim, on=None):
        if claim in refuse:
            raise ProviderSilent(provider="sandbox")
        return miss(claim, on)

    monkeypatch.setattr(small.shop.refund_tax, "miss_promise", silent)
    small.shop.deadlines.look()
    assert [one.about for one in small.shop.deadlines.stalled] == refuse
    assert {claim: state(small, claim)[0] for claim in claims} == {
        claim: "advanced" if claim in refuse else "recovered" for claim in claims
    }


def test_a_guarantee_whose_capture_nobody_answers_is_stalled(small, now):
    claim = advanced(small)
    now.move_to(MIDNIGHT)
    small.sandbox.faults.extend([Fault.REQUEST_LOST] * 12)
    small.shop.refund_tax.miss_promise(claim, date(2026, 8, 8))
    small.shop.deadlines.look()
    (stalled,) = (one for one in small.shop.deadlines.stalled if one.kind == "hold")
    assert stalled.code == "PROVIDER_SILENT"
    small.sandbox.faults.clear()
    small.shop.deadlines.look()
    assert (state(small, claim), small.shop.deadlines.stalled) == (("recovered", "captured"), ())


def test_a_form_about_which_the_tax_office_is_silent_is_stalled(tmp_path, now):
    office = SimulatedTaxOffice()
    small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), office=office)
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    claim = small.shop.refund_tax.open_claim([order], "departure", JANE, issued_on=TODAY).result
    office.lose(*["before"] * 8)
    small.shop.refund_tax.void(claim, "wrong name", TODAY)
    small.shop.deadlines.look()
    (stalled,) = small.shop.deadlines.stalled
    assert (stalled.kind, stalled.code) == ("tax_office", "TAX_OFFICE_SILENT")
    assert small.shop.log.load(Claim, claim).claim_no in stalled.why
    small.shop.deadlines.look()
    assert small.shop.deadlines.stalled == ()
    small.shop.close()


def test_what_is_stalled_keeps_the_instant_since_when_and_is_told_once(now, caplog):
    def stuck() -> None:
        with trying("hold", UUID(int=7)):
            raise ProviderSilent(provider="sandbox")

    watch = WatchDeadlines((stuck,))
    watch.look()
    began = now()
    now.move_to(began + timedelta(hours=1))
    watch.look()
    assert [(one.about, one.since, one.code) for one in watch.stalled] == [(UUID(int=7), began, "PROVIDER_SILENT")]
    assert len(caplog.records) == 1


def test_a_step_that_breaks_is_listed_by_its_name_and_no_word_of_what_it_said():
    def broken() -> None:
        raise RuntimeError("JANE DOE, E12345678")

    watch = WatchDeadlines((broken,))
    watch.look()
    (stalled,) = watch.stalled
    assert (stalled.about, stalled.code) == (None, "RuntimeError")
    assert "broken" in stalled.kind
    assert "JANE" not in str(stalled)


def test_no_more_is_listed_than_anybody_reads(monkeypatch, now):
    monkeypatch.setattr("souvenir.processes.watch_deadlines.MOST_STALLED", 2)

    def stuck() -> None:
        for number in range(3):
            with trying("hold", UUID(int=number)):
                raise ProviderSilent(provider="sandbox")

    watch = WatchDeadlines((stuck,))
    watch.look()
    assert len(watch.stalled) == 2


def test_it_watches_in_the_background_until_it_is_stopped():
    looked = Event()
    watch = WatchDeadlines((looked.set,), every_seconds=0)
    watch.start()
    watch.start()
    assert looked.wait(10)
    watch.stop()
    watch.stop()
