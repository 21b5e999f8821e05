"""Who buys, where an edition is sold so many a person: what is typed in becomes keyed hashes before anything keeps it."""

from typing import Final
from uuid import UUID

import strawberry

from souvenir.api.desk import Desk
from souvenir.editions.edition import Edition
from souvenir.editions.purchase import Evidence, IdentityNeeded, Purchase, purchase_id
from souvenir.sales.order import Order

VERSION: Final = "1"
"""Of the way in which evidence is normalised and hashed: to change the way is to change this."""

_PUNCTUATION: Final = str.maketrans("", "", "-.()/")


@strawberry.input(description="What shows who buys. Only keyed hashes are kept, never what is typed in.")
class BuyerInput:
    document_number: str = ""
    telephone: str = strawberry.field(default="", description="With its country code.")
    card_fingerprint: str = strawberry.field(default="", description="The provider's, never the card's number.")
    address: str = strawberry.field(default="", description="One household counts together where an edition says so.")


def evidence(at: Desk, buyer: BuyerInput) -> Evidence:
    """The buyer as limits weigh them; a known customer is evidence of their own."""
    said = {
        "document": buyer.document_number,
        "telephone": buyer.telephone,
        "card": buyer.card_fingerprint,
        "customer": str(at.customer() or ""),
    }
    person = tuple(_hashed(at, kind, text) for kind, text in said.items() if text.strip())
    household = (_hashed(at, "address", buyer.address),) if buyer.address.strip() else ()
    return Evidence(version=VERSION, person=person, household=household)


def require_identified(at: Desk, order: Order) -> None:
    """Refuse to take money for pieces that are sold so many a person, before it is known who that is."""
    limited = (line.edition_id for line in order.lines if line.edition_id and _limited(at, line.edition_id))
    for edition_id in limited:
        if at.shop.log.find(Purchase, purchase_id(order.id)) is None:
            raise IdentityNeeded(edition_id=edition_id, order_id=order.id)


def _limited(at: Desk, edition_id: UUID) -> bool:
    return bool(at.shop.log.load(Edition, edition_id).limits.by_kind)


def _hashed(at: Desk, kind: str, text: str) -> str:
    return at.shop.secrets.keyring.keyed_hash(f"buyer's {kind}", text.translate(_PUNCTUATION))
