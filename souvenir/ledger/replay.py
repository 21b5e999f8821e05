"""Replay: posted entries folded into a trial balance of any day, as it was known at any instant.

Two clocks. The *effective* day is when something counts for the books; *known* is the instant the shop recorded what
caused the entry. An answer for effective ≤ E and known ≤ R never changes once the books have followed the log past R:
what is learned later carries a later instant, even where it counts for an earlier day.

The fold reads the stored JSON of `ledger.EntryPosted` directly, skipping what a sum does not need, and keeps gross
debits and credits: an error and its correction stay visible although they cancel out.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import msgspec

from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.money import Money
from souvenir.ledger.chart import Kind, kind_of
from souvenir.ledger.journal import Cause, Entry

TOPIC: Final = Entry.Posted.TOPIC


class BooksDoNotFoot(SouvenirError):
    message = "The books do not foot: {legs} legs in {currency} are {difference} out. The log was changed from outside."
    legs: str
    currency: str
    difference: Money


@dataclass(frozen=True, slots=True)
class AsOf:
    """Which entries count. Everything, unless a bound is given; all bounds but `known_after` include their own day.

    `since` opens a period: what is effective earlier goes into the opening balances. `known_after` with `known` asks
    what changed between two instants.
    """

    effective: date | None = None
    known: datetime | None = None
    since: date | None = None
    known_after: datetime | None = None

    def __post_init__(self) -> None:
        for instant in (self.known, self.known_after):
            if instant is not None and instant.tzinfo is None:
                raise MalformedInput(expected="instant: state its time zone", value=instant.isoformat())

    def counts(self, effective_on: date, known_at: datetime) -> bool:
        """Whether an entry is within the bounds."""
        return (
            (self.effective is None or effective_on <= self.effective)
            and (self.known is None or known_at <= self.known)
            and (self.known_after is None or known_at > self.known_after)
        )


EVERYTHING: Final = AsOf()


@dataclass(frozen=True, slots=True)
class Balance:
    """One account in one currency. Opening and closing are positive in debit; turnovers are both positive."""

    account: str
    opening: Money
    debit: Money
    credit: Money

    @property
    def closing(self) -> Money:
        return self.opening + self.debit - self.credit

    @property
    def currency(self) -> str:
        return self.opening.currency


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every account with its opening balance, turnover and closing balance, by account and currency. It foots."""

    as_of: AsOf
    entries: int
    rows: tuple[Balance, ...]

    def closing(self, account: str, currency: str) -> Money:
        """The balance of one account; zero where nothing was ever posted."""
        for row in self.rows:
            if (row.account, row.currency) == (account, currency):
                return row.closing
        return Money.zero(currency)

    def canonical(self) -> bytes:
        """The same balances always as the same bytes (JSON, minor units), to compare and to seal."""
        rows = [(r.account, r.currency, r.opening.minor, r.debit.minor, r.credit.minor) for r in self.rows]
        bounds = (self.as_of.effective, self.as_of.known, self.as_of.since, self.as_of.known_after)
        return msgspec.json.encode({"as_of": bounds, "entries": self.entries, "rows": rows}, order="deterministic")

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes."""
        return hashlib.sha256(self.canonical()).hexdigest()


class Replay:
    """A fold under way: give it stored entries in any portions, then ask for the trial balance."""

    def __init__(self, as_of: AsOf = EVERYTHING) -> None:
        self.as_of = as_of
        self._entries = 0
        self._opening: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._debit: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._credit: defaultdict[tuple[str, str], int] = defaultdict(int)

    def take(self, states: Iterable[bytes]) -> None:
        """Fold entries as they are stored: the JSON state of `ledger.EntryPosted`."""
        debit, credit, opening = self._debit, self._credit, self._opening
        bounded, counts, since = self.as_of != EVERYTHING, self.as_of.counts, self.as_of.since
        folded = 0
        for entry in map(_decode_sums, states):
            if bounded:
                if not counts(entry.effective_on, entry.known_at):
                    continue
                if since is not None and entry.effective_on < since:
                    for line in entry.lines:
                        opening[line.account, line.currency] += line.minor
                    folded += 1
                    continue
            for line in entry.lines:
                minor = line.minor
                if minor > 0:
                    debit[line.account, line.currency] += minor
                else:
                    credit[line.account, line.currency] -= minor
            folded += 1
        self._entries += folded

    def trial_balance(self) -> TrialBalance:
        """The balances of what was taken so far. Raises BooksDoNotFoot where the log was tampered with."""
        rows = []
        for account, currency in sorted({*self._opening, *self._debit, *self._credit}):
            key = account, currency
            sums = (self._opening.get(key, 0), self._debit.get(key, 0), self._credit.get(key, 0))
            rows.append(Balance(account, *(Money(minor, currency) for minor in sums)))
        _check_foots(rows)
        return TrialBalance(self.as_of, self._entries, tuple(rows))


def replay(states: Iterable[bytes], as_of: AsOf = EVERYTHING) -> TrialBalance:
    """The trial balance of stored entries."""
    fold = Replay(as_of)
    fold.take(states)
    return fold.trial_balance()


# From a balance back to what made it.


class StoredEntry(Protocol):
    """What drilling down needs of a stored row: which entry it is, and its JSON state."""

    @property
    def stream(self) -> UUID: ...
    @property
    def state(self) -> bytes: ...


class Leg(NamedTuple):
    """One leg of an entry as drilling down shows it, with the event that caused it."""

    entry_id: UUID
    rule: str
    text: str
    effective_on: date
    account: str
    money: Money
    dimensions: Mapping[str, str]
    cause: Cause


class CausingEvent(NamedTuple):
    """The event behind an entry, as it is stored: the last step from a balance down to what happened."""

    topic: str
    stream: UUID
    version: int
    state: bytes


def drill_down(rows: Iterable[StoredEntry], account: str, currency: str, as_of: AsOf = EVERYTHING) -> Iterator[Leg]:
    """The legs that make a balance, in the log's order; they add up to it. Legs before `since` make the opening."""
    written = account.encode()
    for leg in legs((row for row in rows if written in row.state), as_of):
        if leg.account == account and leg.money.currency == currency:
            yield leg


def legs(rows: Iterable[StoredEntry], as_of: AsOf = EVERYTHING) -> Iterator[Leg]:
    """Every leg within the bounds, in the log's order."""
    for row in rows:
        entry = _decode_whole(row.state)
        if not as_of.counts(entry.effective_on, entry.known_at):
            continue
        cause = Cause(entry.cause_topic, entry.cause_id, entry.cause_version, entry.known_at)
        for line in entry.lines:
            dimensions = {**entry.dimensions, **line.dimensions}
            money = Money(line.minor, line.currency)
            yield Leg(row.stream, entry.rule, entry.text, entry.effective_on, line.account, money, dimensions, cause)


class _Line(msgspec.Struct, gc=False):
    account: str
    minor: int
    currency: str


class _Sums(msgspec.Struct, gc=False):
    """As much of a stored entry as a sum needs; the rest of the JSON is skipped, not built."""

    effective_on: date
    known_at: datetime
    lines: list[_Line]


class _WholeLine(_Line, gc=False):
    dimensions: dict[str, str] = {}


class _Whole(msgspec.Struct, gc=False):
    effective_on: date
    known_at: datetime
    cause_topic: str
    cause_id: UUID
    cause_version: int
    rule: str
    lines: list[_WholeLine]
    text: str
    dimensions: dict[str, str] = {}


_decode_sums: Final = msgspec.json.Decoder(_Sums).decode
_decode_whole: Final = msgspec.json.Decoder(_Whole).decode


def _check_foots(rows: Iterable[Balance]) -> None:
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        part = "memo" if kind_of(row.account) is Kind.MEMO else "money"
        sums[part, row.currency] += row.closing.minor
    for (part, currency), out in sums.items():
        if out:
            raise BooksDoNotFoot(legs=part, currency=currency, difference=Money(out, currency))
