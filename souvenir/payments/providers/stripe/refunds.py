"""Refunds: money sent back on a payment, found again under our key, and sent anew a bounded number of times if it bounces."""

from dataclasses import replace
from typing import Final

import stripe

from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer
from souvenir.payments.providers.stripe.answers import PAGE, meta, minor, refunded
from souvenir.payments.providers.stripe.notices import KEY

Api = stripe.V1Services

BOUNCED: Final = ("failed", "canceled")

MOST_ATTEMPTS: Final = 5
"""How often money that bounced is sent back again, before people must find another way."""


def of(api: Api, payment: str) -> list[stripe.Refund]:
    """Every refund of a payment, the youngest first."""
    return list(api.refunds.list({"payment_intent": payment, "limit": PAGE}).auto_paging_iter())


def under(api: Api, key: str, payment: str) -> list[stripe.Refund]:
    """The refunds of a payment under a key: more than one only where some bounced."""
    return [refund for refund in of(api, payment) if meta(refund, KEY) == key]


def send_back(api: Api, key: str, payment: str, amount: Money) -> Answer:
    """Give money back under a key, once; again where it bounced, until it has bounced for good, as the answer says."""
    before = under(api, key, payment)
    if before and before[0].status not in BOUNCED:
        return refunded(before[0])
    if len(before) >= MOST_ATTEMPTS:
        return replace(refunded(before[0]), bounced=amount)
    body: stripe.params.RefundCreateParams = {
        "payment_intent": payment,
        "amount": minor(amount),
        "metadata": {KEY: key},
    }
    return refunded(api.refunds.create(body, {"idempotency_key": f"{key}:{len(before)}"}))
