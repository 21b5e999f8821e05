"""A shop that is served over HTTP, and the codes of pieces bought there, as a phone reads them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from trading import MORNING, TODAY, Group

from souvenir.api import certificate_pages
from souvenir.kernel import clock
from souvenir.serving import served

PRINTED = "https://id.example.org"
"""Where the codes of the group's certificates lead."""


@dataclass(frozen=True)
class Place:
    """The address of a served shop, and links of certificates by what a scan of each finds."""

    address: str
    links: dict[str, str]


@contextmanager
def served_place() -> Iterator[Place]:
    """A shop under an address of this machine, on the group's morning."""
    with clock.using(clock.SettableClock(MORNING)), ExitStack() as until_seen:
        group = Group()
        until_seen.callback(group.shop.close)
        with patch.object(certificate_pages, "AT_ONCE", 10_000):  # all tests look from one address
            address = until_seen.enter_context(served(group.shop, graphiql=True))
        yield Place(address, {name: link.replace(PRINTED, address) for name, link in scanned(group).items()})


def scanned(group: Group) -> dict[str, str]:
    """The links of certificates, by what a scan of each finds."""
    links = {}
    group.office.do("allotEdition", editionId=group.edition, outletId=group.web, first=104, last=104)
    for number, became in ((102, "genuine"), (103, "suspended"), (101, "retired"), (104, "revoked")):
        certificate = bought_online(group, number)
        links[became] = certificate["link"]
        if operation := {"suspended": "suspendCertificate", "retired": "retireCertificate"}.get(became):
            group.office.do(operation, certificateId=certificate["id"], on=TODAY, reason="stolen")
    group.office.do(
        "remakePiece", editionId=group.edition, number=104, copy=1, reason="fire", evidence="report 4", on=TODAY
    )
    genuine = links["genuine"]
    return links | {
        "recorded": genuine.partition("?")[0],
        "forged": genuine.replace("n=102&", "n=103&"),
        "unknown": genuine.partition("?")[0] + "9",
    }


def bought_online(group: Group, number: int) -> dict[str, str]:
    """The certificate of a piece of that number."""
    guest = group.guest
    basket = guest.do("openBasket", outletId=group.web)["basket"]["id"]
    guest.do("holdPiece", basketId=basket, editionId=group.edition, number=number)
    order = guest.do("placeOrder", basketId=basket)["order"]["id"]
    guest.do("pay", orderId=order, tender="CARD", provider="sandbox", source="tok")
    (certificate,) = guest.ask("certificates", orderId=order, format="PDF", language="en")["certificates"]
    return {"id": certificate["id"], "link": certificate["link"]}
