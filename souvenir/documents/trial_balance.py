"""The trial balance: every account's debits, credits and balance, and whether they foot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from souvenir.documents.columns import amount, table
from souvenir.kernel.money import Money, total


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """One account in one currency: what was debited and what was credited, both positive, after an opening balance.

    Balances are positive on the debit side and negative on the credit side.
    """

    account: str
    debit: Money
    credit: Money
    opening: Money | None = None

    @property
    def balance(self) -> Money:
        """What stands on the account at the end."""
        turnover = self.debit - self.credit
        return turnover if self.opening is None else self.opening + turnover


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The books to an effective day (None: all of them), as they were known at an instant (None: as known now)."""

    effective: date | None
    rows: Sequence[AccountTotals]
    known_at: datetime | None = None
    since: date | None = None
    """Where a period begins; what is earlier stands in the opening balances."""
    entries: int | None = None


def print_trial_balance(balance: TrialBalance) -> str:
    """The trial balance as text, one table for each currency; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(balance))


def _lines(balance: TrialBalance) -> Iterator[str]:
    since = f" from {balance.since.isoformat()}" if balance.since else ""
    until = f" to {balance.effective.isoformat()}" if balance.effective else ""
    known = f", as known at {balance.known_at.isoformat(timespec='seconds')}" if balance.known_at else ""
    yield f"试算平衡表 Trial balance{since}{until}{known}"
    if balance.entries is not None:
        yield f"凭证 Entries: {balance.entries:,}"
    for currency in sorted({row.debit.currency for row in balance.rows}):
        yield ""
        rows = [row for row in balance.rows if row.debit.currency == currency]
        yield from _one_currency(currency, sorted(rows, key=lambda row: row.account))
    if not balance.rows:
        yield ""
        yield "没有凭证 No entries."


def _one_currency(currency: str, rows: Sequence[AccountTotals]) -> Iterator[str]:
    zero = Money.zero(currency)
    opens = any(row.opening for row in rows)
    headings = [f"科目 Account ({currency})", "借方 Debit", "贷方 Credit", "借余 Balance Dr", "贷余 Balance Cr"]
    lines = [[row.account, amount(row.debit), amount(row.credit), *_sides(row.balance)] for row in rows]
    sums = [
        total((row.debit for row in rows), currency),
        total((row.credit for row in rows), currency),
        total((row.balance for row in rows if row.balance > zero), currency),
        total((-row.balance for row in rows if row.balance < zero), currency),
    ]
    foot = ["合计 Total", *map(amount, sums)]
    if opens:
        openings = [row.opening or zero for row in rows]
        for line, opening in zip([headings, *lines, foot], ["期初 Opening", *map(amount, openings), ""], strict=True):
            line.insert(1, opening)
    yield from table(headings, lines, [foot])
    if difference := sums[0] - sums[1]:
        yield f"不平 DOES NOT FOOT: debits and credits differ by {amount(difference)} {currency}."
    else:
        yield "借贷平衡 It foots: debits equal credits."


def _sides(balance: Money) -> tuple[str, str]:
    if balance > Money.zero(balance.currency):
        return amount(balance), ""
    return "", amount(-balance) if balance else ""
