"""A licence grants a property for categories, territories, channels and a term, and is asked before every sale."""

import re
from datetime import date, datetime, timedelta
from typing import Final, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from souvenir.kernel.aggregate import Aggregate, Created, Value, event
from souvenir.kernel.errors import MalformedInput, SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.localized import LocalizedText
from souvenir.kernel.money import Money, total
from souvenir.licensing.terms import Agreed, RoyaltyTerms, TermUnsound, first_day_of, period_of, refuse_unsound

LONGEST_SELL_OFF: Final = 366
TERRITORY: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")

Standing = Literal["term", "sell_off"]
"""Under what a permitted sale happens: the term itself, or the sell-off of stock already made."""


class LicenceNotBegun(SouvenirError):
    message = "Licence {contract_no} begins on {starts}: nothing can be sold under it on {on}."
    licence_id: UUID
    contract_no: str
    starts: date
    on: date


class LicenceLapsed(SouvenirError):
    message = "Licence {contract_no} allowed sales until {last_day}, that day included: nothing can be sold on {on}."
    licence_id: UUID
    contract_no: str
    last_day: date
    on: date


class TerritoryNotGranted(SouvenirError):
    message = "Licence {contract_no} does not cover {territory}: it grants {granted}."
    licence_id: UUID
    contract_no: str
    territory: str
    granted: str


class ChannelNotGranted(SouvenirError):
    message = "Licence {contract_no} does not allow the channel {channel!r}: it grants {granted}."
    licence_id: UUID
    contract_no: str
    channel: str
    granted: str


class CategoryNotGranted(SouvenirError):
    message = "Licence {contract_no} does not cover the category {category!r}: it grants {granted}."
    licence_id: UUID
    contract_no: str
    category: str
    granted: str


class NoConversionRate(SouvenirError):
    message = "Licence {contract_no} is stated in {licence_currency}, and no rate is agreed for sales in {currency}."
    licence_id: UUID
    contract_no: str
    licence_currency: str
    currency: str


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


class Amendment(Value):
    """Other terms for royalty periods from a day on, and the day on which that was signed: often a later one."""

    amendment_no: str
    terms: RoyaltyTerms
    effective_from: date
    signed_on: date


class Grant(Value):
    """What is granted, where, through which channels and for how long; `ends` is the last day of the term.

    Categories are the catalogue's. Territories are ISO 3166: "CN" covers "CN-BJ". The days are those of `time_zone`.
    """

    categories: tuple[str, ...]
    territories: tuple[str, ...]
    channels: tuple[str, ...]
    starts: date
    ends: date
    sell_off_days: int = 0
    time_zone: str = "Asia/Shanghai"
    exclusive: bool = False

    @property
    def last_day(self) -> date:
        """The last day of sale, sell-off included."""
        return self.ends + timedelta(days=self.sell_off_days)

    def day(self, instant: datetime) -> date:
        """The licence's own calendar day at an instant."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def covers(self, territory: str) -> bool:
        return any(territory == granted or territory.startswith(f"{granted}-") for granted in self.territories)


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
        self.contract_no = contract_no
        self.licensor = licensor
        self.property_name = property_name
        self.grant = grant
        self.terms = terms
        self.advances: tuple[Advance, ...] = ()
        self.amendments: tuple[Amendment, ...] = ()
        self.agreed = Agreed(terms)

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
        _refuse_unsound_grant(grant)
        refuse_unsound(terms)
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
        if (self.licensor, self.property_name, self.grant, self.terms) != (licensor, property_name, grant, terms):
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

    def permits(
        self, category: str, territory: str | None, channel: str, on: date, made_on: date | None = None
    ) -> Standing:
        """Whether a sale is within the grant, else a refusal: term first, then territory, channel, category.

        The last day is inclusive. In sell-off only stock made by the end of the term may go: `made_on` says when.
        Without a territory the question is not asked: who looks back at a sale knows its channel, not its destination.
        """
        standing = self.standing(on, made_on)
        identity = {"licence_id": self.id, "contract_no": self.contract_no}
        if territory is not None and not self.grant.covers(territory):
            raise TerritoryNotGranted(**identity, territory=territory, granted=", ".join(self.grant.territories))
        if channel not in self.grant.channels:
            raise ChannelNotGranted(**identity, channel=channel, granted=", ".join(self.grant.channels))
        if category not in self.grant.categories:
            raise CategoryNotGranted(**identity, category=category, granted=", ".join(self.grant.categories))
        return standing

    def standing(self, on: date, made_on: date | None = None) -> Standing:
        """Whether a day falls in the term or its sell-off, else a refusal."""
        grant = self.grant
        if on < grant.starts:
            raise LicenceNotBegun(licence_id=self.id, contract_no=self.contract_no, starts=grant.starts, on=on)
        if on <= grant.ends:
            return "term"
        last_day = grant.ends if made_on and made_on > grant.ends else grant.last_day
        if on > last_day:
            raise LicenceLapsed(licence_id=self.id, contract_no=self.contract_no, last_day=last_day, on=on)
        return "sell_off"

    def counts_in(self, currency: str) -> None:
        """Refuse a sale in a currency the licence's statements have no rate for."""
        if currency != self.terms.currency:
            raise NoConversionRate(
                licence_id=self.id,
                contract_no=self.contract_no,
                licence_currency=self.terms.currency,
                currency=currency,
            )

    def pay_advance(self, reference: str, amount: Money, withheld: Money, paid_on: date) -> None:
        """Record a payment of the advance; the same payment twice records nothing new."""
        for known in self.advances:
            if known.reference == reference:
                if known != Advance(reference=reference, amount=amount, withheld=withheld, paid_on=paid_on):
                    raise AdvanceAlreadyRecorded(
                        **known.model_dump(include={"reference", "paid_on"}),
                        amount=known.amount,
                        withheld=known.withheld,
                    )
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
        self._advance_paid(reference=reference, amount=amount, withheld=withheld, paid_on=paid_on)

    @property
    def advance_paid(self) -> Money:
        """What has been paid of the agreed advance, tax withheld from it included."""
        return total((advance.amount for advance in self.advances), self.terms.currency)

    # Evolve: assigns only, because it also replays history.

    @event(Amended)
    def _amended(self, amendment_no: str, terms: RoyaltyTerms, effective_from: date, signed_on: date) -> None:
        amendment = Amendment(
            amendment_no=amendment_no, terms=terms, effective_from=effective_from, signed_on=signed_on
        )
        since = period_of(effective_from, terms.period_months)
        self.amendments = (*self.amendments, amendment)
        self.agreed = Agreed(self.terms, (*self.agreed.amendments, (since, terms)))

    @event(AdvancePaid)
    def _advance_paid(self, reference: str, amount: Money, withheld: Money, paid_on: date) -> None:
        advance = Advance(reference=reference, amount=amount, withheld=withheld, paid_on=paid_on)
        self.advances = (*self.advances, advance)


def _refuse_unsound_grant(grant: Grant) -> None:
    if grant.ends < grant.starts:
        raise TermUnsound(reason=f"it ends on {grant.ends}, before it starts on {grant.starts}")
    if not 0 <= grant.sell_off_days <= LONGEST_SELL_OFF:
        raise TermUnsound(reason=f"a sell-off of {grant.sell_off_days} days; give 0 to {LONGEST_SELL_OFF}")
    if not (grant.categories and grant.territories and grant.channels):
        raise TermUnsound(reason="it names no category, no territory or no channel, so nothing could be sold")
    for territory in grant.territories:
        if not TERRITORY.fullmatch(territory):
            raise MalformedInput(expected='territory of ISO 3166, such as "CN" or "CN-BJ"', value=territory)
    try:
        ZoneInfo(grant.time_zone)
    except (KeyError, ValueError):
        raise MalformedInput(expected="IANA time zone", value=grant.time_zone) from None
