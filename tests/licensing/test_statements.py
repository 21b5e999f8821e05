"""Statements: what a licence owes for a period, issued once, made again byte for byte, late sales on the next one."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from souvenir.eventlog import EventLog
from souvenir.eventlog.mapper import to_event
from souvenir.eventlog.rebuild import differences
from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.money import Money
from souvenir.licensing.drafting import Draft
from souvenir.licensing.licence import Grant
from souvenir.licensing.sheet import Line, NoSuchLine, Sheet
from souvenir.licensing.statement import (
    EarlierPeriodNotStated,
    NotStated,
    PeriodAlreadyStated,
    PeriodNotOver,
    PeriodOutsideLicence,
    StatementDiffers,
    StatementOvertaken,
)
from souvenir.licensing.terms import RoyaltyTerms, Tier, flat

NAME = {"zh-Hans": "云龙", "en": "Cloud dragon"}
FEBRUARY, MARCH, APRIL, MAY = date(2026, 2, 10), date(2026, 3, 31), date(2026, 4, 2), date(2026, 5, 5)
FIRST_CUT, SECOND_CUT = date(2026, 4, 10), date(2026, 7, 10)


def cny(text: str) -> Money:
    return Money.of(text, "CNY")


@pytest.fixture
def licence(small_shop: Any, grant: Grant) -> UUID:
    """8 %, 2 % marketing fund, an advance of 100.00 that is paid, 10 % withheld."""
    return sign(small_shop, grant)


def sign(shop: Any, grant: Grant, contract_no: str = "LIC-A", **changes: Any) -> UUID:
    facts: dict[str, Any] = {"advance": cny("100.00"), "marketing_fund_rate": "0.02", "withholding_rate": "0.10"}
    terms = flat("0.08", "CNY", **(facts | changes))
    granted: UUID = shop.licensing.grant(contract_no, "Palace Studio", NAME, grant, terms).result
    if terms.agreed_advance:
        advance = terms.agreed_advance
        shop.licensing.record_advance(granted, f"bank-{contract_no}", advance, Money.zero("CNY"), date(2026, 1, 2))
    return granted


def issue(shop: Any, licence: UUID, period: str, on: date) -> Sheet:
    shop.licensing.issue_statement(licence, period, on)
    sheet: Sheet = shop.licensing.statement(licence, period)
    return sheet


def facts(sheet: Sheet) -> list[tuple[str, str, int, int, Money, Money]]:
    return [(line.period, line.sku, line.sold, line.returned, line.net, line.royalty) for line in sheet.lines]


def test_a_quarter_with_a_return_on_every_store(shop: Any, grant: Grant) -> None:
    licence = sign(shop, grant)
    shop.sell("1130.00", licence, on=FEBRUARY)
    order = shop.sell("2260.00", licence, on=FEBRUARY, units=2, sku="VASE-02")
    shop.sell("1130.00", licence, on=MARCH, channel="online", territory="HK")
    shop.take_back(order, 1, on=MARCH)
    shop.sell("5650.00", licence, on=APRIL)

    sheet = issue(shop, licence, "2026-Q1", FIRST_CUT)

    assert [(line.sku, line.territory, line.channel, line.rate) for line in sheet.lines] == [
        ("VASE-01", "CN-BJ", "shop", "0.08"),
        ("VASE-01", "HK", "online", "0.08"),
        ("VASE-02", "CN-BJ", "shop", "0.08"),
    ]
    assert facts(sheet)[2] == ("2026-Q1", "VASE-02", 2, 1, cny("1000.00"), cny("80.00"))
    account, due = sheet.header.account, sheet.header.due
    assert (account.opening_unrecouped, account.earned, account.recouped) == (
        cny("100.00"),
        cny("240.00"),
        cny("100.00"),
    )
    assert (account.closing_unrecouped, account.payable, account.marketing_fund) == (
        cny("0.00"),
        cny("140.00"),
        cny("60.00"),
    )
    assert (due.royalty, due.tax, due.marketing_fund, due.amount) == (
        cny("140.00"),
        cny("14.00"),
        cny("60.00"),
        cny("186.00"),
    )
    assert due.on == date(2026, 4, 30)
    second = issue(shop, licence, "2026-Q2", SECOND_CUT)
    assert facts(second) == [("2026-Q2", "VASE-01", 1, 0, cny("5000.00"), cny("400.00"))]
    assert shop.licensing.statement(licence, "2026-Q1") == sheet


def test_an_issued_statement_is_made_again_byte_for_byte(small_shop: Any, licence: UUID, grant: Grant) -> None:
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    draft: Draft = small_shop.licensing.draft_statement(licence, "2026-Q1", FIRST_CUT)
    issued = issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    assert issued.canonical() == draft.sheet.canonical()
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    small_shop.sell("1130.00", sign(small_shop, grant, "LIC-B", advance=None), on=FEBRUARY)
    again = small_shop.licensing.statement(licence, "2026-Q1")
    assert again.canonical() == issued.canonical()
    content = json.loads(again.canonical())
    assert content["statement"]["contract_no"] == "LIC-A"
    assert content["lines"][0]["royalty"] == "80.00"
    assert content["statement"]["span"]["entries"] == 1


def test_a_statement_of_a_log_that_was_changed_is_refused(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    changed = "UPDATE stored_events SET state = CAST(replace(state, '8000', '7000') AS BLOB) WHERE topic = ?"
    small_shop.log.execute(lambda tx: tx.session.run(changed, "licensing.RoyaltyAccrued"))
    with pytest.raises(StatementDiffers):
        small_shop.licensing.statement(licence, "2026-Q1")


def test_late_sales_and_returns_go_on_the_next_statement_once(small_shop: Any, licence: UUID) -> None:
    early = small_shop.sell("1130.00", licence, on=FEBRUARY)
    issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    small_shop.sell("2260.00", licence, on=MARCH)
    small_shop.take_back(early, 1, on=MARCH)
    small_shop.sell("1130.00", licence, on=MAY)
    second = issue(small_shop, licence, "2026-Q2", SECOND_CUT)
    assert facts(second) == [
        ("2026-Q1", "VASE-01", 1, 1, cny("1000.00"), cny("80.00")),
        ("2026-Q2", "VASE-01", 1, 0, cny("1000.00"), cny("80.00")),
    ]
    assert [line.period for line in second.prior] == ["2026-Q1"]
    third = issue(small_shop, licence, "2026-Q3", date(2026, 10, 1))
    assert third.is_nil
    assert third.header.account.opening_unrecouped == second.header.account.closing_unrecouped


def test_a_nil_statement_says_so_and_carries_the_account(small_shop: Any, licence: UUID) -> None:
    sheet = issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    assert sheet.is_nil
    assert (sheet.header.account.opening_unrecouped, sheet.header.account.closing_unrecouped) == (
        cny("100.00"),
        cny("100.00"),
    )
    assert sheet.header.due.amount == cny("0.00")


def test_a_return_after_everything_was_paid_is_credited_and_never_asked_back(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, advance=None, withholding_rate="0")
    order = small_shop.sell("1130.00", licence, on=FEBRUARY)
    assert issue(small_shop, licence, "2026-Q1", FIRST_CUT).header.due.amount == cny("100.00")
    small_shop.take_back(order, 1, on=MAY)
    second = issue(small_shop, licence, "2026-Q2", SECOND_CUT).header
    assert (second.account.closing_unrecouped, second.account.fund_credit) == (cny("80.00"), cny("20.00"))
    assert second.due.amount == cny("0.00")
    small_shop.sell("2260.00", licence, on=date(2026, 8, 1))
    third = issue(small_shop, licence, "2026-Q3", date(2026, 10, 1)).header
    assert (third.account.payable, third.due.marketing_fund, third.due.amount) == (
        cny("80.00"),
        cny("20.00"),
        cny("100.00"),
    )


def test_tax_the_licensee_bears_comes_on_top(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, advance=None, tax_borne_by="licensee", marketing_fund_rate="0")
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    due = issue(small_shop, licence, "2026-Q1", FIRST_CUT).header.due
    assert (due.royalty, due.tax, due.amount) == (cny("88.89"), cny("8.89"), cny("80.00"))


def test_deductions_are_what_the_base_is_short_of_the_list_price(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, price_share="0.5")
    small_shop.sell("904.00", licence, on=FEBRUARY, unit_price=cny("1130.00"))
    (line,) = issue(small_shop, licence, "2026-Q1", FIRST_CUT).lines
    assert (line.gross, line.deductions, line.net, line.royalty) == (
        cny("1000.00"),
        cny("600.00"),
        cny("400.00"),
        cny("32.00"),
    )


def test_breaches_are_stated_apart(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=FEBRUARY, category="silk")
    sheet = issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    assert [(b.code, b.units, b.base) for b in sheet.breaches] == [("CATEGORY_NOT_GRANTED", 1, cny("1000.00"))]
    assert (sheet.royalty, sheet.lines) == (cny("0.00"), ())


def test_every_statement_that_is_due_is_issued_from_one_reading(small_shop: Any, licence: UUID, grant: Grant) -> None:
    other = sign(small_shop, grant, "LIC-B", advance=None, period_months=1)
    for day in (FEBRUARY, MARCH, APRIL):
        small_shop.sell("1130.00", licence, other, on=day)
    assert len(small_shop.licensing.issue_statements(date(2026, 4, 30))) == 1 + 3
    assert len(small_shop.licensing.issue_statements(date(2026, 7, 1))) == 1 + 3
    assert small_shop.licensing.issue_statements(date(2026, 7, 1)) == []
    by_month = [small_shop.licensing.statement(other, f"2026-{month:02}").royalty for month in range(1, 7)]
    assert by_month == [cny("0.00"), cny("80.00"), cny("80.00"), cny("80.00"), cny("0.00"), cny("0.00")]
    by_quarter = [small_shop.licensing.statement(licence, f"2026-Q{quarter}").royalty for quarter in (1, 2)]
    assert by_quarter == [cny("160.00"), cny("80.00")]


def test_a_line_leads_to_its_sales_and_returns(small_shop: Any, licence: UUID, grant: Grant) -> None:
    first = small_shop.sell("1130.00", licence, on=FEBRUARY)
    small_shop.sell("1130.00", sign(small_shop, grant, "LIC-B", advance=None), on=FEBRUARY)
    second = small_shop.sell("2260.00", licence, on=FEBRUARY, units=2)
    small_shop.sell("1130.00", licence, on=FEBRUARY, sku="VASE-02")
    small_shop.take_back(second, 1, on=MARCH)
    small_shop.sell("1130.00", licence, on=APRIL)
    issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    small_shop.sell("1130.00", licence, on=MARCH)
    found = small_shop.licensing.statement_sources(licence, "2026-Q1", 1)
    assert [(source.order_id, source.units, source.royalty) for source in found] == [
        (str(first), 1, cny("80.00")),
        (str(second), 2, cny("160.00")),
        (str(second), -1, cny("-80.00")),
    ]
    assert small_shop.licensing.statement_sources(licence, "2026-Q1", 1, after=1, first=1) == found[1:2]
    issue(small_shop, licence, "2026-Q2", SECOND_CUT)
    assert len(small_shop.licensing.statement_sources(licence, "2026-Q2", 1)) == 1
    with pytest.raises(NoSuchLine):
        small_shop.licensing.statement_sources(licence, "2026-Q1", 3)


def test_periods_that_cannot_be_stated(small_shop: Any, licence: UUID) -> None:
    draft = small_shop.licensing.draft_statement
    with pytest.raises(PeriodNotOver):
        draft(licence, "2026-Q1", date(2026, 3, 31))
    with pytest.raises(EarlierPeriodNotStated):
        draft(licence, "2026-Q2", SECOND_CUT)
    with pytest.raises(PeriodOutsideLicence):
        draft(licence, "2025-Q4", SECOND_CUT)
    with pytest.raises(PeriodOutsideLicence):
        draft(licence, "2026-03", SECOND_CUT)
    with pytest.raises(MalformedInput):
        draft(licence, "spring", SECOND_CUT)
    with pytest.raises(NotStated):
        small_shop.licensing.statement(licence, "2026-Q1")


def test_a_period_is_stated_once(small_shop: Any, licence: UUID) -> None:
    draft = small_shop.licensing.draft_statement(licence, "2026-Q1", FIRST_CUT)
    small_shop.licensing.issue_statement(licence, "2026-Q1", FIRST_CUT)
    head = small_shop.log.head()
    with pytest.raises(PeriodAlreadyStated):
        small_shop.licensing.issue_statement(licence, "2026-Q1", SECOND_CUT)
    with pytest.raises(PeriodAlreadyStated):
        small_shop.licensing._issue(draft)
    assert small_shop.log.head() == head


def test_a_draft_that_another_statement_overtook_is_not_issued(small_shop: Any, licence: UUID) -> None:
    small_shop.licensing.issue_statement(licence, "2026-Q1", FIRST_CUT)
    stale = small_shop.licensing.draft_statement(licence, "2026-Q2", SECOND_CUT)
    stale.sheet.header.span.__dict__["stated_to"] = "2025-Q4"
    with pytest.raises(StatementOvertaken):
        small_shop.licensing._issue(stale)


@pytest.mark.parametrize(
    ("sales", "code"),
    [
        ([("1130.00", {"on": FEBRUARY, "category": "silk"})], "BREACHES"),
        ([("1130.00", {"on": FEBRUARY, "units": 3})], "UNIT_CAP_EXCEEDED"),
    ],
)
def test_discrepancies_are_flagged_before_issue(small_shop: Any, grant: Grant, sales: Any, code: str) -> None:
    licence = sign(small_shop, grant, unit_cap=2)
    for gross, sale in sales:
        small_shop.sell(gross, licence, **sale)
    flags = small_shop.licensing.draft_statement(licence, "2026-Q1", FIRST_CUT).flags
    assert [flag.code for flag in flags] == [code]


def test_many_returns_late_entries_and_unusual_royalties_are_flagged(small_shop: Any, grant: Grant) -> None:
    licence = small_shop.licensing.grant(
        "LIC-Z", "Museum", NAME, grant, flat("0.08", "CNY", advance=cny("10.00"))
    ).result
    order = small_shop.sell("1130.00", licence, on=FEBRUARY)
    clean = small_shop.licensing.draft_statement(licence, "2026-Q1", FIRST_CUT).flags
    assert [flag.code for flag in clean] == ["ADVANCE_UNPAID"]
    small_shop.licensing.issue_statement(licence, "2026-Q1", FIRST_CUT)
    small_shop.take_back(order, 1, on=MARCH)
    small_shop.sell("56.50", licence, on=MAY)
    codes = {flag.code for flag in small_shop.licensing.draft_statement(licence, "2026-Q2", SECOND_CUT).flags}
    assert codes == {"ADVANCE_UNPAID", "MANY_RETURNS", "LATE_ENTRIES"}


def test_a_register_that_differs_from_the_log_is_flagged(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    small_shop.log.execute(lambda tx: tx.session.run("UPDATE royalty_positions SET earned = earned + 1"))
    flags = small_shop.licensing.draft_statement(licence, "2026-Q1", FIRST_CUT).flags
    assert [flag.code for flag in flags] == ["REGISTER_DIFFERS"]


def test_statements_of_a_life_add_up_to_the_register(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, withholding_rate="0")
    orders = [
        small_shop.sell(f"{n}99.90", licence, on=date(2026, 1 + n % 9, 1 + n), units=1 + n % 3) for n in range(1, 19)
    ]
    for number, order in enumerate(orders[::4], start=1):
        small_shop.take_back(order, 1, on=date(2026, 9, 20), return_no=number)
    small_shop.licensing.issue_statements(date(2026, 10, 1))
    sheets = [small_shop.licensing.statement(licence, f"2026-Q{quarter}") for quarter in (1, 2, 3)]
    with small_shop.log.reading() as session:
        position = small_shop.royalties.position(session, licence)
    assert sum(sheet.royalty.minor for sheet in sheets) == position.earned.minor
    assert sum(sheet.header.account.payable.minor for sheet in sheets) == position.payable.minor
    assert sum(sheet.header.account.marketing_fund.minor for sheet in sheets) == position.marketing_fund.minor
    assert sheets[-1].header.account.closing_unrecouped == position.unrecouped


def test_the_register_of_statements_agrees_with_the_log(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    log: EventLog = small_shop.log
    assert [line for register in log.registers for line in differences(log, register)] == []


def test_what_was_stated_is_settled_for_a_return_that_comes_late(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, advance=None)
    order = small_shop.sell("1130.00", licence, on=FEBRUARY)
    issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    small_shop.take_back(order, 1, on=MARCH)
    with small_shop.log.reading() as session:
        position = small_shop.royalties.position(session, licence)
    assert (position.payable, position.recouped, position.unrecouped) == (cny("80.00"), cny("-80.00"), cny("80.00"))
    assert small_shop.licensing.draft_statement(licence, "2026-Q2", SECOND_CUT).sheet.header.due.royalty == cny("0.00")


def test_a_change_no_sum_shows_is_found_by_the_digest_of_the_range(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=FEBRUARY)
    issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    changed = (
        "UPDATE stored_events SET state = CAST(replace(state, '2026-02-10', '2026-02-11') AS BLOB) WHERE topic = ?"
    )
    small_shop.log.execute(lambda tx: tx.session.run(changed, "licensing.RoyaltyAccrued"))
    with pytest.raises(StatementDiffers):
        small_shop.licensing.statement(licence, "2026-Q1")


def test_statements_end_with_the_last_sale_the_licence_allows(small_shop: Any, licence: UUID) -> None:
    small_shop.licensing.issue_statements(date(2030, 1, 1))
    periods = [each.period for each in small_shop.licensing.statements(licence)]
    assert periods == ["2027-Q1", "2026-Q4", "2026-Q3", "2026-Q2", "2026-Q1"]


def test_a_return_of_what_never_recouped_is_credited_on_the_next_statement(small_shop: Any, grant: Grant) -> None:
    licence = sign(small_shop, grant, recoup_in_sell_off=False, period_months=1, withholding_rate="0")
    order = small_shop.sell("1130.00", licence, on=date(2027, 1, 5))
    small_shop.take_back(order, 1, on=date(2027, 2, 5))
    small_shop.sell("2260.00", licence, on=date(2027, 3, 5))
    small_shop.licensing.issue_statements(date(2027, 4, 2))
    january, february, march = (small_shop.licensing.statement(licence, f"2027-0{n}").header for n in (1, 2, 3))
    assert (january.due.royalty, february.due.royalty, march.due.royalty) == (cny("80.00"), cny("0.00"), cny("80.00"))
    assert (february.account.royalty_credit, march.account.royalty_credit) == (cny("80.00"), cny("0.00"))


def test_a_batch_of_sales_counts_on_from_each_other(small_shop: Any, grant: Grant) -> None:
    terms = RoyaltyTerms(currency="CNY", tiers=(Tier(up_to=1500, rate="0.06"), Tier(up_to=None, rate="0.10")))
    licence = small_shop.licensing.grant("LIC-A", "Palace Studio", NAME, grant, terms).result
    small_shop.following = False
    for _ in range(3):
        small_shop.sell("1130.00", licence, on=FEBRUARY)
    small_shop.followers.catch_up()
    lines = small_shop.licensing.draft_statement(licence, "2026-Q1", FIRST_CUT).sheet.lines
    assert [(line.rate, line.royalty) for line in lines] == [
        ("0.06", cny("60.00")),
        ("0.06 + 0.10", cny("80.00")),
        ("0.10", cny("100.00")),
    ]


def test_the_next_statement_reads_from_the_first_entry_left_for_it(small_shop: Any, licence: UUID) -> None:
    order = small_shop.sell("1130.00", licence, on=FEBRUARY)
    small_shop.take_back(order, 1, on=MAY)
    small_shop.sell("1130.00", licence, on=MAY)
    first = issue(small_shop, licence, "2026-Q1", FIRST_CUT).header.span
    second = issue(small_shop, licence, "2026-Q2", SECOND_CUT)
    assert (second.lines[0].sold, second.lines[0].returned, second.header.span.after) == (1, 1, first.carried)


def test_a_breach_left_for_the_next_statement_is_on_it(small_shop: Any, licence: UUID) -> None:
    small_shop.sell("1130.00", licence, on=MAY, category="silk")
    small_shop.sell("1130.00", licence, on=MAY)
    issue(small_shop, licence, "2026-Q1", FIRST_CUT)
    second = issue(small_shop, licence, "2026-Q2", SECOND_CUT)
    assert [(breach.code, breach.units) for breach in second.breaches] == [("CATEGORY_NOT_GRANTED", 1)]


def test_a_statement_issued_before_it_could_say_more_has_the_digest_it_had() -> None:
    sample = Path(__file__).parents[1] / "history" / "events" / "licensing.StatementIssued.v1.json"
    header = to_event(UUID(int=1), 1, "licensing.StatementIssued", sample.read_bytes()).header  # type: ignore[attr-defined]
    yuan = cny("1.00")
    line = Line(1, "2026-Q1", "VASE", "p", None, "shop", "0.08", 1, 0, yuan, yuan, yuan, yuan)
    sealed = Sheet(header, (line,), (), ()).digest
    assert sealed == "0fa66a4096c4ffd830e5c948dbe403f9485f4dcec5f93d61640af909baabb819"
