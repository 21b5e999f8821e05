"""The finance desk: the books replayed as of any day, and from each balance down to the event that made it."""

from collections.abc import Callable
from datetime import date
from typing import Final
from uuid import UUID

import strawberry

from souvenir.api import claims, orders, rights
from souvenir.api.claim_steps import SettlementMutation
from souvenir.api.claims import Claim
from souvenir.api.connections import After, Connection, First
from souvenir.api.desk import Desk, desk, lookup
from souvenir.api.finance import books
from souvenir.api.finance.agency_payments import AgencyPaymentMutation, AgencyPaymentQuery
from souvenir.api.finance.agency_statements import AgencyStatementMutation, AgencyStatementQuery
from souvenir.api.finance.bookkeeping import STAFF, BooksMutation, BooksQuery
from souvenir.api.finance.books import AccountStatement, Entry, TrialBalance
from souvenir.api.finance.settlements import DebtMutation, MoneyQuery
from souvenir.api.finance.shift_book import ShiftBookQuery
from souvenir.api.finance.statements import StatementMutation, StatementQuery
from souvenir.api.finance.transfers import TransferMutation, TransferQuery
from souvenir.api.identity import Node, read_id
from souvenir.api.orders import Order
from souvenir.api.rights import Licence, RoyaltyPosition
from souvenir.api.scalars import CurrencyCode, schema_config
from souvenir.api.stalled import StalledQuery
from souvenir.api.types import Info, described
from souvenir.ledger.replay import AsOf


@strawberry.type
class Query(
    BooksQuery,
    StatementQuery,
    MoneyQuery,
    AgencyStatementQuery,
    AgencyPaymentQuery,
    ShiftBookQuery,
    TransferQuery,
    StalledQuery,
):
    @described
    def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Anything this audience knows, by its id."""
        return lookup(_at(info), id, _KINDS)

    @described
    def trial_balance(self, info: Info, as_of: books.AsOfInput | None = None) -> TrialBalance:
        """The books replayed from the log: as of a day, as known at an instant, or with everything. They foot."""
        return books.trial_balance(_at(info), _bounds(as_of))

    @described
    def account_statement(
        self,
        info: Info,
        account: str,
        currency: CurrencyCode,
        as_of: books.AsOfInput | None = None,
        first: First = 50,
        after: After = None,
    ) -> AccountStatement:
        """The entries on one account, by their day, each with the event that caused it."""
        return books.statement(_at(info), account, currency, _bounds(as_of), first, after)

    @described
    def entry(self, info: Info, id: strawberry.ID) -> Entry:
        """One entry with its legs, and the event behind it as it is stored."""
        return books.entry(_at(info), read_id("Entry", id, "id"))

    @described
    def claim(self, info: Info, id: strawberry.ID) -> Claim:
        """One refund claim."""
        return claims.claim(_at(info), read_id("Claim", id, "id"))

    @described
    def claims(self, info: Info, state: str | None = None, first: First = 20, after: After = None) -> Connection[Claim]:
        """Refund claims by form number, in a state or in any."""
        return claims.claims(_at(info), state, first, after)

    @described
    def licence(self, info: Info, id: strawberry.ID) -> Licence:
        """One licence contract."""
        return rights.licence(_at(info), read_id("Licence", id, "id"))

    @described
    def royalty_position(self, info: Info, licence_id: strawberry.ID, as_of: date | None = None) -> RoyaltyPosition:
        """Where a licence stands, as of a day or with everything known."""
        return rights.royalty_position(_at(info), read_id("Licence", licence_id, "licenceId"), as_of)

    @described
    def royalty_positions(self, info: Info, as_of: date | None = None) -> list[RoyaltyPosition]:
        """Where every licence stands, by contract number."""
        return rights.royalty_positions(_at(info), as_of)

    @described
    def order(self, info: Info, id: strawberry.ID) -> Order:
        """One order, as the end of a drill-down."""
        return orders.order(_at(info), read_id("Order", id, "id"))


@strawberry.type
class Mutation(
    BooksMutation,
    SettlementMutation,
    DebtMutation,
    StatementMutation,
    AgencyStatementMutation,
    AgencyPaymentMutation,
    TransferMutation,
): ...


def _at(info: Info) -> Desk:
    at = desk(info)
    at.require(*STAFF)
    return at


def _bounds(given: books.AsOfInput | None) -> AsOf:
    return given.bounds() if given else AsOf()


_KINDS: Final[dict[str, Callable[[Desk, UUID], Node]]] = {
    "Entry": books.entry,
    "Claim": claims.claim,
    "Licence": rights.licence,
    "Order": orders.order,
}

schema = strawberry.Schema(query=Query, mutation=Mutation, types=[Entry, Claim, Licence, Order], config=schema_config())
