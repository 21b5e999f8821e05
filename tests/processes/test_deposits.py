"""The failure matrix for a deposit: Alipay and WeChat Pay hold nothing, so the money is taken, and what is not owed goes back."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.payments.hold import Hold
from souvenir.payments.payment import Tender
from souvenir.payments.providers.sandbox import Fault
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import GuaranteeDeclined, TravelDocument
from souvenir.taxrefund.application import latest_guarantee
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.refusals import GuaranteeTooSmall
from souvenir.testing import clock_at

JANE = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
PROMISED, LATE = date(2026, 8, 7), date(2026, 8, 8)
DEPOSITS, WALLET = "Liabilities:Deposits:Guarantee", "Assets:Clearing:Wallet"


@pytest.fixture
def now():
    with clock_at(MORNING) as standing:
        yield standing


@pytest.fixture
def small(now):
    small = open_small_shop("sqlite://")
    yield small
    small.shop.close()


def agreed(small: SmallShop, by: str = "shop") -> UUID:
    """Ten mugs, 1,130.00: refund 124.30, fee 22.60, net 101.70."""
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    claim = small.shop.refund_tax.open_claim([order], "instant_store", JANE, issued_on=TODAY).result
    small.shop.refund_tax.agree(claim, TODAY, by)
    return claim


def begun(small: SmallShop, claim: UUID, wallet: str = "wallet") -> UUID:
    return small.shop.refund_tax.begin_deposit(claim, "sandbox", wallet, TODAY).result.hold_id


def traveller_pays(small: SmallShop, hold: UUID, approved: bool = True) -> None:
    small.sandbox.bank_answers(str(hold), approved)


def advanced(small: SmallShop, by: str = "shop") -> UUID:
    claim = agreed(small, by)
    hold = begun(small, claim)
    traveller_pays(small, hold)
    small.shop.refund_tax.settle_hold(hold)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    return claim


def of(small: SmallShop, claim: UUID) -> tuple[str, str, str]:
    """The claim's state, its guarantee's, and what the traveller has of the refund in the end."""
    loaded, guarantee = small.shop.log.load(Claim, claim), latest_guarantee(small.shop.log, claim)
    return loaded.state, guarantee.state if guarantee else "none", loaded.received.amount


def kept(small: SmallShop) -> str:
    """What the wallet's provider has of the traveller's money."""
    return small.sandbox.balance["CNY"].amount if small.sandbox.balance else "0.00"


def books(small: SmallShop) -> dict[str, str]:
    """What the ledger says of deposits, wallets, refunds and guarantees, where it is not even."""
    small.shop.followers.catch_up()
    names = ("Deposits", "Wallet", "Card", "Advance", "Guarantee", "UnearnedRefundFee", "Clawback")
    rows = small.shop.ledger.trial_balance().rows
    return {row.account: row.closing.amount for row in rows if row.closing and any(n in row.account for n in names)}


def later(small: SmallShop, now, passing: timedelta) -> None:
    now.move_to(now() + passing)
    small.shop.settle_payments.settle_open()


def deadline_passes(small: SmallShop) -> None:
    small.shop.followers.catch_up()
    small.shop.refund_tax.act_on_deadlines(LATE)


def test_a_deposit_is_a_guarantee_of_its_own_strength_and_a_debt_to_the_traveller(small):
    claim = agreed(small)
    hold = begun(small, claim)
    assert of(small, claim) == ("agreed", "none", "0.00")
    with pytest.raises(GuaranteeTooSmall):
        small.shop.refund_tax.advance(claim, "cash", TODAY)
    traveller_pays(small, hold)
    small.shop.refund_tax.settle_hold(hold)
    guarantee = latest_guarantee(small.shop.log, claim)
    assert guarantee is not None
    assert (guarantee.state, guarantee.strength, guarantee.secured_until) == ("held", "deposit", None)
    assert (kept(small), books(small)) == ("101.70", {DEPOSITS: "-101.70", WALLET: "101.70"})


def test_customs_confirms_and_the_deposit_goes_back(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10}, PROMISED)
    assert of(small, claim) == ("completed", "released", "101.70")
    assert (kept(small), books(small)) == ("0.00", {})


def test_fewer_units_keep_their_part_and_the_rest_goes_back(small):
    claim = advanced(small)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 4}, PROMISED)
    assert of(small, claim) == ("completed", "captured", "40.68")
    assert (kept(small), books(small)) == ("61.02", {WALLET: "61.02"})


@pytest.mark.parametrize("why", ["late", "other port", "refused"])
def test_a_broken_promise_keeps_the_whole_deposit(small, why):
    claim = advanced(small)
    if why == "late":
        deadline_passes(small)
    else:
        port, seen = ("XXX", 10) if why == "other port" else ("PEK", 0)
        small.shop.refund_tax.confirm_customs(claim, port, {1: seen}, PROMISED, "used")
    assert of(small, claim) == ("recovered", "captured", "0.00")
    assert (kept(small), books(small)) == ("101.70", {WALLET: "101.70"})


def test_goods_returned_give_the_deposit_back_and_keep_the_advance_from_the_price(small):
    claim = advanced(small)
    small.shop.take_back.take_back(small.shop.log.load(Claim, claim).order_ids[0], {1: 10}, "cash", TODAY)
    assert of(small, claim) == ("voided", "released", "0.00")
    assert (kept(small), books(small)) == ("0.00", {})


def test_what_is_kept_of_a_deposit_behind_the_agencys_advance_is_owed_to_the_agency(small):
    claim = advanced(small, "agency")
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 0}, PROMISED, "used")
    assert books(small) == {WALLET: "101.70", "Liabilities:RefundAgency:Clawback": "-101.70"}


def test_a_traveller_who_turns_away_has_paid_nothing_and_may_take_a_card(small):
    claim = agreed(small)
    hold = begun(small, claim)
    traveller_pays(small, hold, approved=False)
    small.shop.refund_tax.settle_hold(hold)
    assert (small.shop.log.load(Hold, hold).state, kept(small)) == ("declined", "0.00")
    small.shop.refund_tax.guarantee(claim, "sandbox", "a card", TODAY)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    assert of(small, claim)[:2] == ("advanced", "held")


def test_a_wallet_that_is_not_accepted_is_said_so(small):
    with pytest.raises(GuaranteeDeclined):
        begun(small, agreed(small), "wallet decline")


def test_a_deposit_nobody_pays_is_called_off_after_half_an_hour(small, now):
    hold = begun(small, agreed(small))
    later(small, now, timedelta(minutes=29))
    assert small.shop.log.load(Hold, hold).state == "requested"
    later(small, now, timedelta(minutes=2))
    traveller_pays(small, hold)
    assert (small.shop.log.load(Hold, hold).state, kept(small)) == ("declined", "0.00")


def test_a_deposit_paid_while_nobody_looked_guarantees_or_goes_back(small, now):
    """The till crashed: the sweep finds the money, and gives it back after half an hour without an advance."""
    claim = agreed(small)
    hold = begun(small, claim)
    traveller_pays(small, hold)
    later(small, now, timedelta(minutes=1))
    assert of(small, claim)[:2] == ("agreed", "held")
    later(small, now, timedelta(minutes=31))
    assert (small.shop.log.load(Hold, hold).state, kept(small), books(small)) == ("released", "0.00", {})


@pytest.mark.parametrize(
    ("wallet", "faults"),
    [*((wallet, n) for wallet in ("wallet", "wallet unknown") for n in range(4)), ("wallet lost", 0)],
)
def test_whatever_answer_is_lost_the_deposit_is_taken_once_and_given_back_once(small, now, wallet, faults):
    claim = agreed(small)
    small.sandbox.faults.extend([Fault.ANSWER_LOST] * faults)
    hold = begun(small, claim, wallet)
    traveller_pays(small, hold)
    small.sandbox.faults.clear()
    later(small, now, timedelta(minutes=1))
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    small.sandbox.faults.extend([Fault.ANSWER_LOST, Fault.REQUEST_LOST] * 2)
    small.shop.refund_tax.confirm_customs(claim, "PEK", {1: 4}, PROMISED)
    later(small, now, timedelta(minutes=1))
    later(small, now, timedelta(minutes=1))
    assert of(small, claim) == ("completed", "captured", "40.68")
    assert (kept(small), books(small)) == ("61.02", {WALLET: "61.02"})


def test_notices_in_any_number_settle_a_deposit_once(small):
    claim = agreed(small)
    traveller_pays(small, begun(small, claim))
    for notice in small.sandbox.notices * 3:
        kept_notice = small.shop.settle_payments.keep("sandbox", notice)
        small.shop.settle_payments.work_off(kept_notice.result)
    assert of(small, claim)[:2] == ("agreed", "held")
    assert len(list(small.shop.log.events(topics=("payments.HoldPlaced",)))) == 1


def test_a_second_deposit_for_the_same_claim_goes_back(small, now):
    claim = agreed(small)
    first, second = begun(small, claim), begun(small, claim)
    for hold in (first, second):
        traveller_pays(small, hold)
        small.shop.refund_tax.settle_hold(hold)
    small.shop.refund_tax.advance(claim, "cash", TODAY)
    later(small, now, timedelta(minutes=31))
    assert (kept(small), books(small)[DEPOSITS]) == ("101.70", "-101.70")
