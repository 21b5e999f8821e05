"""A desk: one caller at one door of the API, who sends the published operations by name and hears refusals."""

import json
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener
from uuid import uuid4


class Refused(Exception):
    """The shop refused, with its code and its sentence."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.code = code


class Wire(Protocol):
    """How a request reaches the API: over HTTP in the demo, without a network in tests."""

    def __call__(self, audience: str, body: dict[str, Any], token: str | None) -> dict[str, Any]:
        """Send one GraphQL request; answers its response."""


class Http:
    """Requests over HTTP to a server on this machine, past any proxy."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._open = build_opener(ProxyHandler({})).open

    def __call__(self, audience: str, body: dict[str, Any], token: str | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Language": "en"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = Request(f"{self.address}/graphql/{audience}", json.dumps(body).encode(), headers)  # noqa: S310
        try:
            with self._open(request, timeout=30) as response:
                return dict(json.load(response))
        except HTTPError as error:
            return dict(json.load(error))


class Desk:
    """Asks and orders; every order carries an idempotency key of its own."""

    def __init__(self, wire: Wire, audience: str, token: str | None = None) -> None:
        self._wire = wire
        self.audience = audience
        self.token = token

    def ask(self, operation: str, **variables: Any) -> Any:
        """Send a trusted document by its name; answers its one root field. Raises Refused."""
        body = {"documentId": operation, "variables": variables}
        response = self._wire(self.audience, body, self.token)
        if response.get("errors"):
            error = response["errors"][0]
            raise Refused(operation, error.get("extensions", {}).get("code", "ERROR"), error["message"])
        (answer,) = response["data"].values()
        if isinstance(answer, dict) and "code" in answer and "message" in answer:
            raise Refused(operation, answer["code"], answer["message"])
        return answer

    def do(self, operation: str, **fields: Any) -> Any:
        """Carry out a mutation under a fresh idempotency key."""
        return self.ask(operation, input={"idempotencyKey": str(uuid4()), **fields})
