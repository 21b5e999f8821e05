"""Statements: drawn up, issued, made again from the log, and followed down to the sales behind a line."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel.money import Money
from souvenir.licensing.account import Account
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.contract import Contract
from souvenir.licensing.deemed import late_payment
from souvenir.licensing.drafting import (
    Draft,
    Drafting,
    Forward,
    already_stated,
    final_period,
    next_to_state,
    periods_over,
    refuse_period,
    stated_by,
)
from souvenir.licensing.forecasting import Forecast, forecast, year_ahead
from souvenir.licensing.label_stock import LabelStock
from souvenir.licensing.licence import Licence
from souvenir.licensing.payout import PayoutInstruction, payout_of
from souvenir.licensing.periods import contract_year, last_day_of
from souvenir.licensing.reading import ACCRUED, ADJUSTED, BREACHED, REVERSED, TOPICS, Reading, Source, sources
from souvenir.licensing.registers.positions import (
    Issued,
    account_kept,
    contracts_of,
    issued,
    last_moved,
    last_stated,
    licences,
    own_earned,
    totals_of,
)
from souvenir.licensing.registers.rights import contract_of
from souvenir.licensing.sheet import Header, Sheet, Stated
from souvenir.licensing.statement import NotStated, PeriodAlreadyStated, Statement, StatementOvertaken


def charge_late_payment(
    tx: Transaction, statement: Statement, paid_on: date, attempt: int = 1, came_back: bool = False
) -> None:
    """Charge interest where a statement was paid after it was due, and the contract asks for it; once for each attempt.

    If the money came back, so does the interest: it will be charged until the day on which it is paid after all.
    """
    contract = tx.look(Licence, statement.header.licence_id).contract
    totals = totals_of(tx.session, contract, contract_year(contract.grant.starts, paid_on))
    interest = late_payment(contract, totals, statement.header, paid_on, attempt, came_back)
    if interest is not None and tx.find(Adjustment, interest.id) is None:
        tx.save(interest)


PAGE: Final = 5000
"""Stored entries read at a time."""

MOST_SOURCES: Final = 200


class Statements:
    """The royalty statements of every licence."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def draft_statement(self, licence_id: UUID, period: str, on: date) -> Draft:
        """A statement as it would be issued on a day, with what someone should look at before. Records nothing."""
        licence = self._log.load(Licence, licence_id)
        known = self._log.find(Statement, Statement.id_of(licence_id, period))
        last = self._last_stated(licence_id)
        refuse_period(licence, period, known.header if known else None, last, on)
        return next(self._drafts([(licence, [period], last)], on))

    def issue_statement(self, licence_id: UUID, period: str, on: date) -> Committed[UUID]:
        """Issue a licence's statement of a period that is over; what comes later goes on the next one."""
        try:
            draft = self.draft_statement(licence_id, period, on)
        except PeriodAlreadyStated as refusal:
            return self._stated_before(refusal)
        return self._issue(draft)

    def _stated_before(self, refusal: PeriodAlreadyStated) -> Committed[UUID]:
        """The answer that was given under the same command key; without one, the refusal."""

        def decide(tx: Transaction) -> UUID:
            raise refusal

        return self._log.execute(decide)

    def issue_statements(self, on: date) -> list[UUID]:
        """Issue every statement that is due to be drawn up on a day, from one pass over the log: nil ones too, up to the end.

        A licence that has ended is stated further only up to the last period of which something is known.
        """
        with self._log.reading() as session:
            known = licences(session)
        loaded = [(self._log.load(Licence, licence_id), self._last_stated(licence_id)) for licence_id in known]
        ended = [
            (licence, last)
            for licence, last in loaded
            if last_day_of(final_period(licence.terms, licence.grant.last_day)) < on
        ]
        until = self._known_until(ended)
        due = [(licence, periods_over(licence, last, on, until.get(licence.id, "")), last) for licence, last in loaded]
        return [self._issue(draft).result for draft in self._drafts([each for each in due if each[1]], on)]

    def _known_until(self, ended: Sequence[tuple[Licence, Header | None]]) -> dict[UUID, str]:
        """The last period of which anything is known that no statement says, for licences that have ended; empty if none."""
        stated = {str(licence.id): stated_by(licence, last) for licence, last in ended}
        after = min((last.span.carried if last else 0 for _, last in ended), default=0)
        reading = self._read(stated, after, self._log.head(), (ADJUSTED, BREACHED)) if ended else Reading(stated)
        known = {}
        with self._log.reading() as session:
            for licence, last in ended:
                said = last.recoupable_to_date if last else Money.zero(licence.terms.currency)
                periods = [reading.last_period(str(licence.id))]
                if own_earned(session, licence.id, licence.terms.currency) != said:
                    periods.append(next_to_state(licence, last))
                if len(periods) > 1 or licence.terms.shared_account is None:  # what moved a shared one may be another's
                    periods.append(last_moved(session, licence.contract.account_id))
                known[licence.id] = max(periods)
        return known

    def statement(self, licence_id: UUID, period: str) -> Sheet:
        """An issued statement, made again from the log. Raises NotStated, or StatementDiffers if the log was changed."""
        issued = self._issued(licence_id, period)
        header, span, key = issued.header, issued.header.span, str(licence_id)
        reading = self._read({key: header.stated_before}, span.after, span.until)
        return issued.made_again(reading.gathered(key, span.stated_to, period, header.currency))

    def statement_sources(
        self, licence_id: UUID, period: str, line_number: int, after: int = 0, first: int = 50
    ) -> list[Source]:
        """The sales, then the returns, behind a line of an issued statement, in the order of the log; at most 200.

        `after` is how many were seen before.
        """
        sheet = self.statement(licence_id, period)
        line, span = sheet.line(line_number), sheet.header.span
        stated, wanted = sheet.header.stated_before, after + max(1, min(first, MOST_SOURCES))
        found: list[Source] = []
        for topic, rows in self._pages(span.after, span.until, (ACCRUED, REVERSED)):
            if len(found) < wanted:
                found += sources(line, str(licence_id), stated, topic, rows)
        return found[after:wanted]

    def statements(self, licence_id: UUID, before: str | None = None, first: int = MOST_SOURCES) -> list[Issued]:
        """The statements of a licence, the latest first; with `before`, of periods before that one; 201 at most."""
        with self._log.reading() as session:
            return issued(session, licence_id, before, first)

    def payout(self, licence_id: UUID, period: str) -> PayoutInstruction | None:
        """What an issued statement asks to be paid; None if nothing. Raises NotStated."""
        return payout_of(self._issued(licence_id, period))

    def forecast(self, licence_id: UUID, on: date) -> Forecast:
        """Whether the guarantee will be earned back, by the royalties known now and the days gone by."""
        licence = self._log.load(Licence, licence_id)
        with self._log.reading() as session:
            totals = totals_of(session, licence.contract, year_ahead(licence, on))
        return forecast(licence, Money(totals.earned, licence.terms.currency), on, totals.schedule)

    def _issued(self, licence_id: UUID, period: str) -> Statement:
        found = self._log.find(Statement, Statement.id_of(licence_id, period))
        if found is None:
            raise NotStated(licence_id=licence_id, period=period)
        return found

    def _last_stated(self, licence_id: UUID) -> Header | None:
        with self._log.reading() as session:
            period = last_stated(session, licence_id)
        return self._log.load(Statement, Statement.id_of(licence_id, period)).header if period else None

    def _drafts(self, due: Sequence[tuple[Licence, Sequence[str], Header | None]], on: date) -> Iterator[Draft]:
        """The statements of some periods each of several licences, from one pass over what is not stated yet.

        Period by period, and within it in the order given: contracts that share an account bring it forward in turn.
        """
        until = self._log.head()
        making = {licence.id: self._drafting(licence, last) for licence, _, last in due}
        if until != self._log.head():
            for each in making.values():
                each.earned = None
        starts = [last.span.carried if last else 0 for _, _, last in due]
        reading = self._read(
            {str(licence.id): stated_by(licence, last) for licence, _, last in due}, min(starts, default=0), until
        )
        accounts: dict[UUID, Forward] = {}
        for period, at in sorted((period, at) for at, (_, periods, _) in enumerate(due) for period in periods):
            licence = due[at][0]
            account = licence.contract.account_id
            forward = accounts.get(account) or self._forward(licence.contract)
            draft = making[licence.id].draft(period, forward, reading, on, until)
            header = draft.sheet.header
            accounts[account] = Forward(header.account, Statement.id_of(licence.id, period))
            yield draft

    def _drafting(self, licence: Licence, last: Header | None) -> Drafting:
        stock = self._log.find(LabelStock, LabelStock.id_of(licence.id))
        with self._log.reading() as session:
            totals = totals_of(session, licence.contract)
            earned = own_earned(session, licence.id, licence.terms.currency)
            contracts = [contract_of(session, id) for id in contracts_of(session, licence.contract.account_id)]
        final = max(final_period(each.terms, each.recoups_until) for each in contracts)
        labels = stock.reconciled(totals.units) if stock else None
        schedule = licence.terms.schedule if totals.apart else totals.schedule
        return Drafting(licence, last, schedule, final, earned, totals.over.units, labels)

    def _forward(self, contract: Contract) -> Forward:
        """What the next statement of an account is brought forward from."""
        with self._log.reading() as session:
            kept = account_kept(session, contract.account_id)
        assert kept is not None, "an account is opened when its first contract is signed"
        if kept.stated is None:
            return Forward(Account.opening(Money(kept.schedule.by(None), kept.currency)))
        return Forward(self._log.load(Statement, kept.stated).header.account, kept.stated)

    def _issue(self, draft: Draft) -> Committed[UUID]:
        header = draft.sheet.header

        def decide(tx: Transaction) -> UUID:
            known = tx.find(Statement, Statement.id_of(header.licence_id, header.period))
            if known is not None:
                raise already_stated(known.header)
            kept = account_kept(tx.session, tx.get(Licence, header.licence_id).contract.account_id)
            moved_on = header.shared_account is not None and kept is not None and kept.stated != header.follows
            if moved_on or last_stated(tx.session, header.licence_id) != header.span.stated_to:
                raise StatementOvertaken(contract_no=header.contract_no, period=header.period)
            statement = Statement.issue(draft.sheet, tuple(flag.code for flag in draft.flags))
            tx.save(statement)
            return statement.id

        return self._log.execute(decide)

    def _pages(
        self, after: int, until: int, topics: Sequence[str] = TOPICS
    ) -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
        """Stored entries of a range by topic, a page at a time."""
        for topic in topics:
            at = after
            while rows := self._log.store.states(at, until, PAGE, topic):
                yield topic, rows
                at = rows[-1][0]

    def _read(self, stated: Mapping[str, Stated], after: int, until: int, topics: Sequence[str] = TOPICS) -> Reading:
        reading = Reading(stated)
        for topic, rows in self._pages(after, until, topics):
            reading.take(topic, rows)
        return reading
