"""Who buys, where an edition is sold so many a person: what is typed in becomes pseudonyms before anything keeps it."""

from uuid import UUID

import strawberry

from souvenir.api.desk import Desk
from souvenir.editions.edition import Edition
from souvenir.editions.purchase import Evidence, IdentityNeeded, Purchase, purchase_id
from souvenir.processes.know_buyers import Shown
from souvenir.sales.order import Order


@strawberry.input(description="What shows who buys. Only pseudonyms are kept, never what is typed in.")
class BuyerInput:
    document_number: str = ""
    telephone: str = strawberry.field(default="", description="With its country code.")
    card_fingerprint: str = strawberry.field(default="", description="The provider's, never the card's number.")
    address: str = strawberry.field(default="", description="One household counts together where an edition says so.")


def shown(buyer: BuyerInput) -> Shown:
    """What was typed in about a buyer."""
    return Shown(buyer.document_number, buyer.telephone, buyer.card_fingerprint, buyer.address)


def evidence(at: Desk, buyer: BuyerInput) -> Evidence:
    """The buyer as limits weigh them; a known customer is evidence of their own."""
    return at.shop.know_buyers.evidence(shown(buyer), at.customer())


def require_identified(at: Desk, order: Order) -> None:
    """Refuse to take money for pieces that are sold so many a person, before it is known who that is."""
    limited = (line.edition_id for line in order.lines if line.edition_id and _limited(at, line.edition_id))
    for edition_id in limited:
        if at.shop.log.find(Purchase, purchase_id(order.id)) is None:
            raise IdentityNeeded(edition_id=edition_id, order_id=order.id)


def _limited(at: Desk, edition_id: UUID) -> bool:
    return bool(at.shop.log.load(Edition, edition_id).limits.by_kind)
