"""Values made up for a type of a schema, as clients might send them."""

import random
from typing import Any

from graphql import GraphQLInputObjectType, is_enum_type, is_list_type, is_non_null_type

FITTING = {
    "Int": (3, 0),
    "Boolean": (True, False),
    "Float": (0.5, 0.0),
    "Date": ("2025-05-15",),
    "DateTime": ("2025-05-15T10:00:00Z",),
    "BigInt": ("4518", "0"),
    "CurrencyCode": ("CNY",),
    "Decimal": ("0.085", "0"),
}
"""Values for each scalar; any other is a text."""


def sent(dice: random.Random, type_: Any, odd: float, null: float = 0.1) -> Any:
    """A value for a variable; sometimes one that does not fit."""
    if dice.random() < odd:
        return dice.choice([None, 7, "odd", [], {}, True])
    if is_non_null_type(type_):
        return sent(dice, type_.of_type, odd, null=0)
    if dice.random() < null:
        return None
    if is_list_type(type_):
        return [sent(dice, type_.of_type, odd) for _ in range(dice.randrange(3))]
    if isinstance(type_, GraphQLInputObjectType):
        names = [name for name, field in type_.fields.items() if is_non_null_type(field.type) or dice.random() < 0.5]
        if type_.is_one_of:
            names = [dice.choice(list(type_.fields))]
        return {name: sent(dice, type_.fields[name].type, odd) for name in names}
    if is_enum_type(type_):
        return dice.choice(list(type_.values))
    return dice.choice(FITTING.get(type_.name, ("text", "")))
