"""A card reader driven over the network: it is sent one payment at a time, and asked what became of it.

The reader acknowledges a payment, or does not; its customer presents a card, declines, or walks away. The payment
intent alone says whether money moved, so it is read again after whatever the reader said, and cancelled once the reader
has given it up: nothing can be charged on it later.
"""

from typing import Final

import stripe

from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, Outcome
from souvenir.payments.providers.stripe.answers import id_of, meta, minor, payment, refusal_of
from souvenir.payments.providers.stripe.notices import KEY, ROLE

Api = stripe.V1Services

READER: Final = "souvenir_reader"
"""The name under which a payment intent carries the reader it was sent to."""

PREFIX: Final = "tmr_"
"""How Stripe's ids of readers begin: a source that begins so is a reader."""

IN_WORDS: Final = {"customer_canceled": "the customer cancelled", "connection_error": "the reader's line dropped"}
"""Why a reader gave a payment up, other than for its card."""

BUSY: Final = "terminal reader busy"


def take(api: Api, key: str, amount: Money, reader: str) -> Answer:
    """Have a reader ask its customer for a card: PENDING until they have presented one."""
    made = api.payment_intents.create(
        {
            "amount": minor(amount),
            "currency": amount.currency.lower(),
            "allowed_payment_method_types": ["card_present"],
            "capture_method": "automatic",
            "metadata": {KEY: key, ROLE: "reader", READER: reader},
        },
        {"idempotency_key": key},
    )
    intent = _read(api, made.id)
    answer = seen(api, intent)
    if answer.outcome is not Outcome.NEVER_RECEIVED:
        return answer
    try:
        action = api.terminal.readers.retrieve(reader).action
        if action is not None and action.status == "in_progress":
            return _over(api, intent, BUSY)  # Stripe would replace the other payment if no card was presented yet
        api.terminal.readers.process_payment_intent(reader, {"payment_intent": intent.id})
    except stripe.InvalidRequestError as error:
        if error.code == "terminal_reader_timeout":
            raise
        return _over(api, intent, str(error.code or "the reader did not accept it").replace("_", " "))
    return seen(api, _read(api, intent.id))


def seen(api: Api, intent: stripe.PaymentIntent) -> Answer:
    """What became of a payment at its reader; NEVER_RECEIVED where the reader was not sent it, or forgot it."""
    if intent.status != "requires_payment_method":
        return payment(intent)
    action = _action(api, intent)
    if action is None:
        declined = intent.last_payment_error is not None
        return _over(api, intent, refusal_of(intent)) if declined else Answer(Outcome.NEVER_RECEIVED)
    if action.status == "in_progress":
        return Answer(Outcome.PENDING, reference=intent.id)
    reason = intent.last_payment_error and refusal_of(intent)
    return _over(api, intent, reason or IN_WORDS.get(str(action.failure_code), "the reader gave it up"))


def stop(api: Api, intent: stripe.PaymentIntent) -> bool:
    """Clear the reader's screen of a payment; False while its card is being authorised, and cannot be stopped."""
    action = _action(api, intent)
    if action is not None and action.status == "in_progress":
        try:
            api.terminal.readers.cancel_action(meta(intent, READER))
        except stripe.InvalidRequestError:
            return False
    return True


def _action(api: Api, intent: stripe.PaymentIntent) -> stripe.terminal.Reader.Action | None:
    """What the reader does, or did last, if it is about this payment; nothing if there is no such reader any more."""
    try:
        action = api.terminal.readers.retrieve(meta(intent, READER)).action
    except stripe.InvalidRequestError:
        return None
    about = action.process_payment_intent if action is not None else None
    return action if about is not None and id_of(about.payment_intent) == intent.id else None


def _over(api: Api, intent: stripe.PaymentIntent, reason: str) -> Answer:
    """Declined, and made sure of: unless it was paid meanwhile, the payment is cancelled."""
    try:
        api.payment_intents.cancel(intent.id, {}, {"idempotency_key": f"over:{intent.id}"})
    except stripe.InvalidRequestError:
        return payment(_read(api, intent.id))
    return Answer(Outcome.DECLINED, reference=intent.id, reason=reason)


def _read(api: Api, id: str) -> stripe.PaymentIntent:
    return api.payment_intents.retrieve(id, {"expand": ["latest_charge"]})
