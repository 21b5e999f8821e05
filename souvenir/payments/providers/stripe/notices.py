"""Stripe's notices: signed by Stripe, neither too old nor from the future, and read for nothing but what they are about.

A snapshot event shows the object it is about, as it was; a thin one only names it.
"""

import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from souvenir.kernel import clock
from souvenir.payments.provider import NoticeKind, NoticeRefused, ProviderNotice

TOLERANCE: Final = timedelta(minutes=5)
"""How old, or how far ahead, a notice's signature may be."""

LARGEST: Final = 256 * 1024
"""Bytes in a notice."""

KEY, ROLE = "souvenir_key", "souvenir_role"
"""The names under which our objects at Stripe carry our key, and what they are for."""


def read_notice(body: bytes, signature: str, secrets: Iterable[str]) -> ProviderNotice:
    """The notice in a webhook's body, signed with any of the endpoint's secrets. Raises NoticeRefused."""
    _check(body, signature, secrets)
    try:
        event = json.loads(body)
        thin = event.get("object") == "v2.core.event"
        about = event["related_object"] if thin else event["data"]["object"]
        topic, metadata = str(event["type"]).removeprefix("v1."), about.get("metadata") or {}
        return ProviderNotice(
            event_id=str(event["id"]),
            topic=topic,
            kind=_kind(topic, metadata.get(ROLE, "")),
            reference=str(_at_reader(about) or about.get("id", "")),
            key=str(metadata.get(KEY, "")),
            happened_at=_instant(event["created"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        raise NoticeRefused(reason="it is not an event.") from None


def _check(body: bytes, header: str, secrets: Iterable[str]) -> None:
    """Refuse what Stripe did not sign with a secret of ours just now: "t=…,v1=…" over "t.body", HMAC with SHA-256."""
    if len(body) > LARGEST:
        raise NoticeRefused(reason="it is too large.")
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    given = [value for name, _, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12:
        raise NoticeRefused(reason="it is not signed as Stripe signs.")
    signed = times[0].encode() + b"." + body
    expected = [hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets if secret]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given):
        raise NoticeRefused(reason="its signature is not one of this shop's endpoint.")
    if abs(int(clock.now().timestamp()) - int(times[0])) > TOLERANCE.total_seconds():
        raise NoticeRefused(reason="it was signed too long ago, or in the future.")


def _instant(created: Any) -> datetime:
    """When it happened: seconds in a snapshot, text in a thin event."""
    at = datetime.fromisoformat(created) if isinstance(created, str) else datetime.fromtimestamp(created, UTC)
    return at.astimezone(UTC)


def _at_reader(about: Any) -> str:
    """The payment that a reader did something about."""
    action = about.get("action") or {}
    return str((action.get("process_payment_intent") or {}).get("payment_intent") or "")


def _kind(topic: str, role: str) -> NoticeKind:
    if topic.startswith(("payment_intent.", "setup_intent.", "terminal.reader.action_")):
        return NoticeKind.HOLD if role in ("hold", "deposit", "capture", "debt") else NoticeKind.PAYMENT
    if topic.startswith(("refund.", "charge.refund.")):
        return NoticeKind.REFUND
    if topic.startswith("charge.dispute."):
        return NoticeKind.DISPUTE
    return NoticeKind.PAYOUT if topic == "payout.reconciliation_completed" else NoticeKind.OTHER
