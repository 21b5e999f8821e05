"""The test cards that the Stripe stand-in knows, as documented: what becomes of each, and how long it can be held."""

from dataclasses import dataclass

DAY = 86_400


@dataclass(frozen=True)
class Card:
    """A test card: its network, and what happens when it is charged."""

    brand: str
    decline: str = ""
    authentication: bool = False
    only_when_saved: bool = False
    """Declines once it is saved, as 4000 0000 0000 0341 does."""
    disputed: bool = False
    away: str = ""
    """Why it is declined while its holder is away, and only then."""


CARDS = {
    "pm_card_visa": Card("visa"),
    "pm_card_mastercard": Card("mastercard"),
    "pm_card_amex": Card("amex"),
    "pm_card_chargeDeclined": Card("visa", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Card("visa", "insufficient_funds"),
    "pm_card_chargeDeclinedExpiredCard": Card("visa", "expired_card"),
    "pm_card_chargeCustomerFail": Card("visa", "generic_decline", only_when_saved=True),
    "pm_card_authenticationRequired": Card("visa", authentication=True),
    "pm_card_chargeDeclinedLater": Card("amex", away="insufficient_funds"),
    "pm_card_lostLater": Card("amex", away="lost_card"),
    "pm_card_authenticationLater": Card("amex", away="authentication_required"),
    "pm_card_createDispute": Card("visa", disputed=True),
}
WALLETS = ("alipay", "wechat_pay")
EXTENDED = {"visa": 29 * DAY + 18 * 3600, "mastercard": 30 * DAY}
USUAL = 7 * DAY
