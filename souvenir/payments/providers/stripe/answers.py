"""What Stripe's objects say, in the words of the port: an answer, an amount, a key, a movement of a payout."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import stripe

from souvenir.kernel import clock
from souvenir.kernel.money import Money
from souvenir.payments.provider import Answer, DisputeFacts, HoldStrength, Outcome, PayoutFacts, SettledMovement
from souvenir.payments.providers.stripe.notices import KEY, ROLE

SEARCH_LAGS: Final = timedelta(hours=1)
"""Stripe's search may miss what is younger than this; that is listed instead."""

PAGE, MOST_PAGES = 100, 10

TIMES_HUNDRED: Final = frozenset({"TWD", "ISK"})
"""Currencies counted whole here, which Stripe wants with two decimals (Stripe documentation, "Currencies")."""

CALLED_OFF: Final = "souvenir_called_off"


def heard(request: Callable[[], Answer]) -> Answer:
    """Stripe's answer; UNKNOWN where nothing was heard, or nothing that says whether it was carried out."""
    try:
        return request()
    except stripe.CardError as error:
        return Answer(Outcome.DECLINED, reason=_decline(error))
    except stripe.InvalidRequestError as error:
        if error.code == "terminal_reader_timeout":  # the reader may have heard it all the same
            return Answer(Outcome.UNKNOWN, reason=error.code)
        return Answer(Outcome.DECLINED, reason=error.code or "Stripe did not accept the request")
    except stripe.StripeError as error:
        return Answer(Outcome.UNKNOWN, reason=type(error).__name__)


def _decline(error: stripe.CardError) -> str:
    details = error.json_body.get("error", {}) if isinstance(error.json_body, dict) else {}
    return str(details.get("decline_code") or error.code or "card declined").replace("_", " ")


def payment(intent: stripe.PaymentIntent) -> Answer:
    """What a payment intent says. One the shop confirmed itself is declined once it wants another card.

    What is being called off is over only once nothing of it is left: until then it is PENDING.
    """
    amount = money(intent.amount_received, intent.currency)
    if meta(intent, CALLED_OFF):
        outcome = Outcome.PENDING if _left(intent) else Outcome.DECLINED
        return Answer(outcome, reference=intent.id, reason="called off")
    if intent.status == "succeeded":
        deposit = HoldStrength.DEPOSIT if meta(intent, ROLE) == "deposit" else None
        return Answer(Outcome.APPROVED, reference=intent.id, amount=amount, strength=deposit)
    if intent.status == "canceled":
        return Answer(Outcome.DECLINED, reference=intent.id, reason=intent.cancellation_reason or "called off")
    if intent.status == "requires_payment_method" and meta(intent, ROLE) not in ("begin", "debt"):
        return Answer(Outcome.DECLINED, reference=intent.id, reason=refusal_of(intent))
    return Answer(Outcome.PENDING, reference=intent.id, secret=intent.client_secret or "", link=_link(intent))


def refusal_of(intent: stripe.PaymentIntent) -> str:
    """Why the last attempt to pay failed."""
    failure = intent.last_payment_error
    reason = (getattr(failure, "decline_code", None) or getattr(failure, "code", None)) if failure else None
    return str(reason or "card declined").replace("_", " ")


def _left(intent: stripe.PaymentIntent) -> bool:
    """Whether a payment that is called off has, or may yet have, any of the customer's money."""
    charge = intent.latest_charge
    if intent.status == "succeeded":
        return not isinstance(charge, stripe.Charge) or charge.amount_refunded < intent.amount_received
    return intent.status != "canceled"


def _link(intent: stripe.PaymentIntent) -> str:
    """What to show to a customer who pays with their phone: a page to open, or a QR code to scan."""
    action = intent.next_action
    for name, field in (
        ("alipay_handle_redirect", "url"),
        ("wechat_pay_display_qr_code", "data"),
        ("redirect_to_url", "url"),
    ):
        shown = getattr(action, name, None) if action is not None else None
        if shown is not None:
            return str(getattr(shown, field, None) or "")
    return ""


def movement(moved: stripe.BalanceTransaction) -> SettledMovement:
    kinds: dict[str, Literal["charge", "refund", "dispute"]] = {
        "charge": "charge", "payment": "charge", "refund": "refund", "refund_failure": "refund",
    }  # fmt: skip
    source = moved.source
    return SettledMovement(
        reference=moved.id,
        kind="dispute" if isinstance(source, stripe.Dispute) else kinds.get(moved.type, "other"),
        amount=money(moved.amount, moved.currency),
        fee=money(moved.fee, moved.currency),
        key=meta(source, KEY) if isinstance(source, stripe.Charge | stripe.Refund) else "",
        dispute=source.id if isinstance(source, stripe.Dispute) else "",
    )


def dispute_facts(dispute: stripe.Dispute, disputed: stripe.PaymentIntent | None) -> DisputeFacts:
    """A dispute, under our key of what it is about. As long as nothing was withdrawn for it, it is a question."""
    ends: dict[str, Literal["won", "lost"]] = {"won": "won", "lost": "lost"}
    return DisputeFacts(
        reference=dispute.id,
        key=meta(disputed, KEY) if disputed is not None else "",
        amount=money(dispute.amount, dispute.currency),
        fee=money(sum(moved.fee for moved in dispute.balance_transactions), dispute.currency),
        reason=dispute.reason.replace("_", " "),
        state=ends.get(dispute.status, "open") if dispute.balance_transactions else "asked",
        opened_on=datetime.fromtimestamp(dispute.created, UTC).date(),
    )


def payout_facts(payout: stripe.Payout, movements: Iterable[SettledMovement]) -> PayoutFacts:
    """A payout with its movements."""
    return PayoutFacts(
        reference=payout.id,
        amount=money(payout.amount, payout.currency),
        arrived_on=datetime.fromtimestamp(payout.arrival_date, UTC).date(),
        movements=tuple(movements),
    )


def refunded(refund: stripe.Refund) -> Answer:
    if refund.status == "succeeded":
        return Answer(Outcome.APPROVED, reference=refund.id, amount=money(refund.amount, refund.currency))
    if refund.status in ("failed", "canceled"):
        return Answer(Outcome.DECLINED, reference=refund.id, reason=refund.failure_reason or "refund failed")
    return Answer(Outcome.PENDING, reference=refund.id)


def pages(listing: Callable[..., Any], params: dict[str, Any]) -> Iterable[Any]:
    """The youngest objects of a list. Raises APIError, so that nothing is concluded, if there are too many to see."""
    for seen, one in enumerate(listing(params).auto_paging_iter()):
        if seen == PAGE * MOST_PAGES:
            raise stripe.APIError("too many to look through")
        yield one


def capture_before(intent: stripe.PaymentIntent) -> datetime | None:
    """Until when the network keeps the money reserved; only the charge knows."""
    charge = intent.latest_charge
    details = charge.payment_method_details if isinstance(charge, stripe.Charge) else None
    card = details.card if details is not None else None
    before = getattr(card, "capture_before", None)
    return datetime.fromtimestamp(before, UTC) if before else None


def minor(money: Money) -> int:
    return money.minor * 100 if money.currency in TIMES_HUNDRED else money.minor


def money(minor: int, currency: str) -> Money:
    code = currency.upper()
    return Money(minor // 100 if code in TIMES_HUNDRED else minor, code)


def meta(thing: Any, name: str) -> str:
    metadata = thing.metadata
    return str(metadata[name]) if metadata and name in metadata else ""


def id_of(thing: Any) -> str:
    """The id of what Stripe gives either as an id or as the whole object."""
    return str(getattr(thing, "id", thing) or "")


def plain(key: str) -> str:
    assert not {"'", "\\"} & set(key), "keys are made of ids"
    return key


def lately() -> int:
    return int((clock.now() - SEARCH_LAGS).timestamp())
