"""A client without a network: it sends bytes to an ASGI application and keeps what comes back."""

import asyncio
from typing import Any

import httpx
from starlette.applications import Starlette

GRAPHQL_RESPONSE = "application/graphql-response+json"


class Client:
    """Requests to one application; a plain POST asks for application/graphql-response+json."""

    def __init__(self, app: Starlette, token: str | None = None) -> None:
        self.app = app
        self.token = token

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
                client.headers.clear()
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(go())

    def post(
        self, query: str, *, to: str = "storefront", accept: str = GRAPHQL_RESPONSE, **body: Any
    ) -> httpx.Response:
        headers = {"accept": accept}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        return self.request("POST", f"/graphql/{to}", headers, json={"query": query, **body})


def codes(response: httpx.Response) -> list[str]:
    """The codes of the errors in a response."""
    return [error["extensions"]["code"] for error in response.json()["errors"]]
