"""The journal on paper and in files: the legs behind a balance, one entry down to its event, and all of it for Beancount."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from souvenir.documents.columns import amount, table
from souvenir.kernel.money import Money
from souvenir.ledger.chart import Kind, kind_of
from souvenir.ledger.journal import Entry
from souvenir.ledger.replay import AsOf, CausingEvent, Leg

COLUMNS: Final = (
    "effective_on", "known_at", "account", "currency", "amount", "rule", "text", "entry", "event", "event_of", "dimensions",
)  # fmt: skip


def print_legs(legs: Iterable[Leg]) -> str:
    """The legs that make a balance, each with the balance after it and the event that caused it."""
    balances: dict[str, Money] = {}
    rows = []
    for leg in legs:
        currency = leg.money.currency
        balances[currency] = balances.get(currency, Money.zero(currency)) + leg.money
        after = amount(balances[currency])
        rows.append(
            [str(leg.effective_on), leg.rule, amount(leg.money), after, currency, str(leg.entry_id), leg.cause.topic]
        )
    headings = ["日期 Day", "规则 Rule", "金额 Amount", "余额 Balance", "币种 Currency", "凭证 Entry", "事件 Event"]
    return "".join(line.rstrip() + "\n" for line in table(headings, rows)) if rows else "没有凭证 No entries.\n"


def legs_csv(legs: Iterable[Leg]) -> str:
    """The legs as CSV, one row each."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for leg in legs:
        cause, money = leg.cause, leg.money
        dimensions = json.dumps(dict(leg.dimensions), ensure_ascii=False, sort_keys=True)
        writer.writerow((leg.effective_on, cause.known_at.isoformat(), leg.account, money.currency, money.amount, leg.rule,
                         leg.text, leg.entry_id, cause.topic, cause.id, dimensions))  # fmt: skip
    return out.getvalue()


def print_entry(entry: Entry, cause: CausingEvent) -> str:
    """One entry with its legs, and under it the event that made it necessary, as it is stored."""
    rows = [[line.account, amount(line.money), line.currency] for line in entry.lines]
    about = [f"{name}: {value}" for name, value in sorted(entry.dimensions.items())]
    lines = [
        f"凭证 Entry {entry.id}",
        f"{entry.rule} {entry.text}, effective {entry.effective_on}, known at {entry.known_at.isoformat()}",
        *about,
        "",
        *table(["科目 Account", "金额 Amount", "币种 Currency"], rows),
        "",
        f"事件 Event {cause.topic}, {cause.stream}/{cause.version}",
        json.dumps(json.loads(cause.state), ensure_ascii=False, indent=2, sort_keys=True),
    ]
    return "".join(line.rstrip() + "\n" for line in lines)


def beancount(legs: Iterable[Leg], as_of: AsOf) -> str:
    """The journal as a Beancount file: each account opened, each entry, and each balance asserted the day after.

    Beancount proves the balances anew. Memo accounts stand under Equity, where it knows such.
    """
    entries: defaultdict[UUID, list[Leg]] = defaultdict(list)
    balances: defaultdict[tuple[str, str], int] = defaultdict(int)
    for leg in legs:
        entries[leg.entry_id].append(leg)
        balances[_account(leg.account), leg.money.currency] += leg.money.minor
    in_order = sorted(entries.values(), key=lambda legs: legs[0].effective_on)
    if not in_order:
        return ""
    lines = [f"{in_order[0][0].effective_on} open {account}" for account in sorted({name for name, _ in balances})]
    for entry in in_order:
        lines += ["", *_transaction(entry)]
    after = (as_of.effective or in_order[-1][0].effective_on) + timedelta(days=1)
    lines += ["", *_assertions(balances, after)]
    return "\n".join(lines) + "\n"


def _transaction(legs: Sequence[Leg]) -> Iterator[str]:
    first = legs[0]
    yield f'{first.effective_on} * "{first.rule}" {json.dumps(first.text, ensure_ascii=False)}'
    yield f'  entry: "{first.entry_id}"'
    yield f'  event: "{first.cause.topic} {first.cause.id}/{first.cause.version}"'
    for leg in legs:
        yield f"  {_account(leg.account)}  {leg.money}"


def _assertions(balances: dict[tuple[str, str], int], on: date) -> Iterator[str]:
    for (account, currency), minor in sorted(balances.items()):
        yield f"{on} balance {account}  {Money(minor, currency)}"


def _account(name: str) -> str:
    return f"Equity:{name}" if kind_of(name) is Kind.MEMO else name
