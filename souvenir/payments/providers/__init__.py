"""One file per way of paying, and which of them a shop has."""

from collections.abc import Mapping
from os import environ
from typing import Final

from souvenir.payments.provider import Providers
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.sandbox import Sandbox
from souvenir.payments.providers.terminal import BankTerminal

STRIPE_SETTING: Final = "SOUVENIR_STRIPE_API_KEY"


def set_up(settings: Mapping[str, str] = environ) -> Providers:
    """Cash, terminals that are not connected, and Stripe where its secret key is set; else the sandbox, which takes no real money, and never both."""
    if settings.get(STRIPE_SETTING):
        from souvenir.payments.providers.stripe import Stripe

        return Providers(Cash(), BankTerminal(), Stripe.from_settings(settings))
    return Providers(Cash(), BankTerminal(), Sandbox())
