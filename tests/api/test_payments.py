"""Paying in a browser, and what finance sees of money afterwards, through the published operations."""

from dataclasses import replace
from datetime import date, timedelta

from trading import MORNING, TODAY, Group

from souvenir.api.identity import read_id
from souvenir.banking.banks.simulator import BankSimulator
from souvenir.kernel.money import Money
from souvenir.payments.application import note_dispute, note_payout
from souvenir.payments.provider import DisputeFacts, PayoutFacts, SettledMovement
from souvenir.payments.providers.stripe import Stripe
from souvenir.processes.pay_out import PayOut


def placed(group: Group) -> str:
    """A mug at 747.00, ordered and not paid."""
    basket = group.basket()
    group.guest.do("setQuantity", basketId=basket, productId=group.mug, quantity=1)
    return str(group.guest.do("placeOrder", basketId=basket)["order"]["id"])


def begin(group: Group, order: str, **more):
    return group.guest.try_to("beginPayment", **{"orderId": order, "tender": "CARD", "provider": "sandbox", **more})


def test_a_payment_begun_here_and_completed_in_the_browser_is_settled_on_return(group: Group):
    order = placed(group)
    payment = begin(group, order)["paymentId"]
    waiting = group.guest.do("settlePayment", paymentId=payment)
    assert waiting["order"]["state"] == "placed"
    group.sandbox.bank_answers(str(read_id("Payment", payment)))
    assert group.guest.do("settlePayment", paymentId=payment)["order"]["state"] == "paid"
    assert group.guest.do("settlePayment", paymentId=payment)["order"]["state"] == "paid"
    assert [move.amount.amount for move in group.sandbox.movements.values()] == ["747.00"]


def test_a_payment_begun_twice_under_one_key_is_one_payment(group: Group):
    order = placed(group)
    first, again = begin(group, order, idempotencyKey="b"), begin(group, order, idempotencyKey="b")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert (first["paymentId"], first["clientSecret"]) == (again["paymentId"], again["clientSecret"])


def test_the_browsers_secret_is_not_in_the_log(group: Group):
    begun = begin(group, placed(group))
    stored = b"".join(bytes(row.state) for row in group.shop.log.stored())
    assert not begun["clientSecret"] or begun["clientSecret"].encode() not in stored


def test_nobody_begins_or_settles_another_sessions_payment(group: Group):
    order, other = placed(group), group.session()
    payment = begin(group, order)["paymentId"]
    assert other.try_to("beginPayment", orderId=order, tender="CARD", provider="sandbox")["code"] == "NOT_YOUR_BASKET"
    assert other.try_to("settlePayment", paymentId=payment)["code"] == "NOT_YOUR_BASKET"


def test_a_payment_needs_a_provider_that_works_from_afar(group: Group):
    order = placed(group)
    assert begin(group, order, provider="cash")["code"] == "MALFORMED_INPUT"
    assert begin(group, order, provider="paypal")["code"] == "UNKNOWN_PROVIDER"


def test_nobody_sends_a_payment_to_a_device_on_a_counter_from_afar(group: Group):
    order = placed(group)
    for provider, source in (("terminal", "T7"), ("cash", "drawer")):
        paid = {"orderId": order, "tender": "CARD", "provider": provider, "source": source}
        assert group.guest.try_to("pay", **paid)["code"] == "MALFORMED_INPUT"
        assert begin(group, order, provider=provider)["code"] == "MALFORMED_INPUT"
    stripe = Stripe("sk_test_x")
    assert (stripe.at_counter("tmr_1"), stripe.at_counter("pm_card_visa")) == (True, False)


def test_a_payment_that_came_too_late_for_a_paid_order_goes_back(group: Group):
    order = placed(group)
    payment = begin(group, order)["paymentId"]
    group.guest.do("pay", orderId=order, tender="CARD", provider="sandbox", source="tok")
    group.sandbox.bank_answers(str(read_id("Payment", payment)))
    assert group.guest.try_to("settlePayment", paymentId=payment)["code"] == "ORDER_ALREADY_PAID"
    assert {currency: str(left) for currency, left in group.sandbox.balance.items()} == {"CNY": "747.00 CNY"}


# A deposit from a wallet, behind an advance at the till.


def claimed(group: Group) -> tuple[str, str]:
    """An agreed claim at the refund point over 1,494.00, and its net refund."""
    order = group.bought(goods=[{"productId": group.mug, "quantity": 2}])
    document = {"kind": "passport", "number": "E12345678", "name": "JANE DOE", "lastEntry": "2025-05-01"}
    claim = group.point.do("openClaim", orderIds=[order["id"]], mode="INSTANT_CENTRALISED", document=document)["claim"]
    group.point.do("agreeClaim", claimId=claim["id"])
    return str(claim["id"]), str(claim["net"]["amount"])


def test_a_wallet_deposits_the_refund_and_has_it_back_when_customs_has_confirmed(group: Group):
    claim, net = claimed(group)
    begun = group.point.do("beginDeposit", claimId=claim, provider="sandbox", wallet="wallet")
    assert begun["amount"]["amount"] == net == "134.46"
    waiting = group.point.do("settleDeposit", holdId=begun["holdId"])
    assert (waiting["state"], waiting["claim"]["guaranteeState"]) == ("requested", None)
    group.sandbox.bank_answers(str(read_id("Hold", begun["holdId"])))
    held = group.point.do("settleDeposit", holdId=begun["holdId"])
    assert (held["state"], held["claim"]["guaranteeState"]) == ("held", "held")
    group.point.do("advanceClaim", claimId=claim, tender="CASH")
    assert str(group.sandbox.balance["CNY"]) == "134.46 CNY"
    seen = [{"lineNo": 1, "quantity": 2}]
    done = group.desk.do("confirmCustoms", claimId=claim, port="PEK", lines=seen, on="2025-05-20")["claim"]
    assert (done["state"], done["guaranteeState"]) == ("completed", "released")
    assert str(group.sandbox.balance["CNY"]) == "0.00 CNY"


def test_a_wallet_that_is_declined_or_unknown_is_said_to_be(group: Group):
    claim, _ = claimed(group)
    asked = {"claimId": claim, "provider": "sandbox", "wallet": "wallet decline"}
    assert group.point.try_to("beginDeposit", **asked)["code"] == "GUARANTEE_DECLINED"
    assert group.point.try_to("beginDeposit", **(asked | {"provider": "paypal"}))["code"] == "UNKNOWN_PROVIDER"


# A debt that a declined card left, paid back by a link.


def owing(group: Group, time) -> str:
    """A claim whose promise was broken and whose card was declined: 134.46 is owed."""
    claim, _ = claimed(group)
    group.point.do("guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    group.point.do("advanceClaim", claimId=claim, tender="CASH")
    for reference, movement in group.sandbox.movements.items():
        group.sandbox.movements[reference] = replace(movement, open=False)
    group.sandbox.refusals = 9
    time.move_to(MORNING + timedelta(days=31))
    group.desk.do("missPromise", claimId=claim)
    return claim


def test_a_traveller_pays_a_debt_back_by_the_link_finance_sent(group: Group, time):
    claim = owing(group, time)
    asked = group.finance.do("askForDebt", claimId=claim)
    assert asked["claim"]["guaranteeState"] == "recoverable"
    assert group.finance.do("askForDebt", claimId=claim)["link"] == asked["link"]
    begun = group.visitor.do("beginRepayment", link=asked["link"])
    assert (begun["amount"]["amount"], begun["provider"]) == ("134.46", "sandbox")
    assert group.visitor.do("settleRepayment", link=asked["link"])["paid"] is False
    group.sandbox.holder_pays(begun["clientSecret"].removesuffix(":secret"))
    for _ in range(2):
        assert group.visitor.do("settleRepayment", link=asked["link"])["paid"] is True
    assert group.visitor.try_to("beginRepayment", link=asked["link"])["code"] == "COLLECTION_OVER"
    assert group.finance.ask("claim", id=claim)["guaranteeState"] == "repaid"


def test_nobody_pays_or_sees_a_debt_without_its_link(group: Group, time):
    link = group.finance.do("askForDebt", claimId=owing(group, time))["link"]
    for forged in ("", link[:32], link[:-1] + "x"):
        assert group.visitor.try_to("beginRepayment", link=forged)["code"] == "LINK_NOT_GENUINE"
    stored = b"".join(bytes(row.state) for row in group.shop.log.stored())
    assert link[32:].encode() not in stored


def test_where_nothing_is_collected_there_is_no_link(group: Group):
    claim, _ = claimed(group)
    assert group.finance.try_to("askForDebt", claimId=claim)["code"] == "COLLECTION_OVER"


# A royalty leaves by bank transfer.


def test_finance_pays_a_royalty_once_and_sees_how_far_the_bank_has_come(group: Group, time):
    bank = BankSimulator()
    group.shop.pay_out = PayOut(group.shop.log, bank)
    group.bought(goods=[{"productId": group.scarf, "quantity": 99}])
    group.bought(goods=[{"productId": group.scarf, "quantity": 99}])
    group.finance.do("issueStatement", licenceId=group.licence, period="2025-Q1", on="2025-07-05")
    group.finance.do("issueStatement", licenceId=group.licence, period="2025-Q2", on="2025-07-05")
    asked = {"licenceId": group.licence, "period": "2025-Q2"}
    assert group.finance.try_to("payRoyalty", **(asked | {"period": "2025-Q1"}))["code"] == "NOTHING_TO_PAY"
    sent = group.finance.do("payRoyalty", **asked)["transfer"]
    assert (sent["payee"], sent["amount"]["amount"], sent["state"]) == ("Palace Studio", "584.00", "sent")
    assert group.finance.do("payRoyalty", **asked)["transfer"]["id"] == sent["id"]
    time.move_to(MORNING + timedelta(days=85))
    group.shop.pay_out.settle_open()
    (listed,) = [edge["node"] for edge in group.finance.ask("transfers")["edges"]]
    assert (listed["state"], [str(amount) for amount in bank.paid]) == ("executed", ["584.00 CNY"])


def test_a_shop_without_a_bank_says_so(group: Group):
    assert group.finance.try_to("payRoyalty", licenceId=group.licence, period="2025-Q2")["code"] == "NO_BANK"


def test_finance_records_what_was_paid_by_hand(group: Group):
    for _ in range(2):
        group.bought(goods=[{"productId": group.scarf, "quantity": 99}])
    group.finance.do("issueStatement", licenceId=group.licence, period="2025-Q1", on="2025-07-05")
    group.finance.do("issueStatement", licenceId=group.licence, period="2025-Q2", on="2025-07-05")
    asked = {"licenceId": group.licence, "period": "2025-Q2"}
    assert group.finance.try_to("withdrawRoyaltyPaid", **asked, reason="none", on=TODAY)["code"] == "NOT_PAID_BY_HAND"
    early = group.finance.try_to("recordRoyaltyPaid", **asked, paidOn="2999-01-01", reference="TT-1")
    assert early["code"] == "PAYMENT_NOT_KNOWN"
    paid = group.finance.do("recordRoyaltyPaid", **asked, paidOn=TODAY, reference="TT-1")["transfer"]
    assert (paid["state"], paid["executedOn"], paid["amount"]["amount"]) == ("executed", TODAY, "584.00")
    refused = group.finance.try_to("recordRoyaltyPaid", **asked, paidOn=TODAY, reference="TT-2")
    assert refused["code"] == "ALREADY_BEING_PAID"
    withdrawn = group.finance.do("withdrawRoyaltyPaid", **asked, reason="another licence's", on=TODAY)["transfer"]
    assert (withdrawn["id"], withdrawn["state"]) == (paid["id"], "rejected")


def yuan(amount: str) -> Money:
    return Money.parse(f"{amount} CNY")


def test_finance_sees_payouts_with_what_they_leave_unexplained(group: Group):
    moved = SettledMovement("txn_1", "charge", yuan("100.00"), yuan("2.00"), "")
    note_payout(group.shop.log, PayoutFacts("po_1", yuan("98.00"), date(2025, 5, 16), (moved,)), "stripe")
    (payout,) = [edge["node"] for edge in group.finance.ask("payouts")["edges"]]
    assert (payout["reference"], payout["amount"]["amount"], payout["fee"]["amount"]) == ("po_1", "98.00", "2.00")
    assert len(payout["puzzles"]) == 1


def test_finance_sees_a_dispute_from_its_opening_to_its_end(group: Group):
    facts = DisputeFacts("dp_1", "", yuan("100.00"), yuan("15.00"), "fraudulent", "open", date(2025, 5, 16))
    note_dispute(group.shop.log, facts, "stripe", date(2025, 5, 16))
    (dispute,) = [edge["node"] for edge in group.finance.ask("disputes")["edges"]]
    assert (dispute["state"], dispute["amount"]["amount"], dispute["closedOn"]) == ("open", "100.00", None)
    won = DisputeFacts("dp_1", "", yuan("100.00"), yuan("15.00"), "fraudulent", "won", date(2025, 5, 16))
    note_dispute(group.shop.log, won, "stripe", date(2025, 6, 2))
    (dispute,) = [edge["node"] for edge in group.finance.ask("disputes")["edges"]]
    assert (dispute["state"], dispute["closedOn"]) == ("won", "2025-06-02")
    page = group.finance.ask("disputes", first=1, after=group.finance.ask("disputes")["edges"][0]["cursor"])
    assert page["edges"] == []
