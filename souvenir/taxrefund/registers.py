"""What refunds limit across claims: one form per order and invoice, and what a traveller bought in a day."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from souvenir.eventlog import EventLog, Register, Session, Transaction, when
from souvenir.kernel.money import Money
from souvenir.taxrefund.claim import INSTANT_MODES, Claim
from souvenir.taxrefund.filing import Filing


class ClaimsByOrder(Register):
    """Which form takes an order or an invoice; a voided form gives them back."""

    name = "refund_forms"
    tables = ("refund_form_orders", "refund_form_invoices")
    ddl = (
        "CREATE TABLE IF NOT EXISTS refund_form_orders (order_id TEXT PRIMARY KEY, claim_id TEXT NOT NULL)",
        "CREATE INDEX IF NOT EXISTS refund_form_orders_by_claim ON refund_form_orders (claim_id)",
        "CREATE TABLE IF NOT EXISTS refund_form_invoices (invoice TEXT PRIMARY KEY, claim_id TEXT NOT NULL)",
        "CREATE INDEX IF NOT EXISTS refund_form_invoices_by_claim ON refund_form_invoices (claim_id)",
    )

    @when(Claim.Opened)
    def _opened(self, session: Session, event: Claim.Opened) -> None:
        claim = str(event.originator_id)
        for order_id in event.order_ids:
            session.run("INSERT INTO refund_form_orders (order_id, claim_id) VALUES (?, ?)", str(order_id), claim)
        for invoice in event.invoices:
            session.run("INSERT INTO refund_form_invoices (invoice, claim_id) VALUES (?, ?)", invoice, claim)

    @when(Claim.Voided)
    def _voided(self, session: Session, event: Claim.Voided) -> None:
        claim = str(event.originator_id)
        session.run("DELETE FROM refund_form_orders WHERE claim_id = ?", claim)
        session.run("DELETE FROM refund_form_invoices WHERE claim_id = ?", claim)


class TaxFiles(Register):
    """Every form by its traveller, who is a pseudonym here; `stands` is 1 until the form is voided.

    The row of `refund_turns` is the lock: two forms for one traveller wait for each other there.
    """

    name = "tax_files"
    tables = ("tax_files",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS tax_files (
            claim_id TEXT PRIMARY KEY, claim_no TEXT NOT NULL, traveller TEXT NOT NULL, outlet_id TEXT NOT NULL,
            region TEXT NOT NULL, mode TEXT NOT NULL, purchased_on TEXT NOT NULL, issued_on TEXT NOT NULL,
            gross BIGINT NOT NULL, currency TEXT NOT NULL, stands INTEGER NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS tax_files_by_day ON tax_files (traveller, purchased_on, outlet_id)",
        "CREATE INDEX IF NOT EXISTS tax_files_by_issue ON tax_files (traveller, issued_on, region)",
        "CREATE TABLE IF NOT EXISTS refund_turns (traveller TEXT PRIMARY KEY)",
    )

    @when(Claim.Opened)
    def _opened(self, session: Session, event: Claim.Opened) -> None:
        session.run(
            "INSERT INTO tax_files (claim_id, claim_no, traveller, outlet_id, region, mode, purchased_on, issued_on, "
            "gross, currency, stands) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
            str(event.originator_id),
            event.claim_no,
            str(event.traveller),
            str(event.outlet_id),
            event.region,
            event.mode,
            event.purchased_on.isoformat(),
            event.issued_on.isoformat(),
            event.gross.minor,
            event.gross.currency,
        )

    @when(Claim.Voided)
    def _voided(self, session: Session, event: Claim.Voided) -> None:
        session.run("UPDATE tax_files SET stands = 0 WHERE claim_id = ?", str(event.originator_id))


class OpenFilings(Register):
    """Every form at the tax office that may still need it, with what it is wanted for: "" while nothing is."""

    name = "refund_filings"
    tables = ("refund_filings",)
    ddl = (
        """CREATE TABLE IF NOT EXISTS refund_filings (
            filing_id TEXT PRIMARY KEY, claim_id TEXT, wanted TEXT NOT NULL, since TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS refund_filings_by_claim ON refund_filings (claim_id)",
        "CREATE INDEX IF NOT EXISTS refund_filings_wanted ON refund_filings (wanted, since)",
    )

    @when(Filing.Requested)
    def _requested(self, session: Session, event: Filing.Requested) -> None:
        row = (str(event.originator_id), event.timestamp.isoformat())
        session.run("INSERT INTO refund_filings (filing_id, wanted, since) VALUES (?, 'form', ?)", *row)

    @when(Filing.Issued)
    def _issued(self, session: Session, event: Filing.Issued) -> None:
        """A form without a claim is void: nobody waits for it any more."""
        session.run(
            "UPDATE refund_filings SET claim_id = ?, wanted = 'void' WHERE filing_id = ?",
            str(event.claim_id),
            str(event.originator_id),
        )

    @when(Claim.Opened)
    def _claimed(self, session: Session, event: Claim.Opened) -> None:
        self._want(session, "", event.originator_id)

    @when(Claim.Voided)
    def _void(self, session: Session, event: Claim.Voided) -> None:
        self._want(session, "void", event.originator_id)

    @when(Claim.Completed, Claim.Paid)
    def _final(self, session: Session, event: Claim.Completed | Claim.Paid) -> None:
        self._want(session, "lock", event.originator_id)

    @when(Filing.Declined, Filing.Voided, Filing.Locked, Filing.Disputed)
    def _over(self, session: Session, event: Filing.Declined | Filing.Voided | Filing.Locked | Filing.Disputed) -> None:
        session.run("DELETE FROM refund_filings WHERE filing_id = ?", str(event.originator_id))

    def _want(self, session: Session, what: str, claim_id: UUID) -> None:
        session.run("UPDATE refund_filings SET wanted = ? WHERE claim_id = ?", what, str(claim_id))


def filing_of(session: Session, claim_id: UUID) -> tuple[UUID, str] | None:
    """The form of a claim at the tax office, while it may still need it, and what it is wanted for."""
    row = session.row("SELECT filing_id, wanted FROM refund_filings WHERE claim_id = ?", str(claim_id))
    return None if row is None else (UUID(row[0]), row[1])


def wanted_filings(session: Session, most: int = 1000) -> list[UUID]:
    """The forms about which the tax office is yet to be asked, the oldest first."""
    rows = session.rows("SELECT filing_id FROM refund_filings WHERE wanted <> '' ORDER BY since LIMIT ?", most)
    return [UUID(row[0]) for row in rows]


def wait_for_turn(session: Session, traveller: UUID) -> None:
    """Let nobody else issue a form for the same traveller until this transaction ends, so that limits hold."""
    session.changed(
        "INSERT INTO refund_turns (traveller) VALUES (?) "
        "ON CONFLICT (traveller) DO UPDATE SET traveller = excluded.traveller",
        str(traveller),
    )


def form_of_order(session: Session, order_id: UUID) -> tuple[UUID, str] | None:
    """The standing form that takes an order: its claim's id and number."""
    return _form(
        session.row(
            "SELECT f.claim_id, f.claim_no FROM refund_form_orders o JOIN tax_files f ON f.claim_id = o.claim_id "
            "WHERE o.order_id = ?",
            str(order_id),
        )
    )


def form_of_invoice(session: Session, invoice: str) -> tuple[UUID, str] | None:
    """The standing form that takes an invoice: its claim's id and number."""
    return _form(
        session.row(
            "SELECT f.claim_id, f.claim_no FROM refund_form_invoices i JOIN tax_files f ON f.claim_id = i.claim_id "
            "WHERE i.invoice = ?",
            invoice,
        )
    )


def files_of(session: Session, traveller: UUID) -> list[UUID]:
    """Every form ever issued to a traveller, voided ones too, oldest first."""
    rows = session.rows(
        "SELECT claim_id FROM tax_files WHERE traveller = ? ORDER BY issued_on, claim_no", str(traveller)
    )
    return [UUID(row[0]) for row in rows]


def bought_today(session: Session, traveller: UUID | None, outlet_id: UUID, on: date, currency: str) -> Money:
    """What forms already cover of one traveller's purchases in one store on one local day."""
    row = session.row(
        "SELECT COALESCE(SUM(gross), 0) FROM tax_files "
        "WHERE traveller = ? AND purchased_on = ? AND outlet_id = ? AND currency = ? AND stands = 1",
        _known(traveller),
        on.isoformat(),
        str(outlet_id),
        currency,
    )
    return Money(int(row[0]) if row else 0, currency)


def refunded_instantly(
    session: Session, traveller: UUID | None, region: str, mode: str, on: date, currency: str, outlet_id: UUID | None
) -> Money:
    """What instant forms of one local day cover for a traveller: in a region, or in one store of it."""
    modes: Collection[str] = INSTANT_MODES if mode in INSTANT_MODES else (mode,)
    rows = session.rows(
        "SELECT mode, outlet_id, gross FROM tax_files "
        "WHERE traveller = ? AND issued_on = ? AND region = ? AND currency = ? AND stands = 1",
        _known(traveller),
        on.isoformat(),
        region,
        currency,
    )
    counted = (gross for form, outlet, gross in rows if form in modes and outlet_id in (None, UUID(outlet)))
    return Money(sum(int(gross) for gross in counted), currency)


def refunded_since(
    session: Session, traveller: UUID | None, jurisdiction: str, mode: str, currency: str, since: date
) -> Money:
    """What a traveller's forms of one route cover since a day, in all of one country: of a trip, or of a year."""
    rows = session.rows(
        "SELECT region, gross FROM tax_files "
        "WHERE traveller = ? AND purchased_on >= ? AND mode = ? AND currency = ? AND stands = 1",
        _known(traveller),
        since.isoformat(),
        mode,
        currency,
    )
    return Money(sum(int(gross) for region, gross in rows if region.split("-")[0] == jurisdiction), currency)


def read_in(log: EventLog) -> None:
    """Fill the tax files of a log that is older than this register, once; the tables before it held keyed hashes."""

    with log.reading() as session:
        if not _unread(session):
            return
    register = TaxFiles()
    forms = [recorded.event for recorded in log.events(topics=register.topics)]

    def fill(tx: Transaction) -> None:
        if _unread(tx.session):
            for event in forms:
                register.apply(tx.session, event)

    log.commit(fill)
    log.store.prepare(("DROP TABLE IF EXISTS refund_forms", "DROP TABLE IF EXISTS refund_travellers"))


def _unread(session: Session) -> bool:
    """Orders are on forms, and no form is filed."""
    return bool(session.rows("SELECT 1 FROM refund_form_orders WHERE NOT EXISTS (SELECT 1 FROM tax_files) LIMIT 1"))


def _known(traveller: UUID | None) -> str | None:
    """Nobody has bought anything yet: SQL finds nothing equal to null."""
    return None if traveller is None else str(traveller)


def _form(row: tuple[str, str] | None) -> tuple[UUID, str] | None:
    return (UUID(row[0]), row[1]) if row else None
