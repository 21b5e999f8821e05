"""The trial balance: every account's debits, credits and balance, and whether they foot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from souvenir.documents.columns import amount, table
from souvenir.kernel.money import Money, total


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """One account in one currency: all that was ever debited and all that was ever credited, both positive."""

    account: str
    debit: Money
    credit: Money

    @property
    def balance(self) -> Money:
        """Positive on the debit side, negative on the credit side."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The books by effective date, as they were known at an instant (None: as known now)."""

    effective: date
    rows: Sequence[AccountTotals]
    known_at: datetime | None = None
    entries: int | None = None


def print_trial_balance(balance: TrialBalance) -> str:
    """The trial balance as text, one table for each currency; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(balance))


def _lines(balance: TrialBalance) -> Iterator[str]:
    known = f", as known at {balance.known_at.isoformat(timespec='seconds')}" if balance.known_at else ""
    yield f"试算平衡表 Trial balance to {balance.effective.isoformat()}{known}"
    if balance.entries is not None:
        yield f"凭证 Entries: {balance.entries:,}"
    for currency in sorted({row.debit.currency for row in balance.rows}):
        yield ""
        yield from _one_currency(currency, [row for row in balance.rows if row.debit.currency == currency])
    if not balance.rows:
        yield ""
        yield "没有凭证 No entries."


def _one_currency(currency: str, rows: Sequence[AccountTotals]) -> Iterator[str]:
    debits = total((row.debit for row in rows), currency)
    credits = total((row.credit for row in rows), currency)
    zero = Money.zero(currency)
    debit_balances = total((row.balance for row in rows if row.balance > zero), currency)
    credit_balances = total((-row.balance for row in rows if row.balance < zero), currency)
    yield from table(
        (f"科目 Account ({currency})", "借方 Debit", "贷方 Credit", "借余 Balance Dr", "贷余 Balance Cr"),
        [(row.account, amount(row.debit), amount(row.credit), *_sides(row.balance)) for row in _ordered(rows)],
        [("合计 Total", *map(amount, (debits, credits, debit_balances, credit_balances)))],
    )
    difference = debits - credits
    if difference:
        yield f"不平 DOES NOT FOOT: debits and credits differ by {amount(difference)} {currency}."
    else:
        yield "借贷平衡 It foots: debits equal credits."


def _sides(balance: Money) -> tuple[str, str]:
    if balance > Money.zero(balance.currency):
        return amount(balance), ""
    return "", amount(-balance) if balance else ""


def _ordered(rows: Sequence[AccountTotals]) -> list[AccountTotals]:
    return sorted(rows, key=lambda row: row.account)
