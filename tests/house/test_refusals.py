"""Every refusal is one sentence or two that use its facts, under a code no other refusal has."""

from collections import Counter
from string import Formatter

import pytest
from everything import refusals

REFUSALS = {f"{refusal.__module__}.{refusal.__qualname__}": refusal for refusal in refusals()}


class _Anything(str):
    """A fact of any type, for a message to format."""

    def __format__(self, specification: str) -> str:
        return "fact"


def test_there_are_refusals() -> None:
    assert "souvenir.kernel.errors.NotFound" in REFUSALS
    assert len(REFUSALS) > 20


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_speaks_in_sentences_that_use_only_its_facts(name: str) -> None:
    refusal = REFUSALS[name]
    if not hasattr(refusal, "message"):
        assert refusal.__subclasses__(), "only a family of refusals may have no sentence of its own"
        return
    facts = refusal.fact_types()
    used = {field.split(".")[0].split("[")[0] for _, field, _, _ in Formatter().parse(refusal.message) if field}
    assert used <= set(facts)
    assert refusal.message[0].isupper() or refusal.message[0] in "{"
    assert refusal.message.endswith((".", ": {reason}")), "a reason is a sentence of its own"
    assert "fact" in refusal.message.format(**dict.fromkeys(used, _Anything("fact"))) or not used


def test_codes_are_unique() -> None:
    """Tills and websites tell refusals apart by code."""
    codes = Counter(refusal.code for refusal in REFUSALS.values())
    assert {code: count for code, count in codes.items() if count > 1} == {}


def test_codes_are_the_names_of_their_classes() -> None:
    assert REFUSALS["souvenir.kernel.money.CurrencyMismatch"].code == "CURRENCY_MISMATCH"
