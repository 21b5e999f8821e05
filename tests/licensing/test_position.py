"""Sale by sale and return by return, a licence arrives at what its statement computes from totals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from souvenir.kernel.money import Money, total
from souvenir.licensing.accrual import Figures
from souvenir.licensing.contract import Standing
from souvenir.licensing.position import Change, Totals, Year, earned_to_date, mirrored, move
from souvenir.licensing.royalty import net_sales, recoupment, shared_rates, tiers
from souvenir.licensing.terms import Agreed, RoyaltyTerms, Tier, flat

PERIODS = ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


ZERO = cny("0.00")


@dataclass
class Sold:
    """One line sold, and what is left of it with its buyer."""

    units: int
    base: Money
    standing: Standing
    period: str


@dataclass
class Account:
    """One licence and its sales within one contract year, as the register keeps them."""

    terms: RoyaltyTerms
    totals: Totals = field(init=False)
    year: Year = field(init=False)
    sales: list[Sold] = field(default_factory=list)
    moves: list[tuple[str, Figures]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.totals, self.year = Totals.opening(self.terms), Year(1, self.terms.currency)

    def sell(self, units: int, base: Money, period: str = "2026-Q1", standing: Standing = "term") -> Figures:
        self.sales.append(Sold(units, base, standing, period))
        return self._move(Change(units, base.minor, standing, sold_in=period, period=period))

    def take_back(self, sale: int, units: int, period: str = "2026-Q1") -> Figures:
        """Returned units take their share of the base with them, the last ones what is left."""
        sold = self.sales[sale]
        base = sold.base if units == sold.units else sold.base.split([units, sold.units - units])[0]
        sold.units, sold.base = sold.units - units, sold.base - base
        change = Change(-units, -base.minor, sold.standing, sold_in=sold.period, period=period)
        return mirrored(self._move(change))

    def _move(self, change: Change) -> Figures:
        moved = move(Agreed(self.terms), self.totals, self.year, change)
        self.totals, self.year = moved.totals, moved.year
        assert moved.earned == earned_to_date(Agreed(self.terms), self.year)
        self.moves.append((change.period, moved.figures))
        return moved.figures


def ladder(*steps: tuple[str | None, str]) -> tuple[Tier, ...]:
    return tuple(Tier(up_to=None if limit is None else Decimal(limit), rate=Decimal(rate)) for limit, rate in steps)


def test_the_advance_absorbs_royalties_until_it_is_recouped() -> None:
    account = Account(flat("0.08", "CNY", advance=cny("100.00"), marketing_fund_rate="0.02"))
    first, second = account.sell(1, cny("1000.00")), account.sell(1, cny("1000.00"))
    assert (first.royalty, first.recouped, first.payable) == (cny("80.00"), cny("80.00"), ZERO)
    assert (second.royalty, second.recouped, second.payable) == (cny("80.00"), cny("20.00"), cny("60.00"))
    assert (first.marketing_fund, second.marketing_fund) == (cny("20.00"), cny("20.00"))
    assert account.totals.unrecouped == 0


def test_a_return_in_the_period_of_its_sale_takes_the_payable_back() -> None:
    account = Account(flat("0.08", "CNY"))
    account.sell(1, cny("1000.00"))
    back = account.take_back(0, 1)
    assert (back.royalty, back.recouped, back.payable) == (cny("80.00"), ZERO, cny("80.00"))


def test_a_return_in_a_later_period_is_carried_forward_and_never_paid_back() -> None:
    account = Account(flat("0.10", "CNY"))
    account.sell(1, cny("10000.00"), "2026-Q1")
    account.sell(3, cny("0.00"), "2026-Q1")
    back = account.take_back(0, 1, "2026-Q2")
    assert (back.recouped, back.payable) == (cny("1000.00"), ZERO)
    assert account.totals.unrecouped == 1000_00
    later = account.sell(1, cny("15000.00"), "2026-Q3")
    assert (later.recouped, later.payable) == (cny("1000.00"), cny("500.00"))


def test_a_negative_quarter_restores_the_advance() -> None:
    account = Account(flat("1", "CNY", advance=cny("10000.00")))
    for period, earned in zip(PERIODS, ("3200.00", "4100.00", "-250.00", "6000.00"), strict=True):
        account._move(Change(1, cny(earned).minor, "term", period, period))
    payable = [figures.payable for _, figures in account.moves]
    assert payable == [ZERO, ZERO, ZERO, cny("3050.00")]


def test_returns_unwind_the_tier_the_last_sales_reached() -> None:
    account = Account(RoyaltyTerms(currency="CNY", tiers=ladder(("1000", "0.06"), (None, "0.08")), measure="units"))
    sold = account.sell(1100, cny("22000.00"), "2026-Q1")
    back = account.take_back(0, 150, "2026-Q2")
    assert (sold.royalty, sold.rate) == (cny("1360.00"), "0.06 + 0.08")
    assert (back.royalty, back.rate) == (cny("220.00"), "0.06 + 0.08")


def test_a_tier_that_is_reached_lifts_the_whole_year_under_whole_tiers() -> None:
    terms = RoyaltyTerms(currency="CNY", tiers=ladder(("100000", "0.06"), (None, "0.08")), method="whole")
    account = Account(terms)
    assert account.sell(1, cny("60000.00"), "2026-Q1").royalty == cny("3600.00")
    assert account.sell(1, cny("70000.00"), "2026-Q2").royalty == cny("6800.00")


def test_a_tier_that_is_reached_waits_for_the_next_period_under_prospective_tiers() -> None:
    terms = RoyaltyTerms(currency="CNY", tiers=ladder(("1000", "0.06"), (None, "0.08")), method="prospective")
    account = Account(terms)
    assert account.sell(1, cny("2000.00"), "2026-Q1").royalty == cny("120.00")
    assert account.sell(1, cny("1000.00"), "2026-Q2").royalty == cny("80.00")
    assert account.take_back(0, 1, "2026-Q2").royalty == cny("120.00")
    assert account.take_back(1, 1, "2026-Q2").royalty == cny("80.00")


def test_units_over_the_cap_bear_a_charge_that_never_recoups() -> None:
    terms = flat("0.08", "CNY", advance=cny("10000.00"), unit_cap=1000, over_cap_multiplier="3")
    account = Account(terms)
    account.sell(960, cny("48000.00"))
    crossing = account.sell(60, cny("3000.00"))
    assert (crossing.royalty, crossing.recouped, crossing.payable) == (cny("400.00"), cny("160.00"), cny("240.00"))
    assert account.totals.earned == 4000_00
    back = account.take_back(0, 30)
    assert (back.outside, back.royalty) == (cny("240.00"), cny("280.00"))


def test_sell_off_royalties_leave_the_advance_alone_where_the_contract_says_so() -> None:
    terms = flat("0.08", "CNY", advance=cny("1000.00"), recoup_in_sell_off=False)
    account = Account(terms)
    sold = account.sell(60, cny("2400.00"), standing="sell_off")
    assert (sold.recouped, sold.payable, account.totals.unrecouped) == (ZERO, cny("192.00"), 1000_00)
    assert account.take_back(0, 60).payable == cny("192.00")


def test_a_thousand_small_sales_round_like_one_statement_line() -> None:
    account = Account(flat("0.08", "CNY"))
    for _ in range(1000):
        account.sell(1, cny("9.99"))
    assert account.totals.earned == 799_20


def test_a_late_sale_reopens_no_period() -> None:
    account = Account(flat("0.10", "CNY"))
    account.sell(1, cny("100.00"), "2026-Q1")
    account.sell(1, cny("100.00"), "2026-Q2")
    late = account.sell(1, cny("100.00"), "2026-Q1")
    assert (late.payable, account.totals.period, account.totals.settled) == (cny("10.00"), "2026-Q2", 10_00)


rates = st.decimals(min_value=0, max_value=1, places=3)
contracts = st.builds(
    lambda limits, rates, method, measure, advance, fund, cap, apart: RoyaltyTerms(
        currency="CNY",
        tiers=tuple(Tier(up_to=limit, rate=rate) for limit, rate in zip([*sorted(limits), None], rates, strict=False)),
        method=method,
        measure=measure,
        advance=Money(advance, "CNY"),
        marketing_fund_rate=fund,
        unit_cap=cap,
        over_cap_multiplier=Decimal(3),
        recoup_in_sell_off=apart,
    ),
    st.sets(st.integers(1, 60).map(Decimal), max_size=2),
    st.lists(rates, min_size=3, max_size=3),
    st.sampled_from(["marginal", "whole", "prospective"]),
    st.sampled_from(["net", "units"]),
    st.integers(0, 3000),
    rates,
    st.none() | st.integers(1, 40),
    st.booleans(),
)
days_of_trade = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(0, 4000), st.booleans(), st.integers(0, 20)),
    min_size=1,
    max_size=14,
)


def trade(terms: RoyaltyTerms, days: Sequence[tuple[int, int, int, bool, int]]) -> Account:
    """Sales in order of their periods; now and then some of an earlier line comes back."""
    account = Account(terms)
    for period, units, base, sells_off, sale in sorted(days, key=lambda day: day[0]):
        if sale < len(account.sales) and account.sales[sale].units:
            account.take_back(sale, min(units, account.sales[sale].units), PERIODS[period])
        else:
            standing: Standing = "sell_off" if sells_off else "term"
            account.sell(units, Money(base, "CNY"), PERIODS[period], standing)
    return account


@given(contracts, days_of_trade)
def test_every_royalty_is_recouped_or_payable(terms: RoyaltyTerms, days: list[tuple[int, int, int, bool, int]]) -> None:
    account = trade(terms, days)
    for _, figures in account.moves:
        assert figures.royalty == figures.recouped + figures.payable
    assert total((f.royalty - f.outside for _, f in account.moves), "CNY").minor == account.totals.earned


@given(contracts, days_of_trade)
def test_cash_follows_the_closed_form(terms: RoyaltyTerms, days: list[tuple[int, int, int, bool, int]]) -> None:
    """CumCash(t) = max over s ≤ t of max(Schedule(s), CumEarned(s)), with s the ends of the royalty periods."""
    account = trade(terms, days)
    by_period = [[figures for _, figures in moves] for _, moves in groupby(account.moves, key=lambda move: move[0])]
    earned = [total((f.royalty - f.outside for f in period), "CNY") for period in by_period]
    payable = [total((f.payable - f.outside for f in period), "CNY") for period in by_period]
    advance = terms.agreed_advance
    highest, cumulative = advance, [total(earned[: n + 1], "CNY") for n in range(len(earned))]
    for n in range(len(earned)):
        now = max(advance, *cumulative[: n + 1])
        assert payable[n] == now - highest
        highest = now
    assert account.totals.cash == highest.minor
    assert [s.payable for s in recoupment.recoup(earned, advance)] == payable


@given(contracts, days_of_trade)
def test_sales_add_up_to_the_royalty_on_their_totals(
    terms: RoyaltyTerms, days: list[tuple[int, int, int, bool, int]]
) -> None:
    account = trade(terms, days)
    base = Money(account.year.base, "CNY")
    if terms.method == "prospective":
        counts = account.year.counts.values()
        expected = total((Money(count.base, "CNY").at_rate(count.rate) for count in counts), "CNY")
    else:
        expected = tiers.royalty_to_date(terms, account.year.units, base)
    over = account.totals.over
    assert total((f.royalty for _, f in account.moves), "CNY") == expected + Money(over.charge, "CNY")
    assert total((f.marketing_fund for _, f in account.moves), "CNY") == base.at_rate(terms.marketing_fund_rate)
    assert account.totals.units == account.year.units + over.units
    assert account.year.base + over.base == total((s.base for s in account.sales), "CNY").minor


@given(contracts, days_of_trade)
def test_when_everything_comes_back_nothing_is_left(
    terms: RoyaltyTerms, days: list[tuple[int, int, int, bool, int]]
) -> None:
    account = trade(terms, [(0, *rest) for _, *rest in days])
    for sale, sold in enumerate(account.sales):
        if sold.units:
            account.take_back(sale, sold.units)
    assert (account.totals.units, account.year.units, account.year.base) == (0, 0, 0)
    assert total((f.royalty for _, f in account.moves), "CNY") == ZERO
    assert total((f.marketing_fund for _, f in account.moves), "CNY") == ZERO
    assert total((f.recouped + f.payable for _, f in account.moves), "CNY") == ZERO


@given(st.integers(-(10**9), 10**9), st.lists(rates, min_size=1, max_size=5), st.none() | rates)
def test_shares_of_several_licences_add_up(minor: int, each: list[Decimal], cap: Decimal | None) -> None:
    if sum(each) == 0:
        return
    net = Money(minor, "CNY")
    shares = shared_rates.stacked(net, each, cap)
    combined = sum(each, Decimal(0))
    assert total(shares, "CNY") == net.at_rate(combined if cap is None else min(combined, cap))


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_shares_of_a_bundle_add_up(minor: int, prices: list[int]) -> None:
    shares = net_sales.bundle_shares(Money(minor, "CNY"), [Money(price, "CNY") for price in prices])
    assert total(shares, "CNY") == Money(minor, "CNY")
