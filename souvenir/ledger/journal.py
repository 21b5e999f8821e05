"""The journal: entries that balance, each caused by one event, never changed once posted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Event, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money, exponent_of
from souvenir.ledger import chart

MOST_LINES = 1_000
"""An entry longer than this is refused: it is somebody's whole day, and could not be drilled into."""


class EntryDoesNotBalance(SouvenirError):
    message = "Entry {rule} does not balance: its {legs} legs in {currency} are {difference} out. Nothing was posted."
    rule: str
    legs: str
    currency: str
    difference: Money


class EntryHasNoUsableLines(SouvenirError):
    message = "Entry {rule} has {lines} lines: an entry has 2 to 1000, none of them zero."
    rule: str
    lines: int


class EntryDiffersFromPosted(SouvenirError):
    message = (
        "Entry {rule} for event {cause_version} of {cause_id} is already posted, with other content. Reverse it first."
    )
    rule: str
    cause_id: UUID
    cause_version: int


class Posting(Value):
    """One leg of an entry: so many minor units to an account; debit above zero, credit below."""

    account: str
    minor: int
    currency: str
    dimensions: Mapping[str, str] = {}

    @property
    def money(self) -> Money:
        return Money(self.minor, self.currency)


@dataclass(frozen=True, slots=True)
class Cause:
    """The event that made an entry necessary, and when the shop learned of it."""

    topic: str
    id: UUID
    version: int
    known_at: datetime

    @classmethod
    def of(cls, event: Event) -> Self:
        """An event of the log, known since it was recorded."""
        return cls(event.TOPIC, event.originator_id, event.originator_version, event.timestamp)


class Entry(Aggregate):
    """One journal entry: the legs that one event moves under one posting rule."""

    TOPIC = "ledger.Entry"

    class Posted(Created):
        """`effective_on` is the business day it counts for, `known_at` the instant its cause was recorded."""

        TOPIC = "ledger.EntryPosted"
        effective_on: date
        known_at: datetime
        cause_topic: str
        cause_id: UUID
        cause_version: int
        rule: str
        lines: tuple[Posting, ...]
        text: str
        dimensions: Mapping[str, str] = {}

    # Decide.

    @classmethod
    def post(
        cls,
        cause: Cause,
        rule: str,
        effective_on: date,
        lines: Sequence[Posting],
        text: str,
        dimensions: Mapping[str, str] | None = None,
    ) -> Self:
        """Post the legs of `rule` for `cause`; `dimensions` hold for every leg that does not state its own.

        Refuses, in this order: no lines or too many, an unknown account, legs that do not balance.
        """
        if not 2 <= len(lines) <= MOST_LINES or not all(line.minor for line in lines):
            raise EntryHasNoUsableLines(rule=rule, lines=len(lines))
        for line in lines:
            chart.account_of(line.account)
        check_balance(rule, lines)
        return cls._create(
            cls.Posted,
            id=cls.id_for(cause, rule),
            effective_on=effective_on,
            known_at=cause.known_at,
            cause_topic=cause.topic,
            cause_id=cause.id,
            cause_version=cause.version,
            rule=rule,
            lines=tuple(lines),
            text=text,
            dimensions=dimensions or {},
        )

    def confirm(self, effective_on: date, lines: Sequence[Posting]) -> None:
        """Posting the same again changes nothing; the same cause with other content is refused."""
        if (effective_on, tuple(lines)) != (self.effective_on, self.lines):
            raise EntryDiffersFromPosted(rule=self.rule, cause_id=self.cause_id, cause_version=self.cause_version)

    @staticmethod
    def id_for(cause: Cause, rule: str) -> UUID:
        """An event makes at most one entry by each rule, so a retry meets the entry it already posted."""
        return derived_id("entry", cause.id, cause.version, rule, near=cause.id)

    # Evolve.

    @event(Posted)
    def __init__(
        self,
        effective_on: date,
        known_at: datetime,
        cause_topic: str,
        cause_id: UUID,
        cause_version: int,
        rule: str,
        lines: tuple[Posting, ...],
        text: str,
        dimensions: Mapping[str, str],
    ) -> None:
        self.effective_on = effective_on
        self.known_at = known_at
        self.cause_topic, self.cause_id, self.cause_version = cause_topic, cause_id, cause_version
        self.rule = rule
        self.lines = lines
        self.text = text
        self.dimensions = dimensions


def check_balance(rule: str, lines: Iterable[Posting]) -> None:
    """Every currency adds up to zero, the memo legs apart from the rest."""
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        legs = "memo" if chart.kind_of(line.account) is chart.Kind.MEMO else "money"
        exponent_of(line.currency)
        sums[legs, line.currency] += line.minor
    for (legs, currency), out in sums.items():
        if out:
            raise EntryDoesNotBalance(rule=rule, legs=legs, currency=currency, difference=Money(out, currency))
