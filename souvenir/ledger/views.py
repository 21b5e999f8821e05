"""The open ledger: every leg by account, for statements page by page, and what stands open on each refund claim."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from souvenir.eventlog import Session, View, when
from souvenir.kernel.clock import stamp
from souvenir.kernel.money import Money
from souvenir.ledger import chart
from souvenir.ledger.journal import Cause, Entry
from souvenir.ledger.replay import EVERYTHING, AsOf, Leg

LARGEST_PAGE: Final = 1_000

_OPEN: Final = (*chart.OPEN_ITEMS, chart.GUARANTEE_HELD)
_FIRST_DAY, _LAST_DAY = "0001-01-01", "9999-12-31"
_FIRST_INSTANT, _LAST_INSTANT = "0001-01-01T00:00:00", "9999-12-31T23:59:59"


@dataclass(frozen=True, slots=True)
class Line:
    """A leg on an account's statement. `cursor` asks for what follows it."""

    cursor: str
    leg: Leg


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """How one refund claim stands in the books: its open balances by account, debit positive."""

    claim_id: str
    currency: str
    balances: Mapping[str, Money] = field(default_factory=dict)

    def _balance(self, *accounts: str) -> Money:
        return sum((self.balances[a] for a in accounts if a in self.balances), Money.zero(self.currency))

    @property
    def owed_to_us(self) -> Money:
        """What traveller, customs procedure or agency still has of ours."""
        return self._balance(chart.PENDING_CUSTOMS, chart.TOURIST_RECOVERABLE, chart.AGENCY_RECEIVABLE)

    @property
    def owed_by_us(self) -> Money:
        """What we owe the agency: its share of the fee, and refunds whose goods came back."""
        return -self._balance(chart.AGENCY_FEE, chart.CLAWBACK)

    @property
    def at_risk(self) -> Money:
        """The cash advanced and not yet verified by customs."""
        return self._balance(chart.PENDING_CUSTOMS, chart.UNEARNED_FEE)

    @property
    def unsecured(self) -> Money:
        """The part of the cash at risk that no guarantee covers."""
        return max(self.at_risk - self._balance(chart.GUARANTEE_HELD), Money.zero(self.currency))


class OpenLedger(View):
    """Every leg ever posted, one row each."""

    name = "open_ledger"
    tables = ("ledger_legs",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS ledger_legs (
            entry_id TEXT NOT NULL, line_no INTEGER NOT NULL, effective_on TEXT NOT NULL, known_at TEXT NOT NULL,
            rule TEXT NOT NULL, text TEXT NOT NULL, account TEXT NOT NULL, currency TEXT NOT NULL,
            minor BIGINT NOT NULL, claim TEXT, dimensions TEXT NOT NULL, cause_topic TEXT NOT NULL,
            cause_id TEXT NOT NULL, cause_version BIGINT NOT NULL, sort_key TEXT NOT NULL,
            PRIMARY KEY (entry_id, line_no))""",
        "CREATE INDEX IF NOT EXISTS ledger_legs_by_account ON ledger_legs (account, currency, sort_key)",
        "CREATE INDEX IF NOT EXISTS ledger_legs_by_claim ON ledger_legs (claim, account) WHERE claim IS NOT NULL",
    )

    @when(Entry.Posted)
    def _posted(self, session: Session, event: Entry.Posted) -> None:
        entry, effective_on, known_at = str(event.originator_id), event.effective_on.isoformat(), stamp(event.known_at)
        cause = (event.cause_topic, str(event.cause_id), event.cause_version)
        for line_no, line in enumerate(event.lines, 1):
            dimensions = {**event.dimensions, **line.dimensions}
            session.run(
                "INSERT INTO ledger_legs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                entry,
                line_no,
                effective_on,
                known_at,
                event.rule,
                event.text,
                line.account,
                line.currency,
                line.minor,
                dimensions.get("claim"),
                orjson.dumps(dimensions, option=orjson.OPT_SORT_KEYS).decode(),
                *cause,
                f"{effective_on} {known_at} {entry} {line_no:04}",
            )

    def statement(
        self,
        session: Session,
        account: str,
        currency: str,
        as_of: AsOf = EVERYTHING,
        *,
        after: str = "",
        first: int = 100,
    ) -> list[Line]:
        """An account's legs in order of their day, at most 1,000 at a time; `after` is the last cursor seen.

        With `since`, legs of earlier days are left out: they are the opening balance.
        """
        rows = session.rows(
            f"{_LEGS} AND effective_on >= ? AND sort_key > ? ORDER BY sort_key LIMIT ?",
            account,
            currency,
            *_bounds(as_of),
            as_of.since.isoformat() if as_of.since else _FIRST_DAY,
            after,
            max(1, min(first, LARGEST_PAGE)),
        )
        return [_line(row) for row in rows]

    def balance(self, session: Session, account: str, currency: str, as_of: AsOf = EVERYTHING) -> Money:
        """The closing balance of one account, positive in debit; the same as replay gives."""
        row = session.row(_SUM, account, currency, *_bounds(as_of))
        return Money(int(row[0] or 0) if row else 0, currency)

    def opening(self, session: Session, account: str, currency: str, as_of: AsOf) -> Money:
        """What the account stood at before the day `since`; nothing without one."""
        if as_of.since is None:
            return Money.zero(currency)
        return self.balance(session, account, currency, replace(as_of, effective=as_of.since - timedelta(days=1)))

    def open_claims(
        self, session: Session, as_of: AsOf = EVERYTHING, *, after: str = "", first: int = 100
    ) -> list[OpenClaim]:
        """The claims with something open on a day, by id, at most 1,000 at a time."""
        places = ", ".join("?" * len(_OPEN))
        open_legs = (
            f"claim > ? AND account IN ({places}) AND effective_on <= ? AND known_at <= ? AND known_at > ? "
            "GROUP BY claim, account, currency HAVING SUM(minor) <> 0"
        )
        params = (after, *_OPEN, *_bounds(as_of))
        claims = session.rows(
            f"SELECT DISTINCT claim FROM (SELECT claim FROM ledger_legs WHERE {open_legs}) AS open_claims "
            "ORDER BY claim LIMIT ?",
            *params,
            max(1, min(first, LARGEST_PAGE)),
        )
        if not claims:
            return []
        rows = session.rows(
            "SELECT claim, currency, account, SUM(minor) FROM ledger_legs "
            f"WHERE claim <= ? AND {open_legs} ORDER BY claim, currency, account",
            claims[-1][0],
            *params,
        )
        open_claims: dict[tuple[str, str], dict[str, Money]] = {}
        for claim, currency, account, minor in rows:
            open_claims.setdefault((claim, currency), {})[account] = Money(int(minor), currency)
        return [OpenClaim(*key, balances) for key, balances in open_claims.items()]


_WITHIN: Final = "WHERE account = ? AND currency = ? AND effective_on <= ? AND known_at <= ? AND known_at > ?"
_COLUMNS: Final = (
    "sort_key, entry_id, rule, text, effective_on, account, minor, currency, dimensions, cause_topic, cause_id, "
    "cause_version, known_at"
)
_LEGS: Final = f"SELECT {_COLUMNS} FROM ledger_legs {_WITHIN}"
_SUM: Final = "SELECT SUM(minor) FROM ledger_legs " + _WITHIN


def _bounds(as_of: AsOf) -> tuple[str, str, str]:
    return (
        as_of.effective.isoformat() if as_of.effective else _LAST_DAY,
        stamp(as_of.known) if as_of.known else _LAST_INSTANT,
        stamp(as_of.known_after) if as_of.known_after else _FIRST_INSTANT,
    )


def _line(row: tuple[Any, ...]) -> Line:
    sort_key, entry_id, rule, text, on, account, minor, currency, dimensions, topic, cause, version, known_at = row
    known = datetime.fromisoformat(known_at).replace(tzinfo=UTC)
    return Line(
        sort_key,
        Leg(
            UUID(entry_id),
            rule,
            text,
            date.fromisoformat(on),
            account,
            Money(minor, currency),
            orjson.loads(dimensions),
            Cause(topic, UUID(cause), version, known),
        ),
    )
