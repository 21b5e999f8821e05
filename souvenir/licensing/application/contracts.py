"""Contracts: sign, renew, end and amend them, pay advances, agree rates, certify marks, record approvals."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from souvenir.eventlog import Committed, EventLog, Transaction
from souvenir.kernel import clock
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money
from souvenir.licensing.adjustment import Adjustment
from souvenir.licensing.amending import adjusted, restated
from souvenir.licensing.application.statements import Statements
from souvenir.licensing.approval import Approval, Outcome, StageNotAsked
from souvenir.licensing.authorisation import Authorisation
from souvenir.licensing.calendar import WEEKDAYS, BusinessCalendar
from souvenir.licensing.contract import Contract
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.deemed import FreeGoodsUnsound, free_goods, missing_labels
from souvenir.licensing.grant import Stage
from souvenir.licensing.label_stock import LabelCount, LabelStock
from souvenir.licensing.licence import Grant, Licence
from souvenir.licensing.periods import contract_year
from souvenir.licensing.position import Year
from souvenir.licensing.registers.positions import account_kept, contract_years, totals_of, year_of
from souvenir.licensing.registers.rights import meeting, unanswered
from souvenir.licensing.sell_off_stock import SellOffStock
from souvenir.licensing.sublicensing import SublicenceAlreadyReported, reported
from souvenir.licensing.terms import RoyaltyTerms, TermUnsound

MOST_OVERDUE: Final = 200
"""Approvals the clock decides at once."""

FURTHEST_WEST: Final = timedelta(hours=12)
"""How long a day lasts elsewhere, after it is over by UTC."""


class Licensing(Statements):
    """The licences and gift marks of one shop group."""

    def __init__(self, log: EventLog, calendar: BusinessCalendar = WEEKDAYS) -> None:
        super().__init__(log)
        self._calendar = calendar

    def grant(
        self, contract_no: str, licensor: str, property_name: LocalizedText, grant: Grant, terms: RoyaltyTerms
    ) -> Committed[UUID]:
        """Record a signed contract and give the licence's id; the same contract again records nothing new."""
        licence = Licence.sign(contract_no, licensor, property_name, grant, terms)

        def decide(tx: Transaction) -> UUID:
            known = tx.find(Licence, licence.id)
            if known is None:
                refuse_other_account(tx, licence.contract)
                tx.save(licence)
                refuse_overlap(tx, licence)
            else:
                known.signed_again(licensor, property_name, grant, terms)
            return licence.id

        return self._log.execute(decide)

    def record_advance(
        self, licence_id: UUID, reference: str, amount: Money, withheld: Money, paid_on: date
    ) -> Committed[None]:
        """Record a payment of the advance; `reference` is the bank's, so that one payment counts once."""

        return self._decide(licence_id, lambda licence: licence.pay_advance(reference, amount, withheld, paid_on))

    def certify_mark(
        self,
        certificate_no: str,
        mark: LocalizedText,
        certifier: str,
        products: tuple[UUID, ...],
        valid_from: date,
        valid_until: date,
        review_due: date | None = None,
        rules: LocalizedText | None = None,
    ) -> Committed[UUID]:
        """Record a gift-mark certificate and give its id; the same certificate again records nothing new."""
        issued = Authorisation.certify(
            certificate_no, mark, certifier, products, valid_from, valid_until, review_due, rules
        )

        def decide(tx: Transaction) -> UUID:
            known = tx.find(Authorisation, issued.id)
            if known is None:
                tx.save(issued)
            else:
                known.certified_again(issued)
            return issued.id

        return self._log.execute(decide)

    def pass_review(self, mark_id: UUID, on: date, next_due: date) -> Committed[None]:
        """Record that a gift mark passed its annual review."""

        def decide(tx: Transaction) -> None:
            mark = tx.get(Authorisation, mark_id)
            mark.pass_review(on, next_due)
            tx.save(mark)

        return self._log.execute(decide)

    def renew(self, licence_id: UUID, ends: date, signed_on: date) -> Committed[None]:
        """Extend a licence's term to a later last day."""

        def decide(tx: Transaction) -> None:
            licence = tx.get(Licence, licence_id)
            licence.renew(ends, signed_on)
            tx.save(licence)
            refuse_overlap(tx, licence)

        return self._log.execute(decide)

    def terminate(self, licence_id: UUID, ends: date, sell_off_days: int, reason: str) -> Committed[None]:
        """End a licence's term early; what is left may be sold off for so many days after."""
        return self._decide(licence_id, lambda licence: licence.terminate(ends, sell_off_days, reason))

    def agree_rate(
        self, licence_id: UUID, currency: str, rate: Decimal, source: str, valid_from: date, valid_until: date
    ) -> Committed[None]:
        """Agree the rate by which sales in another currency count, and whose rate it is."""
        days = {"valid_from": valid_from, "valid_until": valid_until}
        conversion = Conversion(currency=currency, rate=rate, source=source, **days)
        return self._decide(licence_id, lambda licence: licence.agree_rate(conversion))

    def _decide(self, licence_id: UUID, decision: Callable[[Licence], None]) -> Committed[None]:
        def decide(tx: Transaction) -> None:
            licence = tx.get(Licence, licence_id)
            decision(licence)
            tx.save(licence)

        return self._log.execute(decide)

    def amend(
        self, licence_id: UUID, amendment_no: str, terms: RoyaltyTerms, effective_from: date, signed_on: date
    ) -> Committed[None]:
        """Record an amendment of rates, tiers or marketing fund, signed on one day and effective from another.

        Statements that were issued stay as they are: what changes for their sales is adjusted on the next ones.
        """

        def decide(tx: Transaction) -> None:
            licence = tx.get(Licence, licence_id)
            before = licence.contract.agreed
            licence.amend(amendment_no, terms, effective_from, signed_on)
            tx.save(licence)
            after = licence.contract.agreed
            if after == before:
                return
            for number in contract_years(tx.session, licence_id):
                year = year_of(tx.session, licence_id, number, licence.terms)
                for change in restated(before, after, year):
                    totals = totals_of(tx.session, licence.contract, number)
                    tx.save(adjusted(licence.contract, totals, amendment_no, number, change, signed_on))

        return self._log.execute(decide)

    def report_sublicence(
        self, licence_id: UUID, sublicensee: str, period: str, receipts: Money, net_sales: Money, on: date
    ) -> Committed[None]:
        """Record what a sub-licensee paid and sold in a period, once; the licensor's part goes on the next statement."""

        def decide(tx: Transaction) -> None:
            contract = tx.get(Licence, licence_id).contract
            totals = totals_of(tx.session, contract, contract.year_of(period))
            made = reported(contract, totals, sublicensee, period, receipts, net_sales, on)
            known = tx.find(Adjustment, made.id)
            if known is None:
                tx.save(made)
            elif (known.base, known.royalty) != (made.base, made.royalty):
                facts = {"contract_no": contract.contract_no, "sublicensee": sublicensee}
                raise SublicenceAlreadyReported(**facts, period=period)

        return self._log.execute(decide)

    def report_free_goods(self, licence_id: UUID, period: str, units: int, on: date) -> Committed[None]:
        """Record how many units were given away in a period that is over, once; those beyond the allowance are charged."""

        def decide(tx: Transaction) -> None:
            contract = tx.get(Licence, licence_id).contract
            years = _year(tx, contract, contract.year_of(period)), _last_sold(tx, contract)
            totals = totals_of(tx.session, contract, years[0].number)
            made = free_goods(contract, totals, *years, period, units, on)
            known = tx.find(Adjustment, made.id)
            if known is None:
                tx.save(made)
            elif known.units != units:
                reason = f"{known.units} are recorded already"
                raise FreeGoodsUnsound(contract_no=contract.contract_no, period=period, units=units, reason=reason)

        return self._log.execute(decide)

    def count_sell_off_stock(self, licence_id: UUID, product_id: UUID, units: int, on: date) -> Committed[None]:
        """Record how much of a product was there at the end of a day of a sell-off, or of the term: no more is sold after."""

        def decide(tx: Transaction) -> None:
            contract = tx.get(Licence, licence_id).contract
            stock = tx.find(SellOffStock, SellOffStock.id_of(licence_id, product_id))
            if stock is None:
                stock = SellOffStock.count(contract, product_id, units, on)
            else:
                stock.count_again(contract, units, on)
            tx.save(stock)

        return self._log.execute(decide)

    # Labels.

    def record_labels(self, licence_id: UUID, reference: str, count: int, on: date) -> Committed[None]:
        """Record holograms the licensor delivered, by the number of its delivery note."""
        return self._keep_labels(licence_id, lambda tx, contract, stock: stock.deliver(reference, count, on))

    def count_labels(self, licence_id: UUID, found: LabelCount) -> Committed[None]:
        """Record what a count of the holograms found; the next statement reconciles them with what was sold.

        Count once what was sold has accrued. Labels nobody can show are charged where the contract says so.
        """

        def count(tx: Transaction, contract: Contract, stock: LabelStock) -> None:
            number = contract_year(contract.grant.starts, max(found.counted_on, contract.grant.starts))
            years = _year(tx, contract, number), _last_sold(tx, contract)
            totals = totals_of(tx.session, contract, years[0].number)
            deemed = stock.count(found, totals.units, contract.terms.labels_deemed_sold)
            if deemed:
                tx.save(missing_labels(contract, totals, *years, stock.last_count, deemed, found.counted_on))

        return self._keep_labels(licence_id, count)

    def _keep_labels(
        self, licence_id: UUID, decision: Callable[[Transaction, Contract, LabelStock], None]
    ) -> Committed[None]:
        def decide(tx: Transaction) -> None:
            licence = tx.get(Licence, licence_id)
            stock = tx.find(LabelStock, LabelStock.id_of(licence_id))
            stock = stock or LabelStock.open(licence_id, licence.contract_no)
            decision(tx, licence.contract, stock)
            tx.save(stock)

        return self._log.execute(decide)

    # Approvals.

    def submit_for_approval(
        self, licence_id: UUID, product_id: UUID, sku: str, stage: Stage, evidence: str, on: date
    ) -> Committed[UUID]:
        """Record that a licensor was shown a stage of a product; `evidence` is the SHA-256 of what was shown."""

        def decide(tx: Transaction) -> UUID:
            licence = tx.get(Licence, licence_id)
            rules = licence.grant.approval
            if rules is None:
                raise StageNotAsked(contract_no=licence.contract_no, stage=stage, asked="none")
            approval = tx.find(Approval, Approval.id_of(licence_id, product_id))
            if approval is None:
                approval = Approval.open(licence_id, licence.contract_no, product_id, sku, rules)
            approval.submit(stage, evidence, on, self._calendar)
            tx.save(approval)
            return approval.id

        return self._log.execute(decide)

    def record_answer(
        self, approval_id: UUID, stage: Stage, outcome: Outcome, on: date, by: str, evidence: str, remarks: str = ""
    ) -> Committed[None]:
        """Record what the licensor answered; `evidence` is the SHA-256 of the answer as it came."""

        def decide(tx: Transaction) -> None:
            approval = tx.get(Approval, approval_id)
            approval.answer(stage, outcome, on, by, evidence, remarks)
            tx.save(approval)

        return self._log.execute(decide)

    def count_silences(self, on: date | None = None) -> int:
        """Let the clock decide approvals nobody answered in time, at most 200 at once; answers how many.

        Without a day, it is the one that has come everywhere.
        """
        day = on or (clock.now() - FURTHEST_WEST).date()

        def decide(tx: Transaction) -> int:
            overdue = unanswered(tx.session, day, MOST_OVERDUE)
            for approval_id in overdue:
                approval = tx.get(Approval, approval_id)
                approval.count_silence(day)
                tx.save(approval)
            return len(overdue)

        return self._log.execute(decide).result


def _year(tx: Transaction, contract: Contract, number: int) -> Year:
    """What tiers have counted in a contract year."""
    return year_of(tx.session, contract.id, number, contract.terms)


def _last_sold(tx: Transaction, contract: Contract) -> Year:
    """The last contract year in which anything was sold and kept; before there is one, the first."""
    numbers = reversed(contract_years(tx.session, contract.id))
    years = (_year(tx, contract, number) for number in numbers)
    return next((year for year in years if year.units > 0), Year(1, contract.terms.currency))


def refuse_overlap(tx: Transaction, licence: Licence) -> None:
    """Refuse a grant that meets another licence's, where one of them is exclusive.

    It is saved first and looked at then: with it the register holds the property, so two at once cannot both be granted.
    """
    for other in meeting(tx.session, licence.id, licence.grant.starts, licence.grant.ends):
        licence.scope.refuse_overlap(other)


def refuse_other_account(tx: Transaction, contract: Contract) -> None:
    """Refuse to share an account that is kept in another currency or by other periods."""
    kept = account_kept(tx.session, contract.account_id)
    if kept is not None and (kept.currency, kept.period_months) != (
        contract.terms.currency,
        contract.terms.period_months,
    ):
        name = contract.terms.shared_account
        raise TermUnsound(reason=f"the account {name!r} is kept in {kept.currency}, by {kept.period_months} months")
