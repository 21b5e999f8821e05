"""What one caller has is nobody else's to read: each thing, by its id, as each caller at each endpoint sees it."""

import pytest
from calling import Client
from trading import Counterpart, Group

DOCUMENT = {"kind": "passport", "number": "X1234567", "name": "Ada Lovelace", "lastEntry": "2025-05-01"}
NODE = "query ($id: ID!) { node(id: $id) { __typename } }"


@pytest.fixture
def callers(group: Group) -> dict[str, Counterpart]:
    licensor = group.staff("L1", "licensor_readonly", "backoffice")
    return {
        "visitor": group.visitor,
        "guest": group.guest,
        "other guest": group.session(),
        "till": group.till,
        "other till": group.device(group.park, "T1"),
        "refund desk": group.desk,
        "licensor": licensor,
        "finance": group.finance,
    }


@pytest.fixture
def things(group: Group) -> dict[str, str]:
    """A thing of each kind that is not everybody's."""
    basket = group.basket()
    group.guest.do("setQuantity", basketId=basket, productId=group.mug, quantity=1)
    order = group.guest.do("placeOrder", basketId=basket)["order"]["id"]
    mugs = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    form = {"orderIds": [mugs], "mode": "INSTANT_CENTRALISED", "document": DOCUMENT}
    claim = group.point.do("openClaim", **form)["claim"]["id"]
    return {"basket": basket, "web order": order, "till order": mugs, "claim": claim, "licence": group.licence}


def seen(caller: Counterpart, id: str) -> str | None:
    """What a caller gets: the type of a thing, nothing, or why not."""
    body = Client(caller.app, caller.token).post(NODE, to=caller.audience, variables={"id": id}).json()
    if "errors" in body:
        return str(body["errors"][0]["extensions"]["refusal"]["code"])
    node = body["data"]["node"]
    return node and str(node["__typename"])


OWNERS = {
    "basket": {"visitor": "NO_SESSION", "guest": "Basket", "other guest": "NOT_YOUR_BASKET"},
    "web order": {
        "visitor": "NO_SESSION",
        "guest": "Order",
        "other guest": "NOT_YOUR_BASKET",
        "till": "NOT_AT_THIS_OUTLET",
        "other till": "NOT_AT_THIS_OUTLET",
        "refund desk": "Order",
        "licensor": "NOT_PERMITTED",
        "finance": "Order",
    },
    "till order": {
        "visitor": "NO_SESSION",
        "till": "Order",
        "other till": "NOT_AT_THIS_OUTLET",
        "refund desk": "Order",
        "licensor": "NOT_PERMITTED",
        "finance": "Order",
    },
    "claim": {
        "till": "Claim",
        "other till": "NOT_AT_THIS_OUTLET",
        "refund desk": "Claim",
        "licensor": "NOT_PERMITTED",
        "finance": "Claim",
    },
    "licence": {"refund desk": "NOT_PERMITTED", "finance": "Licence"},
}


@pytest.mark.parametrize("thing", OWNERS)
def test_a_thing_is_shown_to_whom_it_concerns_and_to_nobody_else(
    things: dict[str, str], callers: dict[str, Counterpart], thing: str
):
    found = {name: seen(caller, things[thing]) for name, caller in callers.items()}
    assert found == {name: OWNERS[thing].get(name) for name in callers}
