"""The shop: every context, process and view put together on one log. What users open, and what the API serves."""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from souvenir.access.application import Access
from souvenir.access.registers import Credentials, StaffRoll
from souvenir.banking.bank import Bank
from souvenir.banking.banks import set_up_bank
from souvenir.banking.registers import OpenTransfers
from souvenir.catalogue.application import Catalogue
from souvenir.catalogue.registers import ProductCodes
from souvenir.catalogue.views import Shelf
from souvenir.certificates.application import CertificateKeys, Certificates, Publication
from souvenir.certificates.registers import CertificateRegister
from souvenir.certificates.signing import KeyCabinet
from souvenir.certificates.views import StatusLists
from souvenir.draws.registers import DrawRegister
from souvenir.editions.application import Editions, Leases, PurchaseLimits
from souvenir.editions.registers import LimitRegister, PieceRegister
from souvenir.editions.tickets import TicketOffice
from souvenir.editions.views import EditionList
from souvenir.eventlog import (
    Busy,
    CommandKey,
    Contended,
    EventLog,
    Followers,
    IdempotencyConflict,
    Process,
    Register,
    View,
    keyed,
)
from souvenir.eventlog.keystore import SqliteKeyStore
from souvenir.eventlog.rebuild import differences, rebuild_view
from souvenir.kernel.collector import at_rest
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.localized import LocalizedText
from souvenir.ledger.application import Ledger
from souvenir.ledger.views import OpenLedger
from souvenir.licensing.application import Licensing
from souvenir.licensing.registers import Rights, RoyaltyPositions
from souvenir.licensing.views import Royalties
from souvenir.payments.provider import Providers
from souvenir.payments.providers import set_up
from souvenir.payments.registers import (
    CounterPayments,
    MoneyToReturn,
    OpenCollections,
    OpenHolds,
    OpenNotices,
    OpenPayments,
)
from souvenir.payments.views import Settlements
from souvenir.pos.application import Tills
from souvenir.pos.registers import ParkedSales, TillDevices, TillShifts
from souvenir.pos.views import TillBook
from souvenir.privacy.application import Privacy
from souvenir.privacy.keyring import KeyRing
from souvenir.privacy.masterkey import master_key_from_file, master_key_from_setting
from souvenir.privacy.registers import Erasures, Retentions
from souvenir.privacy.retention import RetentionSchedule, open_schedule
from souvenir.processes.accrue_royalties import AccrueRoyalties
from souvenir.processes.answer_person import AnswerPerson
from souvenir.processes.book_settlements import BookSettlements
from souvenir.processes.cash_up import CashUp, Drawers
from souvenir.processes.certify import Certify
from souvenir.processes.change_keys import ChangeKeys
from souvenir.processes.clear_piece import ClearPiece
from souvenir.processes.collect_debts import CollectDebts
from souvenir.processes.draw import Draws, FollowDraws
from souvenir.processes.exchange import Exchange
from souvenir.processes.forget_person import EraseDue, ForgetPerson, shred_restored_keys
from souvenir.processes.keep_books import KeepBooks
from souvenir.processes.keep_by_law import KeepByLaw
from souvenir.processes.know_buyers import KnowBuyers
from souvenir.processes.lapse_orders import LapseOrders
from souvenir.processes.park_sale import ParkSale
from souvenir.processes.pay_agency import FollowAgencyPayments, PayAgency
from souvenir.processes.pay_at_till import PayAtTill
from souvenir.processes.pay_back import PayBack
from souvenir.processes.pay_out import BookTransfers, PayOut
from souvenir.processes.refund_tax import RefundTax
from souvenir.processes.release_edition import may_release
from souvenir.processes.remake_piece import RemakePiece
from souvenir.processes.sell import Sell
from souvenir.processes.sell_offline import SellOffline
from souvenir.processes.settle_agency import SettleAgency
from souvenir.processes.settle_payments import SettlePayments
from souvenir.processes.take_back import TakeBack
from souvenir.processes.watch_deadlines import Step, WatchDeadlines
from souvenir.processes.write_papers import WritePapers
from souvenir.sales.views import OrderBook
from souvenir.sites.application import Sites
from souvenir.sites.views import SiteMap
from souvenir.taxrefund.agency import RefundAgency
from souvenir.taxrefund.customs import CustomsOffice
from souvenir.taxrefund.registers import ClaimsByOrder, OpenFilings, TaxFiles, read_in
from souvenir.taxrefund.rulebook import RuleBook, open_rule_book
from souvenir.taxrefund.tax_office import TaxOffice
from souvenir.taxrefund.views import AgencyAccount, ClaimList, FilingList, ReceivedStatements

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["REGISTERS", "Busy", "Contended", "IdempotencyConflict", "Secrets", "Shop", "Views", "open_books"]

MASTER_KEY: Final = "SOUVENIR_MASTER_KEY"
"""The setting that may hold the master key, instead of a file in the secrets' directory."""


class KeysNotThere(SouvenirError):
    message = (
        "This shop has a history, but its keys are not at {place}. Say where they are: --secrets, or restore them from "
        "their backup. If they are lost for good, make the empty directory, and new ones are begun: what was sealed stays sealed."
    )
    place: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must never stand in the log: the keys of persons, the keys that sign certificates, and sessions' secret."""

    keyring: KeyRing
    signing: KeyCabinet
    session_secret: str

    @classmethod
    def at(cls, directory: Path) -> Self:
        """Open or create them in a directory of their own, away from the log, readable by its owner only."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        setting = os.environ.get(MASTER_KEY)
        master = master_key_from_setting(setting) if setting else master_key_from_file(directory / "master.key")
        keyring = KeyRing(SqliteKeyStore(directory / "keys.db"), master)
        return cls(keyring, KeyCabinet(directory / "signing"), _session_secret(master))

    @classmethod
    def in_memory(cls) -> Self:
        """Secrets that end with the process."""
        master = os.urandom(32)
        return cls(KeyRing(SqliteKeyStore(None), master), KeyCabinet(None), _session_secret(master))


class Shop:
    """A shop group on one log: its applications by name, its followers, and the API over both."""

    tickets: TicketOffice | None = None
    """Who is asked about a proof of visit that is given online; without one, none is accepted there."""

    def __init__(
        self,
        log: EventLog,
        secrets: Secrets,
        providers: Providers,
        *,
        issuer: LocalizedText,
        resolver: str,
        rules: RuleBook | None = None,
        retention: RetentionSchedule | None = None,
        customs: CustomsOffice | None = None,
        office: TaxOffice | None = None,
        agency: RefundAgency | None = None,
        bank: Bank | None = None,
    ) -> None:
        self.log = log
        self.secrets = secrets
        self.rules, self.retention = rules or open_rule_book(), retention or open_schedule()
        self.sites = Sites(log)
        self.catalogue = Catalogue(log)
        self.editions = Editions(log, may_release)
        self.leases = Leases(log)
        self.certificates = Certificates(log)
        self.limits = PurchaseLimits(log)
        self.know_buyers = KnowBuyers(log, secrets.keyring)
        self.draws = Draws(log)
        self.licensing = Licensing(log)
        self.sell = Sell(log, providers)
        self.pay_at_till = PayAtTill(log, self.sell)
        self.refund_tax = RefundTax(
            log, providers, self.rules, secrets.keyring, customs, office, agency, self.retention
        )
        self.settle_agency = SettleAgency(log, agency)
        self.write_papers = WritePapers(log, self.refund_tax)
        self.collect_debts = CollectDebts(log, providers, secrets.keyring)
        self.settle_payments = SettlePayments(log, providers, self.sell, self.refund_tax, self.collect_debts)
        self.pay_out = PayOut(log, bank)
        self.pay_agency = PayAgency(log, bank, self.pay_out)
        self.follow_agency_payments = FollowAgencyPayments()
        self.pay_back = PayBack(log)
        self.sell_offline = SellOffline(log)
        self.take_back = TakeBack(log, providers, self.refund_tax)
        self.exchange, self.park_sale = Exchange(log, self.take_back), ParkSale(log)
        self.lapse_orders = LapseOrders(log)
        self.erase_due = EraseDue(log, secrets.keyring)
        self.answer_person = AnswerPerson(log, secrets.keyring, self.know_buyers, self.refund_tax)
        self.deadlines = WatchDeadlines(self._watched())
        self.ledger = Ledger(log)
        self.privacy = Privacy(log)
        self.access = Access(log, secrets.session_secret)
        self.tills, self.cash_up = Tills(log), CashUp(log)
        self.views = Views()
        self.publication = Publication(log, secrets.signing, resolver, self.views.status_lists)
        self.certify = Certify(secrets.signing, issuer, resolver)
        self.clear_piece, self.certificate_keys = ClearPiece(log), CertificateKeys(log, secrets.signing)
        self.remake_piece = RemakePiece(log, secrets.signing, issuer, resolver)
        self.followers = Followers(log, self._following(), self.views.all)
        read_in(log)
        shred_restored_keys(log, secrets.keyring)

    def _following(self) -> tuple[Process, ...]:
        """What follows the log and acts on it."""
        return (
            self.certify, FollowDraws(), AccrueRoyalties(), KeepBooks(), BookSettlements(), BookTransfers(),
            self.follow_agency_payments, ForgetPerson(self.secrets.keyring), KeepByLaw(self.retention),
            ChangeKeys(self.secrets.signing),
        )  # fmt: skip

    def _watched(self) -> tuple[Step, ...]:
        """What is looked at every minute, in this order."""
        return (
            self.settle_payments.settle_open,
            self.refund_tax.act_on_deadlines,
            self.collect_debts.act_on_schedule,
            self.pay_out.settle_open,
            self.settle_agency.act_on_month,
            self.lapse_orders.act_on_deadlines,
            self.editions.let_lapse,
            self.leases.let_end,
            self.draws.go_on,
            self.erase_due.act_on_schedule,
            self.licensing.count_silences,
        )

    @classmethod
    def open(
        cls,
        url: str,
        *,
        secrets: str | Path | None = None,
        providers: Providers | None = None,
        issuer: LocalizedText | None = None,
        resolver: str = "https://id.example.org",
        rules: RuleBook | None = None,
        retention: RetentionSchedule | None = None,
        customs: CustomsOffice | None = None,
        office: TaxOffice | None = None,
        agency: RefundAgency | None = None,
        bank: Bank | None = None,
    ) -> Self:
        """Open the shop at a URL, creating what is missing: sqlite:///path, sqlite:// (memory) or postgresql://….

        `customs`, if there is one to ask, is asked for an answer that was lost before an advance is taken back; `office`
        issues refund forms and their invoices; `agency` pays advances where it does, and reviews what customs confirmed;
        `bank` pays royalties. `retention` says how long what is kept, where the schedule of the package is not to be used.
        `secrets` is the directory of its keys, by default `secrets/` beside an SQLite file, else `var/secrets`.
        Raises UnknownStore, DatabaseNotReached, ForeignDatabase or DamagedDatabase, and then leaves what is there untouched; KeysNotThere
        for a shop that was opened before, whose keys are elsewhere.
        """
        log = EventLog.open(url, REGISTERS)
        if secrets is None and url == "sqlite://":
            kept = Secrets.in_memory()
        else:
            directory = Path(secrets) if secrets else _secrets_beside(url)
            if log.head() and not directory.exists():
                log.close()
                raise KeysNotThere(place=str(directory))
            kept = Secrets.at(directory)
        name = issuer or {"en": "Souvenir shop", "zh-Hans": "纪念品商店"}
        return cls(
            log,
            kept,
            providers or set_up(),
            issuer=name,
            resolver=resolver,
            rules=rules,
            retention=retention,
            customs=customs,
            office=office,
            agency=agency,
            bank=bank or set_up_bank(),
        )

    @classmethod
    def in_memory(cls) -> Self:
        """A shop that ends with the process: for tests and trying out."""
        return cls.open("sqlite://")

    def asgi(self, *, graphiql: bool = False, only_published: bool = False, a_minute: int | None = None) -> "Starlette":
        """The GraphQL API as an ASGI application, to serve or to mount in one of your own.

        `graphiql` is for development. `only_published` executes nothing but the published operations; `a_minute` bounds
        the requests of one address at the storefront.
        """
        with at_rest():
            from souvenir.api.app import asgi

            return asgi(self, graphiql, only_published=only_published, a_minute=a_minute)

    def once(self, actor: str, key: str, content: bytes) -> AbstractContextManager[None]:
        """Carry out the commands of a block once for an actor's key; the same key with other content is refused.

        The fingerprint kept of the content is keyed, by the shop's secret and by the command's own key, which is not kept:
        no passport number can be tried on it, not even by who holds the secret.
        """
        fingerprint = self.secrets.keyring.keyed_hash("commands", f"{key.encode().hex()}:{content.hex()}")
        return keyed(CommandKey(actor, key, fingerprint))

    def caught_up(self, follower: View | Process, position: int) -> None:
        """Return once a view or process has reached a position of the log. Raises ViewBehind."""
        self.followers.wait_for(follower, position)

    def rebuild(self, view: View) -> None:
        """Build a view anew from the log, beside the one in use, and switch over."""
        rebuild_view(self.followers, view)

    def differences(self) -> list[str]:
        """Where the registers differ from what the log says; empty if they agree. Nobody may write meanwhile."""
        return [line for register in REGISTERS for line in differences(self.log, register)]

    def start(self) -> None:
        """Settle what a crash left open, then follow the log and watch the deadlines in the background."""
        self.settle_payments.settle_open()
        self.followers.catch_up()
        self.refund_tax.act_on_deadlines()
        self.collect_debts.act_on_schedule()
        self.followers.start()
        self.deadlines.start()

    def close(self) -> None:
        """Finish what was begun, and close the log."""
        self.deadlines.stop()
        self.followers.stop()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def open_books(url: str) -> Iterator[Ledger]:
    """The books of a shop, made up to its log. Needs none of its secrets, so a copy of the database will do.

    Raises what opening a shop raises.
    """
    log = EventLog.open(url, REGISTERS)
    try:
        kept_by = (AccrueRoyalties(), KeepBooks(), BookSettlements(), BookTransfers(), FollowAgencyPayments())
        Followers(log, kept_by, ()).catch_up()
        yield Ledger(log)
    finally:
        log.close()


class Views:
    """The read models, by name."""

    def __init__(self) -> None:
        self.site_map = SiteMap()
        self.shelf = Shelf()
        self.editions = EditionList()
        self.status_lists = StatusLists()
        self.orders = OrderBook()
        self.royalties = Royalties()
        self.claims = ClaimList()
        self.ledger = OpenLedger()
        self.tills = TillBook()
        self.settlements = Settlements()
        self.agency_statements = ReceivedStatements()
        self.agency_account = AgencyAccount()
        self.filings = FilingList()

    @property
    def all(self) -> tuple[View, ...]:
        return (
            self.site_map, self.shelf, self.editions, self.orders, self.royalties, self.claims, self.ledger, self.tills,
            self.status_lists, self.settlements, self.agency_statements, self.agency_account, self.filings,
        )  # fmt: skip


REGISTERS: Final[tuple[Register, ...]] = (
    ProductCodes(),
    PieceRegister(),
    CertificateRegister(),
    DrawRegister(),
    LimitRegister(),
    Rights(),
    RoyaltyPositions(),
    OpenPayments(),
    CounterPayments(),
    OpenHolds(),
    MoneyToReturn(),
    OpenCollections(),
    OpenTransfers(),
    OpenNotices(),
    ClaimsByOrder(),
    TaxFiles(),
    OpenFilings(),
    Erasures(),
    Retentions(),
    Credentials(),
    StaffRoll(),
    TillDevices(),
    TillShifts(),
    ParkedSales(),
    Drawers(),
)


def _secrets_beside(url: str) -> Path:
    path = url.removeprefix("sqlite:///")
    return Path("var/secrets") if path == url else Path(path).parent / "secrets"


def _session_secret(master: bytes) -> str:
    return base64.b64encode(hmac.digest(master, b"souvenir.sessions", hashlib.sha256)).decode()
