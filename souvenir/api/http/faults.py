"""What is wrong with a request, told with a status and a code; what is wrong with us, told as little as possible."""

import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLError
from graphql.language import FieldNode

from souvenir.api.authentication import NotPermitted
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.extras import not_installed

log = logging.getLogger("souvenir.api")

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
DOCUMENT_NOT_FOUND: Final = "PERSISTED_QUERY_NOT_FOUND"
OPERATION_UNRESOLVED: Final = "OPERATION_RESOLUTION_FAILURE"
INTERNAL: Final = "INTERNAL_SERVER_ERROR"
BAD_REQUEST: Final = "BAD_REQUEST"
UNAUTHENTICATED: Final = "UNAUTHENTICATED"
FORBIDDEN: Final = "FORBIDDEN"
NOT_INSTALLED: Final = "NOT_INSTALLED"

LONGEST_MESSAGE: Final = 400
"""Characters of a message: some repeat what was sent."""


class Fault(Exception):
    """A request that is answered without being executed: an HTTP status, a code, and what to do about it."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **extensions: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: dict[str, Any] = {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}


def coded(message: str, code: str, **extensions: Any) -> GraphQLError:
    """An error a resolver may raise that the caller is allowed to read."""
    return GraphQLError(message, extensions={"code": code, **extensions})


def told(error: GraphQLError) -> dict[str, Any]:
    """An error as the caller may see it: always with `extensions.code`; a bug only as a reference to our log."""
    code = _code(error)
    if missing := not_installed(error.original_error):
        log.error("%s: %s", ".".join(map(str, error.path or ())), missing)
        return {"message": missing, "path": error.path, "extensions": {"code": NOT_INSTALLED}}
    if code == INTERNAL:
        return _masked(error)
    shown: dict[str, Any] = dict(error.formatted)
    shown["extensions"] = {"code": code, **(error.extensions or {})}
    if isinstance(error.original_error, SouvenirError):
        shown["message"] = str(error.original_error)
        shown["extensions"]["refusal"] = refused(error.original_error)
    else:
        shown["message"] = _FOUND.sub("", shown["message"])
    if len(shown["message"]) > LONGEST_MESSAGE:
        shown["message"] = shown["message"][:LONGEST_MESSAGE] + "…"
    log.debug("%s: %s", code, shown["message"])
    return shown


def refused(refusal: SouvenirError) -> dict[str, Any]:
    """A refusal outside of a result union, for `extensions.refusal`."""
    facts = {name: str(value) for name, value in refusal.facts.items()}
    return {"code": refusal.code, "path": list(refusal.path), "facts": facts}


def unexpected(error: BaseException, where: str) -> Fault:
    """The answer to a bug outside of execution: logged with its traceback, shown as a reference."""
    reference = secrets.token_hex(6)
    log.error("%s failed, reference %s", where, reference, exc_info=error)
    return Fault(500, INTERNAL, _EXCUSE, reference=reference)


def _code(error: GraphQLError) -> str:
    if error.extensions and "code" in error.extensions:
        return str(error.extensions["code"])
    cause = error.original_error
    if isinstance(cause, NotPermitted):
        return FORBIDDEN
    if isinstance(cause, SouvenirError):
        return BAD_USER_INPUT
    if cause is not None and not isinstance(cause, GraphQLError):
        return INTERNAL
    # Without a path: variables that do not fit. With one: an argument that does not (a value we cannot write is ours).
    blamed = error.nodes[0] if error.nodes else None
    return INTERNAL if error.path is not None and isinstance(blamed, FieldNode) else BAD_USER_INPUT


def _masked(error: GraphQLError) -> dict[str, Any]:
    reference = secrets.token_hex(6)
    cause = error.original_error or error
    log.error("%s failed, reference %s", ".".join(map(str, error.path or ())), reference, exc_info=cause)
    shown: dict[str, Any] = {"message": _EXCUSE, "extensions": {"code": INTERNAL, "reference": reference}}
    if error.path is not None:
        shown["path"] = error.path
    return shown


_FOUND: Final = re.compile(r"(([;,] found| value): [\"'{\[\d].*)$", re.DOTALL)
"""Where a message about variables begins to repeat what was sent: it may be somebody's passport number."""
_EXCUSE: Final = (
    "Something went wrong on our side. Repeat with the same idempotencyKey; quote the reference if it stays."
)
