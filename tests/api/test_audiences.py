"""Four audiences: each token opens its own endpoint and no other; guests browse the storefront."""

import pytest
from calling import Client, codes
from kiosk import kiosk

app = kiosk()
AUDIENCES = ("storefront", "pos", "finance", "backoffice")
TOKENS = {"storefront": "guest-1", "pos": "till-1", "finance": "clerk-1", "backoffice": "curator-1"}


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_token_opens_the_endpoint_it_was_made_for(audience):
    assert Client(app, TOKENS[audience]).post("{me hello}", to=audience).json()["data"]["hello"] == "hello world"


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("belongs_to", AUDIENCES)
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
def test_a_token_of_one_audience_opens_no_other(audience, belongs_to, accept):
    if audience == belongs_to:
        return
    response = Client(app, TOKENS[belongs_to]).post("{hello}", to=audience, accept=accept)
    assert (response.status_code, codes(response)) == (403, ["FORBIDDEN"])
    assert "data" not in response.json()
    assert response.json()["errors"][0]["extensions"]["refusal"] == {
        "code": "TOKEN_OF_ANOTHER_AUDIENCE",
        "path": [],
        "facts": {"audience": audience, "belongs_to": belongs_to},
    }


@pytest.mark.parametrize("audience", AUDIENCES[1:])
def test_there_are_no_guests_behind_the_counter(audience):
    response = Client(app).post("{hello}", to=audience)
    assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])
    assert response.headers["www-authenticate"] == "Bearer"
    assert "data" not in response.json()


def test_a_visitor_browses_the_storefront_without_a_token():
    assert Client(app).post("{me}").json() == {"data": {"me": None}}
    assert Client(app, "guest-1").post("{me}").json() == {"data": {"me": "session-1"}}


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", "Bearer", "Bearer ", "Basic Z3Vlc3Q6MQ==", "guest-1", "", "Bearer " + "x" * 600]
)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_wrong_token_is_never_a_guest(audience, authorization):
    headers = {"authorization": authorization, "accept": "application/graphql-response+json"}
    response = Client(app).request("POST", f"/graphql/{audience}", headers, json={"query": "{hello}"})
    assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])


def test_nobody_reads_a_document_before_they_are_let_in():
    response = Client(app).post("{" + "hello " * 5000 + "}", to="finance")
    assert codes(response) == ["UNAUTHENTICATED"]


def test_a_role_is_asked_for_by_name():
    assert Client(app, "clerk-1").post("{books}", to="finance").json() == {"data": {"books": "balanced"}}
    response = Client(app, "trainee-1").post("{books}", to="finance")
    assert (response.status_code, codes(response)) == (403, ["FORBIDDEN"])
    assert response.json()["errors"][0]["extensions"]["refusal"]["facts"] == {"role": "accountant"}
