"""Drawing up statements: which periods are asked for, and how one statement follows from the one before."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from souvenir.kernel.money import Money, total
from souvenir.licensing.account import Account, Due, Movement, Years
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.flags import Flag, Known, flags
from souvenir.licensing.licence import Licence
from souvenir.licensing.periods import contract_year, first_day_of, last_day_of, next_period, period_of, previous_period
from souvenir.licensing.reading import Gathered, Reading, Sums
from souvenir.licensing.sheet import Header, Held, Labels, Reserve, Sheet, Span, Stated
from souvenir.licensing.statement import (
    EarlierPeriodNotStated,
    PeriodAlreadyStated,
    PeriodNotOver,
    PeriodOutsideLicence,
)
from souvenir.licensing.terms import RoyaltyTerms, Schedule


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement that is not issued yet, and what someone should look at before it is."""

    sheet: Sheet
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Forward:
    """What the next statement of an account is brought forward from: the last one, which may be of another contract."""

    account: Account
    statement_id: UUID | None = None


@dataclass(slots=True)
class Drafting:
    """The statements of one licence in the making, one period after the other.

    `final` is the last period in which anything may recoup in its account, reserves released. `earned` is what the register
    has the licence earn, where it is known to stand where the log was read.
    """

    licence: Licence
    last: Header | None
    schedule: Schedule
    final: str
    earned: Money | None = None
    over_cap_units: int = 0
    labels: Labels | None = None

    def draft(self, period: str, forward: Forward, reading: Reading, on: date, until: int) -> Draft:
        """The statement of the period after the last one."""
        licence, last = self.licence, self.last
        currency, stated = licence.terms.currency, stated_by(licence, last)
        gathered = reading.gathered(str(licence.id), stated.to, period, currency)
        span = Span(
            after=last.span.carried if last else 0,
            until=until,
            stated_to=stated.to,
            stated_until=stated.until,
            carried=until if gathered.first_carried is None else gathered.first_carried - 1,
            entries=gathered.entries,
            digest=gathered.digest,
        )
        accrued_before = last.recoupable_to_date if last else Money.zero(currency)
        logged = accrued_before + reading.recoupable(str(licence.id), stated.to, currency)
        sheet = self._sheet(gathered, period, forward, on, span, accrued_before)
        known = Known(
            register=logged if self.earned is None else self.earned,
            logged=logged,
            by_accruals=gathered.payable,
            over_cap_units=self.over_cap_units,
        )
        self.last = sheet.header
        return Draft(sheet, flags(sheet, last, known))

    def _sheet(
        self, gathered: Gathered, period: str, forward: Forward, on: date, span: Span, accrued_before: Money
    ) -> Sheet:
        licence, terms = self.licence, self.licence.terms
        recoupable = gathered.royalty - gathered.outside
        reserve = reserved(terms, self.last.reserve if self.last else None, period, gathered.sold, gathered.returned)
        kept = reserve.closing_royalty - reserve.opening_royalty if reserve else Money.zero(terms.currency)
        years = self._years(gathered, period, reserve, forward.account) if terms.years_apart else None
        account = forward.account.after(
            Movement(
                earned=recoupable - kept,
                outside=gathered.outside,
                marketing_fund=gathered.marketing_fund,
                paid_ahead=_paid_by(licence, period),
                guarantee=Money(self.schedule.by(last_day_of(period)), terms.currency),
                advance=Money(self.schedule.by(None), terms.currency),
                years=years,
                over=period >= self.final,
                by_accruals=gathered.payable - kept,
                years_over=[
                    each for each in years or () if period >= final_period(terms, licence.contract.year_ends(each))
                ],
            )
        )
        header = Header(
            licence_id=licence.id,
            contract_no=licence.contract_no,
            licensor=licence.licensor,
            property_name=licence.property_name,
            period=period,
            period_months=terms.period_months,
            currency=terms.currency,
            issued_on=on,
            account=account,
            due=Due.of(terms, period, forward.account, account),
            span=span,
            accrued=accrued_before + recoupable,
            shared_account=terms.shared_account,
            follows=forward.statement_id if terms.shared_account else None,
            reserve=reserve,
            labels=self.labels,
            conversions=_conversions(licence, min((line.period for line in gathered.lines), default=period), period),
        )
        return Sheet(header, gathered.lines, gathered.adjustments, gathered.breaches)

    def _years(self, gathered: Gathered, period: str, reserve: Reserve | None, account: Account) -> Years:
        """Every contract year that has begun: what is earned of it now, and guaranteed for it by the end of a period."""
        contract, last, nothing = self.licence.contract, last_day_of(period), Money.zero(self.licence.terms.currency)
        starts, before = contract.grant.starts, self.last.reserve if self.last else None
        begun = range(1, contract_year(starts, min(last, contract.grant.last_day)) + 1)
        stated = (year.contract_year for year in account.years or ())
        years: dict[int, tuple[Money, Money]] = {}
        for number in {*begun, *stated, *(number for number, earned in gathered.years.items() if earned)}:
            kept = reserve.royalty_of(number, starts) if reserve else nothing
            released = before.royalty_of(number, starts) if before else nothing
            guaranteed = Money(contract.schedule_of(number).by(last), nothing.currency)
            years[number] = gathered.years.get(number, nothing) - kept + released, guaranteed
        return years


def _conversions(licence: Licence, first: str, last: str) -> tuple[Conversion, ...] | None:
    """The rates agreed for days of some periods; None if there are none."""
    starts, ends = first_day_of(first), last_day_of(last)
    agreed = licence.contract.conversions
    return tuple(each for each in agreed if each.valid_from <= ends and each.valid_until >= starts) or None


def reserved(terms: RoyaltyTerms, before: Reserve | None, period: str, sold: Sums, returned: Sums) -> Reserve | None:
    """What is held against returns after a period; a period sold in too long ago is released, or holds nothing."""
    if not terms.reserve_rate:
        return None
    rate, nothing = terms.reserve_rate, Money.zero(terms.currency)
    held = {each.period: each for each in before.periods} if before else {}
    still_open = _open_periods(terms, period)
    none = (nothing, nothing)
    for name in sorted({*held, *sold} & still_open):
        empty = Held(
            period=name, sold_net=nothing, sold_royalty=nothing, returned_net=nothing, returned_royalty=nothing
        )
        held[name] = held.get(name, empty).plus(sold.get(name, none), returned.get(name, none))
    periods = tuple(held[name] for name in sorted(held) if name in still_open)
    return Reserve(
        rate=rate,
        opening_net=before.closing_net if before else nothing,
        closing_net=total((each.net(rate) for each in periods), terms.currency),
        opening_royalty=before.closing_royalty if before else nothing,
        closing_royalty=total((each.royalty(rate) for each in periods), terms.currency),
        periods=periods,
    )


def _open_periods(terms: RoyaltyTerms, period: str) -> set[str]:
    """The periods whose reserve is still held at the end of one: itself and those before, as many as are reserved."""
    found = [period]
    while len(found) < terms.reserve_periods:
        found.append(previous_period(found[-1], terms.period_months))
    return set(found)


def stated_by(licence: Licence, last: Header | None) -> Stated:
    """What the statements of a licence have covered, the last one included."""
    months = licence.terms.period_months
    return Stated(last.period, last.span.until, months) if last else Stated("", 0, months)


def next_to_state(licence: Licence, last: Header | None) -> str:
    """The period the next statement of a licence is for."""
    months = licence.terms.period_months
    return next_period(last.period, months) if last else period_of(licence.grant.starts, months)


def periods_over(licence: Licence, last: Header | None, by: date, until: str = "") -> list[str]:
    """Every period that was over before a day and is not stated yet, until the last sale is made and its reserve released.

    `until` is a later period in which something is known to be stated.
    """
    months, final = licence.terms.period_months, final_period(licence.terms, licence.grant.last_day)
    found, period = [], next_to_state(licence, last)
    while last_day_of(period) < by and period <= max(final, until):
        found.append(period)
        period = next_period(period, months)
    return found


def final_period(terms: RoyaltyTerms, last_day: date) -> str:
    """The period with whose statement all is settled that was sold by a day: its own, or that which releases its reserve."""
    final = period_of(last_day, terms.period_months)
    for _ in range(terms.reserve_periods):
        final = next_period(final, terms.period_months)
    return final


def refuse_period(licence: Licence, period: str, known: Header | None, last: Header | None, on: date) -> None:
    """Refuse a period that is none of the licence's, is stated already, is not over, or comes after one not stated."""
    contract_no, months = licence.contract_no, licence.terms.period_months
    first = period_of(licence.grant.starts, months)
    if period_of(last_day_of(period), months) != period or period < first:
        raise PeriodOutsideLicence(contract_no=contract_no, period=period, first=first)
    if known is not None:
        raise already_stated(known)
    if on <= last_day_of(period):
        raise PeriodNotOver(contract_no=contract_no, period=period, last_day=last_day_of(period), on=on)
    missing = next_to_state(licence, last)
    if missing < period:
        raise EarlierPeriodNotStated(contract_no=contract_no, period=period, missing=missing)


def already_stated(known: Header) -> PeriodAlreadyStated:
    """The refusal to state a period twice."""
    return PeriodAlreadyStated(contract_no=known.contract_no, period=known.period, issued_on=known.issued_on)


def _paid_by(licence: Licence, period: str) -> Money:
    """What had been paid of the advance by the last day of a period."""
    paid = (advance.amount for advance in licence.advances if advance.paid_on <= last_day_of(period))
    return total(paid, licence.terms.currency)
