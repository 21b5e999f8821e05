"""How many pieces of an edition each purchase took under each piece of evidence about its buyer."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from souvenir.editions.purchase import Bought, Evidence, Kind, Purchase
from souvenir.eventlog import Register, Session, when
from souvenir.kernel.aggregate import Event


class LimitRegister(Register):
    """One row per edition, kind of limit, key, purchase and day; and one without a purchase, the sum, for each key.

    The sum is the lock: two sales to one buyer wait for each other there, whatever else is known of either.
    """

    name = "limits"
    tables = ("limit_uses",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS limit_uses (edition_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, "
        "purchase_id TEXT NOT NULL, bought_on TEXT NOT NULL, pieces INTEGER NOT NULL, "
        "PRIMARY KEY (edition_id, kind, key, purchase_id, bought_on))",
    )

    @when(Purchase.Counted)
    def _counted(self, session: Session, event: Purchase.Counted) -> None:
        _use(session, event, (event.bought,), event.evidence, 1)

    @when(Purchase.EvidenceAdded)
    def _evidence_added(self, session: Session, event: Purchase.EvidenceAdded) -> None:
        _use(session, event, event.bought, (event.evidence,), 1)

    @when(Purchase.GivenBack)
    def _given_back(self, session: Session, event: Purchase.GivenBack) -> None:
        _use(session, event, (event.bought,), event.evidence, -1)


def _use(session: Session, event: Event, bought: Iterable[Bought], evidence: Iterable[Evidence], pieces: int) -> None:
    keys = sorted({key for one in evidence for key in one.traces()})
    for one in bought:
        for kind, key in keys:
            for purchase, day in (("", ""), (str(event.originator_id), one.on.isoformat())):
                session.run(
                    "INSERT INTO limit_uses (edition_id, kind, key, purchase_id, bought_on, pieces) "
                    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (edition_id, kind, key, purchase_id, bought_on) "
                    "DO UPDATE SET pieces = limit_uses.pieces + excluded.pieces",
                    str(one.edition_id),
                    kind,
                    key,
                    purchase,
                    day,
                    pieces,
                )


def bought_by(session: Session, edition_id: UUID, kind: Kind, evidence: Iterable[Evidence], on: date) -> int:
    """How many were bought, altogether or on a day, by all who share any key of this evidence: they count as one."""
    counted: Kind = "person" if kind == "person a day" else kind
    keys = sorted({key for one in evidence for of, key in one.traces() if of == counted})
    if not keys:
        return 0
    day = " AND bought_on = ?" if kind == "person a day" else ""
    row = session.row(
        "SELECT SUM(pieces) FROM (SELECT MAX(pieces) AS pieces FROM limit_uses "
        f"WHERE edition_id = ? AND kind = ? AND key IN ({', '.join('?' * len(keys))}) AND purchase_id <> ''{day} "
        "GROUP BY purchase_id, bought_on) AS purchases",
        str(edition_id),
        counted,
        *keys,
        *([on.isoformat()] if day else []),
    )
    return int(row[0] or 0) if row else 0


def bought_under(session: Session, key: str) -> list[tuple[UUID, date, int]]:
    """What was bought under one key, as `Evidence.traces` has it: of which edition, on which day, how many pieces."""
    rows = session.rows(
        "SELECT edition_id, bought_on, SUM(pieces) FROM limit_uses WHERE key = ? AND purchase_id <> '' "
        "GROUP BY edition_id, bought_on ORDER BY bought_on, edition_id",
        key,
    )
    return [(UUID(edition), date.fromisoformat(on), int(pieces)) for edition, on, pieces in rows if pieces]
