"""Deadlines act by themselves: in local days, after any downtime, once; and a step that fails keeps no other from acting."""

from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest
from shops import MORNING, TILL, TODAY, open_small_shop

from souvenir.licensing.approval import Approval
from souvenir.licensing.grant import ApprovalRules, Grant
from souvenir.licensing.terms import flat
from souvenir.payments.payment import Tender
from souvenir.processes.refund_tax import TravelDocument
from souvenir.processes.sell import Item
from souvenir.processes.watch_deadlines import WatchDeadlines
from souvenir.shop import Shop
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.customs import Presented
from souvenir.taxrefund.simulators.customs import SimulatedCustoms
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


def advanced(small):
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    claim = small.shop.refund_tax.open_claim([order], "instant_store", JANE, issued_on=TODAY).result
    small.shop.refund_tax.agree(claim, TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
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
    monkeypatch.setattr("souvenir.taxrefund.views.LARGEST_PAGE", 2)
    claims = [advanced(small) for _ in range(5)]
    now.move_to(MIDNIGHT)
    for _ in range(3):
        small.shop.deadlines.look()
        small.shop.followers.catch_up()
    assert {state(small, claim) for claim in claims} == {("recovered", "captured")}


def test_what_a_crash_cut_off_after_the_decision_is_finished_all_at_once(small, now, monkeypatch):
    monkeypatch.setattr("souvenir.taxrefund.views.LARGEST_PAGE", 2)
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


def test_it_watches_in_the_background_until_it_is_stopped():
    looked = Event()
    watch = WatchDeadlines((looked.set,), every_seconds=0)
    watch.start()
    watch.start()
    assert looked.wait(10)
    watch.stop()
    watch.stop()
