"""One process of impatient buyers: run with a log's URL and a seed, it buys until the edition is sold out."""

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID, uuid4

from souvenir.certificates.registers import CertificateRegister
from souvenir.editions.application import EditionSoldOut, OnlyReservedLeft, release_hold, sell_piece, take_next
from souvenir.editions.piece import PieceAlreadySold, PieceHeldBySomeoneElse
from souvenir.editions.registers import PieceRegister
from souvenir.eventlog import EventLog
from souvenir.eventlog.log import Contended
from souvenir.kernel import clock

EDITION = UUID("00000000-0000-0000-0000-00000000ed01")
SHOP = UUID("00000000-0000-0000-0000-0000000005a0")
TODAY = date(2026, 10, 1)
BUYERS, ATTEMPTS = 4, 400
THINKS = 0.02
"""Seconds a buyer takes before the next try, at most; without them one process could empty the shelf alone."""


def buy(log: EventLog, seed: int) -> tuple[list[int], list[str]]:
    """Hold and pay, hold and let go, or grab a number at the till, until nothing is left. What was got, what was said."""
    chance, got, said = random.Random(seed), [], []
    for _ in range(ATTEMPTS):
        order = uuid4()
        time.sleep(chance.random() * THINKS)
        try:
            got.append(attempt(log, chance, order))
        except EditionSoldOut:
            return [number for number in got if number], said
        except (OnlyReservedLeft, PieceAlreadySold, PieceHeldBySomeoneElse, Contended) as refusal:
            said.append(type(refusal).__name__)
            time.sleep(THINKS)
    raise AssertionError("the edition was never sold out")


def attempt(log: EventLog, chance: random.Random, order: UUID) -> int:
    """One attempt; answers the number bought, or 0."""
    if chance.random() < 0.3:
        number = chance.randint(1, 50)
        log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", number, order, TODAY, outlet_id=SHOP))
        return number
    until = clock.now() + timedelta(minutes=10)
    held = log.execute(lambda tx: take_next(tx, EDITION, SHOP, order, until)).result
    if chance.random() < 0.3:
        log.execute(lambda tx: release_hold(tx, EDITION, "numbered", held.number, order))
        return 0
    log.execute(lambda tx: sell_piece(tx, EDITION, "numbered", held.number, order, TODAY, order, outlet_id=SHOP))
    return held.number


if __name__ == "__main__":
    shared = EventLog.open(sys.argv[1], registers=(PieceRegister(), CertificateRegister()))
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(BUYERS) as threads:
        outcomes = list(threads.map(lambda n: buy(shared, int(sys.argv[2]) * 100 + n), range(BUYERS)))
    shared.close()
    got = [number for numbers, _ in outcomes for number in numbers]
    print(json.dumps({"got": got, "said": [refusal for _, said in outcomes for refusal in said]}))
