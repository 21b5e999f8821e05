"""What Stripe keeps and how it changes, as documented: intents, holds that expire, refunds, fees, disputes, payouts.

Only what the shop uses; what it does not know it refuses, as Stripe does. Times come from the clock it is given.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from stripe_cards import CARDS, DAY, EXTENDED, USUAL, WALLETS, Card

Object = dict[str, Any]

FEE_PERCENT, FEE_FIXED, DISPUTE_FEE = 29, 30, 1500
"""2.9 % + 0.30, and 15.00 for a dispute."""


class Refused(Exception):
    """An error as Stripe answers it."""

    def __init__(self, status: int, type: str, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": type, "code": code, "message": message, **more}}


def invalid(code: str, message: str, status: int = 400) -> Refused:
    return Refused(status, "invalid_request_error", code, message)


@dataclass
class Books:
    """One account."""

    now: Callable[[], datetime]
    search_lags: timedelta = timedelta(minutes=1)
    objects: dict[str, Object] = field(default_factory=dict)
    events: list[Object] = field(default_factory=list)
    _numbers: Iterable[int] = field(default_factory=lambda: count(1))

    # Payment intents.

    def create_payment_intent(self, p: Object) -> Object:
        amount, currency = _whole(p, "amount"), p["currency"]
        if amount < 1:
            raise invalid("parameter_invalid_integer", "This value must be greater than or equal to 1.")
        types = list((p.get("allowed_payment_method_types") or {}).values())
        if p.get("capture_method") == "manual" and set(types) & set(WALLETS):
            raise invalid("payment_intent_invalid_parameter", "This payment method has no manual capture.")
        intent = self._add(
            "payment_intent", "pi",
            amount=amount, currency=currency, amount_capturable=0, amount_received=0, status="requires_payment_method",
            capture_method=p.get("capture_method", "automatic_async"), customer=p.get("customer"),
            payment_method=None, latest_charge=None, last_payment_error=None, canceled_at=None,
            cancellation_reason=None, next_action=None, payment_method_types=types, metadata=p.get("metadata", {}),
            extend=_at(p, "payment_method_options", "card", "request_extended_authorization") == "if_available",
        )  # fmt: skip
        intent["client_secret"] = f"{intent['id']}_secret"
        self._tell("payment_intent.created", intent)
        if p.get("payment_method"):
            intent["payment_method"] = self._card_used(p["payment_method"], p.get("customer"))["id"]
            intent["status"] = "requires_confirmation"
        if _true(p.get("confirm")):
            self.confirm_payment_intent(intent, p)
        return intent

    def confirm_payment_intent(self, intent: Object, p: Object) -> Object:
        if _at(p, "payment_method_data", "type") in WALLETS:
            return self._show_wallet(intent, p)
        if p.get("payment_method"):
            intent["payment_method"] = self._card_used(p["payment_method"], intent["customer"])["id"]
        if intent["status"] not in ("requires_confirmation", "requires_payment_method", "requires_action"):
            raise self._unexpected(intent, "confirm")
        card = self._card(intent["payment_method"])
        saved = self.objects[intent["payment_method"]]["customer"] is not None
        if card.authentication and not _true(p.get("authenticated")):
            if _true(p.get("off_session")):
                raise self._declined(intent, "authentication_required", "authentication_required")
            intent["status"] = "requires_action"
            self._tell("payment_intent.requires_action", intent)
            return intent
        if card.away and _true(p.get("off_session")) and card.away == "authentication_required":
            raise self._declined(intent, "authentication_required", "authentication_required")
        if card.away and _true(p.get("off_session")):
            raise self._declined(intent, "card_declined", card.away)
        if card.decline and (saved or not card.only_when_saved):
            raise self._declined(intent, "card_declined", card.decline)
        self._authorise(intent, card)
        return intent

    def capture_payment_intent(self, intent: Object, p: Object) -> Object:
        if intent["status"] != "requires_capture":
            raise self._unexpected(intent, "capture")
        amount = _whole(p, "amount_to_capture") if "amount_to_capture" in p else intent["amount_capturable"]
        if amount > intent["amount_capturable"]:
            raise invalid("amount_too_large", "The amount to capture exceeds what is capturable.")
        intent["metadata"] |= p.get("metadata", {})
        self._take(intent, self.objects[intent["latest_charge"]], amount)
        return intent

    def cancel_payment_intent(self, intent: Object, p: Object, reason: str | None = None) -> Object:
        if intent["status"] in ("succeeded", "canceled", "processing"):
            raise self._unexpected(intent, "cancel")
        intent |= {
            "status": "canceled",
            "amount_capturable": 0,
            "canceled_at": self._seconds(),
            "cancellation_reason": p.get("cancellation_reason") or reason,
        }
        self._tell("payment_intent.canceled", intent)
        return intent

    def update(self, thing: Object, p: Object) -> Object:
        if "amount" in p:
            if thing["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action"):
                raise self._unexpected(thing, "update")
            thing["amount"] = _whole(p, "amount")
        thing["metadata"] |= p.get("metadata", {})
        return thing

    # Wallets: the customer pays on their phone, or does not.

    def _show_wallet(self, intent: Object, p: Object) -> Object:
        wallet = p["payment_method_data"]["type"]
        if wallet not in intent["payment_method_types"] or not p.get("return_url"):
            raise invalid("payment_intent_invalid_parameter", "A wallet must be allowed, and needs a return_url.")
        method = self._add("payment_method", "pm", type=wallet, customer=None, test_card="pm_card_visa")
        show = {"alipay": {"type": "alipay_handle_redirect", "alipay_handle_redirect": {"url": "https://pay.test/a"}}}
        code = {"type": "wechat_pay_display_qr_code", "wechat_pay_display_qr_code": {"data": "weixin://pay"}}
        intent |= {"status": "requires_action", "payment_method": method["id"], "next_action": show.get(wallet, code)}
        self._tell("payment_intent.requires_action", intent)
        return intent

    def wallet_answers(self, intent: Object, pays: bool = True) -> None:
        """The customer pays on their phone, or turns away."""
        if intent["status"] == "requires_action" and pays:
            intent["next_action"] = None
            self._authorise(intent, CARDS["pm_card_visa"])
        elif intent["status"] == "requires_action":
            intent["next_action"] = None
            self._declined(intent, "payment_intent_payment_attempt_failed", "")

    def expire(self) -> None:
        """Let every hold go whose time is over, as the networks do."""
        for intent in self.all("payment_intent"):
            if intent["status"] == "requires_capture":
                charge = self.objects[intent["latest_charge"]]
                if charge["payment_method_details"]["card"]["capture_before"] <= self._seconds():
                    self.cancel_payment_intent(intent, {}, "automatic")

    def _authorise(self, intent: Object, card: Card) -> None:
        manual = intent["capture_method"] == "manual"
        lasts = EXTENDED.get(card.brand, USUAL) if intent["extend"] else USUAL
        extended = {"status": "enabled" if lasts > USUAL else "disabled"}
        details: Object = {"brand": card.brand, "extended_authorization": extended}
        if manual:
            details["capture_before"] = self._seconds() + lasts
        kind = self.objects[intent["payment_method"]].get("type", "card")
        charge = self._add(
            "charge", "ch",
            amount=intent["amount"], amount_captured=0, amount_refunded=0, captured=False, refunded=False,
            currency=intent["currency"], payment_intent=intent["id"], status="succeeded", balance_transaction=None,
            payment_method_details={"type": kind, "card": details}, metadata=dict(intent["metadata"]),
        )  # fmt: skip
        intent["latest_charge"], intent["last_payment_error"] = charge["id"], None
        if manual:
            intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
            self._tell("payment_intent.amount_capturable_updated", intent)
        else:
            self._take(intent, charge, intent["amount"])
            if card.disputed:
                self.dispute(charge)

    def _take(self, intent: Object, charge: Object, amount: int) -> None:
        intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
        charge |= {"captured": True, "amount_captured": amount}
        fee = (amount * FEE_PERCENT + 500) // 1000 + FEE_FIXED
        charge["balance_transaction"] = self._move("charge", amount, fee, charge["currency"], charge["id"])
        self._tell("charge.captured", charge)
        self._tell("payment_intent.succeeded", intent)

    def _declined(self, intent: Object, code: str, decline: str) -> Refused:
        error = {"type": "card_error", "code": code, "decline_code": decline, "message": "Your card was declined."}
        intent |= {"status": "requires_payment_method", "last_payment_error": error}
        self._tell("payment_intent.payment_failed", intent)
        shown = self.shown(intent)
        return Refused(402, "card_error", code, error["message"], decline_code=decline, payment_intent=shown)

    def _unexpected(self, intent: Object, verb: str) -> Refused:
        message = f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
        return invalid("payment_intent_unexpected_state", message)

    # Readers: one payment at a time; an authorisation under way cannot be stopped (Stripe documentation, "Terminal").

    def add_reader(self, label: str) -> Object:
        """A reader on the counter; `deaf` makes it hear commands without Stripe hearing that it did."""
        return self._add("terminal.reader", "tmr", label=label, status="online", action=None, deaf=False, metadata={})

    def process_payment_intent(self, reader: Object, p: Object) -> Object:
        intent, action = self.get("payment_intent", p["payment_intent"]), reader["action"]
        if reader["status"] == "offline":
            raise invalid("terminal_reader_offline", "Reader is currently offline.")
        if action and action["status"] == "in_progress" and action["authorising"]:
            raise invalid("terminal_reader_busy", "Reader is currently busy processing another request.")
        if "card_present" not in intent["payment_method_types"] or intent["status"] != "requires_payment_method":
            raise invalid("intent_invalid_state", "This PaymentIntent cannot be processed by a reader.")
        self._action(reader, intent["id"], "in_progress")
        if reader["deaf"]:
            raise invalid("terminal_reader_timeout", "Reader failed to process the request, please try again.")
        return reader

    def cancel_action(self, reader: Object, p: Object) -> Object:
        if reader["status"] == "offline":
            raise invalid("terminal_reader_offline", "Reader is currently offline.")
        if reader["action"] and reader["action"]["authorising"] and reader["action"]["status"] == "in_progress":
            raise invalid("terminal_reader_busy", "Reader is currently busy processing another request.")
        reader["action"] = None
        return reader

    def present_card(self, reader: Object, card: str = "pm_card_visa") -> None:
        """The customer holds a card to the reader."""
        self.authorise_slowly(reader)
        self.bank_answers(reader, card)

    def authorise_slowly(self, reader: Object) -> None:
        """The customer has held a card to the reader, and its bank has not answered yet."""
        if reader["action"] and reader["action"]["status"] == "in_progress":
            reader["action"]["authorising"] = True

    def bank_answers(self, reader: Object, card: str = "pm_card_visa", heard: bool = True) -> None:
        """The bank's answer to what the reader asked; not `heard` if the reader's line drops just then."""
        action = reader["action"]
        if not action or action["status"] != "in_progress":
            return
        about = action["process_payment_intent"]["payment_intent"]
        intent = self.get("payment_intent", about)
        status, code = "succeeded", None
        if intent["status"] == "requires_payment_method":
            intent["payment_method"] = self._card_used(card, None)["id"]
            if CARDS[card].decline:
                self._declined(intent, "card_declined", CARDS[card].decline)
                status, code = "failed", "card_declined"
            else:
                self._authorise(intent, CARDS[card])
        else:
            status, code = "failed", "intent_invalid_state"
        if not heard:
            status, code = "failed", "connection_error"
        self._action(reader, about, status, code)

    def walk_away(self, reader: Object) -> None:
        """The customer presses the red key."""
        if reader["action"] and reader["action"]["status"] == "in_progress" and not reader["action"]["authorising"]:
            self._action(
                reader, reader["action"]["process_payment_intent"]["payment_intent"], "failed", "customer_canceled"
            )

    def _action(self, reader: Object, intent: str, status: str, code: str | None = None) -> None:
        reader["action"] = {
            "type": "process_payment_intent", "process_payment_intent": {"payment_intent": intent}, "status": status,
            "failure_code": code, "failure_message": code, "authorising": False, "api_error": None,
        }  # fmt: skip
        if status != "in_progress":
            self._tell(f"terminal.reader.action_{status}", reader)

    # Saved cards.

    def create_customer(self, p: Object) -> Object:
        return self._add("customer", "cus", metadata=p.get("metadata", {}))

    def create_setup_intent(self, p: Object) -> Object:
        setup = self._add(
            "setup_intent", "seti",
            customer=p.get("customer"), usage=p.get("usage", "off_session"), status="requires_payment_method",
            payment_method=None, mandate=None, metadata=p.get("metadata", {}),
        )  # fmt: skip
        setup["client_secret"] = f"{setup['id']}_secret"
        if p.get("payment_method"):
            chosen = self._card_used(p["payment_method"], p.get("customer"))
            card = self._card(chosen["id"])
            if card.decline and not card.only_when_saved:
                raise Refused(402, "card_error", "card_declined", "Your card was declined.", decline_code=card.decline)
            setup["payment_method"] = chosen["id"]
            if _true(p.get("confirm")) and card.authentication:
                setup["status"] = "requires_action"
            elif _true(p.get("confirm")):
                chosen["customer"] = p.get("customer")
                setup |= {"status": "succeeded", "mandate": self._add("mandate", "mandate")["id"]}
                self._tell("setup_intent.succeeded", setup)
        return setup

    def detach_payment_method(self, method: Object, p: Object) -> Object:
        if method["customer"] is None:
            raise invalid("payment_method_unexpected_state", "The payment method is not attached to a customer.")
        method["customer"] = None
        return method

    def _card_used(self, id: str, customer: str | None) -> Object:
        """Test cards are cloned when used, as Stripe does; a saved one serves its own customer only."""
        if id in CARDS:
            return self._add("payment_method", "pm", customer=None, test_card=id)
        method = self.get("payment_method", id)
        if method["customer"] != customer:
            raise invalid("payment_method_unexpected_state", "The payment method belongs to no or another customer.")
        return method

    def _card(self, method: str) -> Card:
        return CARDS[self.objects[method]["test_card"]]

    # Refunds, disputes, payouts: every movement is a balance transaction.

    def create_refund(self, p: Object) -> Object:
        intent = self.get("payment_intent", p["payment_intent"])
        if intent["status"] != "succeeded":
            raise invalid("charge_not_captured", "There is nothing to give back.")
        charge = self.objects[intent["latest_charge"]]
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = _whole(p, "amount") if "amount" in p else left
        if amount > left:
            code = "charge_already_refunded" if not left else "amount_too_large"
            raise invalid(code, "Refund amount is greater than what is left of the charge.")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        refund = self._add(
            "refund", "re",
            amount=amount, currency=intent["currency"], payment_intent=intent["id"], charge=charge["id"],
            status="pending" if charge["payment_method_details"]["type"] in WALLETS else "succeeded",
            failure_reason=None, metadata=p.get("metadata", {}),
        )  # fmt: skip
        refund["balance_transaction"] = self._move("refund", -amount, 0, intent["currency"], refund["id"])
        self._tell("refund.created", refund)
        self._tell("charge.refunded", charge)
        return refund

    def finish_refunds(self) -> None:
        """Wallets give back after a while, and say so."""
        for refund in self.all("refund"):
            if refund["status"] == "pending":
                refund["status"] = "succeeded"
                self._tell("refund.updated", refund)

    def fail_refund(self, refund: Object) -> None:
        """The customer's bank sends the money back, days later."""
        charge = self.objects[refund["charge"]]
        charge["amount_refunded"] -= refund["amount"]
        refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        self._move("refund_failure", refund["amount"], 0, refund["currency"], refund["id"])
        self._tell("refund.failed", refund)

    def inquire(self, charge: Object, reason: str = "fraudulent") -> Object:
        """The cardholder's bank asks, and takes nothing yet."""
        dispute = self._add(
            "dispute", "dp",
            amount=charge["amount_captured"], currency=charge["currency"], charge=charge["id"], reason=reason,
            payment_intent=charge["payment_intent"], status="warning_needs_response", balance_transactions=[],
            metadata={},
        )  # fmt: skip
        self._tell("charge.dispute.created", dispute)
        return dispute

    def escalate(self, dispute: Object) -> None:
        """The bank takes the money."""
        moved = self._move("adjustment", -dispute["amount"], DISPUTE_FEE, dispute["currency"], dispute["id"])
        dispute |= {"status": "needs_response", "balance_transactions": [self.objects[moved]]}
        self._tell("charge.dispute.funds_withdrawn", dispute)

    def dispute(self, charge: Object) -> None:
        self.escalate(self.inquire(charge))

    def close_dispute(self, dispute: Object, won: bool) -> None:
        dispute["status"] = "won" if won else "lost"
        if won:
            back = self._move("adjustment", dispute["amount"], 0, dispute["currency"], dispute["id"])
            dispute["balance_transactions"].append(self.objects[back])
        self._tell("charge.dispute.closed", dispute)

    def pay_out(self, currency: str) -> Object:
        """Pay what has come together to the bank; the payout is a movement of its own."""
        moved = [
            m for m in self.all("balance_transaction") if m["currency"] == currency and not m["payout"]
        ]  # fmt: skip
        amount = sum(m["net"] for m in moved)
        payout = self._add("payout", "po", amount=amount, currency=currency, automatic=True, status="paid",
                           reconciliation_status="completed", arrival_date=self._seconds(), metadata={})  # fmt: skip
        own = self._move("payout", -amount, 0, currency, payout["id"])
        for movement in [*moved, self.objects[own]]:
            movement["payout"] = payout["id"]
        self._tell("payout.reconciliation_completed", payout)
        return payout

    def _move(self, type: str, amount: int, fee: int, currency: str, source: str) -> str:
        return str(
            self._add(
                "balance_transaction",
                "txn",
                amount=amount,
                fee=fee,
                net=amount - fee,
                currency=currency,
                type=type,
                source=source,
                payout=None,
                available_on=self._seconds() + 2 * DAY,
                status="pending",
            )["id"]
        )

    # Everything.

    def all(self, kind: str) -> list[Object]:
        """The objects of a kind, the youngest first."""
        return [thing for thing in reversed(self.objects.values()) if thing["object"] == kind]

    def get(self, kind: str, id: str) -> Object:
        found = self.objects.get(id)
        if found is None or found["object"] != kind:
            raise invalid("resource_missing", f"No such {kind}: '{id}'", 404)
        return found

    def search(self, kind: str, query: str) -> list[Object]:
        """Metadata only, and blind for what is younger than the index."""
        name, _, value = query.partition(":")
        name, value = name.removeprefix("metadata['").removesuffix("']"), value.strip("'")
        oldest = self._seconds() - self.search_lags.total_seconds()
        return [
            thing
            for thing in self.all(kind)
            if thing["metadata"].get(name) == value and thing["created"] <= oldest
        ]  # fmt: skip

    def shown(self, thing: Object) -> Object:
        """A copy, as an answer or an event carries it."""
        copied: Object = json.loads(json.dumps(thing))
        for own in ("extend", "test_card", "deaf"):
            copied.pop(own, None)
        (copied.get("action") or {}).pop("authorising", None)
        return copied

    def _add(self, kind: str, prefix: str, **fields: Any) -> Object:
        id = f"{prefix}_{next(iter(self._numbers)):06}"
        self.objects[id] = {"id": id, "object": kind, "created": self._seconds(), "livemode": False, **fields}
        return self.objects[id]

    def _tell(self, topic: str, about: Object) -> None:
        event = {
            "id": f"evt_{next(iter(self._numbers)):06}", "object": "event", "type": topic, "livemode": False,
            "api_version": "2026-10-28.endive", "created": self._seconds(), "data": {"object": self.shown(about)},
        }  # fmt: skip
        self.events.append(event)

    def _seconds(self) -> int:
        return int(self.now().timestamp())


def _whole(p: Object, name: str) -> int:
    try:
        return int(p[name])
    except (KeyError, ValueError):
        raise invalid("parameter_invalid_integer", f"Invalid integer: {name}") from None


def _true(value: Any) -> bool:
    return value in (True, "true")


def _at(p: Object, *path: str) -> Any:
    for name in path:
        p = p.get(name, {}) if isinstance(p, dict) else {}
    return p
