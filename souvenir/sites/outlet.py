"""An outlet: a shop with tills, an online storefront, or a refund point; and its standing as a tax-refund store."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal, NotRequired, TypedDict, Unpack
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money, exponent_of
from souvenir.sites.cash_rounding import CashRule, rule_at
from souvenir.sites.place import checked_code, checked_region, checked_time_zone

OutletKind = Literal["shop", "online", "refund_point"]
OUTLET_KINDS: Final[tuple[OutletKind, ...]] = ("shop", "online", "refund_point")
Advancer = Literal["shop", "agency"]
MOST_TILLS: Final = 200


class OutletCodeTaken(SouvenirError):
    message = "The code {outlet_code} already names another outlet. Choose a new code: codes are never reused."
    outlet_code: str
    outlet_id: UUID


class OutletClosed(SouvenirError):
    message = "Outlet {outlet_code} closed for good on {closed_on}."
    outlet_code: str
    closed_on: date


class TillsNotForThisOutlet(SouvenirError):
    message = "Outlet {outlet_code} is {kind}: only shops and refund points have tills, and at most 200 of them."
    outlet_code: str
    kind: str


class TillNotInstalled(SouvenirError):
    message = "Outlet {outlet_code} has no till {till}. Install it first."
    outlet_code: str
    till: str


class NotATaxRefundStore(SouvenirError):
    message = "Outlet {outlet_code} is not registered as a tax-refund store on {on}."
    outlet_code: str
    on: date


class NoCashRounding(SouvenirError):
    message = "Nothing is known of how cash in {currency} is rounded in {region}: it is paid to the last cent."
    region: str
    currency: str


class CashMustBeRounded(SouvenirError):
    message = "Cash in {currency} is rounded everywhere in {region}: {source}."
    region: str
    currency: str
    source: str


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells here before the law, as invoices, refund forms and receipts name them."""

    legal_name: LocalizedText
    taxpayer_no: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class TaxRefundStanding:
    """A store's entry in a jurisdiction's register of tax-refund stores, from one day until it was struck off."""

    jurisdiction: str
    agency: str
    store_no: str
    instant: bool
    """Whether the store may offer refund at purchase, itself or through its refund point."""
    refund_point_id: UUID | None
    """The centralised refund point that pays instant refunds for this store's sales, if not the store itself."""
    registered_on: date
    struck_off_on: date | None = None
    advanced_by: Advancer = "shop"
    """Whose money an instant refund is until customs has confirmed it."""
    agency_phone: str = ""
    """Where a traveller reaches the agency, as the papers say."""

    def covers(self, on: date) -> bool:
        """Whether the registration was in force on a day; the day of striking off no longer counts."""
        return self.registered_on <= on and (self.struck_off_on is None or on < self.struck_off_on)


class Opening(TypedDict):
    """What is said of an outlet when it opens."""

    code: str
    kind: str
    name: LocalizedText
    site_id: UUID | None
    region: str
    time_zone: str
    currency: str
    trades_without_shift: NotRequired[bool]
    """Whether cash may be taken that no count will ever be held against."""


class Registration(TypedDict):
    """What the tax office says of a store it registers: see `TaxRefundStanding`."""

    jurisdiction: str
    agency: str
    store_no: str
    instant: bool
    refund_point_id: UUID | None
    registered_on: date
    advanced_by: NotRequired[str]
    agency_phone: NotRequired[str]


class Outlet(Aggregate):
    """One place or channel that sells, or that pays refunds for what others sold."""

    TOPIC = "sites.Outlet"

    class Opened(Created):
        TOPIC = "sites.OutletOpened"
        code: str
        kind: OutletKind
        name: LocalizedText
        site_id: UUID | None
        region: str
        time_zone: str
        currency: str
        trades_without_shift: bool = True
        """Whether its tills may trade with no shift open; what was opened before anybody asked may."""

    class SellerStated(Aggregate.Event):
        """Who sells at the outlet, as the tax office knows them."""

        TOPIC = "sites.OutletSellerStated"
        legal_name: LocalizedText
        taxpayer_no: str
        phone: str = ""

    class ShiftRuleSet(Aggregate.Event):
        TOPIC = "sites.OutletShiftRuleSet"
        trades_without_shift: bool

    class CashRoundingSet(Aggregate.Event):
        """Whether tills here round cash to the smallest coin, where that is the shop's to say."""

        TOPIC = "sites.OutletCashRoundingSet"
        rounds_cash: bool

    class TillInstalled(Aggregate.Event):
        TOPIC = "sites.OutletTillInstalled"
        till: str

    class RegisteredForTaxRefund(Aggregate.Event):
        """The tax office put the outlet on its register of tax-refund stores; `instant` adds refund at purchase."""

        TOPIC = "sites.OutletRegisteredForTaxRefund"
        jurisdiction: str
        agency: str
        store_no: str
        instant: bool
        refund_point_id: UUID | None
        registered_on: date
        advanced_by: Advancer = "shop"
        agency_phone: str = ""

    class StruckOffTaxRefund(Aggregate.Event):
        TOPIC = "sites.OutletStruckOffTaxRefund"
        struck_off_on: date
        reason: str

    class Closed(Aggregate.Event):
        TOPIC = "sites.OutletClosed"
        closed_on: date

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def open(cls, **opening: Unpack[Opening]) -> "Outlet":
        """Open an outlet; the code gives it its id, for ever."""
        code, kind = opening["code"], opening["kind"]
        if kind not in OUTLET_KINDS:
            raise MalformedInput(expected=f"kind of outlet ({', '.join(OUTLET_KINDS)})", value=kind[:40])
        exponent_of(opening["currency"])
        checked = {
            "code": checked_code(code),
            "region": checked_region(opening["region"]),
            "time_zone": checked_time_zone(opening["time_zone"]),
        }
        return cls._create(cls.Opened, id=outlet_id(code), **{"trades_without_shift": False, **opening, **checked})

    def set_shift_rule(self, *, trades_without_shift: bool) -> None:
        """Say whether tills here may trade with no shift open; saying the same again records nothing."""
        self._require_open()
        if self.trades_without_shift != trades_without_shift:
            self._shift_rule_set(trades_without_shift=trades_without_shift)

    def set_cash_rounding(self, *, rounds_cash: bool) -> None:
        """Say whether cash is rounded here as is the custom; saying the same again records nothing."""
        self._require_open()
        rule = rule_at(self.region, self.currency)
        if rule is None:
            raise NoCashRounding(region=self.region, currency=self.currency)
        if rule.basis == "law" and not rounds_cash:
            raise CashMustBeRounded(region=self.region, currency=self.currency, source=rule.source)
        if (self.cash_rule is not None) != rounds_cash:
            self._cash_rounding_set(rounds_cash=rounds_cash)

    def state_seller(self, legal_name: LocalizedText, taxpayer_no: str, phone: str = "") -> None:
        """Say who sells here; saying the same again records nothing."""
        self._require_open()
        seller = Seller(legal_name, checked_code(taxpayer_no.strip().upper()), phone.strip())
        if self.seller != seller:
            self._seller_stated(legal_name=legal_name, taxpayer_no=seller.taxpayer_no, phone=seller.phone)

    def install_till(self, till: str) -> None:
        """Install a till, or a desk of a refund point; asking twice records nothing new."""
        self._require_open()
        if till in self.tills:
            return
        if self.kind == "online" or len(self.tills) >= MOST_TILLS:
            raise TillsNotForThisOutlet(outlet_code=self.code, kind=self.kind)
        self._till_installed(till=checked_code(till))

    def register_for_tax_refund(self, **registration: Unpack[Registration]) -> None:
        """Note the tax office's registration; repeating the same one records nothing new."""
        self._require_open()
        checked = {
            "advanced_by": _advancer(registration.get("advanced_by", "shop")),
            "jurisdiction": checked_region(registration["jurisdiction"]),
            "store_no": checked_code(registration["store_no"]),
        }
        facts: dict[str, Any] = {"agency_phone": "", **registration, **checked}
        if self.tax_refund != TaxRefundStanding(**facts):
            self._registered_for_tax_refund(**facts)

    def strike_off_tax_refund(self, struck_off_on: date, reason: str) -> None:
        """Note that the outlet left the register; asking twice records nothing new."""
        if self.tax_refund is not None:
            if struck_off_on < self.tax_refund.registered_on:
                raise NotATaxRefundStore(outlet_code=self.code, on=struck_off_on)
            self._struck_off_tax_refund(struck_off_on=struck_off_on, reason=reason)

    def close(self, closed_on: date) -> None:
        """Close the outlet for good; asking twice records nothing new."""
        if self.closed_on is None:
            self._closed(closed_on=closed_on)

    # Answer: what others ask before they act here.

    def require_till(self, till: str) -> None:
        """Refuse unless the till is installed and the outlet open."""
        self._require_open()
        if till not in self.tills:
            raise TillNotInstalled(outlet_code=self.code, till=till[:40])

    def in_cash(self, amount: Money, on: date) -> Money:
        """An amount as cash pays it here, by the smallest coin of the day; what is given back is one below zero."""
        rule = self.cash_rule
        return amount if rule is None else rule.rounded(amount, on)

    @property
    def cash_rule(self) -> CashRule | None:
        """By what its tills round cash, as the law says or the shop chose to; None where they do not."""
        rule = rule_at(self.region, self.currency)
        return rule if rule is not None and (rule.basis == "law" or self.rounds_by_custom) else None

    def tax_refund_on(self, on: date) -> "TaxRefundStanding":
        """The registration in force on a day, or a refusal."""
        for standing in reversed(self.standings):
            if standing.covers(on):
                return standing
        raise NotATaxRefundStore(outlet_code=self.code, on=on)

    def phone_of(self, agency: str) -> str:
        """The telephone of a refund agency this outlet was ever registered with; empty where none was given."""
        return next((one.agency_phone for one in reversed(self.standings) if one.agency == agency), "")

    @property
    def tax_refund(self) -> TaxRefundStanding | None:
        """The latest registration, unless it was struck off."""
        latest = self.standings[-1] if self.standings else None
        return latest if latest is not None and latest.struck_off_on is None else None

    def _require_open(self) -> None:
        if self.closed_on is not None:
            raise OutletClosed(outlet_code=self.code, closed_on=self.closed_on)

    # Evolve: assigns only.

    @event(Opened)
    def __init__(
        self,
        code: str,
        kind: OutletKind,
        name: LocalizedText,
        site_id: UUID | None,
        region: str,
        time_zone: str,
        currency: str,
        trades_without_shift: bool,
    ) -> None:
        self.code, self.kind, self.name, self.site_id = code, kind, name, site_id
        self.trades_without_shift = trades_without_shift
        self.rounds_by_custom = False
        self.region, self.time_zone, self.currency = region, time_zone, currency
        self.opened_as = (kind, name, site_id, region, time_zone, currency)
        self.tills: tuple[str, ...] = ()
        self.standings: tuple[TaxRefundStanding, ...] = ()
        self.seller: Seller | None = None
        self.closed_on: date | None = None

    @event(SellerStated)
    def _seller_stated(self, legal_name: LocalizedText, taxpayer_no: str, phone: str) -> None:
        self.seller = Seller(legal_name, taxpayer_no, phone)

    @event(ShiftRuleSet)
    def _shift_rule_set(self, trades_without_shift: bool) -> None:
        self.trades_without_shift = trades_without_shift

    @event(CashRoundingSet)
    def _cash_rounding_set(self, rounds_cash: bool) -> None:
        self.rounds_by_custom = rounds_cash

    @event(TillInstalled)
    def _till_installed(self, till: str) -> None:
        self.tills = (*self.tills, till)

    @event(RegisteredForTaxRefund)
    def _registered_for_tax_refund(
        self,
        jurisdiction: str,
        agency: str,
        store_no: str,
        instant: bool,
        refund_point_id: UUID | None,
        registered_on: date,
        advanced_by: Advancer,
        agency_phone: str,
    ) -> None:
        standing = TaxRefundStanding(
            jurisdiction, agency, store_no, instant, refund_point_id, registered_on, None, advanced_by, agency_phone
        )
        self.standings = (*self.standings, standing)

    @event(StruckOffTaxRefund)
    def _struck_off_tax_refund(self, struck_off_on: date, reason: str) -> None:
        self.standings = (*self.standings[:-1], replace(self.standings[-1], struck_off_on=struck_off_on))

    @event(Closed)
    def _closed(self, closed_on: date) -> None:
        self.closed_on = closed_on


def _advancer(text: str) -> Advancer:
    if text not in ("shop", "agency"):
        raise MalformedInput(expected="advancer (shop or agency)", value=text[:40])
    return "shop" if text == "shop" else "agency"


def outlet_id(code: str) -> UUID:
    """The id of the outlet with this code."""
    return derived_id("outlet", code)
