"""How much one request may ask for. Counted in one walk, before validation, which is slower than what it guards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from souvenir.api.http.faults import VALIDATION_FAILED, coded

PAGE_ARGUMENTS: Final = frozenset({"first", "last", "limit"})
LARGEST_PAGE: Final = 100
WORKED_OUT: Final = 10
"""What a field with arguments costs, in fields that only show what is at hand."""
BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive: who sends a byte a second keeps nobody else waiting."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one request. Fragments count once for every place they are spread."""

    body_bytes: int = 256 * 1024
    body_seconds: float = BODY_SECONDS
    tokens: int = 2_000
    source_length: int = 64 * 1024
    comments: int = 200
    operations: int = 10
    depth: int = 25
    root_fields: int = 10
    fields: int = 500
    aliases: int = 40
    directives_per_node: int = 3
    directives: int = 20
    cost: int = 20_000
    """Fields that may be answered: each counts once for every row of the pages it is in, and tenfold if it is worked out."""


class Shape(NamedTuple):
    """What a selection asks for, fragments included."""

    depth: int = 0
    width: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0


def exceeded(what: str, allowed: int) -> GraphQLError:
    return coded(f"This request asks for too much: {what}, at most {allowed}.", VALIDATION_FAILED, limit=what)


def check(schema: GraphQLSchema, document: DocumentNode, limits: Limits) -> frozenset[str]:
    """Refuse a document beyond the limits, whatever its variables; the names of the variables that set page sizes."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    _at_most(len(operations), limits.operations, "operations")
    walk = _Walk(schema, document, None)
    total = Shape()
    for operation in operations:
        shape = walk.operation(operation)
        _at_most(shape.width, limits.root_fields, "root fields")
        total = _add(total, shape)
    for fragment in walk.fragments.values():
        walk.fragment(fragment)
    _at_most(max([total.depth, *(shape.depth for shape in walk.measured.values())]), limits.depth, "levels of nesting")
    _at_most(total.fields, limits.fields, "fields")
    _at_most(total.aliases, limits.aliases, "aliases")
    _at_most(walk.most_directives, limits.directives_per_node, "directives in one place")
    _at_most(total.directives, limits.directives, "directives")
    _at_most(total.cost, limits.cost, "answered fields")
    return frozenset(walk.page_variables)


def cost(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, values: Mapping[str, Any]
) -> int:
    """How many fields an operation may answer with these variables."""
    return _Walk(schema, document, values).operation(operation).cost


class _Walk:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, values: Mapping[str, Any] | None) -> None:
        self.schema = schema
        self.values = values
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self.measured: dict[str, Shape] = {}
        self.open: set[str] = set()
        self.page_variables: set[str] = set()
        self.most_directives = 0

    def operation(self, node: OperationDefinitionNode) -> Shape:
        self.defaults = {d.variable.name.value: d.default_value for d in node.variable_definitions or ()}
        roots = {
            OperationType.QUERY: self.schema.query_type,
            OperationType.MUTATION: self.schema.mutation_type,
            OperationType.SUBSCRIPTION: self.schema.subscription_type,
        }
        directives = self._directives(node.directives)
        directives += sum(self._directives(d.directives) for d in node.variable_definitions or ())
        shape = self.selection(node.selection_set, roots[node.operation])
        return shape._replace(directives=shape.directives + directives)

    def selection(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> Shape:
        total = Shape()
        for child in node.selections:
            if isinstance(child, FieldNode):
                shape = self.field(child, parent)
            elif isinstance(child, FragmentSpreadNode):
                fragment = self.fragments.get(child.name.value)
                shape = self.fragment(fragment) if fragment else Shape()
            else:
                assert isinstance(child, InlineFragmentNode)
                condition = child.type_condition
                inner = self.schema.get_type(condition.name.value) if condition else parent
                shape = self.selection(child.selection_set, inner)
            directives = shape.directives + self._directives(child.directives)
            total = _add(total, shape._replace(directives=directives))
        return total._replace(depth=total.depth + 1)

    def field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Shape:
        known = parent.fields.get(node.name.value) if isinstance(parent, GraphQLObjectType) else None
        inner = Shape()
        if node.selection_set:
            inner = self.selection(node.selection_set, get_named_type(known.type) if known else None)
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        sizes = [self._page_size(value) for name, value in given.items() if name in PAGE_ARGUMENTS]
        for name, argument in known.args.items() if known else ():
            if name in PAGE_ARGUMENTS and name not in given and isinstance(argument.default_value, int):
                sizes.append(argument.default_value)
        return Shape(
            depth=inner.depth,
            width=1,
            fields=inner.fields + 1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
            cost=_weight(known) + max(sizes, default=1) * inner.cost,
        )

    def fragment(self, node: FragmentDefinitionNode) -> Shape:
        name = node.name.value
        if name in self.open:
            raise coded(f"Fragment {name!r} spreads itself.", VALIDATION_FAILED)
        if name not in self.measured:
            self.open.add(name)
            shape = self.selection(node.selection_set, self.schema.get_type(node.type_condition.name.value))
            self.measured[name] = shape._replace(directives=shape.directives + self._directives(node.directives))
            self.open.remove(name)
        return self.measured[name]

    def _directives(self, nodes: Iterable[object] | None) -> int:
        count = len(tuple(nodes or ()))
        self.most_directives = max(self.most_directives, count)
        return count

    def _page_size(self, node: ValueNode | None) -> int:
        """Rows a page may have. What is beyond the largest page is refused later, so it costs no more than that."""
        if isinstance(node, VariableNode):
            name = node.name.value
            self.page_variables.add(name)
            if self.values is None:
                return 1
            if name not in self.values:
                return self._page_size(self.defaults.get(name))
            given = self.values[name]
            return max(1, min(given, LARGEST_PAGE)) if isinstance(given, int) else 1
        if isinstance(node, IntValueNode):
            digits = node.value.lstrip("-")
            return LARGEST_PAGE if len(digits) > 3 else max(1, min(int(node.value), LARGEST_PAGE))
        return 1


def _weight(field: GraphQLField | None) -> int:
    """What a field costs by itself: what has arguments is worked out, and most often asks the store."""
    return WORKED_OUT if field is not None and field.args else 1


def _add(one: Shape, other: Shape) -> Shape:
    return Shape(max(one.depth, other.depth), *(a + b for a, b in zip(one[1:], other[1:], strict=True)))


def _at_most(count: int, allowed: int, what: str) -> None:
    if count > allowed:
        raise exceeded(what, allowed)
