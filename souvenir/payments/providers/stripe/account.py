"""One Stripe account behind the port: charges, holds that become saved cards, deposits, refunds, and looking things up.

Every object made at Stripe carries our key in its metadata, so that it can be found again when an answer was lost, even
after Stripe has forgotten the idempotency key (24 hours). Objects are always read anew: notices are only hints.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from os import environ
from typing import Any, Final, Self

import stripe

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
)
from souvenir.payments.providers.stripe import debts, deposits, readers, refunds
from souvenir.payments.providers.stripe.answers import (
    CALLED_OFF,
    PAGE,
    capture_before,
    dispute_facts,
    heard,
    id_of,
    lately,
    meta,
    minor,
    money,
    movement,
    pages,
    payment,
    payout_facts,
    plain,
    refunded,
)
from souvenir.payments.providers.stripe.notices import KEY, ROLE, read_notice

stripe.enable_telemetry = False

API_VERSION: Final = "2026-10-28.endive"
"""Pinned here, in the client's package, and to be set on the webhook endpoint: events follow the endpoint's version."""

CONNECT_SECONDS, ANSWER_SECONDS, RETRIES = 3, 12, 2
"""At most 47 seconds a request, its retries included: four of them stay within provider.IN_FLIGHT."""

MARGIN: Final = timedelta(days=2)
"""How much longer than the day of a possible capture a card hold must last, else the saved card is what counts."""

API_KEY_SETTING: Final = "SOUVENIR_STRIPE_API_KEY"
WEBHOOK_SECRETS_SETTING: Final = "SOUVENIR_STRIPE_WEBHOOK_SECRETS"
"""One secret, or two with a space between them while they are being exchanged."""
RETURN_URL_SETTING: Final = "SOUVENIR_STRIPE_RETURN_URL"
"""Where a customer's phone goes after paying with a wallet."""

UNTIL: Final = "souvenir_until"


class StripeNotSetUp(SouvenirError):
    message = "Stripe needs its secret key: set {setting}."
    setting: str


class Stripe:
    """One Stripe account. Amounts, keys and Stripe's own tokens go there; names and documents never do.

    A source is a payment method, `pm_…`; a reader, `tmr_…`, which asks for a card; or, for a hold, a wallet by name.
    """

    name = "stripe"

    def __init__(
        self, api_key: str, webhook_secrets: Sequence[str] = (), *, address: str | None = None, return_url: str = ""
    ) -> None:
        self._secrets = tuple(webhook_secrets)
        self._return_url = return_url
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
        secrets = settings.get(WEBHOOK_SECRETS_SETTING, "").split()
        return cls(settings[API_KEY_SETTING], secrets, return_url=settings.get(RETURN_URL_SETTING, ""))

    def close(self) -> None:
        """Close this thread's connection."""
        self._http.close()  # type: ignore[no-untyped-call]

    # Payments.

    def at_counter(self, source: str) -> bool:
        return source.startswith(readers.PREFIX)

    def begin(self, key: str, amount: Money) -> Answer:
        def prepare() -> Answer:
            intent = self._api.payment_intents.create(
                {
                    "amount": minor(amount),
                    "currency": amount.currency.lower(),
                    "automatic_payment_methods": {"enabled": True},
                    "metadata": {KEY: key, ROLE: "begin"},
                },
                {"idempotency_key": key},
            )
            return payment(intent)

        return heard(prepare)

    def charge(self, key: str, amount: Money, source: str) -> Answer:
        def take() -> Answer:
            intent = self._api.payment_intents.create(
                {
                    "amount": minor(amount),
                    "currency": amount.currency.lower(),
                    "payment_method": source,
                    "confirm": True,
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "metadata": {KEY: key, ROLE: "charge"},
                },
                {"idempotency_key": key},
            )
            return payment(intent)

        if self.at_counter(source):
            return heard(lambda: readers.take(self._api, key, amount, source))
        return heard(take)

    def refund(self, key: str, charge: str, amount: Money) -> Answer:
        return heard(lambda: refunds.send_back(self._api, key, charge, amount))

    def refunded(self, key: str, charge: str) -> Answer:
        def look() -> Answer:
            found = refunds.under(self._api, key, charge)
            return refunded(found[0]) if found else Answer(Outcome.NEVER_RECEIVED)

        return heard(look)

    # Holds: the card is saved under a mandate, and its money reserved where that lasts long enough; or a deposit.

    def hold(self, key: str, amount: Money, source: str, until: date | None = None) -> Answer:
        if source in deposits.WALLETS:
            return heard(lambda: deposits.take(self._api, key, amount, source, self._return_url))
        return heard(lambda: self._secure(key, amount, source, until))

    def _secure(self, key: str, amount: Money, source: str, until: date | None) -> Answer:
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
                    "amount": minor(amount),
                    "currency": amount.currency.lower(),
                    "customer": customer.id,
                    "payment_method": id_of(saved.payment_method),
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
            self._detach(id_of(saved.payment_method))
            raise
        return self._secured(saved, intent, until)

    def capture(self, key: str, hold: str, amount: Money) -> Answer:
        def take() -> Answer:
            held = self._held(hold)
            if meta(held, ROLE) == "deposit":
                return deposits.keep(self._api, key, held, amount)
            if held.status == "requires_capture":
                body: stripe.params.PaymentIntentCaptureParams = {
                    "amount_to_capture": minor(amount),
                    "metadata": {"souvenir_capture": key},
                }
                held = self._api.payment_intents.capture(hold, body, {"idempotency_key": key})
            if hold.startswith("pi_") and held.status == "succeeded":
                mine = meta(held, "souvenir_capture") == key
                return payment(held) if mine else Answer(Outcome.DECLINED, reason="captured already")
            return debts.charge(self._api, key, held, amount)

        answer = heard(take)
        if answer.outcome is not Outcome.APPROVED:
            return answer  # a card that was declined is kept: it may be tried again
        forgotten = heard(lambda: self._forget_card(hold))
        return forgotten if forgotten.outcome is Outcome.UNKNOWN else answer

    def release(self, key: str, hold: str) -> Answer:
        def let_go() -> Answer:
            held = self._held(hold)
            if meta(held, ROLE) == "deposit":
                return deposits.send_back(self._api, key, held)
            if hold.startswith("pi_"):
                if held.status == "succeeded":
                    return Answer(Outcome.DECLINED, reason="captured already")
                if held.status != "canceled":
                    self._api.payment_intents.cancel(hold, {}, {"idempotency_key": key})
            return self._forget_card(hold)

        return heard(let_go)

    def _secured(self, saved: stripe.SetupIntent, intent: stripe.PaymentIntent | None, until: date | None) -> Answer:
        """A card hold if the money stays reserved for long enough, else the saved card, with nothing reserved."""
        mandate = id_of(saved.mandate) or saved.id
        reserved = intent is not None and intent.status == "requires_capture"
        ends = capture_before(intent) if intent is not None and reserved else None
        if intent is not None and ends is not None and (until is None or ends.date() >= until + MARGIN):
            secured = Answer(Outcome.APPROVED, reference=intent.id, strength=HoldStrength.CARD_HOLD, mandate=mandate)
            return replace(secured, amount=money(intent.amount_capturable, intent.currency), secured_until=ends)
        if intent is not None and intent.status not in ("requires_capture", "canceled"):
            answer = payment(intent)
            if answer.outcome is Outcome.DECLINED:
                self._detach(id_of(saved.payment_method))
            return answer
        if intent is not None and reserved:
            self._api.payment_intents.cancel(intent.id, {}, {"idempotency_key": f"{intent.id}:too_short"})
        return Answer(Outcome.APPROVED, reference=saved.id, strength=HoldStrength.SAVED_CARD, mandate=mandate)

    def _held(self, hold: str) -> Any:
        """What secures a hold: its payment intent, or the setup intent that saved a card."""
        return self._intent(hold) if hold.startswith("pi_") else self._api.setup_intents.retrieve(hold)

    def _forget_card(self, hold: str) -> Answer:
        held = self._held(hold)
        if held.customer is not None:
            self._detach(id_of(held.payment_method))
        return Answer(Outcome.APPROVED, reference=hold)

    def _detach(self, card: str) -> None:
        with suppress(stripe.InvalidRequestError):  # it is not attached any more
            self._api.payment_methods.detach(card)

    # Debts: what a saved card did not give is asked for again.

    def collect(self, key: str, hold: str, amount: Money, attempt: int) -> Answer:
        return heard(lambda: debts.charge(self._api, key, self._held(hold), amount, attempt))

    def offer(self, key: str, hold: str, amount: Money) -> Answer:
        return heard(lambda: debts.offer(self._api, key, self._held(hold), amount))

    def collected(self, key: str, hold: str) -> Answer:
        def look() -> Answer:
            found = debts.find(self._api, key, id_of(self._held(hold).customer))
            return payment(found) if found is not None else Answer(Outcome.NEVER_RECEIVED)

        return heard(look)

    def forgive(self, key: str, hold: str) -> Answer:
        def forget() -> Answer:
            over = debts.give_up(self._api, key, id_of(self._held(hold).customer))
            self._forget_card(hold)
            return over

        return heard(forget)

    # Afterwards.

    def query(self, key: str) -> Answer:
        def look() -> Answer:
            intents = self._intents(key)
            customer = next((id_of(one.customer) for one in intents if one.customer), "") or self._customer(key)
            if customer:
                return self._query_hold(customer)
            if not intents:
                return Answer(Outcome.NEVER_RECEIVED)
            at_reader = meta(intents[0], readers.READER) and not meta(intents[0], CALLED_OFF)
            return readers.seen(self._api, intents[0]) if at_reader else payment(intents[0])

        return heard(look)

    def reverse(self, key: str) -> Answer:
        def undo() -> Answer:
            intents = self._intents(key)
            for intent in intents:
                self._api.payment_intents.update(intent.id, {"metadata": {CALLED_OFF: "yes"}})
                if meta(intent, readers.READER) and not readers.stop(self._api, intent):
                    return Answer(Outcome.PENDING, reference=intent.id, reason="the card is being authorised")
                if intent.status == "succeeded":
                    self._give_back_rest(key, intent)
                elif intent.status != "canceled":
                    self._api.payment_intents.cancel(intent.id, {}, {"idempotency_key": f"reverse:{intent.id}"})
            for saved in self._saved(self._customer(key)):
                self._detach(id_of(saved.payment_method))
            return Answer(Outcome.APPROVED)

        return heard(undo)

    def _give_back_rest(self, key: str, intent: stripe.PaymentIntent) -> None:
        given = sum(
            refund.amount for refund in refunds.of(self._api, intent.id) if refund.status not in refunds.BOUNCED
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
        intents = [intent for intent in listed if meta(intent, ROLE) == "hold"]
        if intents and meta(intents[0], CALLED_OFF):
            return payment(intents[0])
        if not saved:
            return Answer(Outcome.PENDING)
        intent = self._intent(intents[0].id) if intents else None
        until = meta(saved[0], UNTIL)
        return self._secured(saved[0], intent, date.fromisoformat(until) if until else None)

    def _intent(self, id: str) -> stripe.PaymentIntent:
        return self._api.payment_intents.retrieve(id, {"expand": ["latest_charge"]})

    def _intents(self, key: str) -> list[stripe.PaymentIntent]:
        """The payment intents of a key: by search, or, where search may not know them yet, by listing the youngest."""
        found = self._api.payment_intents.search({"query": f"metadata['{KEY}']:'{plain(key)}'"}).data
        ids = [intent.id for intent in found]
        if not ids:
            since = {"created": {"gte": lately()}, "limit": PAGE}
            ids = [intent.id for intent in pages(self._api.payment_intents.list, since) if meta(intent, KEY) == key]
        return [self._intent(id) for id in ids]

    def _customer(self, key: str) -> str:
        found = self._api.customers.search({"query": f"metadata['{KEY}']:'{plain(key)}'"}).data
        if found:
            return found[0].id
        since = {"created": {"gte": lately()}, "limit": PAGE}
        return next((one.id for one in pages(self._api.customers.list, since) if meta(one, KEY) == key), "")

    def _saved(self, customer: str) -> list[stripe.SetupIntent]:
        return self._api.setup_intents.list({"customer": customer, "limit": PAGE}).data if customer else []

    # Notices, and what they are about.

    def dispute(self, reference: str) -> DisputeFacts:
        try:
            dispute = self._api.disputes.retrieve(reference)
            intent = self._intent(id_of(dispute.payment_intent)) if dispute.payment_intent else None
        except stripe.StripeError:
            raise ProviderSilent(provider=self.name) from None
        return dispute_facts(dispute, intent)

    def payout(self, reference: str) -> PayoutFacts:
        params: Any = {"payout": reference, "limit": PAGE, "expand": ["data.source"]}
        try:
            payout = self._api.payouts.retrieve(reference)
            moved = list(self._api.balance_transactions.list(params).auto_paging_iter())
        except stripe.StripeError:
            raise ProviderSilent(provider=self.name) from None
        return payout_facts(payout, [movement(one) for one in moved if one.type != "payout"])

    def read_notice(self, body: bytes, signature: str) -> ProviderNotice:
        """The notice in a webhook's body, whole or thin. Raises NoticeRefused."""
        return read_notice(body, signature, self._secrets)

    def key_of(self, reference: str) -> str:
        """Our key of an intent or a refund, as when a thin notice, or a reader's, names nothing else."""
        read: dict[str, Callable[[str], Any]] = {
            "pi": self._api.payment_intents.retrieve,
            "seti": self._api.setup_intents.retrieve,
            "re": self._api.refunds.retrieve,
        }
        kind = reference.partition("_")[0]
        try:
            return meta(read[kind](reference), KEY) if kind in read else ""
        except stripe.InvalidRequestError:
            return ""
        except stripe.StripeError:
            raise ProviderSilent(provider=self.name) from None
