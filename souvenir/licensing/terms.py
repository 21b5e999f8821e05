"""What a licence contract says about money: rates and tiers, what the base is, the advance, the marketing fund."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money, exponent_of
from souvenir.licensing.periods import contract_year, first_day_of

Method = Literal["marginal", "whole", "prospective"]
"""How tiers apply: each tier to its own part; the tier reached to everything (true-up); last period's tier to the next.
"""

Measure = Literal["net", "units"]
"""What is counted against the tier limits over the contract year: net sales, or units."""

LONGEST_CREDIT: Final = 366
"""Days from the end of a period to the day its royalty is due."""


MOST_RESERVED: Final = 8
"""Royalty periods for which a reserve may be held."""


class RateOutOfRange(SouvenirError):
    message = "A {rate_name} of {rate} is not possible: write a fraction from 0 to 1, such as 0.08 for 8 %."
    rate_name: str
    rate: str


class TiersUnsound(SouvenirError):
    message = "The royalty tiers cannot be read: {reason}."
    reason: str


class TermUnsound(SouvenirError):
    message = "The term cannot be granted: {reason}."
    reason: str


class Tier(Value):
    """A royalty rate up to and including a limit of the contract year's cumulative measure; no limit in the last."""

    up_to: Decimal | None
    rate: Decimal


class Instalment(Value):
    """A further amount that is guaranteed by a day, royalties and earlier guarantees credited."""

    due: date
    amount: Money


class RoyaltyTerms(Value):
    """How a royalty is earned, recouped and paid under one licence. Rates are fractions of 1.

    `price_share` is the part of the retail price without VAT that counts as the base: 1 for retail, 0.5 for a
    wholesale price deemed to be half of it. `advance` is due when the term starts and is recouped from royalties;
    the marketing fund is a second liability and never recoups. Units beyond `unit_cap` bear `over_cap_multiplier`
    times the royalty, outside recoupment; where the contract says so they are refused instead. `stacking_cap` bounds
    the combined rate of all licences on one piece. Tax withheld comes out of the royalty where the licensor bears it,
    and on top of it where the licensee does. A statement is due `due_days` after its period.

    `unit_floor` is the least that a unit bears: each article of a period is charged the greater of it and the rate. With a
    rate of 0 it is a royalty per unit. Free goods beyond `free_goods_allowance`, a rate on units sold, count as sold, and so
    do labels nobody can show if they are `labels_deemed_sold`. What is paid late bears `late_interest_rate`: a year, by the
    day of 365, or a month begun, compounded.

    Where `guarantee_years` are separate, each contract year is settled by itself: the advance is guaranteed for the first,
    any other amount for the year its day falls in, and neither a surplus nor what is left unrecouped crosses to another.
    """

    currency: str
    tiers: tuple[Tier, ...]
    method: Method = "marginal"
    measure: Measure = "net"
    price_share: Decimal = Decimal(1)
    marketing_fund_rate: Decimal = Decimal(0)
    advance: Money | None = None
    recoup_in_sell_off: bool = True
    unit_cap: int | None = None
    over_cap_multiplier: Decimal = Decimal(1)
    period_months: Literal[1, 3, 6, 12] = 3
    refuse_over_cap: bool = False
    stacking_cap: Decimal | None = None
    withholding_rate: Decimal = Decimal(0)
    tax_borne_by: Literal["licensor", "licensee"] = "licensor"
    due_days: int = 30
    guarantees: tuple[Instalment, ...] = ()
    shared_account: str | None = None
    discount_cap: Decimal | None = None
    discount_cap_tested: Literal["year", "period"] = "year"
    reserve_rate: Decimal = Decimal(0)
    reserve_periods: int = 0
    sublicence_share: Decimal = Decimal(0)
    sublicence_rate: Decimal = Decimal(0)
    unit_floor: Money | None = None
    free_goods_allowance: Decimal | None = None
    labels_deemed_sold: bool = False
    late_interest_rate: Decimal = Decimal(0)
    late_interest: Literal["daily", "monthly"] = "daily"
    guarantee_years: Literal["crossed", "separate"] = "crossed"

    @property
    def years_apart(self) -> bool:
        """Whether each contract year's guarantee stands alone."""
        return self.guarantee_years == "separate"

    @property
    def agreed_advance(self) -> Money:
        return self.advance or Money.zero(self.currency)

    @property
    def schedule(self) -> "Schedule":
        """Everything that is guaranteed; the advance is due at signing."""
        later = ((each.due.isoformat(), each.amount.minor) for each in self.guarantees)
        return Schedule(((AT_SIGNING, self.agreed_advance.minor), *later))

    @property
    def fixed(self) -> dict[str, object]:
        """What no amendment may change: everything but tiers, method, measure and marketing fund."""
        return self.model_dump(exclude={"tiers", "method", "measure", "marketing_fund_rate"})

    def article_of(self, sku: str) -> str:
        """What tells an article apart where each is charged by itself; nothing where all are charged together."""
        return sku if self.unit_floor is not None else ""

    @property
    def credit(self) -> timedelta:
        """The time between the end of a period and the day its royalty is due."""
        return timedelta(days=self.due_days)


AT_SIGNING: Final = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Schedule(s): amounts guaranteed, in minor units, each with the ISO date by which it is due."""

    dues: tuple[tuple[str, int], ...]

    def by(self, day: date | None) -> int:
        """What is guaranteed by a day, that day included; without a day, what is due at signing."""
        last = day.isoformat() if day else AT_SIGNING
        return sum(minor for due, minor in self.dues if due <= last)

    @property
    def grows(self) -> bool:
        """Whether anything is guaranteed besides what is due at signing."""
        return any(due != AT_SIGNING for due, _ in self.dues)

    def before(self, period: str) -> int:
        """What is guaranteed before a royalty period begins."""
        return self.by(first_day_of(period) - timedelta(days=1))

    def of_year(self, starts: date, number: int) -> "Schedule":
        """What is guaranteed for one contract year: by a day within it; what is due at signing is of the first."""
        return Schedule(tuple((due, minor) for due, minor in self.dues if _year_due(starts, due) == number))

    def joined(self, other: "Schedule") -> "Schedule":
        """The schedule of two contracts in one account."""
        return Schedule(tuple(sorted((*self.dues, *other.dues))))


@dataclass(frozen=True, slots=True)
class Agreed:
    """What is agreed for each royalty period: the contract's terms, and the amendments in the order of signing.

    An amendment says from which period on it counts; where several do, the one signed last is right.
    """

    original: RoyaltyTerms
    amendments: tuple[tuple[str, RoyaltyTerms], ...] = ()

    def at(self, period: str) -> RoyaltyTerms:
        """The terms of a royalty period."""
        for since, terms in reversed(self.amendments):
            if since <= period:
                return terms
        return self.original


def flat(rate: str, currency: str, **terms: object) -> RoyaltyTerms:
    """The commonest terms: one rate on net sales, as "0.08"."""
    return RoyaltyTerms.model_validate(
        {"currency": currency, "tiers": (Tier(up_to=None, rate=Decimal(rate)),), **terms}
    )


def refuse_unsound(terms: RoyaltyTerms) -> None:
    """Refuse terms that no statement could be made from: rates out of range, tiers out of order, another currency."""
    exponent_of(terms.currency)
    for name, rate in _rates(terms):
        if not 0 <= rate <= 1:
            raise RateOutOfRange(rate_name=name, rate=f"{rate:f}")
    _refuse_unsound_tiers(terms)
    if terms.agreed_advance < Money.zero(terms.currency):
        raise TermUnsound(reason=f"an advance of {terms.advance} is less than nothing")
    if terms.unit_cap is not None and terms.unit_cap < 1:
        raise TermUnsound(reason=f"a cap of {terms.unit_cap} units leaves nothing to sell")
    if terms.price_share == 0:
        raise TermUnsound(reason="none of the price is the base, so nothing could be earned")
    if terms.withholding_rate == 1:
        raise TermUnsound(reason="a tax that withholds everything leaves the licensor nothing")
    if not 0 <= terms.due_days <= LONGEST_CREDIT:
        raise TermUnsound(reason=f"payment {terms.due_days} days after the period; give 0 to {LONGEST_CREDIT}")
    if not 0 <= terms.reserve_periods <= MOST_RESERVED or bool(terms.reserve_rate) != bool(terms.reserve_periods):
        raise TermUnsound(reason=f"a reserve needs a rate, and 1 to {MOST_RESERVED} periods after which it is released")
    for guaranteed in terms.guarantees:
        if guaranteed.amount.currency != terms.currency or guaranteed.amount.minor <= 0:
            raise TermUnsound(reason=f"a guarantee of {guaranteed.amount}; give more than nothing, in {terms.currency}")
    if terms.years_apart and terms.shared_account is not None:
        raise TermUnsound(reason="guarantee years that are separate cannot be in an account contracts share")
    if terms.unit_floor is not None:
        _refuse_unsound_floor(terms, terms.unit_floor)
    if terms.over_cap_multiplier < 1:
        raise TermUnsound(reason="units beyond the cap cannot cost less than licensed ones")


def _year_due(starts: date, due: str) -> int:
    return 1 if due == AT_SIGNING else contract_year(starts, date.fromisoformat(due))


def _rates(terms: RoyaltyTerms) -> Iterator[tuple[str, Decimal]]:
    for tier in terms.tiers:
        yield "royalty rate", tier.rate
    yield "share of the retail price", terms.price_share
    yield "marketing fund rate", terms.marketing_fund_rate
    yield "withholding rate", terms.withholding_rate
    yield "returns reserve", terms.reserve_rate
    yield "share of what sub-licensees pay", terms.sublicence_share
    yield "royalty rate of sub-licensees", terms.sublicence_rate
    if terms.discount_cap is not None:
        yield "cap on discounts", terms.discount_cap
    yield "late interest", terms.late_interest_rate
    if terms.free_goods_allowance is not None:
        yield "allowance for free goods", terms.free_goods_allowance
    if terms.stacking_cap is not None:
        yield "cap on the combined rate", terms.stacking_cap


def _refuse_unsound_tiers(terms: RoyaltyTerms) -> None:
    if not terms.tiers:
        raise TiersUnsound(reason="there is none; a flat rate is one tier without a limit")
    if terms.tiers[-1].up_to is not None:
        raise TiersUnsound(reason="the last has a limit, and says nothing of what lies beyond")
    lower = Decimal(0)
    for tier in terms.tiers[:-1]:
        if tier.up_to is None or tier.up_to <= lower:
            raise TiersUnsound(reason="each limit must be higher than the one before, and only the last may be open")
        lower = tier.up_to


def _refuse_unsound_floor(terms: RoyaltyTerms, floor: Money) -> None:
    if floor.currency != terms.currency or floor.minor <= 0:
        raise TermUnsound(reason=f"a royalty of {floor} a unit; give more than nothing, in {terms.currency}")
    if len(terms.tiers) > 1:
        raise TermUnsound(reason="a royalty per unit goes with one rate, not with tiers")
