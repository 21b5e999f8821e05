"""GraphQL over HTTP: a small, strict view over one schema. Sizes and shapes first, identity next, then one execution.

Follows the GraphQL-over-HTTP specification. A request takes one hop to a worker thread, where it is authenticated,
read, executed and written: resolvers are synchronous and may wait for the store.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema
from strawberry.http.ides import get_graphql_ide_html

from souvenir.api.audience import Audience
from souvenir.api.authentication import (
    Authenticator,
    NoToken,
    TokenOfAnotherAudience,
    UnknownToken,
    Visit,
    admit,
)
from souvenir.api.http import negotiation
from souvenir.api.http.documents import Document, Documents, is_mutation
from souvenir.api.http.faults import BAD_REQUEST, FORBIDDEN, INTERNAL, UNAUTHENTICATED, Fault, told, unexpected
from souvenir.api.http.limits import Limits
from souvenir.api.http.negotiation import HTML, JSON, RESPONSE
from souvenir.api.http.throttle import Throttle
from souvenir.api.http.workers import Workers
from souvenir.kernel.errors import SouvenirError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Statuses:
    """Status codes under application/graphql-response+json where the specification's editions differ."""

    invalid: int
    """A request that parses but cannot be executed: failed validation, variables that do not fit."""
    partial: int
    """An answer with both data and errors."""


AUDITED: Final = Statuses(invalid=400, partial=294)
"""Passes the graphql-http audit suite."""
SEPTEMBER_2026: Final = Statuses(invalid=422, partial=294)
"""The specification's first edition to the letter."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How strict an endpoint is, and what it shows of itself."""

    limits: Limits = field(default_factory=Limits)
    statuses: Statuses = AUDITED
    only_trusted: bool = False
    introspection: bool = False
    graphiql: bool = False
    a_minute: int | None = None
    """Requests a minute from one address where guests are admitted, and as many at once; None: as many as come."""


class Ask(NamedTuple):
    """The well-formed part of a request: which document, which operation, which variables."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: Mapping[str, Any] | None


class Answer(NamedTuple):
    """What goes back: a status, a body, and the headers that differ from answer to answer."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]


class GraphQLView:
    """The ASGI application of one audience."""

    def __init__(
        self,
        audience: Audience,
        schema: GraphQLSchema,
        *,
        authenticator: Authenticator,
        context: Callable[[Visit], object] = lambda visit: visit,
        trusted: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.settings = settings = settings or Settings()
        self.audience = audience
        self.documents = Documents(
            schema,
            trusted or {},
            limits=settings.limits,
            introspection=settings.introspection or settings.graphiql,
            only_trusted=settings.only_trusted,
        )
        self._authenticator = authenticator
        self._context = context
        self._workers = workers or Workers()
        crowd = settings.a_minute if audience.admits_guests else None
        self._throttle = Throttle(crowd, at_once=crowd) if crowd else None
        self._page = get_graphql_ide_html("graphiql").encode() if settings.graphiql else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        media = None
        try:
            media = self._media_type(scope["method"], headers)
            self._admit_address(scope)
            answer = await self._answer(scope, receive, headers, media)
        except Fault as fault:
            body = orjson.dumps(fault.body)
            answer = Answer(fault.status, body, media if media and media != HTML else JSON, fault.headers)
        await _send(send, answer)

    def _media_type(self, method: str, headers: Mapping[str, str]) -> str:
        if method not in ("GET", "POST"):
            raise Fault(405, BAD_REQUEST, "Send POST, or GET for trusted documents.", headers={"Allow": "GET, POST"})
        offers = (JSON, RESPONSE, HTML) if self._page and method == "GET" else (JSON, RESPONSE)
        media = negotiation.media_type(headers.get("accept"), offers)
        if media is None:
            raise Fault(406, BAD_REQUEST, f"Accept one of {', '.join(offers)}.")
        return media

    def _admit_address(self, scope: Scope) -> None:
        if self._throttle and (wait := self._throttle.wait((scope.get("client") or ("",))[0])):
            raise Fault(429, "TOO_MANY", "You asked too often. Repeat later.", headers={"Retry-After": str(wait)})

    async def _answer(self, scope: Scope, receive: Receive, headers: Mapping[str, str], media: str) -> Answer:
        safe = scope["method"] == "GET"
        if safe:
            if media == HTML and self._page:
                return Answer(200, self._page, HTML, {"Cache-Control": "no-store"})
            ask = read_url(scope["query_string"], headers)
        else:
            ask = read_body(await _body(receive, headers, self.settings.limits))
        return await self._workers.run(partial(self._work, ask, headers, media, safe))

    def _work(self, ask: Ask, headers: Mapping[str, str], media: str, safe: bool) -> Answer:
        try:
            visit = self._admit(headers)
            return self._execute(ask, visit, media, safe)
        except Fault:
            raise
        except GraphQLError as error:
            return self._refused([error], media)
        except RecursionError:
            raise Fault(400, BAD_REQUEST, "This request is nested too deeply.") from None
        except Exception as error:
            raise unexpected(error, f"{self.audience} request") from error

    def _admit(self, headers: Mapping[str, str]) -> Visit:
        try:
            caller = admit(self._authenticator, self.audience, headers.get("authorization"))
        except (NoToken, UnknownToken) as refusal:
            raise _closed(401, UNAUTHENTICATED, refusal, {"WWW-Authenticate": "Bearer"}) from None
        except TokenOfAnotherAudience as refusal:
            raise _closed(403, FORBIDDEN, refusal, {}) from None
        return Visit(self.audience, caller, negotiation.languages(headers.get("accept-language")))

    def _execute(self, ask: Ask, visit: Visit, media: str, safe: bool) -> Answer:
        document = self._document(ask)
        if document.errors:
            return self._refused(document.errors, media)
        operation = document.operation(ask.operation_name)
        if safe and is_mutation(operation):
            raise Fault(405, BAD_REQUEST, "A mutation is sent by POST.", headers={"Allow": "POST"})
        variables = ask.variables or {}
        document.afford(operation, variables)
        result = document.execute(operation, self._context(visit), variables)
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            return self._refused(result.errors, media)
        return self._executed(result, media)

    def _document(self, ask: Ask) -> Document:
        if ask.document_id is not None:
            return self.documents.by_id(ask.document_id, ask.query)
        assert ask.query is not None
        return self.documents.by_text(ask.query)

    def _executed(self, result: ExecutionResult, media: str) -> Answer:
        body: dict[str, Any] = {"data": result.data}
        status = 200
        if result.errors:
            body = {"errors": [told(error) for error in result.errors], **body}
            if media == RESPONSE:
                status = self.settings.statuses.partial if result.data is not None else _worst(body["errors"])
        return Answer(status, orjson.dumps(body), media, {"Cache-Control": "no-store"})

    def _refused(self, errors: tuple[GraphQLError, ...] | list[GraphQLError], media: str) -> Answer:
        """A request error: nothing was executed. Clients that only know application/json expect 200 for it."""
        body = {"errors": [told(error) for error in errors]}
        status = 200
        if media == RESPONSE:
            parsed = all(item["extensions"]["code"] != "GRAPHQL_PARSE_FAILED" for item in body["errors"])
            status = self.settings.statuses.invalid if parsed else 400
        return Answer(status, orjson.dumps(body), media, {"Cache-Control": "no-store"})


def read_body(body: bytes) -> Ask:
    """The request in a JSON body."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Fault(400, BAD_REQUEST, "The body is not JSON in UTF-8.") from None
    if isinstance(request, list):
        raise Fault(400, BAD_REQUEST, "Send one operation at a time: batches are not served.")
    if not isinstance(request, dict):
        raise Fault(400, BAD_REQUEST, "The body must be a JSON object with query or documentId.")
    return _ask(request)


def read_url(query_string: bytes, headers: Mapping[str, str]) -> Ask:
    """The request in a URL: trusted documents only, and not on behalf of a foreign page."""
    if headers.get("sec-fetch-site") == "cross-site" and "graphql-require-preflight" not in headers:
        raise Fault(403, "CSRF", "A foreign page must send the header GraphQL-Require-Preflight.")
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise Fault(400, BAD_REQUEST, "The URL cannot be read.") from None
    request: dict[str, Any] = dict(pairs)
    if request.get("query"):
        raise Fault(
            405, BAD_REQUEST, "GET serves trusted documents: send documentId, or POST.", headers={"Allow": "POST"}
        )
    for name in ("variables", "extensions"):
        if request.get(name):
            try:
                request[name] = orjson.loads(request[name])
            except orjson.JSONDecodeError:
                raise Fault(400, BAD_REQUEST, f"{name} is not JSON.") from None
        else:
            request[name] = None
    return _ask(request)


def _ask(request: Mapping[str, Any]) -> Ask:
    for name, kind, expected in _SHAPE:
        if request.get(name) is not None and not isinstance(request[name], kind):
            raise Fault(400, BAD_REQUEST, f"{name} must be {expected}.")
    document_id = request.get("documentId")
    if document_id is None and (extensions := request.get("extensions")):
        persisted = extensions.get("persistedQuery")
        document_id = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if document_id is not None and not isinstance(document_id, str):
            raise Fault(400, BAD_REQUEST, "sha256Hash must be a string.")
    query = request.get("query") or None
    if query is None and not document_id:
        raise Fault(400, BAD_REQUEST, "Send a query, or the documentId of a trusted document.")
    return Ask(query, document_id or None, request.get("operationName"), request.get("variables"))


async def _body(receive: Receive, headers: Mapping[str, str], limits: Limits) -> bytes:
    """The body of a POST, of the right kind, not too long, and in time."""
    kind, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if kind.strip().lower() != JSON or charset not in ("", "charset=utf-8") or headers.get("content-encoding"):
        raise Fault(415, BAD_REQUEST, f"Send the body as {JSON} in UTF-8, not compressed.", headers={"Accept": JSON})
    stated = headers.get("content-length", "0")
    if stated.isdecimal() and len(stated) < 20 and int(stated) > limits.body_bytes:
        raise _too_large(limits.body_bytes)
    try:
        async with asyncio.timeout(limits.body_seconds):
            return await _read(receive, limits.body_bytes)
    except TimeoutError:
        slow = f"The body took longer than {limits.body_seconds:g} seconds to arrive."
        raise Fault(408, BAD_REQUEST, slow, headers={"Connection": "close"}) from None


async def _read(receive: Receive, limit: int) -> bytes:
    """A body, counted as it arrives: a chunked one states no length."""
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Fault(400, BAD_REQUEST, "The request ended before its body did.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _send(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", f"{answer.content_type}; charset=utf-8".encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"vary", b"Accept, Accept-Language, Authorization"),
        (b"x-content-type-options", b"nosniff"),
    ]
    headers.extend((name.lower().encode(), value.encode()) for name, value in answer.headers.items())
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _closed(status: int, code: str, refusal: SouvenirError, headers: Mapping[str, str]) -> Fault:
    facts = {name: str(value) for name, value in refusal.facts.items()}
    return Fault(
        status, code, str(refusal), headers=headers, refusal={"code": refusal.code, "path": [], "facts": facts}
    )


def _too_large(limit: int) -> Fault:
    return Fault(413, BAD_REQUEST, f"The body is longer than {limit} bytes.")


def _worst(errors: list[dict[str, Any]]) -> int:
    """The status of an answer whose data is lost: ours if any error is ours."""
    codes = {error["extensions"]["code"] for error in errors}
    if INTERNAL in codes:
        return 500
    if UNAUTHENTICATED in codes:
        return 401
    return 403 if FORBIDDEN in codes else 400


_SHAPE: Final = (
    ("query", str, "a string"),
    ("documentId", str, "a string"),
    ("operationName", str, "a string"),
    ("variables", dict, "an object"),
    ("extensions", dict, "an object"),
)
