"""A Stripe account of the test's own, at noon, and the real client connected to it."""

from datetime import UTC, datetime

import pytest
from stripe_server import API_KEY, WEBHOOK_SECRET, stripe_standing_in

from souvenir.payments.providers.stripe import Stripe
from souvenir.testing import clock_at

NOON = datetime(2026, 7, 10, 12, tzinfo=UTC)


@pytest.fixture
def now():
    with clock_at(NOON) as standing:
        yield standing


@pytest.fixture
def server(now):
    with stripe_standing_in() as server:
        yield server


@pytest.fixture
def stripe(server, monkeypatch):
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.01)
    connected = Stripe(API_KEY, [WEBHOOK_SECRET], address=server.url, return_url="https://shop.test/paid")
    yield connected
    connected.close()
