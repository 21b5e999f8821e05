"""Deposits with Alipay and WeChat Pay, which reserve nothing: the money is taken, and given back once it is not needed."""

from dataclasses import replace
from typing import Final

import stripe

from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, Outcome
from souvenir.payments.providers.stripe import refunds
from souvenir.payments.providers.stripe.answers import minor, money, payment
from souvenir.payments.providers.stripe.notices import KEY, ROLE

Api = stripe.V1Services

WALLETS: Final = frozenset({"alipay", "wechat_pay"})
"""Ways of paying without manual capture (Stripe documentation, "Place a hold on a payment method")."""


def take(api: Api, key: str, amount: Money, wallet: str, return_url: str) -> Answer:
    """Ask the customer's phone for the money: PENDING, with what to show them."""
    if not return_url:
        return Answer(Outcome.DECLINED, reason="wallets need an address to return to: set SOUVENIR_STRIPE_RETURN_URL")
    made = api.payment_intents.create(
        {
            "amount": minor(amount),
            "currency": amount.currency.lower(),
            "allowed_payment_method_types": [wallet],
            "payment_method_data": {"type": wallet},
            "payment_method_options": {"wechat_pay": {"client": "web"}} if wallet == "wechat_pay" else {},
            "confirm": True,
            "return_url": return_url,
            "metadata": {KEY: key, ROLE: "deposit"},
        },
        {"idempotency_key": f"{key}:hold"},
    )
    return payment(api.payment_intents.retrieve(made.id, {"expand": ["latest_charge"]}))


def keep(api: Api, key: str, deposit: stripe.PaymentIntent, amount: Money) -> Answer:
    """Keep `amount` of a deposit for good; APPROVED once the rest is back with the customer, or bounced for good."""
    taken = money(deposit.amount_received, deposit.currency)
    if amount > taken:
        return Answer(Outcome.DECLINED, reference=deposit.id, reason="more than was deposited")
    rest = taken - amount
    sent = _send_back(api, key, deposit, rest) if rest else Answer(Outcome.APPROVED)
    return replace(sent, reference=deposit.id, amount=amount)


def send_back(api: Api, key: str, deposit: stripe.PaymentIntent) -> Answer:
    """Give a whole deposit back."""
    return _send_back(api, key, deposit, money(deposit.amount_received, deposit.currency))


def _send_back(api: Api, key: str, deposit: stripe.PaymentIntent, amount: Money) -> Answer:
    """What bounced for good is over with the provider: people pay it another way."""
    answer = refunds.send_back(api, key, deposit.id, amount)
    return answer if answer.bounced is None else replace(answer, outcome=Outcome.APPROVED)
