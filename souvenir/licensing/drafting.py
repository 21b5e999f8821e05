"""Drawing up statements: which periods are asked for, and how one statement follows from the one before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from souvenir.kernel.money import Money, total
from souvenir.licensing.flags import Flag, Known, flags
from souvenir.licensing.licence import Licence
from souvenir.licensing.position import Totals
from souvenir.licensing.reading import Gathered, Reading
from souvenir.licensing.sheet import Account, Due, Header, Sheet, Span, Stated
from souvenir.licensing.statement import (
    EarlierPeriodNotStated,
    PeriodAlreadyStated,
    PeriodNotOver,
    PeriodOutsideLicence,
)
from souvenir.licensing.terms import last_day_of, next_period, period_of


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement that is not issued yet, and what someone should look at before it is."""

    sheet: Sheet
    flags: tuple[Flag, ...]


def drafts(
    licence: Licence,
    periods: Sequence[str],
    last: Header | None,
    reading: Reading,
    on: date,
    until: int,
    totals: Totals | None,
) -> Iterator[Draft]:
    """One statement after the other, each following from the one before; `totals` is where the register stands."""
    key, currency = str(licence.id), licence.terms.currency
    account = last.account if last else Account.opening(licence.terms)
    logged = account.earned_to_date + reading.recoupable(key, currency)
    after = last.span.carried if last else 0
    for period in periods:
        stated = stated_by(licence, last)
        gathered = reading.gathered(key, stated.to, period, currency)
        span = Span(
            after=after,
            until=until,
            stated_to=stated.to,
            stated_until=stated.until,
            carried=until if gathered.first_carried is None else gathered.first_carried - 1,
            entries=gathered.entries,
            digest=gathered.digest,
        )
        sheet = _sheet(licence, account, gathered, period, on, span)
        known = Known(
            register=totals.earned if totals else logged,
            logged=logged,
            by_accruals=gathered.payable,
            over_cap_units=totals.over_cap.units if totals else 0,
        )
        yield Draft(sheet, flags(sheet, last, known))
        account, after, last = sheet.header.account, span.carried, sheet.header


def stated_by(licence: Licence, last: Header | None) -> Stated:
    """What the statements of a licence have covered, the last one included."""
    months = licence.terms.period_months
    return Stated(last.period, last.span.until, months) if last else Stated("", 0, months)


def next_to_state(licence: Licence, last: Header | None) -> str:
    """The period the next statement of a licence is for."""
    months = licence.terms.period_months
    return next_period(last.period, months) if last else period_of(licence.grant.starts, months)


def periods_over(licence: Licence, last: Header | None, by: date) -> list[str]:
    """Every period that was over before a day and is not stated yet, up to the one in which the last sale may be made."""
    months = licence.terms.period_months
    final = period_of(licence.grant.last_day, months)
    found, period = [], next_to_state(licence, last)
    while last_day_of(period) < by and period <= final:
        found.append(period)
        period = next_period(period, months)
    return found


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


def _sheet(licence: Licence, before: Account, gathered: Gathered, period: str, on: date, span: Span) -> Sheet:
    recoupable, paid = gathered.royalty - gathered.outside, _paid_by(licence, period)
    account = before.after(recoupable, gathered.outside, gathered.marketing_fund, paid)
    header = Header(
        licence_id=licence.id,
        contract_no=licence.contract_no,
        licensor=licence.licensor,
        property_name=licence.property_name,
        period=period,
        period_months=licence.terms.period_months,
        currency=licence.terms.currency,
        issued_on=on,
        account=account,
        due=Due.of(licence.terms, period, before, account),
        span=span,
    )
    return Sheet(header, gathered.lines, gathered.adjustments, gathered.breaches)


def _paid_by(licence: Licence, period: str) -> Money:
    """What had been paid of the advance by the last day of a period."""
    paid = (advance.amount for advance in licence.advances if advance.paid_on <= last_day_of(period))
    return total(paid, licence.terms.currency)
