"""A contract as it stands: what its grant permits, how its sales are counted, and in whose account; asked at every sale."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Final, Literal
from uuid import UUID

from souvenir.kernel.aggregate import Value
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.licensing.conversion import Conversion
from souvenir.licensing.grant import Grant
from souvenir.licensing.periods import contract_year, first_day_of, last_day_of, period_of, year_begins
from souvenir.licensing.terms import Agreed, RoyaltyTerms, Schedule

Standing = Literal["term", "sell_off"]
"""Under what a permitted sale happens: the term itself, or the sell-off of stock already made."""

WHOLE: Final = Decimal(1)


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


class Contract(Value):
    """What sales and statements need of a licence. It changes only by the methods below, each giving another one."""

    id: UUID
    contract_no: str
    licensor: str
    grant: Grant
    terms: RoyaltyTerms
    amendments: tuple[tuple[str, RoyaltyTerms], ...] = ()
    conversions: tuple[Conversion, ...] = ()

    @property
    def agreed(self) -> Agreed:
        """What is agreed for each royalty period."""
        return Agreed(self.terms, self.amendments)

    @property
    def account_id(self) -> UUID:
        """The account its royalties and guarantees are kept in: its own, or one that contracts of a licensor share."""
        shared = self.terms.shared_account
        return self.id if shared is None else derived_id("royalty-account", self.licensor, shared)

    @property
    def account_name(self) -> str:
        """What that account is called in the books: the contract's number, or the shared name and what tells licensors apart."""
        shared = self.terms.shared_account
        return self.contract_no if shared is None else f"{shared}-{self.account_id.hex[:8]}"

    def schedule_of(self, number: int) -> Schedule:
        """What is guaranteed for one contract year, where each stands alone."""
        return self.terms.schedule.of_year(self.grant.starts, number)

    @property
    def recoups_until(self) -> date:
        """The last day whose royalties may recoup: of the sell-off, or of the term where the contract says so."""
        return self.grant.last_day if self.terms.recoup_in_sell_off else self.grant.ends

    def year_ends(self, number: int) -> date:
        """The last day of a contract year whose royalties may recoup what is guaranteed for it."""
        return min(self.recoups_until, year_begins(self.grant.starts, number + 1) - timedelta(days=1))

    def has_period(self, period: str) -> bool:
        """Whether any day of the contract, its sell-off included, falls in a royalty period; it must be one of its length."""
        last = last_day_of(period)
        own = period_of(last, self.terms.period_months) == period
        return own and self.grant.starts <= last and first_day_of(period) <= self.grant.last_day

    def year_of(self, period: str) -> int:
        """The contract year in which a royalty period ends, or the contract within it."""
        return contract_year(self.grant.starts, min(last_day_of(period), self.grant.last_day))

    @property
    def caps_units(self) -> bool:
        """Whether units beyond a cap are refused; otherwise they only cost more."""
        return self.terms.unit_cap is not None and self.terms.refuse_over_cap

    def renewed(self, ends: date) -> "Contract":
        return self.model_copy(update={"grant": self.grant.model_copy(update={"ends": ends})})

    def terminated(self, ends: date, sell_off_days: int) -> "Contract":
        grant = self.grant.model_copy(update={"ends": ends, "sell_off_days": sell_off_days})
        return self.model_copy(update={"grant": grant})

    def converting(self, conversion: Conversion) -> "Contract":
        return self.model_copy(update={"conversions": (*self.conversions, conversion)})

    def amended(self, effective_from: date, terms: RoyaltyTerms) -> "Contract":
        since = period_of(effective_from, terms.period_months)
        return self.model_copy(update={"amendments": (*self.amendments, (since, terms))})

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

    def counts_in(self, currency: str, *days: date) -> Conversion | None:
        """How a sale in a currency comes into the licence's, by the first of these days that has a rate; else a refusal.

        None where the currency is the same.
        """
        if currency == self.terms.currency:
            return None
        for day, conversion in product(days, reversed(self.conversions)):
            if conversion.currency == currency and conversion.holds(day):
                return conversion
        raise NoConversionRate(
            licence_id=self.id, contract_no=self.contract_no, licence_currency=self.terms.currency, currency=currency
        )
