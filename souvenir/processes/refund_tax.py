"""Refund tax: a form becomes a traveller's refund, with a card behind every advance; deadlines act by themselves."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Session, Transaction
from souvenir.kernel import clock
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.money import Money
from souvenir.payments.hold import HoldNotHeld
from souvenir.payments.provider import Providers
from souvenir.privacy.keyring import KeyRing
from souvenir.privacy.retention import RetentionSchedule
from souvenir.processes.issue_form import (
    MOST_ORDERS,
    PURPOSE,
    ElsewhereRefundPoint,
    IssueForm,
    NoOrdersToRefund,
    OrdersDoNotBelongTogether,
    TravelDocument,
)
from souvenir.processes.secure_advance import BegunDeposit, SecureAdvance, engage, local_day
from souvenir.processes.trading_day import trading_day
from souvenir.processes.watch_deadlines import trying
from souvenir.sites.outlet import Outlet
from souvenir.taxrefund import application as refunds
from souvenir.taxrefund.agency import AgencyAnswer, AgencyOutcome, RefundAgency, for_review
from souvenir.taxrefund.claim import Claim
from souvenir.taxrefund.customs import CustomsOffice
from souvenir.taxrefund.form import Advancer, Counter, Tender
from souvenir.taxrefund.guarantee import Guarantee, RepaymentTender
from souvenir.taxrefund.refusals import (
    AdvanceNotPaid,
    AgencySilent,
    ClaimHasAnotherState,
    DepartureTooLate,
    GuaranteeTooSmall,
    PromiseStillOpen,
)
from souvenir.taxrefund.rulebook import RuleBook
from souvenir.taxrefund.tax_office import TaxOffice
from souvenir.taxrefund.views import LARGEST_PAGE, ClaimList, ClaimOnList

__all__ = [
    "MOST_ORDERS",
    "PURPOSE",
    "ElsewhereRefundPoint",
    "GuaranteeDeclined",
    "NoOrdersToRefund",
    "OrdersDoNotBelongTogether",
    "RefundTax",
    "TravelDocument",
]

EASTERNMOST: Final = timedelta(hours=14)
"""How far the first calendar day on earth is ahead of UTC: no claim's day is past anywhere before it is past there."""


class GuaranteeDeclined(SouvenirError):
    message = "The card was not accepted as a guarantee: {reason}. Try another card, or refund at departure instead."
    reason: str


class RefundTax(IssueForm):
    """Refunds as the counter does them. Providers are asked between commits, never inside one."""

    def __init__(
        self,
        log: EventLog,
        providers: Providers,
        rules: RuleBook,
        keyring: KeyRing,
        customs: CustomsOffice | None = None,
        office: TaxOffice | None = None,
        agency: RefundAgency | None = None,
        retention: RetentionSchedule | None = None,
    ) -> None:
        super().__init__(log, rules, keyring, office, retention)
        self._providers = providers
        self._customs = customs
        self._agency = agency
        self._claims = ClaimList()
        self._secured = SecureAdvance(log, providers)

    # At the counter.

    def agree(self, claim_id: UUID, on: date | None = None, by: Advancer | None = None) -> Committed[UUID]:
        """Record the traveller's signature under the promise to leave.

        `by` says who advances the money; without it, whoever does for this store by its registration.
        """
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            standing = tx.get(Outlet, claim.outlet_id).tax_refund_on(claim.purchased_on)
            refunds.agree(tx, self._rules, claim_id, day, by or standing.advanced_by)

        return self._told(claim_id, command)

    def guarantee(self, claim_id: UUID, provider: str, source: str, on: date | None = None) -> Committed[UUID]:
        """Have a card guarantee the net refund. Raises GuaranteeDeclined; the claim then waits for another card."""
        self._providers.named(provider)
        _, latest = self._claim(claim_id)
        day = on or self._day(claim_id)
        if latest is not None and latest.state == "held":
            return Committed(claim_id, 0, replayed=True)
        hold, answer = self._secured.place(claim_id, provider, source, day)
        _, latest = self._claim(claim_id)
        if hold.state not in ("held", "engaged") and (latest is None or latest.state != "held"):
            raise GuaranteeDeclined(reason=answer.reason or "the card's bank has not answered")
        return Committed(claim_id, self._log.head())

    def begin_deposit(
        self, claim_id: UUID, provider: str, wallet: str, on: date | None = None
    ) -> Committed[BegunDeposit]:
        """Have a wallet, which can hold nothing, deposit the net refund; it guarantees once the traveller has paid.

        Then `settle_hold` says so, as do the notice and the sweep. Raises GuaranteeDeclined.
        """
        self._providers.named(provider)
        hold, answer = self._secured.place(claim_id, provider, wallet, on or self._day(claim_id), awaited=True)
        if hold.state == "declined":
            raise GuaranteeDeclined(reason=answer.reason or "the wallet was not accepted")
        return Committed(BegunDeposit(hold.id, hold.amount, answer.link, answer.secret), self._log.head())

    def advance(
        self, claim_id: UUID, tender: Tender, on: date | None = None, paid_at: Counter | None = None
    ) -> Committed[UUID]:
        """Hand the net refund over the counter, or have the agency pay it. Refused unless a guarantee holds as much.

        Cash comes out of the drawer of an open shift, if `paid_at` says at which till. Raises AdvanceNotPaid or AgencySilent where the agency advances: asked again, it pays only once.
        """
        day = on or self._day(claim_id)
        if self._agency is not None and self._log.load(Claim, claim_id).advanced_by == "agency":
            return self._advance_by_agency(self._agency, claim_id, tender, day)

        def command(tx: Transaction) -> None:
            if paid_at is not None and tender == "cash":
                trading_day(tx, tx.look(Outlet, paid_at.outlet_id), paid_at.till)
            refunds.record_advance(tx, claim_id, tender, day, paid_at)
            _engage(tx, claim_id)

        return self._told(claim_id, command)

    def _advance_by_agency(self, agency: RefundAgency, claim_id: UUID, tender: Tender, on: date) -> Committed[UUID]:
        def request(tx: Transaction) -> None:
            refunds.request_advance(tx, claim_id, tender, on)
            _engage(tx, claim_id)

        requested = self._told(claim_id, request)
        claim = self._log.load(Claim, claim_id)
        if claim.state == "advancing":
            answer = agency.advance(str(claim_id), claim.claim_no, claim.net, tender)
            if answer.outcome is AgencyOutcome.UNKNOWN:
                answer = agency.query(str(claim_id))
            self._record_advance(claim_id, answer, on)
            if answer.outcome is AgencyOutcome.DECLINED:
                raise AdvanceNotPaid(claim_no=claim.claim_no, why=answer.reason)
            if answer.outcome is not AgencyOutcome.PAID:
                raise AgencySilent(claim_no=claim.claim_no)
        return requested

    def _record_advance(self, claim_id: UUID, answer: AgencyAnswer, on: date) -> None:
        def record(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            if answer.outcome is AgencyOutcome.PAID:
                claim.advance(claim.advance_tender, on, claim.net)
            elif answer.outcome is AgencyOutcome.DECLINED:
                claim.decline_advance(answer.reason)
            tx.save(claim)

        self._log.commit(record)

    # At the border, and after.

    def confirm_customs(
        self,
        claim_id: UUID,
        port: str,
        quantities: Mapping[int, int],
        on: date | None = None,
        reason: str = "",
        inspected: bool | None = None,
    ) -> Committed[UUID]:
        """Record customs' answer, by line of the form. An advance whose promise was kept becomes final at once,
        or when the agency has approved it, where one is connected.
        """
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.confirm_customs(day, port, quantities, reason, inspected)
            _conclude(claim, day, reviewed=self._agency is None)
            tx.save(claim)

        committed = self._told(claim_id, command)
        if not self.ask_agency(claim_id):
            self.resolve_guarantee(claim_id, day)
        return committed

    def ask_agency(self, claim_id: UUID) -> bool:
        """Fetch the agency's review of what customs confirmed; says whether there is one now."""
        claim = self._log.load(Claim, claim_id)
        if self._agency is None or claim.state != "confirmed":
            return False
        review = self._agency.review(for_review(claim))
        if review is None:
            return False

        def record(tx: Transaction) -> None:
            reviewed = tx.get(Claim, claim_id)
            reviewed.review(review.on, review.approved, review.reason)
            _conclude(reviewed, review.on, reviewed=True)
            tx.save(reviewed)

        self._log.commit(record)
        self.resolve_guarantee(claim_id, review.on)
        return True

    def ask_customs(self, claim_id: UUID) -> bool:
        """Fetch customs' answer about a claim, as when its message was lost; says whether there is one."""
        claim = self._log.load(Claim, claim_id)
        answer = self._customs.answer_to(claim.claim_no) if self._customs else None
        if answer is None:
            return False
        self.confirm_customs(claim_id, answer.port, answer.confirmed, answer.on, answer.reason, answer.inspected)
        return True

    def miss_promise(self, claim_id: UUID, on: date | None = None) -> Committed[UUID]:
        """Record that the promise was broken, and take the advance back from the guarantee."""
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.miss_promise(day)
            tx.save(claim)

        committed = self._told(claim_id, command)
        self.resolve_guarantee(claim_id, day)
        return committed

    def pay_at_departure(
        self, claim_id: UUID, tender: Tender, on: date | None = None, by: Advancer = "agency"
    ) -> Committed[UUID]:
        """The ordinary route: record that the net refund was paid after customs."""
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.pay(tender, day, by)
            tx.save(claim)

        committed = self._told(claim_id, command)
        self._tell_office(claim_id)
        return committed

    def void(self, claim_id: UUID, reason: str, on: date | None = None) -> Committed[UUID]:
        """Void a form and its invoices without a return of goods, as when it was made out wrongly.

        What is out of an advance is taken back from its guarantee.
        """
        day = on or self._day(claim_id)

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.void(reason, day)
            tx.save(claim)

        committed = self._told(claim_id, command)
        self.resolve_guarantee(claim_id, day)
        return committed

    def settle(self, claim_id: UUID, amount: Money, on: date, statement: str = "") -> Committed[UUID]:
        """Record that the agency's statement covered the refund."""

        def command(tx: Transaction) -> None:
            claim = tx.get(Claim, claim_id)
            claim.settle(amount, on, statement)
            tx.save(claim)

        return self._told(claim_id, command)

    def repay(
        self, claim_id: UUID, repayment_id: UUID, amount: Money, tender: RepaymentTender, on: date | None = None
    ) -> Committed[UUID]:
        """Record that the traveller paid back what the guarantee did not give; each repayment counts once."""
        day = on or self._day(claim_id)
        return self._told(claim_id, lambda tx: refunds.repay(tx, claim_id, repayment_id, amount, tender, day))

    def write_off(self, claim_id: UUID, on: date | None = None) -> Committed[UUID]:
        """Give up what the traveller owes."""
        committed = self._refunds.write_off(claim_id, on or self._day(claim_id))
        return Committed(claim_id, committed.position, committed.replayed)

    def resolve_objection(self, filing_id: UUID, how: str, on: date) -> Committed[UUID]:
        """Record that people settled with the tax office what it would not do about a form. Raises NothingObjected."""
        return self._refunds.resolve_objection(filing_id, how, on)

    def act_on_deadlines(self, on: date | None = None) -> int:
        """Act on promises whose day has passed where the goods were sold, and finish what a crash or a lapse left.

        Safe to repeat after any downtime: every promise, the first to capture first, and every guarantee of a decided
        claim that is yet unresolved. Answers how many claims it looked into.
        """
        latest = on or (clock.now() + EASTERNMOST).date()
        with self._log.reading() as session:
            overdue, unresolved = self._claims.overdue(session, latest), self._claims.unresolved(session)
            waiting = [*self._all(session, "confirmed"), *self._all(session, "advancing")] if self._agency else []
        looked_into: set[UUID] = set()
        for claim in waiting:
            with trying("agency", claim.id):
                self._look_at_agency(claim.id, on)
        while overdue:
            for claim in overdue:
                with trying("promise", claim.id):
                    self._look_at_promise(claim.id, on)
                    looked_into.add(claim.id)
            with self._log.reading() as session:
                overdue = self._claims.overdue(session, latest, after=overdue[-1])
        while unresolved:
            for claim in unresolved:
                with trying("guarantee", claim.id):
                    self.resolve_guarantee(claim.id, on or self._day(claim.id))
                    looked_into.add(claim.id)
            with self._log.reading() as session:
                unresolved = self._claims.unresolved(session, after=unresolved[-1].claim_no)
        if self.filings is not None:
            self.filings.settle_open()
        return len(looked_into)

    def _all(self, session: Session, state: str) -> Iterator[ClaimOnList]:
        """Every claim in a state, page by page."""
        after: str | None = ""
        while after is not None:
            page = self._claims.page(session, state, after)
            yield from page
            after = page[-1].claim_no if len(page) == LARGEST_PAGE else None

    def _look_at_promise(self, claim_id: UUID, on: date | None) -> None:
        """Ask customs once more, where it can be asked; else, or if the traveller left too late of all, it is broken.

        The list looks ahead, and lags behind: the day may go on where the goods were sold, or the claim be decided.
        """
        try:
            answered = self.ask_customs(claim_id)
        except DepartureTooLate:
            answered = False
        if not answered:
            with suppress(PromiseStillOpen, ClaimHasAnotherState):
                self.miss_promise(claim_id, on)

    def _look_at_agency(self, claim_id: UUID, on: date | None) -> None:
        """Ask the agency for what is missing: its review, or whether it paid an advance."""
        assert self._agency is not None
        if self.ask_agency(claim_id) or self._log.load(Claim, claim_id).state != "advancing":
            return
        answer = self._agency.query(str(claim_id))
        if answer.outcome is AgencyOutcome.NEVER_RECEIVED:
            claim = self._log.load(Claim, claim_id)
            answer = self._agency.advance(str(claim_id), claim.claim_no, claim.net, claim.advance_tender)
        self._record_advance(claim_id, answer, on or self._day(claim_id))
        if answer.outcome is AgencyOutcome.UNKNOWN:
            raise AgencySilent(claim_no=self._log.load(Claim, claim_id).claim_no)

    # What follows from a decision, outside the log.

    def resolve_guarantee(self, claim_id: UUID, on: date) -> None:
        """Release or capture what the guarantee of a decided claim still holds. Asking again changes nothing."""
        self._secured.resolve(claim_id, on)
        _, guarantee = self._claim(claim_id)
        if guarantee is not None and guarantee.state == "lapsed":
            self._secured.close_lapsed(claim_id, on)
        self._tell_office(claim_id)

    def _tell_office(self, claim_id: UUID) -> None:
        """Void or lock the form at the tax office as its claim asks for; what it does not answer is asked again."""
        if self.filings is not None:
            self.filings.follow(claim_id)

    def settle_open(self) -> int:
        """Look again at every card hold that waits for something, as after a crash; answers how many ended."""
        return self._secured.settle_open()

    def settle_hold(self, hold_id: UUID) -> Committed[UUID]:
        """Look again at one hold."""
        self._secured.settle(hold_id)
        return Committed(hold_id, self._log.head())

    def _told(self, claim_id: UUID, command: Callable[[Transaction], object]) -> Committed[UUID]:
        """Carry out a command about a claim; its answer is the claim's id."""

        def answer(tx: Transaction) -> UUID:
            command(tx)
            return claim_id

        return self._log.execute(answer)

    def _claim(self, claim_id: UUID) -> tuple[Claim, Guarantee | None]:
        return self._log.load(Claim, claim_id), refunds.latest_guarantee(self._log, claim_id)

    def _day(self, claim_id: UUID) -> date:
        return local_day(self._log, claim_id)


def _engage(tx: Transaction, claim_id: UUID) -> None:
    """Keep the card behind an advance. Raises GuaranteeTooSmall if it holds no more."""
    try:
        engage(tx, claim_id)
    except HoldNotHeld:
        claim = tx.get(Claim, claim_id)
        nothing = Money.zero(claim.net.currency)
        raise GuaranteeTooSmall(claim_no=claim.claim_no, needed=claim.net, guaranteed=nothing) from None


def _conclude(claim: Claim, on: date, *, reviewed: bool) -> None:
    """A broken promise is missed at once; a kept one is final once whoever reviews it has done so."""
    if claim.advanced is None or claim.missed is not None:
        return
    if claim.how_broken(on) is not None:
        claim.miss_promise(on)
    elif reviewed:
        claim.complete(on)
