"""Notices from Stripe: only genuine ones are kept, once; late, doubled, reordered or lost ones change nothing."""

import json
from datetime import date, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from calling import Client
from shops import MORNING, TILL, open_small_shop
from starlette.applications import Starlette
from stripe_books import Object
from stripe_server import API_KEY, WEBHOOK_SECRET, sign, stripe_standing_in

from souvenir.api.webhooks import webhook_routes
from souvenir.kernel.money import Money
from souvenir.payments.hold import Hold
from souvenir.payments.notice import Notice, notice_id
from souvenir.payments.payment import Payment, Tender
from souvenir.payments.provider import ProviderSilent
from souvenir.payments.providers.stripe import Stripe
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.processes.sell import PaymentDeclined
from souvenir.sales.order import Order
from souvenir.testing import clock_at

ME = "guest:me"


class OnlineShop:
    """A shop paid through Stripe, its customers' browsers, and the address Stripe calls."""

    def __init__(self, server, stripe, now) -> None:
        self.server, self.stripe, self.now = server, stripe, now
        self.small = open_small_shop("sqlite://", more=(stripe,))
        self.shop = self.small.shop
        self.client = Client(Starlette(routes=list(webhook_routes(self.shop))))

    def order(self, mugs: int = 1) -> UUID:
        basket = self.shop.sell.open_basket(self.small.web, ME).result
        self.shop.sell.set_quantity(basket, ME, self.small.mug, mugs)
        return self.shop.sell.place_order(basket, ME).result

    def begin(self, order: UUID):
        return self.shop.sell.begin_payment(order, Tender.CARD, "stripe").result

    def customer_pays(self, reference: str, card: str = "pm_card_visa") -> None:
        books = self.server.books
        books.confirm_payment_intent(books.get("payment_intent", reference), {"payment_method": card})

    def call(self, body: bytes, signature: str):
        return self.client.request(
            "POST", "/webhooks/stripe", {"stripe-signature": signature.encode("latin-1")}, content=body
        )

    def call_about(self, **event: object):
        return self.call(*sign(event_about(**event)))

    def notices(self) -> list[Notice]:
        ids = [r.event.originator_id for r in self.shop.log.events(topics=("payments.NoticeReceived",))]
        return [self.shop.log.load(Notice, id) for id in ids]

    def hear(self) -> None:
        for body, signature in self.server.webhooks():
            assert self.call(body, signature).status_code == 200

    def claim(self) -> UUID:
        sold = self.shop.sell.at_till(self.small.counter, TILL, [Item(self.small.mug, 10)], Tender.CASH).result
        jane = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
        claim = self.shop.refund_tax.open_claim([sold], "instant_store", jane).result
        self.shop.refund_tax.agree(claim)
        return claim

    def paid(self, order: UUID) -> bool:
        return self.shop.log.load(Order, order).paid_by is not None


def event_about(**event: object) -> Object:
    about = {"id": "pi_unknown", "object": "payment_intent", "metadata": {"souvenir_key": str(uuid4())}}
    created = int(MORNING.timestamp())
    return {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "created": created,
        "data": {"object": about}, **event,
    }  # fmt: skip


@pytest.fixture
def web(monkeypatch):
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.01)
    with clock_at(MORNING) as now, stripe_standing_in() as server:
        stripe = Stripe(API_KEY, ["whsec_old", WEBHOOK_SECRET], address=server.url, return_url="https://shop.test/paid")
        web = OnlineShop(server, stripe, now)
        yield web
        web.shop.close()
        stripe.close()


def thin(event: Object) -> Object:
    """The same event as a destination for thin events receives it: it names its object and shows nothing of it."""
    about = event["data"]["object"]
    related = {"id": about["id"], "type": about["object"], "url": f"/v1/{about['object']}s/{about['id']}"}
    return {
        "id": event["id"], "object": "v2.core.event", "type": f"v1.{event['type']}", "livemode": False,
        "created": "2026-07-10T01:00:00.000Z", "related_object": related,
    }  # fmt: skip


def test_thin_events_settle_what_they_only_name(web):
    order = web.order()
    begun = web.begin(order)
    web.customer_pays(begun.reference)
    for event in web.server.books.events * 2:
        assert web.call(*sign(thin(event))).status_code == 200
    assert web.paid(order)
    assert [notice.puzzle for notice in web.notices() if notice.topic.startswith("payment_intent.")] == ["", ""]
    assert web.notices()[0].key == ""


def test_a_thin_event_about_what_is_gone_or_not_ours_is_a_puzzle(web):
    about = {"id": "pi_gone", "object": "payment_intent"}
    web.call(*sign(thin(event_about(data={"object": about}))))
    assert [notice.puzzle for notice in web.notices()] == ["it is about nothing that this shop asked for"]


def test_a_thin_event_waits_while_stripe_cannot_be_asked_what_it_is_about(web):
    order = web.order()
    begun = web.begin(order)
    web.customer_pays(begun.reference)
    body, signature = sign(thin(web.server.books.events[-1]))
    web.server.silent = True
    kept = web.shop.settle_payments.receive("stripe", body, signature).result
    with pytest.raises(ProviderSilent):
        web.shop.settle_payments.work_off(kept)
    web.server.silent = False
    web.shop.settle_payments.settle_open()
    assert web.paid(order)


def test_a_readers_notice_settles_the_payment_it_was_busy_with(web):
    reader = web.server.books.add_reader("Counter")
    till = web.shop.pay_at_till
    order = till.place(web.small.counter, TILL, [Item(web.small.mug)]).result
    payment = till.take(order, Tender.CARD, "stripe", reader["id"]).result
    web.server.books.walk_away(reader)
    for body, signature in web.server.webhooks():
        web.call(body, signature)
    assert web.shop.log.load(Payment, payment).declined == "the customer cancelled"
    assert all(not notice.puzzle for notice in web.notices())


def test_notices_settle_a_deposit_from_a_wallet_and_its_way_back(web):
    claim = web.claim()
    hold = web.shop.refund_tax.begin_deposit(claim, "stripe", "alipay").result.hold_id
    web.server.books.wallet_answers(web.server.books.all("payment_intent")[0])
    web.hear()
    web.shop.refund_tax.advance(claim, "cash")
    web.shop.refund_tax.confirm_customs(claim, "PEK", {1: 10})
    assert web.shop.log.load(Hold, hold).state == "releasing"
    web.server.books.finish_refunds()
    web.hear()
    assert web.shop.log.load(Hold, hold).state == "released"
    assert all(not notice.puzzle for notice in web.notices())


def test_a_dispute_is_noted_once_however_its_events_come(web):
    order = web.order()
    web.customer_pays(web.begin(order).reference, "pm_card_createDispute")
    web.hear()
    (dispute,) = web.server.books.all("dispute")
    web.server.books.close_dispute(dispute, won=True)
    opened = next(event for event in web.server.books.events if event["type"] == "charge.dispute.created")
    web.hear()
    web.call(*sign(opened | {"id": "evt_late_copy"}))
    told = [r.event.TOPIC for r in web.shop.log.events(topics=("payments.DisputeOpened", "payments.DisputeWon"))]
    assert told == ["payments.DisputeOpened", "payments.DisputeWon"]


def test_a_customer_pays_in_the_browser_and_stripe_says_so(web):
    order = web.order()
    begun = web.begin(order)
    assert (begun.reference[:3], bool(begun.secret), web.paid(order)) == ("pi_", True, False)
    web.customer_pays(begun.reference)
    for body, signature in web.server.webhooks():
        assert web.call(body, signature).status_code == 200
    assert web.paid(order)
    assert web.shop.log.load(Payment, begun.payment_id).reference == begun.reference
    assert all(notice.worked_off and not notice.puzzle for notice in web.notices())


@pytest.mark.parametrize("seed", range(10))
def test_browser_and_notices_are_one_command_in_any_order_and_number(web, seed):
    chance, order = Random(seed), web.order()
    begun = web.begin(order)
    web.customer_pays(begun.reference)
    steps = [lambda body=body, sig=sig: web.call(body, sig) for body, sig in web.server.webhooks(chance, copies=3)]
    steps += [lambda: web.shop.sell.settle(begun.payment_id)] * 2
    chance.shuffle(steps)
    for step in steps:
        step()
    paid = list(web.shop.log.events(topics=("sales.OrderPaid",)))
    approved = list(web.shop.log.events(topics=("payments.PaymentApproved",)))
    assert (len(paid), len(approved)) == (1, 1)
    assert len(web.notices()) == len(web.server.books.events)


def test_a_notice_that_never_comes_is_not_needed(web):
    order = web.order()
    web.customer_pays(web.begin(order).reference)
    web.shop.settle_payments.settle_open()
    assert web.paid(order)


def test_a_payment_nobody_completes_within_a_day_is_called_off(web):
    order = web.order()
    begun = web.begin(order)
    web.now.move_to(MORNING + timedelta(days=1))
    with pytest.raises(PaymentDeclined):
        web.shop.sell.settle(begun.payment_id)
    assert web.server.books.get("payment_intent", begun.reference)["status"] == "canceled"
    assert not web.paid(order)


def test_a_second_payment_of_an_order_goes_back_by_itself(web):
    order = web.order()
    first, second = web.begin(order), web.begin(order)
    web.customer_pays(first.reference)
    web.customer_pays(second.reference)
    for body, signature in web.server.webhooks():
        web.call(body, signature)
    kept = [web.shop.log.load(Payment, begun.payment_id) for begun in (first, second)]
    assert sorted(len(payment.refunds) for payment in kept) == [0, 1]
    assert sum(moved["amount"] for moved in web.server.books.all("balance_transaction")) == 11300


@pytest.mark.parametrize(
    ("amount", "currency", "received"), [(11299, "cny", "112.99 CNY"), (11300, "usd", "113.00 USD")]
)
def test_another_amount_or_currency_than_asked_is_recorded_and_pays_nothing(web, amount, currency, received):
    order = web.order()
    begun = web.begin(order)
    web.server.books.get("payment_intent", begun.reference).update(amount=amount, currency=currency)
    web.customer_pays(begun.reference)
    for body, signature in web.server.webhooks():
        assert web.call(body, signature).status_code == 200
    payment = web.shop.log.load(Payment, begun.payment_id)
    assert (payment.received, web.paid(order)) == (Money.parse(received), False)


def test_a_keyed_payment_repeated_after_days_is_found_not_charged_again(web, monkeypatch):
    """The process died before it heard; Stripe has forgotten the key by the time the till asks again."""
    order, key = web.order(), ("guest:me", "key-1", b"pay")
    with web.shop.once(*key), monkeypatch.context() as dying:
        dying.setattr(web.shop.sell, "_conclude", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            web.shop.sell.pay(order, Tender.CARD, "stripe", "pm_card_visa")
    web.now.move_to(MORNING + timedelta(days=2))
    with web.shop.once(*key):
        again = web.shop.sell.pay(order, Tender.CARD, "stripe", "pm_card_visa")
    assert (again.replayed, web.paid(order)) == (True, True)
    assert [intent["status"] for intent in web.server.books.all("payment_intent")] == ["succeeded"]


def test_a_refund_the_bank_sends_back_is_taken_note_of(web):
    order = web.order()
    begun = web.begin(order)
    web.customer_pays(begun.reference)
    web.shop.sell.settle(begun.payment_id)
    web.shop.take_back.take_back(order, {1: 1}, "card")
    (refund,) = web.server.books.all("refund")
    web.server.books.fail_refund(refund)
    for body, signature in web.server.webhooks(Random(1), copies=2):
        web.call(body, signature)
    payment = web.shop.log.load(Payment, begun.payment_id)
    assert (payment.refunds, list(payment.refunds_declined.values())) == ({}, ["lost_or_stolen_card"])


def test_a_refund_the_bank_sends_back_is_listed_and_paid_another_way_once(web):
    order = web.order()
    begun = web.begin(order)
    web.customer_pays(begun.reference)
    web.shop.sell.settle(begun.payment_id)
    web.shop.take_back.take_back(order, {1: 1}, "card")
    (refund,) = web.server.books.all("refund")
    web.server.books.fail_refund(refund)
    notices = web.server.webhooks(Random(1), copies=2)
    for body, signature in notices:
        web.call(body, signature)
    (owed,) = web.shop.pay_back.owed()
    assert (str(owed.amount), owed.reason, owed.order_id) == ("113.00 CNY", "lost_or_stolen_card", order)
    web.shop.pay_back.record(owed.id, "bank_transfer", "SWIFT-1")
    for body, signature in notices:
        web.call(body, signature)
    assert web.shop.pay_back.owed() == []
    web.shop.followers.catch_up()
    rows = {row.account: row.closing.amount for row in web.shop.ledger.trial_balance().rows}
    assert (rows["Assets:Bank"], rows["Assets:Clearing:Card"]) == ("-113.00", "113.00")


# What is not ours, or not genuine.


@pytest.mark.parametrize("key", ["", "not-an-id", str(UUID(int=7)), f"capture:{UUID(int=7)}"])
@pytest.mark.parametrize("topic", ["payment_intent.succeeded", "refund.failed"])
def test_a_notice_about_nothing_we_know_is_kept_as_a_puzzle(web, key, topic):
    about = {"id": "pi_x", "object": "payment_intent", "metadata": {"souvenir_key": key}}
    assert web.call_about(type=topic, data={"object": about}).status_code == 200
    assert [notice.puzzle for notice in web.notices()] == ["it is about nothing that this shop asked for"]


def test_a_notice_about_a_payment_at_another_provider_is_a_puzzle(web):
    payment = web.shop.sell.pay(web.order(), Tender.CARD, "sandbox", "approve").result
    about = {"id": "pi_x", "object": "payment_intent", "metadata": {"souvenir_key": str(payment)}}
    web.call_about(data={"object": about})
    assert web.notices()[0].puzzle == "it is about nothing that this shop asked for"


def test_a_notice_of_no_interest_is_kept_and_done(web):
    assert web.call_about(type="account.updated", data={"object": {"id": "acct_1"}}).status_code == 200
    assert [(notice.kind, notice.worked_off, notice.puzzle) for notice in web.notices()] == [("other", True, "")]


def test_the_same_notice_twice_is_stored_once(web):
    assert web.call_about().json() == {"received": True, "known": False}
    assert web.call_about().json() == {"received": True, "known": True}
    assert [notice.id for notice in web.notices()] == [notice_id("stripe", "evt_1")]


def test_both_secrets_are_good_while_they_are_exchanged(web):
    assert web.call(*sign(event_about(), "whsec_old")).status_code == 200


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("age", [-5 * MINUTE, 5 * MINUTE])
def test_a_signature_may_be_five_minutes_off(web, age):
    assert web.call(*sign(event_about(), at=MORNING - age)).status_code == 200


def tampered() -> tuple[bytes, str]:
    body, signature = sign(event_about())
    return body.replace(b"succeeded", b"succeeeed"), signature


FORGED = {
    "signed with another secret": lambda: sign(event_about(), "whsec_other"),
    "an hour old": lambda: sign(event_about(), at=MORNING - timedelta(hours=1)),
    "six minutes ahead": lambda: sign(event_about(), at=MORNING + 6 * MINUTE),
    "changed on the way": tampered,
    "not signed": lambda: (sign(event_about())[0], ""),
    "signed by an old scheme": lambda: (sign(event_about())[0], sign(event_about())[1].replace("v1=", "v0=")),
    "without a time": lambda: (sign(event_about())[0], sign(event_about())[1].partition(",")[2]),
    "with two times": lambda: (sign(event_about())[0], "t=1," + sign(event_about())[1]),
    "a signature of nonsense": lambda: (b"\xff\xfe", "t=½,v1=é"),
    "no event": lambda: sign([]),
    "an event about nothing": lambda: sign({"id": "evt_1", "type": "x", "created": 1, "data": None}),
    "an event of no time": lambda: sign(event_about(created="soon")),
    "an event after the end of time": lambda: sign(event_about(created=10**20)),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_what_stripe_did_not_say_just_now_is_refused_and_not_kept(web, forged):
    before = web.shop.log.head()
    assert web.call(*forged()).status_code == 400
    assert web.shop.log.head() == before


def test_a_body_larger_than_any_notice_is_not_read_to_its_end(web):
    assert web.call(b"x" * 300_000, "t=1,v1=x").status_code == 413


def test_only_posts_to_providers_that_call_back_are_answered(web):
    body, signature = sign(event_about())
    header = {"stripe-signature": signature}
    assert web.client.request("POST", "/webhooks/sandbox", header, content=body).status_code == 404
    assert web.client.request("GET", "/webhooks/stripe").status_code == 405


def test_a_shop_without_stripe_knows_no_such_address():
    with clock_at(MORNING):
        small = open_small_shop("sqlite://")
        client = Client(Starlette(routes=list(webhook_routes(small.shop))))
        assert client.request("POST", "/webhooks/stripe", {}, content=b"{}").status_code == 404
        small.shop.close()


def test_a_notice_whose_handling_fails_is_taken_up_by_the_next_sweep(web, monkeypatch, caplog):
    order = web.order()
    begun = web.begin(order)
    web.customer_pays(begun.reference)
    with monkeypatch.context() as broken:
        broken.setattr(web.shop.sell, "settle", lambda _: 1 / 0)
        for body, signature in web.server.webhooks():
            assert web.call(body, signature).status_code == 200
    assert "a notice is left for the next sweep" in caplog.text
    assert not web.paid(order)
    web.shop.settle_payments.settle_open()
    assert web.paid(order)
    assert all(notice.worked_off for notice in web.notices())


def test_nothing_of_a_notices_content_is_kept_but_what_it_is_about(web):
    about = event_about()["data"]["object"] | {"receipt_email": "jane@example.org", "description": "Jane Doe"}
    web.call_about(data={"object": about})
    stored = b"".join(bytes(event.state) for event in web.shop.log.stored(topics=("payments.NoticeReceived",)))
    assert b"jane" not in stored.lower()
    assert set(json.loads(stored)) >= {"event_id", "topic", "kind", "reference", "key"}


def test_a_payment_that_was_given_up_is_not_begun_again_when_stripe_has_forgotten_its_key(web):
    order = web.order()
    with web.shop.once(ME, "k1", b"begin"):
        web.begin(order)
    web.now.move_to(web.now() + timedelta(hours=25))
    web.shop.settle_payments.settle_open()
    with pytest.raises(PaymentDeclined), web.shop.once(ME, "k1", b"begin"):
        web.begin(order)
    assert [intent["status"] for intent in web.server.books.all("payment_intent")] == ["canceled"]


def test_a_payment_that_waits_is_not_begun_again_when_stripe_has_forgotten_its_key(web):
    order = web.order()
    with web.shop.once(ME, "k1", b"begin"):
        begun = web.begin(order)
    web.now.move_to(web.now() + timedelta(hours=25))
    with web.shop.once(ME, "k1", b"begin"):
        assert web.begin(order) == begun
    assert len(web.server.books.all("payment_intent")) == 1


def test_a_payment_that_was_made_is_not_begun_again(web):
    order = web.order()
    with web.shop.once(ME, "k1", b"begin"):
        begun = web.begin(order)
    web.customer_pays(begun.reference)
    web.hear()
    web.now.move_to(web.now() + timedelta(hours=25))
    with web.shop.once(ME, "k1", b"begin"):
        again = web.begin(order)
    assert (again.payment_id, again.reference, again.secret) == (begun.payment_id, begun.reference, "")
    assert len(web.server.books.all("payment_intent")) == 1
