"""Money is never lost and never doubled, whatever crashes, falls silent, or comes late, twice and in the wrong order."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from money_banks import SandboxBank, StripeBank
from money_world import World
from shops import MORNING, open_small_shop
from stripe_server import API_KEY, WEBHOOK_SECRET, stripe_standing_in

from souvenir.payments.provider import Providers
from souvenir.payments.providers.cash import Cash
from souvenir.payments.providers.sandbox import Sandbox
from souvenir.payments.providers.stripe import Stripe
from souvenir.shop import Shop
from souvenir.testing import clock_at

ROUNDS, STEPS, KILLS = 25, 6, 5
ROOT, SUPPORT = Path(__file__).parents[2], Path(__file__).parents[1] / "support"


@pytest.fixture
def now():
    with clock_at(MORNING) as standing:
        yield standing


@pytest.mark.parametrize("seed", range(14))
def test_bank_log_and_ledger_agree_after_every_round_with_the_sandbox(now, seed):
    small = open_small_shop("sqlite://", size=400)
    if seed % 2:
        small.shop.sites.set_cash_rounding(small.counter, rounds_cash=True)
    bank = Sandbox()
    world = World(small, bank, SandboxBank(bank), now, Random(seed))
    for _ in range(ROUNDS):
        world.play(STEPS)
        world.check()
    assert world.restarts > ROUNDS // 4
    assert small.shop.differences() == []


def test_bank_log_and_ledger_agree_on_every_store(now, store_url, tmp_path):
    small = open_small_shop(store_url, size=400, secrets=str(tmp_path / "secrets"))
    bank = Sandbox()
    world = World(small, bank, SandboxBank(bank), now, Random(99))
    for _ in range(5):
        world.play(STEPS)
        world.check()
    assert small.shop.differences() == []
    small.shop.close()


@pytest.mark.parametrize("seed", range(4))
def test_bank_log_and_ledger_agree_after_every_round_with_stripe(now, seed, monkeypatch):
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.001)
    monkeypatch.setattr("stripe.HTTPClient.MAX_DELAY", 0.002)
    with stripe_standing_in() as server:
        stripe = Stripe(API_KEY, [WEBHOOK_SECRET], address=server.url, return_url="https://shop.test")
        small = open_small_shop("sqlite://", size=400, more=(stripe,))
        world = World(small, stripe, StripeBank(server), now, Random(seed))
        for _ in range(4):
            world.play(STEPS)
            world.check()
        stripe.close()
    assert small.shop.differences() == []


def test_a_process_killed_in_the_middle_of_trade_loses_and_doubles_nothing(now, tmp_path):
    """Real processes, really killed, on a real file; what Stripe did for them stands, and is found."""
    url, secrets, chance = f"sqlite:///{tmp_path / 'shop.db'}", str(tmp_path / "secrets"), Random(7)
    with stripe_standing_in() as server:
        stripe = Stripe(API_KEY, [WEBHOOK_SECRET], address=server.url, return_url="https://shop.test")
        small = open_small_shop(url, secrets=secrets, more=(stripe,))
        small.shop.close()
        bank = StripeBank(server)
        ids = {name: str(getattr(small, name)) for name in ("counter", "web", "mug")} | {"reader": bank.device()}
        for seed in range(KILLS):
            given = json.dumps({"url": url, "secrets": secrets, "address": server.url, "seed": seed, **ids})
            command = [sys.executable, str(SUPPORT / "killed_shop.py"), given]
            with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT)}) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"open\n"
                for _ in range(chance.randint(2, 12)):
                    time.sleep(0.05)
                    bank.customers_act(chance)
                process.kill()
            assert process.returncode == -signal.SIGKILL
        shop = Shop.open(url, secrets=secrets, providers=Providers(Cash(), stripe))
        world = World(replace(small, shop=shop), stripe, bank, now, chance)
        world.claims = [r.event.originator_id for r in shop.log.events(topics=("taxrefund.ClaimOpened",))]
        world.settle()
        world.check()
        assert len(server.books.all("payment_intent")) > KILLS
        assert shop.differences() == []
        shop.close()
        stripe.close()
