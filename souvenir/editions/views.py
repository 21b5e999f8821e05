"""What people ask about editions: which there are, what is left of them and why, and the state of one piece."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from souvenir.editions.counts import Proofs
from souvenir.editions.edition import Edition
from souvenir.editions.registers.pieces import STATUSES, Status
from souvenir.editions.terms import Space
from souvenir.eventlog import Session, View, when
from souvenir.kernel.clock import stamp
from souvenir.kernel.errors import NotFound

LARGEST_PAGE = 100

MOST_COUNTED = 1_000
"""Holds, or leased numbers, that are over and not yet on record as such."""


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition as it is listed."""

    edition_id: UUID
    product_id: UUID
    gtin: str
    title: Mapping[str, str]
    size: int
    proofs: Proofs
    numbering: str
    approved: bool
    on_sale_from: datetime | None
    paused_because: str | None
    closed_because: str | None
    closes_at: datetime | None = None
    """When the window of a timed edition closes; its size is 0 until it was counted."""
    fixed_from: datetime | None = None
    """From when on it may be counted."""
    visitors_only: bool = False
    parts: tuple[UUID, ...] = ()
    """The editions of a matched set."""
    set_id: UUID | None = None
    """The matched set it is a part of."""

    def state(self, now: datetime) -> Literal["closed", "not released", "paused", "on sale"]:
        """Where the edition is in its life at an instant."""
        if self.closed_because is not None or (self.closes_at is not None and now >= self.closes_at):
            return "closed"
        if self.on_sale_from is None or now < self.on_sale_from:
            return "not released"
        return "on sale" if self.paused_because is None else "paused"


class EditionList(View):
    """Every edition that was declared, as it stands."""

    name = "editions"
    tables = ("edition_list",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS edition_list ("
        "edition_id TEXT PRIMARY KEY, product_id TEXT NOT NULL, gtin TEXT NOT NULL, title TEXT NOT NULL, "
        "size INTEGER NOT NULL, proofs TEXT NOT NULL, numbering TEXT NOT NULL, approval_ref TEXT, "
        "on_sale_from TEXT, paused_because TEXT, closed_because TEXT, closes_at TEXT, fixed_from TEXT, visitors_only INTEGER NOT NULL, "
        "parts TEXT NOT NULL, set_id TEXT)",
        "CREATE INDEX IF NOT EXISTS edition_list_by_product ON edition_list (product_id)",
    )

    @when(Edition.Declared)
    def _declared(self, session: Session, event: Edition.Declared) -> None:
        session.run(
            "INSERT INTO edition_list (edition_id, product_id, gtin, title, size, proofs, numbering, closes_at, fixed_from, "
            "visitors_only, parts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            str(event.product_id),
            event.gtin,
            json.dumps(event.title, ensure_ascii=False),
            event.size,
            event.proofs.model_dump_json(),
            event.numbering,
            stamp(event.window.closes_at) if event.window else None,
            stamp(event.window.fixed_from) if event.window else None,
            int(event.visitors_only),
            json.dumps([str(part) for part in event.parts]),
        )

    @when(Edition.JoinedSet)
    def _joined_set(self, session: Session, event: Edition.JoinedSet) -> None:
        session.run(
            "UPDATE edition_list SET set_id = ? WHERE edition_id = ?", str(event.set_id), str(event.originator_id)
        )

    @when(Edition.SizeReduced, Edition.SizeFixed)
    def _sized(self, session: Session, event: Edition.SizeReduced | Edition.SizeFixed) -> None:
        session.run("UPDATE edition_list SET size = ? WHERE edition_id = ?", event.size, str(event.originator_id))

    @when(Edition.Approved)
    def _approved(self, session: Session, event: Edition.Approved) -> None:
        session.run(
            "UPDATE edition_list SET approval_ref = ? WHERE edition_id = ?",
            event.approval_ref,
            str(event.originator_id),
        )

    @when(Edition.Released)
    def _released(self, session: Session, event: Edition.Released) -> None:
        session.run(
            "UPDATE edition_list SET on_sale_from = ? WHERE edition_id = ?",
            stamp(event.on_sale_from),
            str(event.originator_id),
        )

    @when(Edition.Paused)
    def _paused(self, session: Session, event: Edition.Paused) -> None:
        session.run(
            "UPDATE edition_list SET paused_because = ? WHERE edition_id = ?", event.reason, str(event.originator_id)
        )

    @when(Edition.Resumed)
    def _resumed(self, session: Session, event: Edition.Resumed) -> None:
        session.run("UPDATE edition_list SET paused_because = NULL WHERE edition_id = ?", str(event.originator_id))

    @when(Edition.Closed)
    def _closed(self, session: Session, event: Edition.Closed) -> None:
        session.run(
            "UPDATE edition_list SET closed_because = ? WHERE edition_id = ?", event.reason, str(event.originator_id)
        )

    def edition(self, session: Session, edition_id: UUID) -> EditionRow:
        """One edition. Raises NotFound."""
        row = session.row(f"{_SELECT} WHERE edition_id = ?", str(edition_id))
        if row is None:
            raise NotFound(kind="Edition", id=str(edition_id))
        return _edition_row(row)

    def of_products(self, session: Session, product_ids: Collection[UUID]) -> list[EditionRow]:
        """The editions of these products, at most a page of them, in the order in which they were declared."""
        places = ", ".join("?" * len(product_ids))
        rows = session.rows(
            f"{_SELECT} WHERE product_id IN ({places}) ORDER BY edition_id LIMIT {LARGEST_PAGE**2}",
            *map(str, product_ids),
        )
        return [_edition_row(row) for row in rows]

    def page(self, session: Session, after: UUID | None = None, limit: int = LARGEST_PAGE + 1) -> list[EditionRow]:
        """Editions in the order of their ids, from after one of them; at most a hundred and one that says there are more."""
        rows = session.rows(
            f"{_SELECT} WHERE edition_id > ? ORDER BY edition_id LIMIT ?",
            str(after) if after else "",
            min(limit, LARGEST_PAGE + 1),
        )
        return [_edition_row(row) for row in rows]


_SELECT = (
    "SELECT edition_id, product_id, gtin, title, size, proofs, numbering, approval_ref, on_sale_from, "
    "paused_because, closed_because, closes_at, fixed_from, visitors_only, parts, set_id FROM edition_list"
)


def _edition_row(row: tuple[str, ...]) -> EditionRow:
    edition_id, product_id, gtin, title, size, proofs, numbering, approval, on_sale_from, paused, closed = row[:11]
    closes_at, fixed_from, visitors_only, parts, set_id = row[11:]
    return EditionRow(
        edition_id=UUID(edition_id),
        product_id=UUID(product_id),
        gtin=gtin,
        title=json.loads(title),
        size=int(size),
        proofs=Proofs.model_validate_json(proofs),
        numbering=numbering,
        approved=approval is not None,
        on_sale_from=datetime.fromisoformat(on_sale_from) if on_sale_from else None,
        paused_because=paused,
        closed_because=closed,
        closes_at=datetime.fromisoformat(closes_at) if closes_at else None,
        fixed_from=datetime.fromisoformat(fixed_from) if fixed_from else None,
        visitors_only=bool(visitors_only),
        parts=tuple(UUID(part) for part in json.loads(parts)),
        set_id=UUID(set_id) if set_id else None,
    )


@dataclass(frozen=True, slots=True)
class OutletCounts:
    """The pieces allotted to one outlet, by what became of them. A lapsed hold counts as free."""

    outlet_id: UUID | None
    """None for pieces retired before they were allotted."""
    free: int = 0
    held: int = 0
    sold: int = 0
    returned: int = 0
    reserved: int = 0
    retired: int = 0
    leased: int = 0

    @property
    def allotted(self) -> int:
        return self.free + self.held + self.sold + self.returned + self.reserved + self.retired + self.leased


@dataclass(frozen=True, slots=True)
class Availability:
    """What is left of a run and where the rest is: authorised = unallotted + all counts of all outlets."""

    edition_id: UUID
    space: Space
    authorised: int
    unallotted: int
    outlets: tuple[OutletCounts, ...]

    def count(self, status: Status, outlet_id: UUID | None = None) -> int:
        """How many pieces are of a status, at one outlet or at all."""
        here = (counts for counts in self.outlets if outlet_id in (None, counts.outlet_id))
        return sum(int(getattr(counts, status)) for counts in here)


_WHOLE = "COALESCE((SELECT set_id FROM edition_terms WHERE edition_id = ?), ?)"
"""An edition, or the matched set it is a part of: there its pieces are."""


def availability(
    session: Session, edition_id: UUID, authorised: int, now: datetime, space: Space = "numbered"
) -> Availability:
    """What one run holds as of this transaction; `authorised` is its declared size, 0 for a timed edition not counted yet.

    A part of a matched set holds what the set holds.

    A hold or a lease that is over counts as free. Reads one row per outlet and, of each, at most a thousand that nobody
    put on record as over yet; `Editions.let_lapse` does. What is beyond still counts as held, so the sum is always right.
    """
    here = "FROM pieces AS p WHERE p.edition_id = c.edition_id AND p.space = c.space AND p.outlet_id = c.outlet_id"
    over = "(SELECT COUNT(*) FROM (SELECT 1 {} AND p.status = '{}' AND p.held_until <= ? LIMIT {}) AS lapsed)"
    rows = session.rows(
        f"SELECT c.outlet_id, {', '.join(f'c.{status}' for status in STATUSES)}, "
        f"{over.format(here, 'held', MOST_COUNTED)}, {over.format(here, 'leased', MOST_COUNTED)} "
        f"FROM piece_counts AS c WHERE c.edition_id = {_WHOLE} AND c.space = ? ORDER BY c.outlet_id",
        stamp(now),
        stamp(now),
        str(edition_id),
        str(edition_id),
        space,
    )
    outlets = []
    for outlet, *counted, lapsed, ended in rows:
        counts = dict(zip(STATUSES, counted, strict=True))
        counts["free"] += lapsed + ended
        counts |= {"held": counts["held"] - lapsed, "leased": counts["leased"] - ended}
        if any(counts.values()):
            outlets.append(OutletCounts(UUID(outlet) if outlet else None, **counts))
    return Availability(
        edition_id=edition_id,
        space=space,
        authorised=authorised,
        unallotted=authorised - sum(outlet.allotted for outlet in outlets) if authorised else 0,
        outlets=tuple(outlets),
    )


def leased(session: Session, edition_id: UUID, now: datetime, space: Space = "numbered") -> list[tuple[UUID, int]]:
    """The leases of a run that are not over, those that end first first, with how many numbers each has; at most 100."""
    rows = session.rows(
        f"SELECT holder, COUNT(*) FROM pieces WHERE edition_id = {_WHOLE} AND space = ? AND status = 'leased' "
        f"AND held_until > ? GROUP BY holder ORDER BY MIN(held_until), holder LIMIT {LARGEST_PAGE}",
        str(edition_id),
        str(edition_id),
        space,
        stamp(now),
    )
    return [(UUID(lease), int(numbers)) for lease, numbers in rows]


def piece_status(
    session: Session, edition_id: UUID, number: int, now: datetime, space: Space = "numbered"
) -> Status | None:
    """What anybody may know about one number; None if it was never allotted. Of a part of a set, what the set's is."""
    row = session.row(
        "SELECT CASE WHEN status IN ('held', 'leased') AND held_until <= ? THEN 'free' ELSE status END FROM pieces "
        f"WHERE edition_id = {_WHOLE} AND space = ? AND number = ?",
        stamp(now),
        str(edition_id),
        str(edition_id),
        space,
        number,
    )
    status: Status | None = row[0] if row else None
    return status
