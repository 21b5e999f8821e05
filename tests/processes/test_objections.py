"""What the tax office would not do about a form is on a list until people have settled it there, and say so."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from shops import MORNING, TILL, TODAY, SmallShop, open_small_shop

from souvenir.payments.payment import Tender
from souvenir.processes.make_order import Item
from souvenir.processes.refund_tax import TravelDocument
from souvenir.taxrefund.filing import NothingObjected
from souvenir.taxrefund.simulators.tax_office import SimulatedTaxOffice
from souvenir.taxrefund.views import Objection
from souvenir.testing import clock_at


@pytest.fixture
def office() -> SimulatedTaxOffice:
    return SimulatedTaxOffice()


@pytest.fixture
def small(tmp_path, office: SimulatedTaxOffice) -> Iterator[SmallShop]:
    with clock_at(MORNING):
        small = open_small_shop("sqlite://", secrets=str(tmp_path / "secrets"), office=office)
        yield small
        small.shop.close()


def opened(small: SmallShop) -> UUID:
    jane = TravelDocument("passport", "E12345678", "JANE DOE", date(2026, 7, 1))
    order = small.shop.sell.at_till(small.counter, TILL, [Item(small.mug, 10)], Tender.CASH, on=TODAY).result
    return small.shop.refund_tax.open_claim([order], "departure", jane, issued_on=TODAY).result


def objections(small: SmallShop) -> list[Objection]:
    small.shop.followers.catch_up()
    with small.shop.log.reading() as session:
        return small.shop.views.filings.objections(session)


def test_an_objection_is_listed_until_people_have_settled_it(small: SmallShop, office: SimulatedTaxOffice) -> None:
    claim = opened(small)
    (key,) = office.forms
    office.lock(key, TODAY)
    assert objections(small) == []
    small.shop.refund_tax.void(claim, "wrong name", TODAY)
    (found,) = objections(small)
    assert (found.claim_id, found.wanted, found.reason, found.since) == (claim, "void", "its refund is paid", MORNING)
    small.shop.refund_tax.resolve_objection(found.filing_id, "unlocked by telephone", TODAY)
    assert objections(small) == []
    head = small.shop.log.head()
    small.shop.refund_tax.resolve_objection(found.filing_id, "unlocked by telephone", TODAY)
    assert small.shop.log.head() == head


def test_what_nobody_objected_to_is_not_settled(small: SmallShop) -> None:
    claim = opened(small)
    small.shop.followers.catch_up()
    with small.shop.log.reading() as session:
        filing = small.shop.views.filings.of_claim(session, claim)
    assert filing is not None
    with pytest.raises(NothingObjected):
        small.shop.refund_tax.resolve_objection(filing, "nothing", TODAY)
