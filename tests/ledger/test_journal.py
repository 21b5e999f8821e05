"""The journal: an entry balances, names known accounts, and is posted once."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from souvenir.kernel.money import UnknownCurrency
from souvenir.ledger.chart import UnknownAccount
from souvenir.ledger.journal import (
    Cause,
    Entry,
    EntryDiffersFromPosted,
    EntryDoesNotBalance,
    EntryHasNoUsableLines,
    Posting,
)

CAUSE = Cause(
    "sales.OrderPaid", UUID("018f0000-0000-7000-8000-000000000001"), 2, datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
)
ON = date(2026, 7, 1)


def leg(account: str, minor: int, currency: str = "CNY") -> Posting:
    return Posting(account=account, minor=minor, currency=currency)


SALE = (leg("Assets:Clearing:Card", 113000), leg("Income:Sales", -100000), leg("Liabilities:VAT:Output", -13000))


def test_an_entry_states_its_cause_its_rule_and_both_its_clocks() -> None:
    entry = Entry.post(CAUSE, "J01", ON, SALE, "Sale", {"outlet": "park"})

    (posted,) = entry.collect_events()
    assert isinstance(posted, Entry.Posted)
    assert posted.effective_on == date(2026, 7, 1)
    assert posted.known_at == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    assert (posted.cause_topic, posted.cause_id, posted.cause_version) == (CAUSE.topic, CAUSE.id, 2)
    assert (posted.rule, posted.text, posted.dimensions) == ("J01", "Sale", {"outlet": "park"})
    assert [(line.account, line.money.amount) for line in posted.lines] == [
        ("Assets:Clearing:Card", "1130.00"),
        ("Income:Sales", "-1000.00"),
        ("Liabilities:VAT:Output", "-130.00"),
    ]


def test_one_cause_makes_one_entry_by_each_rule() -> None:
    assert Entry.post(CAUSE, "J01", ON, SALE, "Sale").id == Entry.post(CAUSE, "J01", ON, SALE, "Sale").id
    assert Entry.id_for(CAUSE, "J01") != Entry.id_for(CAUSE, "J02")


def test_posting_the_same_again_changes_nothing() -> None:
    entry = Entry.post(CAUSE, "J01", ON, SALE, "Sale")
    entry.collect_events()

    entry.confirm(ON, SALE)

    assert entry.collect_events() == []


def test_posting_another_amount_for_the_same_cause_is_refused() -> None:
    entry = Entry.post(CAUSE, "J01", ON, SALE, "Sale")

    with pytest.raises(EntryDiffersFromPosted, match="already posted, with other content"):
        entry.confirm(ON, (leg("Assets:Clearing:Card", 1), leg("Income:Sales", -1)))


def test_legs_that_do_not_balance_are_refused_with_the_difference() -> None:
    with pytest.raises(EntryDoesNotBalance, match=r"its money legs in CNY are 0\.01 CNY out"):
        Entry.post(CAUSE, "J01", ON, (leg("Assets:Bank", 101), leg("Income:Sales", -100)), "Sale")


def test_currencies_balance_each_by_itself() -> None:
    with pytest.raises(EntryDoesNotBalance):
        Entry.post(CAUSE, "J01", ON, (leg("Assets:Bank", 100, "CNY"), leg("Income:Sales", -100, "JPY")), "Sale")


def test_memo_legs_balance_apart_from_money() -> None:
    with pytest.raises(EntryDoesNotBalance, match="its memo legs"):
        Entry.post(CAUSE, "J08m", ON, (leg("Memo:Guarantee:Held", 100), leg("Assets:Bank", -100)), "Guarantee held")


def test_an_account_outside_the_chart_is_refused() -> None:
    with pytest.raises(UnknownAccount):
        Entry.post(CAUSE, "J01", ON, (leg("Assets:Pocket", 100), leg("Income:Sales", -100)), "Sale")


def test_a_currency_nobody_can_count_in_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        Entry.post(CAUSE, "J01", ON, (leg("Assets:Bank", 100, "XXX"), leg("Income:Sales", -100, "XXX")), "Sale")


@pytest.mark.parametrize("lines", [(), (leg("Assets:Bank", 0),), (leg("Assets:Bank", 0), leg("Income:Sales", 0))])
def test_an_entry_of_nothing_is_refused(lines: tuple[Posting, ...]) -> None:
    with pytest.raises(EntryHasNoUsableLines):
        Entry.post(CAUSE, "J01", ON, lines, "Sale")


def test_an_entry_nobody_could_read_is_refused() -> None:
    lines = [leg("Assets:Bank", 1), leg("Income:Sales", -1)] * 501

    with pytest.raises(EntryHasNoUsableLines, match="has 1002 lines"):
        Entry.post(CAUSE, "J01", ON, lines, "Sale")
