"""A run of certificates: those of a timed edition, issued batch after batch once its size is fixed."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.certificates.certificate import Space
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.identifiers import derived_id


class Run(Aggregate):
    """How far the certificates of an edition are issued. Each step is one commit, so a crash loses none and repeats none."""

    TOPIC = "certificates.Run"

    class Begun(Created):
        TOPIC = "certificates.RunBegun"
        edition_id: UUID
        issued_on: date

    class WentOn(Aggregate.Event):
        """Certificates are issued up to this piece, by the order of spaces and numbers; more follow."""

        TOPIC = "certificates.RunWentOn"
        space: Space
        number: int

    class Finished(Aggregate.Event):
        TOPIC = "certificates.RunFinished"

    @event(Begun)
    def __init__(self, edition_id: UUID, issued_on: date) -> None:
        self.edition_id, self.issued_on = edition_id, issued_on
        self.reached: tuple[Space, int] | None = None
        self.finished = False

    # Decide.

    @classmethod
    def begin(cls, edition_id: UUID, issued_on: date) -> Self:
        """Begin to issue the certificates of an edition."""
        return cls._create(
            cls.Begun, id=derived_id("certificates", edition_id), edition_id=edition_id, issued_on=issued_on
        )

    def go_on(self, space: Space, number: int) -> None:
        """Note the last piece that has its certificate now."""
        self._went_on(space=space, number=number)

    def finish(self) -> None:
        """Note that every piece has its certificate."""
        if not self.finished:
            self._finished()

    # Evolve.

    @event(WentOn)
    def _went_on(self, space: Space, number: int) -> None:
        self.reached = (space, number)

    @event(Finished)
    def _finished(self) -> None:
        self.finished = True
