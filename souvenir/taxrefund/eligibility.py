"""Why a purchase gets no refund: each reason a typed refusal with its facts, in the order in which it is stated."""

from datetime import date

from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money


class SchemeWithdrawn(SouvenirError):
    message = "{region} has no tax refund for travellers since {since}: the scheme was withdrawn."
    region: str
    since: date


class SchemeNotInForce(SouvenirError):
    message = "The rule book knows of no tax refund scheme in {region} on {on}."
    region: str
    on: date


class ModeNotOffered(SouvenirError):
    message = "The route {mode!r} is not offered in {region} on {on}."
    region: str
    mode: str
    on: date


class StoreNotInScheme(SouvenirError):
    message = "The store is not registered for {mode!r} in {region} on {on}."
    region: str
    mode: str
    on: date


class DocumentNotAccepted(SouvenirError):
    message = "A document of the kind {document_kind!r} does not entitle to a refund in {jurisdiction}."
    jurisdiction: str
    document_kind: str


class OwnNationalsExcluded(SouvenirError):
    message = "A passport of {jurisdiction} itself does not entitle to a refund there."
    jurisdiction: str


class LastEntryUnknown(SouvenirError):
    message = "The day of the last entry is not known: the stay may not exceed {limit} days."
    limit: int


class InvoiceBeforeEntry(SouvenirError):
    message = "The invoice of {purchased_on} is older than the last entry on {last_entry}."
    purchased_on: date
    last_entry: date


class StayTooLong(SouvenirError):
    message = "The traveller has stayed {days} days; a refund is for stays of at most {limit}."
    days: int
    limit: int


class GoodsNotRefundable(SouvenirError):
    message = "None of the goods is refundable: {reasons}."
    reasons: str


class BelowMinimumPurchase(SouvenirError):
    message = "Refundable purchases in this store on this day come to {spent}; the least is {minimum}."
    spent: Money
    minimum: Money


class AboveInstantCap(SouvenirError):
    message = (
        "Instant refunds cover {maximum} of purchases per {per}; this would make {spent}. Take the ordinary route."
    )
    maximum: Money
    spent: Money
    per: str


class AmountOutsideTiers(SouvenirError):
    message = "The operator's table has no row that the rule book knows for {spent}."
    spent: Money


class DepartureWindowClosed(SouvenirError):
    message = "The goods had to leave the country by {last_departure_on}; on {on} no form can be issued."
    last_departure_on: date
    on: date


class TravellerTooYoung(SouvenirError):
    message = "The traveller is {age}; the scheme is for travellers of {least} and older."
    age: int
    least: int


class TooManyReceipts(SouvenirError):
    message = "One form may add up {most} receipts; these are {receipts}."
    most: int
    receipts: int


class AboveGoodsMaximum(SouvenirError):
    message = "Of {goods}, {maximum} a day may be sold within the scheme; this would make {spent}."
    goods: str
    maximum: Money
    spent: Money


class AboveTripLimit(SouvenirError):
    message = "On this route a traveller may buy {maximum} a trip; this would make {spent}. Take the ordinary route."
    maximum: Money
    spent: Money


class AboveYearLimit(SouvenirError):
    message = "On this route a traveller may buy {maximum} a year; this would make {spent}. Take the ordinary route."
    maximum: Money
    spent: Money
