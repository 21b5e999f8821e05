"""A stand-in for Stripe on a loopback port: its protocol, idempotency and webhooks, and faults on demand.

The real client talks to it over HTTP. `faults` strike the next POSTs, one each; `books` is what the account has become.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import stripe.params
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from stripe import WebhookSignature
from stripe_books import Books, Object, Refused, invalid

from souvenir.kernel import clock

API_KEY = "sk_test_standin"
WEBHOOK_SECRET = "whsec_standin"
VERSION = "2026-10-28.endive"
KEYS_LAST = 86_400


class Fault(Enum):
    """What happens to a request."""

    NONE = "none"
    REQUEST_LOST = "the connection breaks before anything is done"
    ANSWER_LOST = "the connection breaks after it was done"
    FAILS_RETRY = "500 after it was done, and the client is told to try again"
    FAILS = "500 after it was done, for good: the same key hears the same again"
    KEY_IN_USE = "409: another request with this key is still under way"
    SLOW = "an answer later than the client waits"


@dataclass
class Remembered:
    """What an idempotency key stands for."""

    asked: tuple[str, str, str]
    at: float
    answer: tuple[int, Object] | None = None


@dataclass
class StripeServer:
    """The account and how to reach it."""

    books: Books
    url: str = ""
    faults: deque[Fault] = field(default_factory=deque)
    slow_seconds: float = 2.0
    silent: bool = False
    """Break every connection."""
    posts: list[tuple[str, str]] = field(default_factory=list)
    """Path and idempotency key of each POST, replays included."""
    _keys: dict[str, Remembered] = field(default_factory=dict)
    mutex: threading.RLock = field(default_factory=threading.RLock)
    _told: int = 0

    def webhooks(self, shuffled: Random | None = None, copies: int = 1) -> list[tuple[bytes, str]]:
        """Bodies and signatures of what was not delivered yet; in any order and as often as asked for."""
        with self.mutex:
            self.books.expire()
            new, self._told = self.books.events[self._told :] * copies, len(self.books.events)
        if shuffled:
            shuffled.shuffle(new)
        return [sign(event) for event in new]

    # One request.

    def answer(self, method: str, path: str, query: Object, form: Object, headers: Any) -> tuple[int, Object, Object]:
        """Status, body and headers."""
        with self.mutex:
            self.books.expire()
            try:
                if headers.get("authorization") != f"Bearer {API_KEY}":
                    raise Refused(401, "invalid_request_error", "api_key_invalid", "Invalid API Key provided.")
                if headers.get("stripe-version") != VERSION:
                    raise invalid("api_version_invalid", "This server speaks one version.")
                key = headers.get("idempotency-key", "") if method == "POST" else ""
                if key:
                    return self._once(key, method, path, form)
                return 200, self._carry_out(method, path, query | form), {}
            except Refused as refused:
                return refused.status, refused.body, {}

    def _once(self, key: str, method: str, path: str, form: Object) -> tuple[int, Object, Object]:
        asked, now = (method, path, repr(sorted(form.items()))), self.books.now().timestamp()
        self.posts.append((path, key))
        known = self._keys.get(key)
        if known and now - known.at < KEYS_LAST and known.answer:
            if known.asked != asked:
                raise Refused(400, "idempotency_error", "idempotency_error", "Keys are for one request only.")
            return *known.answer, {"Idempotent-Replayed": "true"}
        try:
            done = 200, self._carry_out(method, path, form)
        except Refused as refused:
            done = refused.status, refused.body
        if done[0] in (200, 402):  # what was refused before anything was done may be asked again
            self._keys[key] = Remembered(asked, now, done)
        return *done, {}

    def remember_failure(self, key: str, failed: Object) -> None:
        """Whatever was done, this key hears of a failure from now on."""
        with self.mutex:
            if key in self._keys:
                self._keys[key].answer = (500, failed)

    def _carry_out(self, method: str, path: str, p: Object) -> Object:
        books, parts = self.books, path.replace("terminal/", "").strip("/").split("/")[1:]
        kind, plain = SINGULAR.get(parts[0], ""), {k: v for k, v in p.items() if k != "expand"}
        if not kind:
            raise invalid("url_invalid", f"Unrecognized request URL ({method}: {path}).", 404)
        if method == "GET" and len(parts) == 2 and parts[1] == "search":
            return _list(path, books.search(kind, p["query"]), books)
        if method == "GET" and len(parts) == 1:
            listed = _list(path, _chosen(books, kind, p), books, int(p.get("limit", 10)))
            if "data.source" in p.get("expand", {}).values():
                for moved in listed["data"]:
                    moved["source"] = books.shown(books.objects[moved["source"]])
            return listed
        if method == "GET":
            return self._expanded(books.get(kind, parts[1]), p)
        if len(parts) == 1:
            _check(PARAMS.get(kind), plain)
            return self._expanded(self._make(kind, plain), p)
        verb, thing = (parts[2] if len(parts) > 2 else "update"), books.get(kind, parts[1])
        act: dict[tuple[str, str], Callable[[Object, Object], Object]] = {
            ("payment_intent", "confirm"): books.confirm_payment_intent,
            ("payment_intent", "capture"): books.capture_payment_intent,
            ("payment_intent", "cancel"): books.cancel_payment_intent,
            ("payment_intent", "update"): books.update,
            ("payment_method", "detach"): books.detach_payment_method,
            ("terminal.reader", "process_payment_intent"): books.process_payment_intent,
            ("terminal.reader", "cancel_action"): books.cancel_action,
        }
        if (kind, verb) not in act:
            raise invalid("url_invalid", f"Unrecognized request URL ({method}: {path}).", 404)
        return self._expanded(act[kind, verb](thing, plain), p)

    def _make(self, kind: str, p: Object) -> Object:
        make: dict[str, Callable[[Object], Object]] = {
            "payment_intent": self.books.create_payment_intent,
            "setup_intent": self.books.create_setup_intent,
            "customer": self.books.create_customer,
            "refund": self.books.create_refund,
        }
        if kind not in make:
            raise invalid("url_invalid", f"A {kind} is not made this way.", 404)
        return make[kind](p)

    def _expanded(self, thing: Object, p: Object) -> Object:
        shown = self.books.shown(thing)
        for name in p.get("expand", {}).values() if isinstance(p.get("expand"), dict) else ():
            if shown.get(name):
                shown[name] = self.books.shown(self.books.objects[shown[name]])
        return shown


SINGULAR = {
    "payment_intents": "payment_intent", "setup_intents": "setup_intent", "payment_methods": "payment_method",
    "customers": "customer", "refunds": "refund", "disputes": "dispute", "payouts": "payout",
    "balance_transactions": "balance_transaction", "charges": "charge", "readers": "terminal.reader",
}  # fmt: skip
PARAMS = {
    "payment_intent": stripe.params.PaymentIntentCreateParams,
    "setup_intent": stripe.params.SetupIntentCreateParams,
    "customer": stripe.params.CustomerCreateParams,
    "refund": stripe.params.RefundCreateParams,
}
"""What the pinned version of the API takes, by the client's own word; anything else is refused."""


def sign(event: Object, secret: str = WEBHOOK_SECRET, at: datetime | None = None) -> tuple[bytes, str]:
    """An event as it is delivered: its body and its signature."""
    body = JSONResponse(event).body
    timestamp = int((at or clock.now()).timestamp())
    header = WebhookSignature.generate_signature_header(bytes(body).decode(), secret, timestamp)
    return bytes(body), header


@contextmanager
def stripe_standing_in(now: Callable[[], datetime] = clock.now) -> Iterator[StripeServer]:
    """A server of one's own on a free port, for the length of a block."""
    server = StripeServer(Books(now))

    async def everything(request: Request) -> Response:
        form = nested(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        query = nested(list(request.query_params.multi_items()))
        fault = server.faults.popleft() if request.method == "POST" and server.faults else Fault.NONE
        if server.silent or fault is Fault.REQUEST_LOST:
            return _hang_up(request)
        if fault is Fault.KEY_IN_USE:
            error = {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "Still under way."}
            return JSONResponse({"error": error}, 409, {"Request-Id": "req_conflict"})
        asked = (request.method, request.url.path, query, form, request.headers)
        status, body, headers = await to_thread.run_sync(lambda: server.answer(*asked))
        if fault is Fault.ANSWER_LOST:
            return _hang_up(request)
        if fault is Fault.SLOW:
            await to_thread.run_sync(time.sleep, server.slow_seconds)
        if fault in (Fault.FAILS, Fault.FAILS_RETRY):
            again = "true" if fault is Fault.FAILS_RETRY else "false"
            failed = {"error": {"type": "api_error", "message": "Something went wrong on our side."}}
            if fault is Fault.FAILS:
                server.remember_failure(request.headers.get("idempotency-key", ""), failed)
            return JSONResponse(failed, 500, {"Stripe-Should-Retry": again, "Request-Id": "req_failed"})
        return JSONResponse(body, status, headers | {"Request-Id": f"req_{len(server.posts)}"})

    app = Starlette(routes=[Route("/{path:path}", everything, methods=["GET", "POST", "DELETE"])])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off", http="h11")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, name="stripe-stand-in", daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the stand-in did not start"
        time.sleep(0.005)
    server.url = f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        running.should_exit = running.force_exit = True
        thread.join()


def _hang_up(request: Request) -> Response:
    """Break the connection, as networks do: no answer, not even an error."""
    request.receive.__self__.transport.abort()  # type: ignore[attr-defined]
    return Response()


def nested(pairs: list[tuple[str, str]]) -> Object:
    """Stripe's form encoding: "metadata[key]=x" is {"metadata": {"key": "x"}}."""
    tree: Object = {}
    for name, value in pairs:
        first, *rest = name.replace("]", "").split("[")
        level, last = tree, first
        for step in rest:
            level, last = level.setdefault(last, {}), step
        level[last] = value
    return tree


def _check(params: Any, p: Object) -> None:
    if unknown := set(p) - set(params.__annotations__ if params else p):
        raise invalid("parameter_unknown", f"Received unknown parameter: {sorted(unknown)[0]}")


def _chosen(books: Books, kind: str, p: Object) -> list[Object]:
    found = books.all(kind)
    for name in ("customer", "payment_intent", "payout", "source", "type", "charge"):
        if name in p:
            found = [thing for thing in found if thing.get(name) == p[name]]
    if "created" in p:
        found = [thing for thing in found if thing["created"] >= int(p["created"]["gte"])]
    if "starting_after" in p:
        ids = [thing["id"] for thing in found]
        found = found[ids.index(p["starting_after"]) + 1 :]
    return found


def _list(path: str, found: list[Object], books: Books, limit: int = 10) -> Object:
    kind = "search_result" if path.endswith("/search") else "list"
    data = [books.shown(thing) for thing in found[:limit]]
    return {"object": kind, "url": path, "has_more": len(found) > limit, "data": data}
