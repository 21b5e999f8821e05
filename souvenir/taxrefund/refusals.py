"""What the claim and its guarantee refuse, and the facts of why."""

from datetime import date, datetime
from uuid import UUID

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money


class ClaimNotInstant(SouvenirError):
    message = "Claim {claim_no} takes the route {mode!r}: it is paid at departure, there is no advance to agree on."
    claim_no: str
    mode: str


class ClaimHasAnotherState(SouvenirError):
    message = "Claim {claim_no} is {state} and cannot be {doing}."
    claim_no: str
    state: str
    doing: str


class PromisedDateTooLate(SouvenirError):
    message = (
        "A departure promised for {promised_by} is past, or beyond {last_departure_on}, the last day of the claim."
    )
    promised_by: date
    last_departure_on: date


class GuaranteeTooSmall(SouvenirError):
    message = "Claim {claim_no} needs a guarantee of {needed} before the advance; {guaranteed} is held."
    claim_no: str
    needed: Money
    guaranteed: Money


class CashNotAllowed(SouvenirError):
    message = "Claim {claim_no} pays {amount}, above the cash ceiling: use a transfer or a third-party payment."
    claim_no: str
    amount: Money


class CustomsAlreadyAnswered(SouvenirError):
    message = "Customs already answered claim {claim_no} ({outcome}); a second, different answer is not taken."
    claim_no: str
    outcome: str


class AgencyAlreadyReviewed(SouvenirError):
    message = "The agency already reviewed claim {claim_no} ({outcome}); a second, different answer is not taken."
    claim_no: str
    outcome: str


class AdvanceNotPaid(SouvenirError):
    message = "The agency did not pay the advance of claim {claim_no}: {why}. Ask again, or take the ordinary route."
    claim_no: str
    why: str


class AgencySilent(SouvenirError):
    message = (
        "The agency has not said yet whether it paid the advance of claim {claim_no}. Ask again: it pays only once."
    )
    claim_no: str


class AdvancedElsewhere(SouvenirError):
    message = "The advance of claim {claim_no} was handed over already, elsewhere or otherwise: do not pay it again."
    claim_no: str


class PaidOtherwise(SouvenirError):
    message = "The refund of claim {claim_no} was paid already, by another or otherwise: do not pay it again."
    claim_no: str


class SettlementExceedsRefund(SouvenirError):
    message = "A statement pays between nothing and {refund} for claim {claim_no}, not {amount}."
    claim_no: str
    refund: Money
    amount: Money


class CustomsBeforeIssue(SouvenirError):
    message = "Claim {claim_no} was issued on {issued_on}; customs cannot have seen its goods on {on}."
    claim_no: str
    issued_on: date
    on: date


class CustomsNotConfirmed(SouvenirError):
    message = "Claim {claim_no} is {state}: customs has not confirmed goods to pay a refund for."
    claim_no: str
    state: str


class UnknownClaimLine(SouvenirError):
    message = "Claim {claim_no} has no line {line_no}."
    claim_no: str
    line_no: int


class MoreUnitsThanListed(SouvenirError):
    message = "Line {line_no} of claim {claim_no} lists {listed} units; {confirmed} cannot be confirmed."
    claim_no: str
    line_no: int
    listed: int
    confirmed: int


class DepartureTooLate(SouvenirError):
    message = "Claim {claim_no} had to leave the country by {last_departure_on}; {on} is too late."
    claim_no: str
    last_departure_on: date
    on: date


class PromiseNotKept(SouvenirError):
    message = "The promise of claim {claim_no} to leave by {promised_by} was not kept ({reason}): recover the advance."
    claim_no: str
    reason: str
    promised_by: date


class PromiseStillOpen(SouvenirError):
    message = "Claim {claim_no} can still keep its promise until {promised_by}, that day included."
    claim_no: str
    promised_by: date


class RecoveryExceedsAdvance(SouvenirError):
    message = "Claim {claim_no} has {outstanding} of its advance to recover; {amount} cannot be taken."
    claim_no: str
    outstanding: Money
    amount: Money


class AdvanceNotRecovered(SouvenirError):
    message = "The traveller still holds {outstanding} of the advance of claim {claim_no}: paying now would pay twice."
    claim_no: str
    outstanding: Money


class RefundIsFinal(SouvenirError):
    message = "The refund of claim {claim_no} is {state}: its invoice can no longer be voided, nor its goods returned."
    claim_no: str
    state: str


class GoodsUnderCustomsControl(SouvenirError):
    message = "Customs has confirmed the goods of claim {claim_no}: they leave the country and cannot be returned."
    claim_no: str


class GuaranteeAlreadyResolved(SouvenirError):
    message = "Guarantee {guarantee_id} is already {state}: it resolves only once."
    guarantee_id: UUID
    state: str


class CaptureExceedsGuarantee(SouvenirError):
    message = "The guarantee holds {held}; {amount} cannot be captured from it."
    held: Money
    amount: Money


class GuaranteeStillSecured(SouvenirError):
    message = "Guarantee {guarantee_id} is secured until {secured_until}: it has not lapsed."
    guarantee_id: UUID
    secured_until: datetime | None


class NothingRecoverable(SouvenirError):
    message = "Guarantee {guarantee_id} is {state}: the traveller owes nothing under it."
    guarantee_id: UUID
    state: str


class RepaymentExceedsDebt(SouvenirError):
    message = "The traveller owes {owed}; a repayment of {amount} is more than that, or nothing."
    owed: Money
    amount: Money


class OrderAlreadyClaimed(SouvenirError):
    message = "Order {order_id} is on refund form {claim_no} already. Void that form before issuing another."
    order_id: UUID
    claim_no: str


class InvoiceAlreadyClaimed(SouvenirError):
    message = "Invoice {invoice} is on refund form {claim_no} already. Void that form before issuing another."
    invoice: str
    claim_no: str


class FormNumberTaken(SouvenirError):
    message = "Refund form {claim_no} was issued for other goods. Ask for a new number."
    claim_no: str


class GuaranteeAlreadyHeld(SouvenirError):
    message = "The claim has a guarantee of {held} under another reference. Release that one first."
    held: Money


class NothingGuaranteed(SouvenirError):
    message = "Claim {claim_no} has no guarantee."
    claim_no: str
