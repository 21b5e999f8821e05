"""A debt on a saved card: one payment intent for the whole of it, so that however often it is tried it is paid once.

The card is charged again while its holder is away, or the holder completes the same payment intent in their browser.
"""

from typing import Any, Final

import stripe

from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, Outcome
from souvenir.payments.providers.stripe.answers import PAGE, id_of, meta, minor, payment, refusal_of
from souvenir.payments.providers.stripe.notices import KEY, ROLE

Api = stripe.V1Services

FIRST: Final = 1


def charge(api: Api, key: str, saved: Any, amount: Money, attempt: int = FIRST) -> Answer:
    """Charge the card behind a setup or payment intent. The first attempt made and declined is not made again."""
    known = find(api, key, id_of(saved.customer))
    if known is None:
        now = {"payment_method": id_of(saved.payment_method), "off_session": True, "confirm": True}
        return _declined_or(api.payment_intents.create(_terms(key, saved, amount) | now, {"idempotency_key": key}))
    if known.status not in ("requires_payment_method", "requires_confirmation", "requires_action"):
        return payment(known)
    if attempt == FIRST and known.last_payment_error is not None:
        return Answer(Outcome.DECLINED, reference=known.id, reason=refusal_of(known))
    if known.amount != minor(amount):
        api.payment_intents.update(known.id, {"amount": minor(amount)})
    again = api.payment_intents.confirm(
        known.id,
        {"payment_method": id_of(saved.payment_method), "off_session": True},
        {"idempotency_key": f"{key}:{attempt}"},
    )
    return _declined_or(again)


def offer(api: Api, key: str, saved: Any, amount: Money) -> Answer:
    """The debt for its holder to pay in a browser: PENDING, with the secret for it."""
    known = find(api, key, id_of(saved.customer)) or api.payment_intents.create(
        _terms(key, saved, amount), {"idempotency_key": f"{key}:offer"}
    )
    if known.status.startswith("requires_") and known.amount != minor(amount):
        known = api.payment_intents.update(known.id, {"amount": minor(amount)})
    return payment(known)


def give_up(api: Api, key: str, customer: str) -> Answer:
    """See to it that a debt can no longer be paid: APPROVED if so, DECLINED if it was paid meanwhile."""
    known = find(api, key, customer)
    if known is not None and known.status not in ("succeeded", "canceled"):
        api.payment_intents.cancel(known.id, {}, {"idempotency_key": f"over:{known.id}"})
    if known is not None and known.status == "succeeded":
        return Answer(Outcome.DECLINED, reference=known.id, reason="paid")
    return Answer(Outcome.APPROVED)


def find(api: Api, key: str, customer: str) -> stripe.PaymentIntent | None:
    """The payment intent of a debt, as it is now."""
    listed = api.payment_intents.list({"customer": customer, "limit": PAGE}).auto_paging_iter()
    return next((intent for intent in listed if meta(intent, KEY) == key), None)


def _terms(key: str, saved: Any, amount: Money) -> Any:
    return {
        "amount": minor(amount),
        "currency": amount.currency.lower(),
        "customer": id_of(saved.customer),
        "metadata": {KEY: key, ROLE: "debt"},
    }


def _declined_or(intent: stripe.PaymentIntent) -> Answer:
    """What the attempt just made came to: a card that wants its holder, who is away, is declined."""
    answer = payment(intent)
    if answer.outcome is Outcome.PENDING and intent.status != "processing":
        return Answer(Outcome.DECLINED, reference=intent.id, reason=refusal_of(intent))
    return answer
