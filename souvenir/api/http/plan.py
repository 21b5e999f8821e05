"""An operation as a plan: what a trusted document asks is worked out once, and then carried out as plain calls.

Fields are collected, types unwrapped and resolvers found when a plan is made. Carrying it out calls the schema's own
resolvers, and follows graphql-core's rules for nulls, lists, abstract types and errors: the answer is the same to the byte.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    Visitor,
    default_field_resolver,
    default_type_resolver,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
    located_error,
    visit,
)
from graphql.execution import Executor, get_argument_values
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.execute import assume_not_awaitable
from graphql.execution.executor import invalid_return_type_error
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, is_iterable

from souvenir.api.http.resolving import OF_STRAWBERRY
from souvenir.api.http.variables import Variables

_NO_VALUES: Final = VariableValues({}, {})


class Carrying:
    """A plan being carried out: for whom, with which values, and what went wrong so far."""

    __slots__ = ("context", "errors", "values")

    def __init__(self, context: object, values: VariableValues) -> None:
        self.context = context
        self.values = values
        self.errors: list[GraphQLError] = []

    def failed(self, error: Exception, nodes: list[FieldNode], path: Path, nullable: bool) -> Any:
        """Null in place of what failed, where there may be one; else whatever it is a part of has failed too."""
        located = located_error(error, nodes, path.as_list())
        if not nullable:
            raise located
        self.errors.append(located)
        return None


Info: TypeAlias = GraphQLResolveInfo[Any]
Take: TypeAlias = Callable[[Carrying, Any, Path | None], Any]
"""Takes one field from an object that lies at a path."""
Complete: TypeAlias = Callable[[Carrying, Any, Path, Any], Any]
"""Makes what is answered of what a resolver gave. Resolvers and abstract types also want to know an Info."""


class Plan:
    """How one operation of a valid document is carried out."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        assert covers(document, operation)
        self.schema = schema
        self._operation = operation
        self._variables = Variables(schema, operation.variable_definitions or ())
        self._definitions = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._fragments = {name: FragmentDetails(node, None) for name, node in self._definitions.items()}
        root = schema.get_root_type(operation.operation)
        assert root is not None, "a valid operation has a root type"
        fields = collect_fields(schema, self._fragments, _NO_VALUES, root, operation).grouped_field_set
        self._takes = self._takes_of(root, fields)

    def execute(self, context: object, variables: Mapping[str, Any]) -> ExecutionResult:
        """What `graphql.execute_sync` would answer."""
        values = self._variables.values(variables)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        now = Carrying(context, values)
        try:
            data = {key: take(now, None, None) for key, take in self._takes}
        except GraphQLError as error:
            return ExecutionResult(None, [*now.errors, error])
        return ExecutionResult(data, now.errors or None)

    # Fields.

    def _takes_of(self, parent: GraphQLObjectType, fields: Mapping[str, list[FieldDetails]]) -> list[tuple[str, Take]]:
        """How each field of a selection is taken, in the order of the answer."""
        takes = [(key, self._take(parent, key, [item.node for item in found])) for key, found in fields.items()]
        return [(key, take) for key, take in takes if take is not None]

    def _take(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Take | None:
        name = nodes[0].name.value
        if name == "__typename":
            return lambda now, source, above: parent.name
        field = self.schema.get_field(parent, name)
        if field is None:
            return None
        attribute = _attribute(field)
        if attribute is not None and is_leaf_type(_nullable(field.type)):
            return _leaf_of_attribute(parent, key, nodes, field, attribute)
        return self._any_field(parent, key, nodes, field, attribute)

    def _any_field(
        self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode], field: GraphQLField, attribute: str | None
    ) -> Take:
        node, type_name, nullable = nodes[0], parent.name, not isinstance(field.type, GraphQLNonNull)
        resolve = field.resolve or default_field_resolver
        has_arguments = bool(field.args or node.arguments)
        complete = self._complete(field.type, parent, nodes)
        of = get_named_type(field.type)
        informed = attribute is None or is_abstract_type(of) or (is_object_type(of) and of.is_type_of is not None)

        def take(now: Carrying, source: Any, above: Path | None) -> Any:
            path = Path(above, key, type_name)
            info = cast(Info, self._info(now, parent, nodes, field, path) if informed else None)
            try:
                if attribute is not None:
                    value = getattr(source, attribute)
                elif has_arguments:
                    value = resolve(source, info, **get_argument_values(field, node, now.values, None, True))
                else:
                    value = resolve(source, info)
                return complete(now, value, path, info)
            except Exception as error:
                return now.failed(error, nodes, path, nullable)

        return take

    def _info(
        self, now: Carrying, parent: GraphQLObjectType, nodes: list[FieldNode], field: GraphQLField, path: Path
    ) -> Info:
        return GraphQLResolveInfo(
            field_name=nodes[0].name.value,
            field_nodes=nodes,
            return_type=field.type,
            parent_type=parent,
            path=path,
            schema=self.schema,
            fragments=self._definitions,
            root_value=None,
            operation=self._operation,
            variable_values=now.values,
            context=now.context,
            is_awaitable=assume_not_awaitable,
            abort_signal=None,
            async_helpers=cast(Any, None),
        )

    # Values.

    def _complete(self, type_: GraphQLOutputType, parent: GraphQLObjectType, nodes: list[FieldNode]) -> Complete:
        if isinstance(type_, GraphQLNonNull):
            return _never_null(self._complete(type_.of_type, parent, nodes), parent, nodes)
        if isinstance(type_, GraphQLList):
            found = self._list(type_, parent, nodes)
        elif is_leaf_type(type_):
            found = _leaf(type_)
        elif is_abstract_type(type_):
            found = self._abstract(type_, nodes)
        else:
            found = self._object(cast(GraphQLObjectType, type_), nodes)

        def complete(now: Carrying, value: Any, path: Path, info: Info) -> Any:
            if isinstance(value, Exception):
                raise value
            return None if value is None or value is Undefined else found(now, value, path, info)

        return complete

    def _list(self, type_: GraphQLList[Any], parent: GraphQLObjectType, nodes: list[FieldNode]) -> Complete:
        nullable = not isinstance(type_.of_type, GraphQLNonNull)
        complete_item = self._complete(type_.of_type, parent, nodes)
        no_list = f"Expected Iterable, but did not find one for field '{parent}.{nodes[0].name.value}'."

        def complete(now: Carrying, value: Any, path: Path, info: Info) -> list[Any]:
            if not is_iterable(value):
                raise GraphQLError(no_list)
            done = []
            for index, item in enumerate(value):
                place = Path(path, index, None)
                try:
                    done.append(complete_item(now, item, place, info))
                except Exception as error:
                    done.append(now.failed(error, nodes, place, nullable))
            return done

        return complete

    def _abstract(self, type_: GraphQLAbstractType, nodes: list[FieldNode]) -> Complete:
        """The selection on a possible type is planned when a value of that type first comes by."""
        resolve_type = type_.resolve_type or default_type_resolver
        planned: dict[str, Complete] = {}

        def complete(now: Carrying, value: Any, path: Path, info: Info) -> Any:
            name: Any = resolve_type(value, info, type_)
            found = planned.get(name) if isinstance(name, str) else None
            if found is None:
                checked = Executor.ensure_valid_runtime_type(
                    cast(Any, self), name, type_, _details(nodes), info, value
                )  # it asks for nothing but the schema
                found = planned[name] = self._object(checked, nodes)
            return found(now, value, path, info)

        return complete

    def _object(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> Complete:
        fields = collect_subfields(self.schema, self._fragments, _NO_VALUES, self._operation, type_, _details(nodes))
        takes = self._takes_of(type_, fields.grouped_field_set)
        is_type_of = type_.is_type_of

        def complete(now: Carrying, value: Any, path: Path, info: Info) -> dict[str, Any]:
            if is_type_of and not is_type_of(value, info):
                raise invalid_return_type_error(type_, value, _details(nodes))
            return {key: take(now, value, path) for key, take in takes}

        return complete


def covers(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether a plan can be made: without directives, what is selected does not depend on what is sent."""
    found = _Directives()
    visit(document, found)
    return not found.any and operation.operation is not OperationType.SUBSCRIPTION


class _Directives(Visitor):
    any = False

    def enter_directive(self, _: DirectiveNode, *__: Any) -> None:
        self.any = True


def _attribute(field: GraphQLField) -> str | None:
    """The attribute that a field is, where its resolver would only read it."""
    definition = (field.extensions or {}).get(OF_STRAWBERRY)
    if definition is None or not definition.is_basic_field or definition.default_resolver is not getattr:
        return None
    return cast(str, definition.python_name)


def _leaf_of_attribute(
    parent: GraphQLObjectType, key: str, nodes: list[FieldNode], field: GraphQLField, attribute: str
) -> Take:
    """The most frequent field of all, in one call."""
    nullable, type_name = not isinstance(field.type, GraphQLNonNull), parent.name
    type_ = cast(GraphQLLeafType, _nullable(field.type))
    coerce = type_.coerce_output_value
    missing = _missing(parent, nodes)

    def take(now: Carrying, source: Any, above: Path | None) -> Any:
        try:
            value = getattr(source, attribute)
            if isinstance(value, Exception):
                raise value
            if value is None or value is Undefined:
                if nullable:
                    return None
                raise TypeError(missing)
            done = coerce(value)
            return Executor.complete_leaf_value(type_, value) if done is None or done is Undefined else done
        except Exception as error:
            return now.failed(error, nodes, Path(above, key, type_name), nullable)

    return take


def _never_null(inner: Complete, parent: GraphQLObjectType, nodes: list[FieldNode]) -> Complete:
    missing = _missing(parent, nodes)

    def complete(now: Carrying, value: Any, path: Path, info: Info) -> Any:
        done = inner(now, value, path, info)
        if done is None:
            raise TypeError(missing)
        return done

    return complete


def _leaf(type_: GraphQLLeafType) -> Complete:
    def complete(now: Carrying, value: Any, path: Path, info: Info) -> Any:
        return Executor.complete_leaf_value(type_, value)

    return complete


def _missing(parent: GraphQLObjectType, nodes: list[FieldNode]) -> str:
    return f"Cannot return null for non-nullable field {parent}.{nodes[0].name.value}."


def _nullable(type_: GraphQLOutputType) -> GraphQLOutputType:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _details(nodes: list[FieldNode]) -> list[FieldDetails]:
    return [FieldDetails(node, None, None) for node in nodes]
