"""Money is never lost and never doubled, whatever crashes, falls silent, or comes late, twice and in the wrong order."""

from random import Random

import pytest
from money_world import SandboxBank, StripeBank, World
from shops import MORNING, open_small_shop
from stripe_server import API_KEY, WEBHOOK_SECRET, stripe_standing_in

from souvenir.payments.providers.sandbox import Sandbox
from souvenir.payments.providers.stripe import Stripe
from souvenir.testing import clock_at

ROUNDS, STEPS = 25, 6


@pytest.fixture
def now():
    with clock_at(MORNING) as standing:
        yield standing


@pytest.mark.parametrize("seed", range(8))
def test_bank_log_and_ledger_agree_after_every_round_with_the_sandbox(now, seed):
    small = open_small_shop("sqlite://", size=400)
    bank = Sandbox()
    world = World(small, bank, SandboxBank(bank), now, Random(seed))
    for _ in range(ROUNDS):
        world.play(STEPS)
        world.check()
    assert world.restarts > ROUNDS // 4
    assert small.shop.differences() == []


@pytest.mark.parametrize("seed", range(4))
def test_bank_log_and_ledger_agree_after_every_round_with_stripe(now, seed, monkeypatch):
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.001)
    monkeypatch.setattr("stripe.HTTPClient.MAX_DELAY", 0.002)
    with stripe_standing_in() as server:
        stripe = Stripe(API_KEY, [WEBHOOK_SECRET], address=server.url)
        small = open_small_shop("sqlite://", size=400, more=(stripe,))
        world = World(small, stripe, StripeBank(server), now, Random(seed))
        for _ in range(4):
            world.play(STEPS)
            world.check()
        stripe.close()
    assert small.shop.differences() == []
