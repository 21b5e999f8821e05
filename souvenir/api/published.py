"""The published contract: where schemas and operation documents lie, in the wheel and in the source tree."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import strawberry
from graphql import GraphQLSchema

from souvenir.api.audience import Audience
from souvenir.api.http.documents import operations_in
from souvenir.api.http.resolving import prepare

_PLACES: Final = (Path(__file__).with_name("contract"), Path(__file__).parents[2] / "graphql")
"""In the wheel, the contract lies beside this module; in the source tree, at its top."""


def contract() -> Path:
    """The folder of the contract."""
    return next((place for place in _PLACES if place.is_dir()), _PLACES[-1])


def operations(audience: Audience) -> dict[str, str]:
    """The audience's operation documents by name."""
    return operations_in(contract() / audience / "operations")


@cache
def schema_of(audience: Audience) -> GraphQLSchema:
    """The schema that is served to an audience."""
    schema: strawberry.Schema = import_module(f"souvenir.api.{audience}.schema").schema
    prepare(schema)
    return schema._schema
