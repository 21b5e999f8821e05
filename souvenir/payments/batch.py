"""Batch: the totals a bank's terminal prints at its end of day, against what cashiers keyed in; the terminal is right."""

from collections.abc import Mapping
from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money, total


class BatchAlreadyClosed(SouvenirError):
    message = (
        "Batch {batch_no} of terminal {terminal} was closed with other totals: {sales} sold, {refunds} given back."
    )
    terminal: str
    batch_no: str
    sales: Money
    refunds: Money


class Totals(Value):
    """What moved in a batch: sums and counts of sales and of refunds."""

    sales: Money
    sales_count: int
    refunds: Money
    refunds_count: int


class Batch(Aggregate):
    """One batch of one terminal, closed once."""

    TOPIC = "payments.Batch"

    class Closed(Created):
        """`printed` by the terminal, `keyed` in by cashiers; `missing` is what they did not key in (or too much)."""

        TOPIC = "payments.BatchClosed"
        terminal: str
        batch_no: str
        printed: Totals
        keyed: Totals
        charged: tuple[UUID, ...]
        """Payments without a slip, open or refused by the cashier, that the totals show to have been charged."""
        not_charged: tuple[UUID, ...]
        """Open payments that the totals show not to have been."""
        undecided: tuple[UUID, ...]
        """Open payments the totals say nothing clear about: people must look at the terminal's journal."""
        closed_on: date

    @event(Closed)
    def __init__(
        self,
        terminal: str,
        batch_no: str,
        printed: Totals,
        keyed: Totals,
        charged: tuple[UUID, ...],
        not_charged: tuple[UUID, ...],
        undecided: tuple[UUID, ...],
        closed_on: date,
    ) -> None:
        self.terminal, self.batch_no, self.closed_on = terminal, batch_no, closed_on
        self.printed, self.keyed = printed, keyed
        self.charged, self.not_charged, self.undecided = charged, not_charged, undecided

    @classmethod
    def close(
        cls,
        terminal: str,
        batch_no: str,
        printed: Totals,
        keyed: Totals,
        waiting: Mapping[UUID, Money],
        refused: Mapping[UUID, Money],
        on: date,
    ) -> Self:
        """Compare the totals with what was keyed in.

        `waiting` are the payments asked of this terminal whose end nobody keyed in, `refused` those of which the cashier
        said that they were not made: either may have been charged all the same.
        """
        charged, not_charged, undecided = shown_by(printed, keyed, waiting, refused)
        return cls._create(
            cls.Closed,
            id=batch_id(terminal, batch_no),
            terminal=terminal,
            batch_no=batch_no,
            printed=printed,
            keyed=keyed,
            charged=charged,
            not_charged=not_charged,
            undecided=undecided,
            closed_on=on,
        )

    def must_be(self, printed: Totals) -> None:
        """Refuse to close it with other totals than the first time."""
        if printed != self.printed:
            closed = {"sales": self.printed.sales, "refunds": self.printed.refunds}
            raise BatchAlreadyClosed(terminal=self.terminal, batch_no=self.batch_no, **closed)

    @property
    def missing(self) -> Money:
        """Sales the terminal made and nobody keyed in, those the totals have shown left out; zero if all is well."""
        return self.printed.sales - self.keyed.sales

    @property
    def agrees(self) -> bool:
        """Whether everything the terminal did is known here, and nothing else."""
        same = (self.printed.refunds, self.printed.refunds_count) == (self.keyed.refunds, self.keyed.refunds_count)
        known = self.printed.sales_count == self.keyed.sales_count + len(self.charged)
        return same and known and not self.undecided and (bool(self.charged) or not self.missing)


Shown = tuple[tuple[UUID, ...], tuple[UUID, ...], tuple[UUID, ...]]


def shown_by(printed: Totals, keyed: Totals, waiting: Mapping[UUID, Money], refused: Mapping[UUID, Money]) -> Shown:
    """Which of the payments without a slip the totals show charged, not charged, or leave undecided; no guesswork."""
    missing, count = printed.sales - keyed.sales, printed.sales_count - keyed.sales_count
    ids, without_slip = tuple(waiting), {**waiting, **refused}
    if not missing and not count:
        return (), ids, ()
    if count == len(without_slip) and missing == total(without_slip.values(), missing.currency):
        return tuple(without_slip), (), ()
    alone = tuple(id for id, amount in without_slip.items() if amount == missing)
    if count == 1 and len(alone) == 1:
        return alone, tuple(id for id in ids if id not in alone), ()
    return (), (), ids


def batch_id(terminal: str, batch_no: str) -> UUID:
    """The id of a terminal's batch: closing it twice meets the first."""
    return derived_id("terminal-batch", terminal, batch_no)
