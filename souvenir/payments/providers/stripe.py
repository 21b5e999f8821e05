"""Stripe: cards, and the wallets Stripe offers in the customer's browser; nothing else in the shop knows Stripe.

Every object made at Stripe carries our key in its metadata, so that it can be found again when an answer was lost, even
after Stripe has forgotten the idempotency key (24 hours). Objects are always read anew: notices are only hints.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from os import environ
from typing import Any, Final, Literal, Self

import stripe

from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.payments.provider import (
    Answer,
    DisputeFacts,
    HoldStrength,
    Outcome,
    PayoutFacts,
    ProviderNotice,
    ProviderSilent,
    SettledMovement,
)
from souvenir.payments.providers.stripe_notices import KEY, ROLE, read_notice

stripe.enable_telemetry = False

API_VERSION: Final = "2026-10-28.endive"
"""Pinned here, in the client's package, and to be set on the webhook endpoint: events follow the endpoint's version."""

CONNECT_SECONDS, ANSWER_SECONDS, RETRIES = 3, 12, 2
"""At most 47 seconds a request, its retries included: four of them stay within provider.IN_FLIGHT."""

MARGIN: Final = timedelta(days=2)
"""How much longer than the day of a possible capture a card hold must last, else the saved card is what counts."""

SEARCH_LAGS: Final = timedelta(hours=1)
"""Stripe's search may miss what is younger than this; that is listed instead."""

PAGE, MOST_PAGES = 100, 10

API_KEY_SETTING: Final = "SOUVENIR_STRIPE_API_KEY"
WEBHOOK_SECRETS_SETTING: Final = "SOUVENIR_STRIPE_WEBHOOK_SECRETS"
"""One secret, or two with a space between them while they are being exchanged."""

TIMES_HUNDRED: Final = frozenset({"TWD", "ISK"})
"""Currencies counted whole here, which Stripe wants with two decimals (Stripe documentation, "Currencies")."""

UNTIL, CALLED_OFF = "souvenir_until", "souvenir_called_off"


class StripeNotSetUp(SouvenirError):
    message = "Stripe needs its secret key: set {setting}."
    setting: str


class Stripe:
    """One Stripe account. Amounts, keys and Stripe's own tokens go there; names and documents never do."""

    name = "stripe"

    def __init__(self, api_key: str, webhook_secrets: Sequence[str] = (), *, address: str | None = None) -> None:
        self._secrets = tuple(webhook_secrets)
        self._http = stripe.RequestsClient(timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
        client = stripe.StripeClient(
            api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": address} if address else {},
            max_network_retries=RETRIES,
            http_client=self._http,
        )
        self._api = client.v1

    @classmethod
    def from_settings(cls, settings: Mapping[str, str] = environ) -> Self:
        """Stripe as the environment says. Raises StripeNotSetUp."""
        if not settings.get(API_KEY_SETTING):
            raise StripeNotSetUp(setting=API_KEY_SETTING)
        return cls(settings[API_KEY_SETTING], settings.get(WEBHOOK_SECRETS_SETTING, "").split())

    def close(self) -> None:
        """Close this thread's connection."""
        self._http.close()  # type: ignore[no-untyped-call]

    # Payments.

    def begin(self, key: str, amount: Money) -> Answer:
        def prepare() -> Answer:
            intent = self._api.payment_intents.create(
                {
                    "amount": _minor(amount),
                    "currency": amount.currency.lower(),
                    "automatic_payment_methods": {"enabled": True},
                    "metadata": {KEY: key, ROLE: "begin"},
                },
                {"idempotency_key": key},
            )
            return _payment(intent)

        return _heard(prepare)

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        def take() -> Answer:
            intent = self._api.payment_intents.create(
                {
                    "amount": _minor(amount),
                    "currency": amount.currency.lower(),
                    "payment_method": source,
                    "confirm": True,
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "metadata": {KEY: key, ROLE: "charge"},
                },
                {"idempotency_key": key},
            )
            return _payment(intent)

        return _heard(take)

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        def give_back() -> Answer:
            before = self._refunds(key, charge)
            if before and before[0].status not in ("failed", "canceled"):
                return _refund(before[0])
            attempt = f"{key}:{len(before)}" if before else key
            refund = self._api.refunds.create(
                {"payment_intent": charge, "amount": _minor(amount), "metadata": {KEY: key}},
                {"idempotency_key": attempt},
            )
            return _refund(refund)

        return _heard(give_back)

    def refunded(self, key: str, charge: str) -> Answer:
        def look() -> Answer:
            found = self._refunds(key, charge)
            return _refund(found[0]) if found else Answer(Outcome.NEVER_RECEIVED)

        return _heard(look)

    def _refunds(self, key: str, charge: str) -> list[stripe.Refund]:
        """The refunds of a charge under a key, the youngest first: more than one only where the bank sent one back."""
        listed = self._api.refunds.list({"payment_intent": charge, "limit": PAGE}).auto_paging_iter()
        return [refund for refund in listed if _meta(refund, KEY) == key]

    # Holds: the card is saved under a mandate, and its money reserved where that lasts long enough.

    def hold(self, key: str, amount: Money, source: str, until: date | None = None) -> Answer:
        def secure() -> Answer:
            metadata = {KEY: key, ROLE: "hold", UNTIL: until.isoformat() if until else ""}
            customer = self._api.customers.create({"metadata": metadata}, {"idempotency_key": f"{key}:customer"})
            saved = self._api.setup_intents.create(
                {
                    "customer": customer.id,
                    "payment_method": source,
                    "usage": "off_session",
                    "confirm": True,
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "metadata": metadata,
                },
                {"idempotency_key": f"{key}:save"},
            )
            if saved.status != "succeeded":
                return Answer(Outcome.PENDING, reference=saved.id, secret=saved.client_secret or "")
            try:
                intent = self._api.payment_intents.create(
                    {
                        "amount": _minor(amount),
                        "currency": amount.currency.lower(),
                        "customer": customer.id,
                        "payment_method": _id(saved.payment_method),
                        "confirm": True,
                        "capture_method": "manual",
                        "payment_method_options": {"card": {"request_extended_authorization": "if_available"}},
                        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                        "metadata": metadata,
                        "expand": ["latest_charge"],
                    },
                    {"idempotency_key": f"{key}:hold"},
                )
            except stripe.CardError:
                self._detach(_id(saved.payment_method))
                raise
            return self._secured(saved, intent, until)

        return _heard(secure)

    def capture(self, key: str, hold: str, amount: Money) -> Answer:
        def take() -> Answer:
            held: Any
            if hold.startswith("pi_"):
                held = self._intent(hold)
                if held.status == "requires_capture":
                    body: stripe.params.PaymentIntentCaptureParams = {
                        "amount_to_capture": _minor(amount),
                        "metadata": {"souvenir_capture": key},
                    }
                    held = self._api.payment_intents.capture(hold, body, {"idempotency_key": key})
                if held.status == "succeeded":
                    mine = _meta(held, "souvenir_capture") == key
                    return _payment(held) if mine else Answer(Outcome.DECLINED, reason="captured already")
            else:
                held = self._api.setup_intents.retrieve(hold)
            return self._charge_saved(key, _id(held.customer), _id(held.payment_method), amount)

        answer = _heard(take)
        if answer.outcome is Outcome.UNKNOWN:
            return answer
        forgotten = _heard(lambda: self._forget_card(hold))
        return forgotten if forgotten.outcome is Outcome.UNKNOWN else answer

    def release(self, key: str, hold: str) -> Answer:
        def let_go() -> Answer:
            if hold.startswith("pi_"):
                intent = self._intent(hold)
                if intent.status == "succeeded":
                    return Answer(Outcome.DECLINED, reason="captured already")
                if intent.status != "canceled":
                    self._api.payment_intents.cancel(hold, {}, {"idempotency_key": key})
            return self._forget_card(hold)

        return _heard(let_go)

    def _secured(self, saved: stripe.SetupIntent, intent: stripe.PaymentIntent | None, until: date | None) -> Answer:
        """A card hold if the money stays reserved for long enough, else the saved card, with nothing reserved."""
        mandate = _id(saved.mandate) or saved.id
        reserved = intent is not None and intent.status == "requires_capture"
        ends = _capture_before(intent) if intent is not None and reserved else None
        if intent is not None and ends is not None and (until is None or ends.date() >= until + MARGIN):
            secured = Answer(Outcome.APPROVED, reference=intent.id, strength=HoldStrength.CARD_HOLD, mandate=mandate)
            return replace(secured, amount=_money(intent.amount_capturable, intent.currency), secured_until=ends)
        if intent is not None and intent.status not in ("requires_capture", "canceled"):
            answer = _payment(intent)
            if answer.outcome is Outcome.DECLINED:
                self._detach(_id(saved.payment_method))
            return answer
        if intent is not None and reserved:
            self._api.payment_intents.cancel(intent.id, {}, {"idempotency_key": f"{intent.id}:too_short"})
        return Answer(Outcome.APPROVED, reference=saved.id, strength=HoldStrength.SAVED_CARD, mandate=mandate)

    def _charge_saved(self, key: str, customer: str, card: str, amount: Money) -> Answer:
        """Charge a saved card while its holder is away; what was charged under this key before is found first."""
        for intent in self._api.payment_intents.list({"customer": customer, "limit": PAGE}).auto_paging_iter():
            if _meta(intent, KEY) == key and intent.status == "succeeded":
                return _payment(intent)
        intent = self._api.payment_intents.create(
            {
                "amount": _minor(amount),
                "currency": amount.currency.lower(),
                "customer": customer,
                "payment_method": card,
                "off_session": True,
                "confirm": True,
                "metadata": {KEY: key, ROLE: "capture"},
            },
            {"idempotency_key": key},
        )
        return _payment(intent)

    def _forget_card(self, hold: str) -> Answer:
        held: Any = self._intent(hold) if hold.startswith("pi_") else self._api.setup_intents.retrieve(hold)
        if held.customer is not None:
            self._detach(_id(held.payment_method))
        return Answer(Outcome.APPROVED, reference=hold)

    def _detach(self, card: str) -> None:
        with suppress(stripe.InvalidRequestError):  # it is not attached any more
            self._api.payment_methods.detach(card)

    # Afterwards.

    def query(self, key: str) -> Answer:
        def look() -> Answer:
            intents = self._intents(key)
            customer = next((_id(intent.customer) for intent in intents if intent.customer), "") or self._customer(key)
            if customer:
                return self._query_hold(customer)
            if not intents:
                return Answer(Outcome.NEVER_RECEIVED)
            return _payment(intents[0])

        return _heard(look)

    def reverse(self, key: str) -> Answer:
        def undo() -> Answer:
            intents = self._intents(key)
            for intent in intents:
                self._api.payment_intents.update(intent.id, {"metadata": {CALLED_OFF: "yes"}})
                if intent.status == "succeeded":
                    self._give_back_rest(key, intent)
                elif intent.status != "canceled":
                    self._api.payment_intents.cancel(intent.id, {}, {"idempotency_key": f"reverse:{intent.id}"})
            for saved in self._saved(self._customer(key)):
                self._detach(_id(saved.payment_method))
            return Answer(Outcome.APPROVED)

        return _heard(undo)

    def _give_back_rest(self, key: str, intent: stripe.PaymentIntent) -> None:
        given = sum(
            refund.amount
            for refund in self._api.refunds.list({"payment_intent": intent.id, "limit": PAGE}).auto_paging_iter()
            if refund.status not in ("failed", "canceled")
        )
        if rest := intent.amount_received - given:
            body: stripe.params.RefundCreateParams = {
                "payment_intent": intent.id,
                "amount": rest,
                "metadata": {KEY: f"reverse:{key}"},
            }
            self._api.refunds.create(body, {"idempotency_key": f"reverse:{key}"})

    def _query_hold(self, customer: str) -> Answer:
        saved = [one for one in self._saved(customer) if one.status == "succeeded"]
        listed = self._api.payment_intents.list({"customer": customer, "limit": PAGE}).data
        intents = [intent for intent in listed if _meta(intent, ROLE) == "hold"]
        if any(_meta(intent, CALLED_OFF) for intent in intents):
            return Answer(Outcome.DECLINED, reason="called off")
        if not saved:
            return Answer(Outcome.PENDING)
        intent = self._intent(intents[0].id) if intents else None
        until = _meta(saved[0], UNTIL)
        return self._secured(saved[0], intent, date.fromisoformat(until) if until else None)

    def _intent(self, id: str) -> stripe.PaymentIntent:
        return self._api.payment_intents.retrieve(id, {"expand": ["latest_charge"]})

    def _intents(self, key: str) -> list[stripe.PaymentIntent]:
        """The payment intents of a key: by search, or, where search may not know them yet, by listing the youngest."""
        found = self._api.payment_intents.search({"query": f"metadata['{KEY}']:'{_plain(key)}'"}).data
        ids = [intent.id for intent in found]
        if not ids:
            since = {"created": {"gte": _since()}, "limit": PAGE}
            ids = [intent.id for intent in _pages(self._api.payment_intents.list, since) if _meta(intent, KEY) == key]
        return [self._intent(id) for id in ids]

    def _customer(self, key: str) -> str:
        found = self._api.customers.search({"query": f"metadata['{KEY}']:'{_plain(key)}'"}).data
        if found:
            return found[0].id
        since = {"created": {"gte": _since()}, "limit": PAGE}
        return next((one.id for one in _pages(self._api.customers.list, since) if _meta(one, KEY) == key), "")

    def _saved(self, customer: str) -> list[stripe.SetupIntent]:
        return self._api.setup_intents.list({"customer": customer, "limit": PAGE}).data if customer else []

    # Notices, and what they are about.

    def dispute(self, reference: str) -> DisputeFacts:
        try:
            dispute = self._api.disputes.retrieve(reference)
            intent = self._intent(_id(dispute.payment_intent)) if dispute.payment_intent else None
        except stripe.StripeError:
            raise ProviderSilent(provider=self.name) from None
        return DisputeFacts(
            reference=dispute.id,
            key=_meta(intent, KEY) if intent is not None else "",
            amount=_money(dispute.amount, dispute.currency),
            fee=_money(sum(moved.fee for moved in dispute.balance_transactions), dispute.currency),
            reason=dispute.reason.replace("_", " "),
            state={"won": "won", "lost": "lost"}.get(dispute.status, "open"),  # type: ignore[arg-type]
            opened_on=datetime.fromtimestamp(dispute.created, UTC).date(),
        )

    def payout(self, reference: str) -> PayoutFacts:
        params: Any = {"payout": reference, "limit": PAGE, "expand": ["data.source"]}
        try:
            payout = self._api.payouts.retrieve(reference)
            moved = list(self._api.balance_transactions.list(params).auto_paging_iter())
        except stripe.StripeError:
            raise ProviderSilent(provider=self.name) from None
        return PayoutFacts(
            reference=payout.id,
            amount=_money(payout.amount, payout.currency),
            arrived_on=datetime.fromtimestamp(payout.arrival_date, UTC).date(),
            movements=tuple(_movement(one) for one in moved if one.type != "payout"),
        )

    def read_notice(self, body: bytes, signature: str) -> ProviderNotice:
        """The notice in a webhook's body. Raises NoticeRefused."""
        return read_notice(body, signature, self._secrets)


def _heard(request: Callable[[], Answer]) -> Answer:
    """Stripe's answer; UNKNOWN where nothing was heard, or nothing that says whether it was carried out."""
    try:
        return request()
    except stripe.CardError as error:
        return Answer(Outcome.DECLINED, reason=_decline(error))
    except stripe.InvalidRequestError as error:
        return Answer(Outcome.DECLINED, reason=error.code or "Stripe did not accept the request")
    except stripe.StripeError as error:
        return Answer(Outcome.UNKNOWN, reason=type(error).__name__)


def _decline(error: stripe.CardError) -> str:
    details = error.json_body.get("error", {}) if isinstance(error.json_body, dict) else {}
    return str(details.get("decline_code") or error.code or "card declined").replace("_", " ")


def _payment(intent: stripe.PaymentIntent) -> Answer:
    """What a payment intent says. One the shop confirmed itself is declined once it wants another card."""
    if _meta(intent, CALLED_OFF):
        return Answer(Outcome.DECLINED, reference=intent.id, reason="called off")
    if intent.status == "succeeded":
        amount = _money(intent.amount_received, intent.currency)
        return Answer(Outcome.APPROVED, reference=intent.id, amount=amount)
    if intent.status == "canceled":
        return Answer(Outcome.DECLINED, reference=intent.id, reason=intent.cancellation_reason or "called off")
    if intent.status == "requires_payment_method" and _meta(intent, ROLE) != "begin":
        failure = intent.last_payment_error
        reason = (getattr(failure, "decline_code", None) or getattr(failure, "code", None)) if failure else None
        return Answer(Outcome.DECLINED, reference=intent.id, reason=str(reason or "card declined").replace("_", " "))
    return Answer(Outcome.PENDING, reference=intent.id, secret=intent.client_secret or "")


def _movement(moved: stripe.BalanceTransaction) -> SettledMovement:
    kinds: dict[str, Literal["charge", "refund", "dispute"]] = {
        "charge": "charge", "payment": "charge", "refund": "refund", "refund_failure": "refund",
    }  # fmt: skip
    source = moved.source
    return SettledMovement(
        reference=moved.id,
        kind="dispute" if isinstance(source, stripe.Dispute) else kinds.get(moved.type, "other"),
        amount=_money(moved.amount, moved.currency),
        fee=_money(moved.fee, moved.currency),
        key=_meta(source, KEY) if isinstance(source, stripe.Charge | stripe.Refund) else "",
    )


def _refund(refund: stripe.Refund) -> Answer:
    if refund.status == "succeeded":
        return Answer(Outcome.APPROVED, reference=refund.id, amount=_money(refund.amount, refund.currency))
    if refund.status in ("failed", "canceled"):
        return Answer(Outcome.DECLINED, reference=refund.id, reason=refund.failure_reason or "refund failed")
    return Answer(Outcome.PENDING, reference=refund.id)


def _pages(listing: Callable[..., Any], params: dict[str, Any]) -> Iterable[Any]:
    """The youngest objects of a list. Raises APIError, so that nothing is concluded, if there are too many to see."""
    for seen, one in enumerate(listing(params).auto_paging_iter()):
        if seen == PAGE * MOST_PAGES:
            raise stripe.APIError("too many to look through")
        yield one


def _capture_before(intent: stripe.PaymentIntent) -> datetime | None:
    """Until when the network keeps the money reserved; only the charge knows."""
    charge = intent.latest_charge
    details = charge.payment_method_details if isinstance(charge, stripe.Charge) else None
    card = details.card if details is not None else None
    before = getattr(card, "capture_before", None)
    return datetime.fromtimestamp(before, UTC) if before else None


def _minor(money: Money) -> int:
    return money.minor * 100 if money.currency in TIMES_HUNDRED else money.minor


def _money(minor: int, currency: str) -> Money:
    code = currency.upper()
    return Money(minor // 100 if code in TIMES_HUNDRED else minor, code)


def _meta(thing: Any, name: str) -> str:
    metadata = thing.metadata
    return str(metadata[name]) if metadata and name in metadata else ""


def _id(thing: Any) -> str:
    """The id of what Stripe gives either as an id or as the whole object."""
    return str(getattr(thing, "id", thing) or "")


def _plain(key: str) -> str:
    assert not {"'", "\\"} & set(key), "keys are made of ids"
    return key


def _since() -> int:
    return int((clock.now() - SEARCH_LAGS).timestamp())
