"""By role: what a member of staff may not ask or do is refused before anything else is looked at, operation by operation."""

import random

import pytest
from graphql import OperationDefinitionNode, parse, type_from_ast
from made_up import sent
from trading import Counterpart, Group

from souvenir.api.audience import Audience
from souvenir.api.published import operations, schema_of

LOOKING_AROUND = {"draw", "editions", "outlets", "products", "sites"}
"""What everybody whom the back office admits may ask."""

MAY = {
    "licensor_readonly": LOOKING_AROUND
    | {"licences", "statement", "statements", "statementFile", "statementSources", "royaltyPosition"},
    "refund_desk": LOOKING_AROUND
    | {"claim", "claims", "claimPapers", "overdueClaims", "order"}
    | {"confirmCustoms", "missPromise", "payAtDeparture", "takeBack", "returnReceipt", "stalledDeadlines"}
    | {"officeObjections", "resolveOfficeObjection"},
}


def refused(caller: Counterpart, operation: str, text: str) -> bool:
    """Whether somebody is told that this is not for them, whatever they send."""
    (asked,) = (node for node in parse(text).definitions if isinstance(node, OperationDefinitionNode))
    schema, dice = schema_of(Audience.BACKOFFICE), random.Random(operation)
    variables = {
        one.variable.name.value: sent(dice, type_from_ast(schema, one.type), odd=0)
        for one in asked.variable_definitions or ()
    }
    errors = caller.send(operation, **variables).json().get("errors", [])
    return [error["extensions"]["code"] for error in errors] == ["FORBIDDEN"]


@pytest.mark.parametrize("role", MAY)
def test_a_role_of_the_back_office_may_do_this_and_nothing_else(group: Group, role: str):
    caller, published = group.staff("B1", role, "backoffice"), operations(Audience.BACKOFFICE)
    assert {name for name, text in published.items() if not refused(caller, name, text)} == MAY[role]


def test_a_manager_is_told_nowhere_that_it_is_not_for_them(group: Group):
    published = operations(Audience.BACKOFFICE)
    assert [name for name, text in published.items() if refused(group.office, name, text)] == []
