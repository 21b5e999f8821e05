"""Documents the shop has read: trusted ones once at their first use, others as they come, up to a bound."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    parse,
    specified_rules,
    validate,
)

from souvenir.api.http.faults import (
    BAD_USER_INPUT,
    DOCUMENT_NOT_FOUND,
    OPERATION_UNRESOLVED,
    PARSE_FAILED,
    VALIDATION_FAILED,
    coded,
)
from souvenir.api.http.limits import LARGEST_PAGE, Limits, check, cost, exceeded
from souvenir.api.http.plan import Plan, covers

REMEMBERED: Final = 500
"""Documents, and page sizes of one document, that are remembered."""
LONGEST_REMEMBERED: Final = 8 * 1024
"""Characters of a document worth remembering."""


class Document:
    """One document, parsed, measured and validated; or the errors that came of it."""

    def __init__(self, text: str, schema: GraphQLSchema, limits: Limits, introspection: bool, trusted: bool) -> None:
        self.text = text
        self.trusted = trusted
        self.errors: tuple[GraphQLError, ...] = ()
        self.ast: DocumentNode | None = None
        self._schema = schema
        self._limits = limits
        self._page_variables: frozenset[str] = frozenset()
        self._affordable: set[tuple[object, ...]] = set()
        self._plans: dict[int, Plan | None] = {}
        try:
            self._read(_RULES if introspection else _RULES_WITHOUT_INTROSPECTION)
        except GraphQLSyntaxError as error:
            self.errors = (_as(PARSE_FAILED, error),)
        except RecursionError:
            self.errors = (coded("This document is nested too deeply to read.", PARSE_FAILED),)
        except GraphQLError as error:
            self.errors = (error,)

    def _read(self, rules: tuple[Any, ...]) -> None:
        limits = self._limits
        if _WRITTEN_NUL.search(self.text):
            raise _NUL
        ast = parse(
            self.text,
            max_lexical_tokens=limits.tokens,
            max_comments=limits.comments,
            max_source_length=limits.source_length,
        )
        self._page_variables = check(self._schema, ast, limits)
        found = validate(self._schema, ast, rules, hide_suggestions=True)
        self.errors = tuple(_as(VALIDATION_FAILED, error) for error in found)
        self.ast = ast
        self._operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to execute: the one named, or the only one. Raises a coded error when that is not clear."""
        assert not self.errors
        if name:
            for node in self._operations:
                if node.name and node.name.value == name:
                    return node
            raise coded("The document has no operation of that operationName.", OPERATION_UNRESOLVED)
        if len(self._operations) != 1:
            raise coded("The document has several operations: say which with operationName.", OPERATION_UNRESOLVED)
        return self._operations[0]

    def afford(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        """Refuse page sizes that multiply to more than a request may cost."""
        if not self._page_variables:
            return
        sizes = tuple(_size(variables[name]) if name in variables else None for name in sorted(self._page_variables))
        key = (id(operation), *sizes)
        if key in self._affordable:
            return
        assert self.ast is not None
        if cost(self._schema, self.ast, operation, variables) > self._limits.cost:
            raise exceeded("answered fields", self._limits.cost)
        if len(self._affordable) < REMEMBERED:
            self._affordable.add(key)

    def execute(
        self, operation: OperationDefinitionNode, context: object, variables: Mapping[str, Any]
    ) -> ExecutionResult:
        """Carry out one of its operations: a trusted one by plan, where it has one."""
        assert self.ast is not None
        if _holds_nul(variables):
            raise _NUL
        if plan := self._plan(operation):
            return plan.execute(context, variables)
        return execute_sync(
            self._schema,
            self.ast,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name.value if operation.name else None,
            hide_suggestions=True,
        )

    def _plan(self, operation: OperationDefinitionNode) -> Plan | None:
        """Made at the first use. Making one costs more than carrying out a document that may never come again."""
        if not self.trusted:
            return None
        if id(operation) not in self._plans:
            assert self.ast is not None
            covered = covers(self.ast, operation)
            self._plans[id(operation)] = Plan(self._schema, self.ast, operation) if covered else None
        return self._plans[id(operation)]


class Documents:
    """Every document of one audience: trusted ones by id and by name, others by their text."""

    def __init__(
        self,
        schema: GraphQLSchema,
        trusted: Mapping[str, str],
        *,
        limits: Limits,
        introspection: bool,
        only_trusted: bool = False,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._introspection = introspection
        self._only_trusted = only_trusted
        self._trusted = {wanted: text for name, text in trusted.items() for wanted in (name, document_id(text))}
        self._trusted_texts = frozenset(trusted.values())
        self._seen: OrderedDict[str, Document] = OrderedDict()
        self._lock = Lock()

    def by_id(self, wanted: str, text: str | None = None) -> Document:
        """A trusted document by name or by "sha256:<hex>". Unknown ids are never registered, whatever text is sent."""
        known = self._trusted.get(wanted.removeprefix("sha256:"))
        if known is None or (text is not None and text != known):
            raise coded("PersistedQueryNotFound: this endpoint has no document of that id.", DOCUMENT_NOT_FOUND)
        return self._read(known)

    def by_text(self, text: str) -> Document:
        """The document of this text, read at first sight."""
        if text in self._trusted_texts:
            return self._read(text)
        if self._only_trusted:
            raise coded("This endpoint executes its published documents only: send documentId.", DOCUMENT_NOT_FOUND)
        with self._lock:
            if text in self._seen:
                self._seen.move_to_end(text)
                return self._seen[text]
        document = Document(text, self._schema, self._limits, self._introspection, trusted=False)
        if len(text) <= LONGEST_REMEMBERED:
            with self._lock:
                self._seen[text] = document
                while len(self._seen) > REMEMBERED:
                    self._seen.popitem(last=False)
        return document

    def _read(self, text: str) -> Document:
        """A trusted document, read at its first use, so that a shop opens without reading all of them."""
        return _trusted(text, self._schema, self._limits, self._introspection)


def document_id(text: str) -> str:
    """The id of a trusted document: the SHA-256 of its text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def operations_in(folder: Path) -> dict[str, str]:
    """The operation documents of a folder by file name; none when there is no such folder."""
    return {file.stem: file.read_text("utf-8") for file in sorted(folder.glob("*.graphql"))}


@lru_cache(REMEMBERED)
def _trusted(text: str, schema: GraphQLSchema, limits: Limits, introspection: bool) -> Document:
    """A trusted document, read once however many applications of this process serve it."""
    return Document(text, schema, limits, introspection, trusted=True)


def is_mutation(operation: OperationDefinitionNode) -> bool:
    return operation.operation is OperationType.MUTATION


def _holds_nul(sent: object) -> bool:
    if isinstance(sent, str):
        return "\0" in sent
    inside = sent.values() if isinstance(sent, Mapping) else sent if isinstance(sent, list) else ()
    return any(map(_holds_nul, inside))


def _size(value: object) -> int | None:
    return max(1, min(value, LARGEST_PAGE)) if isinstance(value, int) else None


def _as(code: str, error: GraphQLError) -> GraphQLError:
    error.extensions = {"code": code}
    return error


_NUL: Final = coded("A text holds the character U+0000, which no store keeps.", BAD_USER_INPUT)
_WRITTEN_NUL: Final = re.compile(r"\\u(0000|\{0+\})")
_RULES: Final = tuple(specified_rules)
_RULES_WITHOUT_INTROSPECTION: Final = (*specified_rules, NoSchemaIntrospectionCustomRule)
