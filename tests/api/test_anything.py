"""Whatever is sent with a published operation is answered or refused: nothing that callers make up is a bug of ours."""

import base64
import random
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse, type_from_ast
from made_up import sent
from trading import Counterpart, Group

from souvenir.api.audience import AUDIENCES
from souvenir.api.published import operations, schema_of

ROUNDS = 3
TEXTS = (
    "", "x", "x" * 3000, "CN", "CNY", "sandbox", "cash", "card", "T1", "en", "2025-05", "2025-13", "9999-12", "2025-Q1",
    "1e400", "{}", "%", "..", "\u0661\u0662", "\U0001f4a5", "6901234567892", "Asia/Shanghai", "enamelware", "-1", "0" * 64,
)  # fmt: skip
DATES = ("0001-01-01", "9999-12-31", "2025-05-15", "2025-02-28")
INSTANTS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2025-05-15T10:00:00Z")
NUMBERS = (-(2**31), -1, 0, 1, 2, 101, 2**31 - 1)
SKIPPED = {"staffLeaves", "revokeDevice", "closeOutlet"}
"""After these nobody who sends anything is let in any more."""


class Things:
    """Ids of things that are there, by kind: those of the shop group, and all that answers tell of."""

    def __init__(self, group: Group) -> None:
        self.by_kind: dict[str, list[str]] = {}
        self.learn(list(vars(group).values()))

    def learn(self, told: Any) -> None:
        for one in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
            self.learn(one)
        if isinstance(told, str) and 40 < len(told) < 110:
            try:
                kind, _, _ = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode().partition(":")
            except ValueError:
                return
            self.by_kind.setdefault(kind.lower(), []).append(told)

    def wanted(self, dice: random.Random, name: str) -> str:
        """An id for a field of this name: most often of the right kind."""
        fitting = self.by_kind.get(name.removesuffix("Ids").removesuffix("Id").lower(), [])
        others = [id for ids in self.by_kind.values() for id in ids]
        return dice.choice(fitting if fitting and dice.random() < 0.8 else [*others, "", "x", "T3JkZXI6MTIz"])


def odd(dice: random.Random, things: Things, value: Any, name: str) -> Any:
    """A value that fits its type, with odd ones in the places of plain ones."""
    if isinstance(value, dict):
        return {key: odd(dice, things, one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [odd(dice, things, one, name) for one in value]
    if name == "idempotencyKey":
        return str(dice.random())
    if value in ("text", ""):
        return things.wanted(dice, name) if name.endswith(("Id", "Ids")) or name == "id" else dice.choice(TEXTS)
    if value == "2025-05-15":
        return dice.choice(DATES)
    if value == "2025-05-15T10:00:00Z":
        return dice.choice(INSTANTS)
    return dice.choice(NUMBERS) if type(value) is int else value


@pytest.mark.parametrize("audience", AUDIENCES)
def test_nothing_that_is_sent_is_a_bug(group: Group, audience: str):
    callers: dict[str, Counterpart] = {
        "storefront": group.guest, "pos": group.till, "finance": group.finance, "backoffice": group.office,
    }  # fmt: skip
    group.bought(goods=[{"productId": group.mug}], pieces=[{"editionId": group.edition, "number": 7}])
    schema, dice, things = schema_of(audience), random.Random(audience), Things(group)
    bugs = []
    for operation, text in sorted(operations(audience).items()) * ROUNDS:
        (asked,) = (node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode))
        variables = {}
        for one in asked.variable_definitions or ():
            name, made = one.variable.name.value, sent(dice, type_from_ast(schema, one.type), odd=0)
            variables[name] = odd(dice, things, made, name)
        if operation in SKIPPED:
            continue
        answer = callers[audience].send(operation, **variables).json()
        things.learn(answer.get("data"))
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        if "INTERNAL_SERVER_ERROR" in codes:
            bugs.append((operation, variables))
    assert bugs == []
