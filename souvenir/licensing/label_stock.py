"""Holograms of one licence: what the licensor issued, what a count found, and how many nobody can show."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.licensing.royalty.limits import unaccounted_labels
from souvenir.licensing.sheet import Labels


class LabelsUnsound(SouvenirError):
    message = "Labels of contract {contract_no} cannot be recorded: {reason}."
    contract_no: str
    reason: str


class LabelCount(Value):
    """What was found on a day: labels still on hand, and in all those destroyed with evidence or given back."""

    on_hand: int
    destroyed: int
    returned: int
    counted_on: date


class LabelStock(Aggregate):
    """The labels of one licence, from the licensor's deliveries to the last count."""

    TOPIC = "licensing.LabelStock"

    class Opened(Created):
        TOPIC = "licensing.LabelStockOpened"
        licence_id: UUID
        contract_no: str

    class Issued(Aggregate.Event):
        """The licensor delivered so many; `reference` is its delivery note, so that one delivery counts once."""

        TOPIC = "licensing.LabelsIssued"
        reference: str
        count: int
        issued_on: date

    class Counted(Aggregate.Event):
        """`sold` is how many units had been sold by then; `deemed` is how many more labels are deemed sold for it."""

        TOPIC = "licensing.LabelsCounted"
        found: LabelCount
        sold: int | None = None
        deemed: int = 0

    @event(Opened)
    def __init__(self, licence_id: UUID, contract_no: str) -> None:
        self.licence_id = licence_id
        self.contract_no = contract_no
        self.deliveries: dict[str, int] = {}
        self.found: LabelCount | None = None
        self.counts_of_day = 0
        self.sold: int | None = None
        self.deemed = 0

    @staticmethod
    def id_of(licence_id: UUID) -> UUID:
        return derived_id("label-stock", licence_id)

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def open(cls, licence_id: UUID, contract_no: str) -> Self:
        """Begin to keep a licence's labels."""
        return cls._create(cls.Opened, id=cls.id_of(licence_id), licence_id=licence_id, contract_no=contract_no)

    def deliver(self, reference: str, count: int, on: date) -> None:
        """Record a delivery; the same one twice records nothing new."""
        if self.deliveries.get(reference) == count:
            return
        if count < 1 or reference in self.deliveries or not reference.strip():
            reason = f"a delivery {reference!r} of {count}: give more than none, under a number of its own"
            raise LabelsUnsound(contract_no=self.contract_no, reason=reason)
        self._delivered(reference=reference, count=count, issued_on=on)

    def count(self, found: LabelCount, sold: int, charged: bool = False) -> int:
        """Record a count; answers how many more labels are deemed sold, where that is agreed. Twice it is none."""
        if found == self.found:
            return 0
        if min(found.on_hand, found.destroyed, found.returned) < 0:
            raise LabelsUnsound(contract_no=self.contract_no, reason="a count of fewer than none")
        missing = unaccounted_labels(self.issued, sold, found.on_hand, found.destroyed, found.returned)
        deemed = missing - self.deemed if charged else 0
        self._counted(found=found, sold=sold, deemed=deemed)
        return deemed

    @property
    def last_count(self) -> str:
        """How the last count is called on the statement: by its day, and its number where there were more that day."""
        assert self.found is not None, "asked only after a count"
        day = f"labels counted {self.found.counted_on}"
        return day if self.counts_of_day == 1 else f"{day}, count {self.counts_of_day}"

    @property
    def issued(self) -> int:
        return sum(self.deliveries.values())

    def reconciled(self, sold: int) -> Labels | None:
        """issued = sold + on hand + destroyed + returned + unaccounted for, as of the last count; None before the first.

        `sold` is taken where the count did not say how many were.
        """
        if self.found is None:
            return None
        found, sold = self.found, sold if self.sold is None else self.sold
        return Labels(
            issued=self.issued,
            sold=sold,
            on_hand=found.on_hand,
            destroyed=found.destroyed,
            returned=found.returned,
            unaccounted=unaccounted_labels(self.issued, sold, found.on_hand, found.destroyed, found.returned),
            counted_on=found.counted_on,
            charged=self.deemed or None,
        )

    # Evolve: assigns only, because it also replays history.

    @event(Issued)
    def _delivered(self, reference: str, count: int, issued_on: date) -> None:
        self.deliveries = {**self.deliveries, reference: count}

    @event(Counted)
    def _counted(self, found: LabelCount, sold: int | None = None, deemed: int = 0) -> None:
        same_day = self.found is not None and self.found.counted_on == found.counted_on
        self.counts_of_day = self.counts_of_day + 1 if same_day else 1
        self.found, self.sold = found, sold
        self.deemed += deemed
