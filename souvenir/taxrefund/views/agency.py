"""What finance sees of refund agencies: their statements, what is owed to them, and what they were paid."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from souvenir.eventlog import Session, View, when
from souvenir.kernel.money import Money
from souvenir.taxrefund.agency_payment import AgencyPayment
from souvenir.taxrefund.agency_statement import AgencyStatement
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.clawback import Clawback, clawback_id
from souvenir.taxrefund.views.claims import LARGEST_PAGE


@dataclass(frozen=True, slots=True)
class StatementOnList:
    """One settlement statement of an agency, as it was received."""

    id: UUID
    number: str
    month: date
    received_on: date
    lines: int
    settled: int
    differences: int
    amount: Money


class ReceivedStatements(View):
    """Settlement statements, by month."""

    name = "agency_statements"
    tables = ("agency_statements",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS agency_statements (
            statement_id TEXT PRIMARY KEY, number TEXT NOT NULL, month TEXT NOT NULL, received_on TEXT NOT NULL,
            lines BIGINT NOT NULL, settled BIGINT NOT NULL, differences BIGINT NOT NULL, amount BIGINT NOT NULL,
            currency TEXT NOT NULL)""",
    )

    @when(AgencyStatement.Received)
    def _received(self, session: Session, event: AgencyStatement.Received) -> None:
        session.run(
            "INSERT INTO agency_statements (statement_id, number, month, received_on, lines, settled, differences, "
            "amount, currency) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            str(event.originator_id),
            event.number,
            event.month.isoformat(),
            event.received_on.isoformat(),
            event.lines,
            event.settled,
            len(event.discrepancies) + event.more,
            event.amount.minor,
            event.amount.currency,
        )

    def page(
        self, session: Session, after: tuple[str, str] = ("", ""), size: int = LARGEST_PAGE
    ) -> list[StatementOnList]:
        """Statements by month and number, after one; at most a hundred at a time."""
        rows = session.rows(
            "SELECT statement_id, number, month, received_on, lines, settled, differences, amount, currency "
            "FROM agency_statements WHERE (month, number) > (?, ?) ORDER BY month, number LIMIT ?",
            *after,
            min(size, LARGEST_PAGE),
        )
        return [
            StatementOnList(
                UUID(id), number, date.fromisoformat(month), date.fromisoformat(on), lines, settled, differences,
                Money(amount, currency),
            )
            for id, number, month, on, lines, settled, differences, amount, currency in rows
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwedForm:
    """What came back of an agency's advance on one form, and is not on its way to it."""

    claim_id: UUID
    claim_no: str
    agency: str
    amount: Money
    came_back_on: date
    """The last of it, if it came in parts."""


class AgencyAccount(View):
    """What came back of advances that an agency paid, form by form, and what was paid to it of that."""

    name = "agency_account"
    tables = ("agency_account", "agency_payments")
    ddl = (
        """CREATE TABLE IF NOT EXISTS agency_account (
            claim_id TEXT PRIMARY KEY, claim_no TEXT NOT NULL, agency TEXT NOT NULL, currency TEXT NOT NULL,
            owed BIGINT NOT NULL, came_back_on TEXT NOT NULL, clawback_id TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS agency_account_by_clawback ON agency_account (clawback_id)",
        "CREATE INDEX IF NOT EXISTS agency_account_owed ON agency_account (came_back_on, claim_id) WHERE owed > 0",
        "CREATE TABLE IF NOT EXISTS agency_payments (payment_id TEXT PRIMARY KEY, ordered_on TEXT NOT NULL)",
    )

    @when(Claim.Opened)
    def _opened(self, session: Session, event: Claim.Opened) -> None:
        claim, back = str(event.originator_id), str(clawback_id(event.originator_id))
        row = (claim, event.claim_no, event.agency, event.net.currency, back)
        session.run("INSERT INTO agency_account VALUES (?, ?, ?, ?, 0, '', ?)", *row)

    @when(Claim.Advanced)
    def _advanced(self, session: Session, event: Claim.Advanced) -> None:
        """What the shop advanced itself is owed to nobody."""
        if event.by == "shop":
            session.run("DELETE FROM agency_account WHERE claim_id = ?", str(event.originator_id))

    @when(Claim.AdvanceRecovered)
    def _came_back(self, session: Session, event: Claim.AdvanceRecovered) -> None:
        session.run(
            "UPDATE agency_account SET owed = owed + ?, came_back_on = ? WHERE claim_id = ?",
            event.amount.minor,
            event.on.isoformat(),
            str(event.originator_id),
        )

    @when(Clawback.Ordered, Clawback.OwedAgain)
    def _paid(self, session: Session, event: Clawback.Ordered | Clawback.OwedAgain) -> None:
        owed = event.amount.minor if isinstance(event, Clawback.OwedAgain) else -event.amount.minor
        session.run("UPDATE agency_account SET owed = owed + ? WHERE clawback_id = ?", owed, str(event.originator_id))

    @when(AgencyPayment.Ordered)
    def _ordered(self, session: Session, event: AgencyPayment.Ordered) -> None:
        row = (str(event.originator_id), event.ordered_on.isoformat())
        session.run("INSERT INTO agency_payments VALUES (?, ?)", *row)

    # Answer.

    def owed(
        self, session: Session, agency: str | None = None, currency: str | None = None,
        after: tuple[str, str] = ("", ""), size: int = LARGEST_PAGE,
    ) -> list[OwedForm]:  # fmt: skip
        """What is owed, to an agency or to any: the longest owed first, beyond one (its day and claim)."""
        of = {"agency": agency, "currency": currency}
        chosen = {name: value for name, value in of.items() if value is not None}
        where = "".join(f"AND {name} = ? " for name in chosen)
        rows = session.rows(
            "SELECT claim_id, claim_no, agency, owed, currency, came_back_on FROM agency_account WHERE owed > 0 "
            f"{where}AND (came_back_on, claim_id) > (?, ?) ORDER BY came_back_on, claim_id LIMIT ?",
            *chosen.values(), *after, size,
        )  # fmt: skip
        return [
            OwedForm(UUID(id), number, whose, Money(owed, currency), date.fromisoformat(on))
            for id, number, whose, owed, currency, on in rows
        ]

    def payments(
        self, session: Session, after: tuple[str, str] = ("", ""), size: int = LARGEST_PAGE
    ) -> list[tuple[str, UUID]]:
        """Payments to agencies by their day, beyond one (its day and id)."""
        rows = session.rows(
            "SELECT ordered_on, payment_id FROM agency_payments WHERE (ordered_on, payment_id) > (?, ?) "
            "ORDER BY ordered_on, payment_id LIMIT ?",
            *after, size,
        )  # fmt: skip
        return [(on, UUID(id)) for on, id in rows]
