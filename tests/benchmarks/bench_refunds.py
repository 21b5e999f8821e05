"""Refund decisions per second in process: a whole assessment each, beside the bare arithmetic it cannot do without.

Run it: python tests/benchmarks/bench_refunds.py
"""

import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import cycle

from souvenir.kernel.money import Money
from souvenir.taxrefund.assessment import Purchase, PurchaseLine, Store, Traveller, assess
from souvenir.taxrefund.rulebook import open_rule_book

SECONDS = 2.0
GOAL = 20_000
BOOK = open_rule_book()


def purchases(lines: int, mode: str) -> list[Purchase]:
    """A thousand purchases of ninety days, by travellers who entered on different days."""
    rates = (Decimal("0.13"), Decimal("0.09"))
    return [
        Purchase(
            store=Store("CN", "CN-BJ" if number % 2 else "CN-SH"),
            mode=mode,
            traveller=Traveller("passport", date.fromordinal(date(2026, 7, 1).toordinal() - number % 60)),
            lines=tuple(
                PurchaseLine(line, Money(20_001 + 37 * number + line, "CNY"), rates[line % 2])
                for line in range(1, lines + 1)
            ),
            purchased_on=date.fromordinal(date(2026, 7, 2).toordinal() + number % 90),
        )
        for number in range(1000)
    ]


def arithmetic(purchase: Purchase) -> tuple[int, int]:
    """The baseline: refund, fee and net of a purchase with every rule written into the code."""
    refund = fee = Decimal(0)
    for line in purchase.lines:
        refund += line.gross.minor * (Decimal("0.11") if line.vat_rate == Decimal("0.13") else Decimal("0.08"))
        fee += line.gross.minor * Decimal("0.02")
    return int(refund.quantize(Decimal(1))), int(fee.quantize(Decimal(1)))


def per_second(decide: Callable[[Purchase], object], cases: list[Purchase]) -> float:
    asked: Iterator[Purchase] = cycle(cases)
    done, begun = 0, time.process_time()
    while (passed := time.process_time() - begun) < SECONDS:
        for _ in range(100):
            decide(next(asked))
        done += 100
    return done / passed


def main() -> None:
    print(f"{'decisions per second of one core':44} {'assess':>10} {'arithmetic':>11} {'ratio':>6}")
    for lines, mode in ((1, "departure"), (1, "instant_store"), (5, "instant_store")):
        cases = purchases(lines, mode)
        assert all(assess(BOOK, case).quote for case in cases)
        assessed, bare = per_second(lambda case: assess(BOOK, case), cases), per_second(arithmetic, cases)
        print(
            f"  {mode}, {lines} lines{'':24}"[:44].ljust(44), f"{assessed:10,.0f} {bare:11,.0f} {assessed / bare:6.2f}"
        )
    print(f"Goal: {GOAL:,} a second.")


if __name__ == "__main__":
    main()
