"""A licensor's account from statement to statement: what recoups, what is payable, what a guarantee makes up, what is due."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from souvenir.kernel.aggregate import Value
from souvenir.kernel.money import Money, total
from souvenir.licensing.periods import last_day_of
from souvenir.licensing.royalty.recoupment import cash_to_date, unrecouped
from souvenir.licensing.royalty.withholding import borne_by_licensor, grossed_up
from souvenir.licensing.terms import RoyaltyTerms


class YearAccount(Value):
    """One contract year of an account whose guarantee years stand alone: CumCash is max(guarantee, earned to date).

    `payable` is less than nothing where goods came back that had been paid for: a credit, whichever year they were sold in.
    What a year that is over leaves unrecouped, only late sales of that year absorb.
    """

    contract_year: int
    guarantee: Money
    earned: Money
    recouped: Money
    payable: Money
    shortfall: Money
    closing_unrecouped: Money
    earned_to_date: Money
    cash_to_date: Money

    def after(self, earned: Money, guarantee: Money) -> "YearAccount":
        """The year over the next statement, with so much more earned, and so much guaranteed by now."""
        to_date = self.earned_to_date + earned
        by_earning, cash = max(self.guarantee, to_date), max(guarantee, to_date)
        due = by_earning - self.cash_to_date
        return YearAccount(
            contract_year=self.contract_year,
            guarantee=guarantee,
            earned=earned,
            recouped=earned - due,
            payable=due,
            shortfall=cash - by_earning,
            closing_unrecouped=cash - to_date,
            earned_to_date=to_date,
            cash_to_date=cash,
        )


def year_opening(number: int, guarantee: Money) -> YearAccount:
    """A contract year in which nothing is earned yet, and so much was due at signing."""
    nothing = Money.zero(guarantee.currency)
    sums = dict.fromkeys(("earned", "recouped", "payable", "shortfall", "earned_to_date"), nothing)
    due = dict.fromkeys(("guarantee", "closing_unrecouped", "cash_to_date"), guarantee)
    return YearAccount(contract_year=number, **sums, **due)


class Account(Value):
    """The licensor's account over one statement, and where it leaves it. What was paid never comes back.

    `earned` may recoup the guarantee, `outside` may not. `payable` is `earned` less `recouped`, plus `outside`. A credit
    is what returns took off royalties outside recoupment, or off the marketing fund, after those had been paid; where
    guarantee years stand alone, off any royalties.

    `guarantee` is everything guaranteed by the period's end, `advance` the part of it that was due at signing; `shortfall`
    is what this statement makes up to it beyond what is earned. In a shared account these are of all its contracts,
    `earned` of this one. Statements from before there were such accounts do not say the last two.

    Where guarantee years stand alone, `years` are settled one by one, and the rest of the account is their sum.

    `lapsed_to_date` is what stands unrecouped of years, or of an account, that are over: nothing will recoup it but what
    comes late. `lapsed` is what this statement adds to that, or takes off. `reclassified` is what it makes payable beyond what
    its accruals did one by one, or less than that: a reserve that is released may recoup after all. All three are left out
    where there is none.
    """

    guarantee: Money
    paid_ahead: Money
    opening_unrecouped: Money
    earned: Money
    recouped: Money
    closing_unrecouped: Money
    outside: Money
    payable: Money
    marketing_fund: Money
    earned_to_date: Money
    cash_to_date: Money
    royalty_credit: Money
    fund_credit: Money
    advance: Money | None = None
    shortfall: Money | None = None
    years: tuple[YearAccount, ...] | None = None
    lapsed: Money | None = None
    lapsed_to_date: Money | None = None
    reclassified: Money | None = None

    @classmethod
    def opening(cls, guarantee: Money) -> "Account":
        """The account on the day of signing: what is guaranteed then is due, nothing is earned."""
        nothing = Money.zero(guarantee.currency)
        sums = dict.fromkeys(
            (
                "paid_ahead", "earned", "recouped", "outside", "payable", "marketing_fund", "earned_to_date",
                "royalty_credit", "fund_credit",
            ),
            nothing,
        )  # fmt: skip
        return cls(
            guarantee=guarantee,
            opening_unrecouped=guarantee,
            closing_unrecouped=guarantee,
            cash_to_date=guarantee,
            advance=guarantee,
            **sums,
        )

    def after(self, new: "Movement") -> "Account":
        """The account over the next statement: CumCash(t) - CumCash(t-1) is payable, the rest is recouped."""
        nothing = Money.zero(new.earned.currency)
        joined = new.advance - (self.advance if self.advance is not None else self.guarantee)
        cash_before, earned_to_date = self.cash_to_date + joined, self.earned_to_date + new.earned
        years = None if new.years is None else self._years_after(new.years, new.advance)
        if years is None:
            by_earning = cash_to_date(cash_before, nothing, earned_to_date)
            cash = cash_to_date(by_earning, new.guarantee, earned_to_date)
            due, shortfall = by_earning - cash_before, cash - by_earning
            left = unrecouped(cash, earned_to_date)
            lapsed = left if new.over else nothing
        else:
            due, shortfall, left, cash = (
                total((getattr(year, name) for year in years), nothing.currency)
                for name in ("payable", "shortfall", "closing_unrecouped", "cash_to_date")
            )
            over = (year.closing_unrecouped for year in years if year.contract_year in new.years_over)
            lapsed = total(over, nothing.currency)
        return Account(
            guarantee=new.guarantee,
            paid_ahead=new.paid_ahead,
            opening_unrecouped=self.closing_unrecouped + joined,
            earned=new.earned,
            recouped=new.earned - due,
            closing_unrecouped=left,
            outside=new.outside,
            payable=due + new.outside,
            marketing_fund=new.marketing_fund,
            earned_to_date=earned_to_date,
            cash_to_date=cash,
            royalty_credit=max(nothing, self.royalty_credit - due - shortfall - new.outside),
            fund_credit=max(nothing, self.fund_credit - new.marketing_fund),
            advance=new.advance,
            shortfall=shortfall,
            years=years,
            lapsed=lapsed - (self.lapsed_to_date or nothing) or None,
            lapsed_to_date=lapsed or None,
            reclassified=None if new.by_accruals is None else due + new.outside - new.by_accruals or None,
        )

    def _years_after(self, new: "Years", advance: Money) -> tuple[YearAccount, ...]:
        known = {year.contract_year: year for year in self.years or (year_opening(1, advance),)}
        nothing = Money.zero(advance.currency)
        return tuple(
            (known.get(number) or year_opening(number, nothing)).after(*new[number])
            for number in sorted({*known, *new})
        )


Years = Mapping[int, tuple[Money, Money]]
"""What is earned on a statement, and what is guaranteed by now, by contract year."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What one statement brings to its account; `guarantee` and `advance` are what is guaranteed by now, in all.

    `years` says the same of every contract year that has begun, where each stands alone. `over` says that nothing will be
    earned that may recoup, of the account or of some years, but for what comes late. `by_accruals` is what its accruals made
    payable one by one, less what is reserved of it.
    """

    earned: Money
    outside: Money
    marketing_fund: Money
    paid_ahead: Money
    guarantee: Money
    advance: Money
    years: Years | None = None
    over: bool = False
    years_over: Collection[int] = ()
    by_accruals: Money | None = None


class Due(Value):
    """What the statement asks to be paid: `amount` to the licensor, `tax` to the tax office, both by `on`.

    `royalty` is gross of tax, after credits; the marketing fund bears none.
    """

    royalty: Money
    tax_rate: Decimal
    tax_borne_by: Literal["licensor", "licensee"]
    tax: Money
    marketing_fund: Money
    amount: Money
    on: date

    @property
    def borne(self) -> Money:
        """The tax that comes on top of what is owed: the shop bears it."""
        return self.tax if self.tax_borne_by == "licensee" else Money.zero(self.tax.currency)

    @classmethod
    def of(cls, terms: RoyaltyTerms, period: str, before: Account, account: Account) -> "Due":
        """What is due of an account: its payables less the credits brought forward, never less than nothing."""
        nothing = Money.zero(terms.currency)
        owed = max(nothing, account.payable + (account.shortfall or nothing) - before.royalty_credit)
        fund = max(nothing, account.marketing_fund - before.fund_credit)
        remit = borne_by_licensor if terms.tax_borne_by == "licensor" else grossed_up
        paid = remit(owed, terms.withholding_rate)
        return cls(
            royalty=paid.gross,
            tax_rate=terms.withholding_rate,
            tax_borne_by=terms.tax_borne_by,
            tax=paid.tax,
            marketing_fund=fund,
            amount=paid.net + fund,
            on=last_day_of(period) + terms.credit,
        )
