"""Each request gets its own answer from the workers, however many come together."""

import asyncio
import time

import pytest

from souvenir.api.http.workers import Workers


def squared(number: int) -> int:
    time.sleep(number % 3 / 1000)
    if number == 7:
        raise LookupError("seven")
    return number * number


def test_answers_that_come_together_reach_whoever_asked():
    async def together() -> list[object]:
        workers = Workers(threads=4)
        async with asyncio.timeout(10):
            asked = (workers.run(lambda number=number: squared(number)) for number in range(60))
            return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(together())
    assert repr(answers[7]) == "LookupError('seven')"
    assert [answer for number, answer in enumerate(answers) if number != 7] == [n * n for n in range(60) if n != 7]


def test_a_pool_serves_a_second_loop_after_the_first_is_closed():
    workers = Workers(threads=1)
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(workers.run(lambda: time.sleep(0.2)), 0.05))
    assert asyncio.run(asyncio.wait_for(workers.run(lambda: "served"), 5)) == "served"
    workers.close()
