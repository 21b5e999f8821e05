"""A licence: one signed contract, its advances, amendments, renewals and end."""

from datetime import date
from typing import Self
from uuid import UUID

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money, exponent_of, total
from souvenir.licensing.contract import Contract
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.grant import Grant, Scope, refuse_unsound_grant
from souvenir.licensing.periods import first_day_of, period_of
from souvenir.licensing.terms import RoyaltyTerms, TermUnsound, refuse_unsound

__all__ = ["Grant", "Licence"]


class LicenceAlreadyGranted(SouvenirError):
    message = "Contract {contract_no} is already recorded with other terms. Record a new contract instead."
    contract_no: str


class AdvanceExceedsAgreed(SouvenirError):
    message = "Paying {amount} would exceed the advance of {agreed} agreed in {contract_no}: {paid} is already paid."
    contract_no: str
    amount: Money
    agreed: Money
    paid: Money


class AdvanceUnsound(SouvenirError):
    message = "An advance of {amount} with {withheld} withheld cannot be: withhold no less than 0 and no more than all."
    amount: Money
    withheld: Money


class AdvanceAlreadyRecorded(SouvenirError):
    message = "The payment {reference!r} is already recorded as {amount} with {withheld} withheld on {paid_on}."
    reference: str
    amount: Money
    withheld: Money
    paid_on: date


class AmendmentUnsound(SouvenirError):
    message = "Amendment {amendment_no} of contract {contract_no} cannot be recorded: {reason}"
    contract_no: str
    amendment_no: str
    reason: str


class AmendmentAlreadyRecorded(SouvenirError):
    message = "Amendment {amendment_no} of contract {contract_no} is already recorded with other facts."
    contract_no: str
    amendment_no: str


class ConversionUnsound(SouvenirError):
    message = "A rate of {rate} from {currency} by {source!r} cannot be agreed: {reason}."
    currency: str
    rate: str
    source: str
    reason: str


class AlreadyTerminated(SouvenirError):
    message = "Licence {contract_no} was terminated as of {ends}. Record a new contract instead."
    contract_no: str
    ends: date


class Amendment(Value):
    """Other terms for royalty periods from a day on, and the day on which that was signed: often a later one."""

    amendment_no: str
    terms: RoyaltyTerms
    effective_from: date
    signed_on: date


class Advance(Value):
    """One payment of the advance: the gross amount it settles, and the tax withheld from it."""

    reference: str
    amount: Money
    withheld: Money
    paid_on: date


class Licence(Aggregate):
    """One contract under which a licensor lets the shop sell goods that bear its property."""

    TOPIC = "licensing.Licence"

    class Granted(Created):
        TOPIC = "licensing.LicenceGranted"
        contract_no: str
        licensor: str
        property_name: LocalizedText
        grant: Grant
        terms: RoyaltyTerms

    class AdvancePaid(Aggregate.Event):
        """Part or all of the agreed advance was paid: `amount` is gross of the tax `withheld` from it."""

        TOPIC = "licensing.AdvancePaid"
        reference: str
        amount: Money
        withheld: Money
        paid_on: date

    class Renewed(Aggregate.Event):
        """The term was extended: `ends` is its new last day."""

        TOPIC = "licensing.LicenceRenewed"
        ends: date
        signed_on: date

    class Terminated(Aggregate.Event):
        """The term ends early, on `ends`; what is left may be sold off for so many days."""

        TOPIC = "licensing.LicenceTerminated"
        ends: date
        sell_off_days: int
        reason: str

    class RateAgreed(Aggregate.Event):
        """Sales in another currency count by this rate on these days; `source` says whose rate it is."""

        TOPIC = "licensing.ConversionRateAgreed"
        conversion: Conversion

    class Amended(Aggregate.Event):
        """Other rates were agreed, for sales from `effective_from` on, whenever `signed_on`."""

        TOPIC = "licensing.LicenceAmended"
        amendment_no: str
        terms: RoyaltyTerms
        effective_from: date
        signed_on: date

    @event(Granted)
    def __init__(
        self, contract_no: str, licensor: str, property_name: LocalizedText, grant: Grant, terms: RoyaltyTerms
    ) -> None:
        self.contract = Contract(id=self.id, contract_no=contract_no, licensor=licensor, grant=grant, terms=terms)
        self.contract_no = contract_no
        self.licensor = licensor
        self.property_name = property_name
        self.as_signed = grant
        self.terms = terms
        self.terminated = False
        self.advances: tuple[Advance, ...] = ()
        self.amendments: tuple[Amendment, ...] = ()

    @property
    def grant(self) -> Grant:
        """What is granted now, renewals and termination included."""
        return self.contract.grant

    @staticmethod
    def id_of(contract_no: str) -> UUID:
        """The id of the licence of a contract: one contract is one licence."""
        return derived_id("licence", contract_no)

    # Decide: may refuse, may record, never assigns.

    @classmethod
    def sign(
        cls, contract_no: str, licensor: str, property_name: LocalizedText, grant: Grant, terms: RoyaltyTerms
    ) -> Self:
        """Record a signed contract; terms that could not be kept or counted are refused."""
        if not contract_no.strip() or not licensor.strip():
            raise MalformedInput(expected="contract number and licensor", value=contract_no or licensor)
        refuse_unsound_grant(grant)
        refuse_unsound(terms)
        _refuse_dues_of_no_year(grant, terms)
        return cls._create(
            cls.Granted,
            id=cls.id_of(contract_no),
            contract_no=contract_no,
            licensor=licensor,
            property_name=property_name,
            grant=grant,
            terms=terms,
        )

    def signed_again(self, licensor: str, property_name: LocalizedText, grant: Grant, terms: RoyaltyTerms) -> None:
        """The same contract once more records nothing; other terms under its number are refused."""
        if (self.licensor, self.property_name, self.as_signed, self.terms) != (licensor, property_name, grant, terms):
            raise LicenceAlreadyGranted(contract_no=self.contract_no)

    def amend(self, amendment_no: str, terms: RoyaltyTerms, effective_from: date, signed_on: date) -> None:
        """Agree other rates, tiers or marketing fund from a royalty period on; the same amendment twice changes nothing.

        Everything else in the terms must be as the contract has it.
        """
        amendment = Amendment(
            amendment_no=amendment_no, terms=terms, effective_from=effective_from, signed_on=signed_on
        )
        identity = {"contract_no": self.contract_no, "amendment_no": amendment_no}
        for known in self.amendments:
            if known.amendment_no == amendment_no:
                if known != amendment:
                    raise AmendmentAlreadyRecorded(**identity)
                return
        refuse_unsound(terms)
        if terms.fixed != self.terms.fixed:
            reason = "it may change tiers, method, measure and marketing fund, nothing else in the terms."
            raise AmendmentUnsound(**identity, reason=reason)
        period = period_of(effective_from, terms.period_months)
        if effective_from > self.grant.starts and first_day_of(period) != effective_from:
            raise AmendmentUnsound(**identity, reason=f"{effective_from} is not the first day of a royalty period.")
        if not self.grant.starts <= effective_from <= self.grant.last_day:
            raise AmendmentUnsound(**identity, reason=f"{effective_from} is not within the term.")
        self._amended(**dict(amendment))

    def agree_rate(self, conversion: Conversion) -> None:
        """Agree how sales in another currency are counted; the same rate twice records nothing new."""
        if conversion in self.contract.conversions:
            return
        exponent_of(conversion.currency)
        facts = {"currency": conversion.currency, "rate": f"{conversion.rate:f}", "source": conversion.source}
        if conversion.currency == self.terms.currency:
            raise ConversionUnsound(**facts, reason="it is the licence's own currency")
        if conversion.rate <= 0:
            raise ConversionUnsound(**facts, reason="a rate is more than nothing")
        if not conversion.source.strip():
            raise ConversionUnsound(**facts, reason="say whose rate it is, such as a bank and its fixing")
        if conversion.valid_until < conversion.valid_from:
            raise ConversionUnsound(**facts, reason="it ends before it begins")
        self._rate_agreed(conversion=conversion)

    def renew(self, ends: date, signed_on: date) -> None:
        """Extend the term to a later last day; the same day twice records nothing new."""
        if self.terminated:
            raise AlreadyTerminated(contract_no=self.contract_no, ends=self.grant.ends)
        if ends == self.grant.ends:
            return
        if ends < self.grant.ends:
            raise TermUnsound(reason=f"a renewal until {ends} would shorten it; it runs until {self.grant.ends}")
        self._renewed(ends=ends, signed_on=signed_on)

    def terminate(self, ends: date, sell_off_days: int, reason: str) -> None:
        """End the term early, with a sell-off of its own or none; the same facts twice record nothing new."""
        if self.terminated and (ends, sell_off_days) == (self.grant.ends, self.grant.sell_off_days):
            return
        if self.terminated:
            raise AlreadyTerminated(contract_no=self.contract_no, ends=self.grant.ends)
        if not self.grant.starts <= ends <= self.grant.ends:
            raise TermUnsound(reason=f"it cannot be terminated on {ends}, outside its term")
        refuse_unsound_grant(self.grant.model_copy(update={"ends": ends, "sell_off_days": sell_off_days}))
        self._terminated(ends=ends, sell_off_days=sell_off_days, reason=reason)

    @property
    def scope(self) -> Scope:
        """What other grants are compared with."""
        return Scope.of(self.contract_no, self.property_name, self.grant)

    def pay_advance(self, reference: str, amount: Money, withheld: Money, paid_on: date) -> None:
        """Record a payment of the advance; the same payment twice records nothing new."""
        payment = Advance(reference=reference, amount=amount, withheld=withheld, paid_on=paid_on)
        for known in self.advances:
            if known.reference == reference:
                if known != payment:
                    raise AdvanceAlreadyRecorded(**dict(known))
                return
        nothing = Money.zero(self.terms.currency)
        if amount <= nothing or not nothing <= withheld <= amount:
            raise AdvanceUnsound(amount=amount, withheld=withheld)
        if self.advance_paid + amount > self.terms.agreed_advance:
            raise AdvanceExceedsAgreed(
                contract_no=self.contract_no,
                amount=amount,
                agreed=self.terms.agreed_advance,
                paid=self.advance_paid,
            )
        self._advance_paid(**dict(payment))

    @property
    def advance_paid(self) -> Money:
        """What has been paid of the agreed advance, tax withheld from it included."""
        return total((advance.amount for advance in self.advances), self.terms.currency)

    # Evolve: assigns only, because it also replays history.

    @event(Renewed)
    def _renewed(self, ends: date, signed_on: date) -> None:
        self.contract = self.contract.renewed(ends)

    @event(Terminated)
    def _terminated(self, ends: date, sell_off_days: int, reason: str) -> None:
        self.contract = self.contract.terminated(ends, sell_off_days)
        self.terminated = True

    @event(RateAgreed)
    def _rate_agreed(self, conversion: Conversion) -> None:
        self.contract = self.contract.converting(conversion)

    @event(Amended)
    def _amended(self, amendment_no: str, terms: RoyaltyTerms, effective_from: date, signed_on: date) -> None:
        amendment = Amendment(
            amendment_no=amendment_no, terms=terms, effective_from=effective_from, signed_on=signed_on
        )
        self.amendments = (*self.amendments, amendment)
        self.contract = self.contract.amended(effective_from, terms)

    @event(AdvancePaid)
    def _advance_paid(self, reference: str, amount: Money, withheld: Money, paid_on: date) -> None:
        advance = Advance(reference=reference, amount=amount, withheld=withheld, paid_on=paid_on)
        self.advances = (*self.advances, advance)


def _refuse_dues_of_no_year(grant: Grant, terms: RoyaltyTerms) -> None:
    """Where years stand alone, refuse a guarantee by a day outside the term: no year could earn it."""
    for each in terms.guarantees if terms.years_apart else ():
        if not grant.starts <= each.due <= grant.ends:
            raise TermUnsound(reason=f"a guarantee by {each.due} is of none of its years; give a day within the term")
