"""How many pieces of an edition were bought under each piece of evidence: a row is the lock between two buyers in one."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from souvenir.editions.purchase import Bought, Evidence, Kind, Purchase
from souvenir.eventlog import Register, Session, when


class LimitRegister(Register):
    """One row per edition, kind of limit and key (and day, for limits a day)."""

    name = "limits"
    tables = ("limit_uses",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS limit_uses (edition_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, "
        "bought_on TEXT NOT NULL, pieces INTEGER NOT NULL, PRIMARY KEY (edition_id, kind, key, bought_on))",
    )

    @when(Purchase.Counted)
    def _counted(self, session: Session, event: Purchase.Counted) -> None:
        _use(session, (event.bought,), event.evidence, 1)

    @when(Purchase.EvidenceAdded)
    def _evidence_added(self, session: Session, event: Purchase.EvidenceAdded) -> None:
        _use(session, event.bought, (event.evidence,), 1)

    @when(Purchase.GivenBack)
    def _given_back(self, session: Session, event: Purchase.GivenBack) -> None:
        _use(session, (event.bought,), event.evidence, -1)


def _use(session: Session, bought: Iterable[Bought], evidence: Iterable[Evidence], pieces: int) -> None:
    keys = sorted({key for one in evidence for key in one.traces()})
    for one in bought:
        for kind, key in keys:
            days = ("", one.on.isoformat()) if kind == "person" else ("",)
            for day in days:
                session.run(
                    "INSERT INTO limit_uses (edition_id, kind, key, bought_on, pieces) VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT (edition_id, kind, key, bought_on) "
                    "DO UPDATE SET pieces = limit_uses.pieces + excluded.pieces",
                    str(one.edition_id),
                    kind,
                    key,
                    day,
                    pieces,
                )


def most_bought(session: Session, edition_id: UUID, kind: Kind, evidence: Iterable[Evidence], on: date) -> int:
    """How many were bought under that key of this evidence under which most were."""
    counted: Kind = "person" if kind == "person a day" else kind
    keys = sorted({key for one in evidence for of, key in one.traces() if of == counted})
    if not keys:
        return 0
    row = session.row(
        "SELECT MAX(pieces) FROM limit_uses WHERE edition_id = ? AND kind = ? AND bought_on = ? "
        f"AND key IN ({', '.join('?' * len(keys))})",
        str(edition_id),
        counted,
        on.isoformat() if kind == "person a day" else "",
        *keys,
    )
    return (row[0] or 0) if row else 0
