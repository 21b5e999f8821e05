"""Refusals that come together: what taking a piece, selling under a licence, or refunding tax may be refused for."""

from typing import Final

from souvenir.api.authentication import NoSession, NotAtThisOutlet
from souvenir.api.editions import WHY_NONE
from souvenir.catalogue.product import ProductWithdrawn
from souvenir.catalogue.vat import NoVatRate
from souvenir.editions.allotment import NumberOutsideRun
from souvenir.editions.application import NumberLeased, NumberReserved
from souvenir.editions.piece import (
    HoldExpired,
    PieceAlreadySold,
    PieceCameBack,
    PieceHeldBySomeoneElse,
    PieceNotHeld,
    PieceRetired,
    PieceReturned,
)
from souvenir.editions.purchase import IdentityNeeded, MalformedEvidence, PurchaseLimitReached
from souvenir.editions.terms import HoldTooLong, NumberNotForChoosing, ProofOfVisitMissing
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import CurrencyMismatch, MalformedMoney, UnknownCurrency
from souvenir.licensing.approval import ProductNotApproved
from souvenir.licensing.authorisation import MarkNotValid, MarkReviewOverdue, ProductNotCertified
from souvenir.licensing.cap_use import UnitCapReached
from souvenir.licensing.contract import (
    CategoryNotGranted,
    ChannelNotGranted,
    LicenceLapsed,
    LicenceNotBegun,
    NoConversionRate,
    TerritoryNotGranted,
)
from souvenir.licensing.sell_off_stock import SellOffStockSoldOut
from souvenir.pos.shift import NoOpenShift
from souvenir.processes.make_order import NotThatWay
from souvenir.processes.refund_tax import ElsewhereRefundPoint, NoOrdersToRefund, OrdersDoNotBelongTogether
from souvenir.processes.split_tender import NotPayableInCash
from souvenir.processes.trading_day import BusinessDateAhead, NotAShop, NotTheShiftsDate
from souvenir.sales.basket import BasketClosed, BasketFull, NotYourBasket
from souvenir.sales.order import OrderCancelled, OrderIsEmpty, OrderNotPaid, PaymentDiffersFromOrder
from souvenir.sites.outlet import NotATaxRefundStore, OutletClosed, TillNotInstalled
from souvenir.taxrefund.eligibility import (
    AboveGoodsMaximum,
    AboveInstantCap,
    AboveTripLimit,
    AboveYearLimit,
    AmountOutsideTiers,
    BelowMinimumPurchase,
    DepartureWindowClosed,
    DocumentNotAccepted,
    GoodsNotRefundable,
    InvoiceBeforeEntry,
    LastEntryUnknown,
    ModeNotOffered,
    OwnNationalsExcluded,
    SchemeNotInForce,
    SchemeWithdrawn,
    StayTooLong,
    StoreNotInScheme,
    TooManyReceipts,
    TravellerTooYoung,
)
from souvenir.taxrefund.refusals import ClaimHasAnotherState
from souvenir.taxrefund.rulebook import UnknownJurisdiction

Grounds = tuple[type[SouvenirError], ...]

MONEY: Final[Grounds] = (MalformedMoney, UnknownCurrency, CurrencyMismatch)
"""An amount that is none, or of another currency."""

OWN_BASKET: Final[Grounds] = (NoSession, NotYourBasket, BasketClosed, BasketFull)
"""Someone else's basket, or one that takes no more."""

TAKING: Final[Grounds] = (
    *WHY_NONE,
    NumberOutsideRun,
    NumberNotForChoosing,
    ProofOfVisitMissing,
    NumberReserved,
    NumberLeased,
    HoldTooLong,
    HoldExpired,
    PieceNotHeld,
    PieceHeldBySomeoneElse,
    PieceAlreadySold,
    PieceReturned,
    PieceCameBack,
    PieceRetired,
)
"""Why this piece, or any, cannot be taken."""

LIMITED: Final[Grounds] = (IdentityNeeded, MalformedEvidence, PurchaseLimitReached)
"""Why this buyer may have no more, or must be known first."""

LICENSED: Final[Grounds] = (
    LicenceNotBegun,
    LicenceLapsed,
    TerritoryNotGranted,
    ChannelNotGranted,
    CategoryNotGranted,
    ProductNotApproved,
    MarkNotValid,
    MarkReviewOverdue,
    ProductNotCertified,
)
"""Why a licensor or certifier would not have it sold, or released."""

AGREEING: Final[Grounds] = (
    OrderIsEmpty,
    ProductWithdrawn,
    NotThatWay,
    NoVatRate,
    CurrencyMismatch,
    *LICENSED,
    NoConversionRate,
    UnitCapReached,
    SellOffStockSoldOut,
    *TAKING,
)
"""Why an order cannot be made."""

TRADING_DAY: Final[Grounds] = (NoOpenShift, NotTheShiftsDate, BusinessDateAhead)
"""Why nothing can be done at a till, or not for that day."""

IN_PARTS: Final[Grounds] = (PaymentDiffersFromOrder, NotPayableInCash, *MONEY)
"""Why a part of an order cannot be paid so."""

AT_TILL: Final[Grounds] = (OutletClosed, TillNotInstalled, NotAShop, *TRADING_DAY)
"""Why this till cannot trade."""

ELIGIBILITY: Final[Grounds] = (
    SchemeNotInForce,
    SchemeWithdrawn,
    ModeNotOffered,
    StoreNotInScheme,
    DocumentNotAccepted,
    OwnNationalsExcluded,
    LastEntryUnknown,
    InvoiceBeforeEntry,
    StayTooLong,
    GoodsNotRefundable,
    BelowMinimumPurchase,
    AboveInstantCap,
    AmountOutsideTiers,
    DepartureWindowClosed,
    TravellerTooYoung,
    TooManyReceipts,
    AboveGoodsMaximum,
    AboveTripLimit,
    AboveYearLimit,
)
"""Why a purchase brings no tax refund, most basic first."""

REFUNDABLE_ORDERS: Final[Grounds] = (
    NotAtThisOutlet,
    NoOrdersToRefund,
    OrdersDoNotBelongTogether,
    OrderNotPaid,
    OrderCancelled,
    NotATaxRefundStore,
    ElsewhereRefundPoint,
    UnknownJurisdiction,
    CurrencyMismatch,
)
"""Why these orders are not on one form, or not on a form of this desk."""

CLAIM: Final[Grounds] = (NotAtThisOutlet, ClaimHasAnotherState)
"""Why a step of a claim cannot be taken here or now."""
