"""The refund agency advances where it does, reviews what customs confirmed, and settles; what it said is never lost."""

from collections.abc import Iterator
from datetime import date

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.kernel.money import Money
from souvenir.payments.payment import Tender
from souvenir.processes import refund_tax
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.processes.settle_agency import SettleAgency
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund import views
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.refusals import AdvanceNotPaid, AgencyAlreadyReviewed, AgencySilent, ClaimHasAnotherState
from souvenir.taxrefund.simulators.agency import SimulatedAgency
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
LEFT = date(2026, 7, 20)


@pytest.fixture
def agency() -> SimulatedAgency:
    return SimulatedAgency()


@pytest.fixture(params=["shop"])
def advanced_by(request: pytest.FixtureRequest) -> str:
    return str(request.param)


by_agency = pytest.mark.parametrize("advanced_by", ["agency"], indirect=True)


@pytest.fixture
def small(agency: SimulatedAgency, advanced_by: str, tmp_path) -> Iterator[SmallShop]:
    with clock_at(MORNING):
        small = open_small_shop("sqlite://", secrets=str(tmp_path / "keys"), agency=agency, advanced_by=advanced_by)
        yield small
        small.shop.close()


def guaranteed(small: SmallShop):
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    claim = small.shop.refund_tax.open_claim([order], "instant_store", JANE, issued_on=TODAY).result
    small.shop.refund_tax.agree(claim, TODAY)
    small.shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    return claim


def advanced(small: SmallShop):
    claim = guaranteed(small)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    return claim


def seen(small: SmallShop, claim, units: int = 10):
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: units}, LEFT)
    return state(small, claim)


def state(small: SmallShop, claim) -> str:
    return small.shop.log.load(Claim, claim).state


def guarantee(small: SmallShop, claim) -> str:
    found = latest_guarantee(small.shop.log, claim)
    assert found is not None
    return found.state


def books(small: SmallShop) -> dict[str, str]:
    small.shop.followers.catch_up()
    return {row.account: row.closing.amount for row in small.shop.ledger.trial_balance().rows if row.closing}


# The review.


def test_what_customs_confirmed_is_final_once_the_agency_approves_it(small: SmallShop, agency: SimulatedAgency):
    claim = advanced(small)
    agency.keep_waiting(small.shop.log.load(Claim, claim).claim_no)
    assert (seen(small, claim), guarantee(small, claim)) == ("confirmed", "held")
    small.shop.followers.catch_up()
    small.shop.deadlines.look()
    assert state(small, claim) == "confirmed"
    agency.look_at(small.shop.log.load(Claim, claim).claim_no)
    small.shop.deadlines.look()
    assert (state(small, claim), guarantee(small, claim)) == ("completed", "released")


def test_lines_the_agency_rejects_are_taken_from_the_card(small: SmallShop, agency: SimulatedAgency):
    claim = advanced(small)
    agency.approve_only(small.shop.log.load(Claim, claim).claim_no, {1: 4}, "invoice names another size")
    assert seen(small, claim, units=8) == "completed"
    found = small.shop.log.load(Claim, claim)
    assert (found.due_net.amount, found.outstanding.amount) == ("40.68", "0.00")
    assert [one.amount.amount for one in small.sandbox.movements.values() if one.kind == "capture"] == ["61.02"]


def test_a_form_the_agency_rejects_is_a_broken_promise(small: SmallShop, agency: SimulatedAgency):
    claim = advanced(small)
    agency.approve_only(small.shop.log.load(Claim, claim).claim_no, {}, "form incomplete")
    assert (seen(small, claim), guarantee(small, claim)) == ("recovered", "captured")
    assert small.shop.log.load(Claim, claim).missed == "refused_by_agency"
    with pytest.raises(ClaimHasAnotherState):
        small.shop.refund_tax.pay_at_departure(claim, "cash", LEFT)


def test_a_promise_customs_saw_broken_waits_for_no_review(small: SmallShop, agency: SimulatedAgency):
    claim = advanced(small)
    agency.keep_waiting(small.shop.log.load(Claim, claim).claim_no)
    small.shop.refund_tax.confirm_customs(claim, "XXX", {1: 10}, LEFT)
    assert (state(small, claim), guarantee(small, claim)) == ("recovered", "captured")


def test_however_many_wait_each_is_looked_at(small: SmallShop, agency: SimulatedAgency, monkeypatch):
    for module in (views, refund_tax):
        monkeypatch.setattr(module, "LARGEST_PAGE", 1)
    claims = [advanced(small) for _ in range(3)]
    numbers = sorted(small.shop.log.load(Claim, claim).claim_no for claim in claims)
    for number in numbers:
        agency.keep_waiting(number)
    assert {seen(small, claim) for claim in claims} == {"confirmed"}
    agency.look_at(numbers[-1])
    small.shop.followers.catch_up()
    small.shop.refund_tax.act_on_deadlines(LEFT)
    assert sorted(state(small, claim) for claim in claims) == ["completed", "confirmed", "confirmed"]


def test_the_agency_answers_once_and_the_same_answer_is_one(small: SmallShop):
    claim = advanced(small)
    seen(small, claim)
    found = small.shop.log.load(Claim, claim)
    found.review(LEFT, {1: 10})
    with pytest.raises(AgencyAlreadyReviewed):
        found.review(LEFT, {1: 9})
    assert list(found.collect_events()) == []


def test_what_the_agency_rejected_is_not_paid_at_departure_either(small: SmallShop, agency: SimulatedAgency):
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    claim = small.shop.refund_tax.open_claim([order], "departure", JANE, issued_on=TODAY).result
    agency.approve_only(small.shop.log.load(Claim, claim).claim_no, {}, "form incomplete")
    assert seen(small, claim) == "rejected"
    with pytest.raises(ClaimHasAnotherState):
        small.shop.refund_tax.pay_at_departure(claim, "cash", LEFT)


# Who advances is a setting, and the books differ.


def test_the_stores_registration_says_who_advances(small: SmallShop):
    assert small.shop.log.load(Claim, guaranteed(small)).advanced_by == "shop"
    assert small.shop.log.load(Outlet, small.counter).tax_refund_on(TODAY).advanced_by == "shop"


def test_where_the_shop_advances_its_cash_is_owed_by_the_agency(small: SmallShop, agency: SimulatedAgency):
    claim = advanced(small)
    seen(small, claim)
    assert agency.paid == {}
    found = books(small)
    assert found["Assets:Receivable:RefundAgency"] == "124.30"
    assert (found["Liabilities:AgencyFee"], found["Income:RefundCommission"]) == ("-15.82", "-6.78")


@by_agency
def test_where_the_agency_advances_the_shop_has_only_its_commission(small: SmallShop, agency: SimulatedAgency):
    before = books(small)
    claim = advanced(small)
    assert agency.paid == {str(claim): Money.parse("101.70 CNY")}
    seen(small, claim)
    found = {name: amount for name, amount in books(small).items() if "Refund" in name or "Agency" in name}
    assert found == {
        "Assets:Receivable:RefundAgency": "6.78",
        "Income:RefundCommission": "-6.78",
        "Memo:Refunds:ByAgency": "101.70",
        "Memo:Refunds:Contra": "-101.70",
    }
    settle = SettleAgency(small.shop.log, agency)
    settled = settle.fetch(date(2026, 7, 1), date(2026, 8, 14))
    assert settled is not None
    assert settle.received("AG-2026-07").discrepancies == ()
    after = {name: amount for name, amount in books(small).items() if "Refund" in name or name.endswith("Bank")}
    assert after == {"Assets:Bank": "6.78", "Income:RefundCommission": "-6.78"}
    assert before == {}


@by_agency
@pytest.mark.parametrize("answers", [(), ("lost_after",), ("lost_after", "lost_after")])
def test_the_agency_pays_once_however_often_its_answer_is_lost(small: SmallShop, agency: SimulatedAgency, answers):
    claim = guaranteed(small)
    agency.next_advances(*answers)
    if len(answers) == 2:
        with pytest.raises(AgencySilent):
            small.shop.refund_tax.advance(claim, "wallet", TODAY)
        assert state(small, claim) == "advancing"
    small.shop.refund_tax.advance(claim, "wallet", TODAY)
    assert (state(small, claim), len(agency.paid)) == ("advanced", 1)


@by_agency
@pytest.mark.parametrize("lost", ["lost_before", "lost_after"])
def test_an_advance_left_open_is_looked_up_by_the_sweep(small: SmallShop, agency: SimulatedAgency, lost):
    claim = guaranteed(small)
    agency.next_advances(lost, "lost_before")
    with pytest.raises(AgencySilent):
        small.shop.refund_tax.advance(claim, "wallet", TODAY)
    with pytest.raises(ClaimHasAnotherState):
        small.shop.refund_tax.void(claim, "changed their mind", TODAY)
    small.shop.followers.catch_up()
    small.shop.deadlines.look()
    assert (state(small, claim), guarantee(small, claim), len(agency.paid)) == ("advanced", "held", 1)


@by_agency
def test_an_agency_that_declines_leaves_the_claim_as_it_was(small: SmallShop, agency: SimulatedAgency):
    claim = guaranteed(small)
    agency.next_advances("declined")
    with pytest.raises(AdvanceNotPaid, match="cannot pay by wallet"):
        small.shop.refund_tax.advance(claim, "wallet", TODAY)
    assert (state(small, claim), agency.paid) == ("agreed", {})
    small.shop.refund_tax.void(claim, "paid at departure instead", TODAY)
    assert guarantee(small, claim) == "released"


# The month's settlement.


def test_the_agencys_own_statement_settles_the_month_and_its_mistakes_are_listed(
    small: SmallShop, agency: SimulatedAgency
):
    claims = [advanced(small) for _ in range(3)]
    for claim in claims:
        seen(small, claim)
    small.shop.followers.catch_up()
    numbers = [small.shop.log.load(Claim, claim).claim_no for claim in claims]
    agency.misprint(numbers[1], Money.parse("108.40 CNY"))
    del agency.stated[numbers[2]]
    settle = SettleAgency(small.shop.log, agency)
    settle.fetch(date(2026, 7, 1), date(2026, 8, 14))
    found = settle.received("AG-2026-07")
    assert (found.lines, found.settled) == (2, 1)
    assert {(one.form_no, one.difference) for one in found.discrepancies} == {
        (numbers[1], "amount_differs"),
        (numbers[2], "missing"),
    }
    assert books(small)["Assets:Bank"] == "108.48"


def test_an_agency_that_has_not_filed_settles_nothing(small: SmallShop, agency: SimulatedAgency):
    assert SettleAgency(small.shop.log, agency).fetch(date(2026, 7, 1), date(2026, 8, 14)) is None
