"""Stripe: cards, saved or held, at a reader and in the browser; wallets; notices. Nothing else in the shop knows Stripe."""

from souvenir.payments.providers.stripe.account import API_VERSION, Stripe, StripeNotSetUp

__all__ = ["API_VERSION", "Stripe", "StripeNotSetUp"]
