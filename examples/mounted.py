"""A shop's API inside an application of your own: any Starlette or FastAPI application takes it as a mount.

Run it: python examples/mounted.py (its visitor needs `pip install httpx`; your application does not)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from souvenir import Shop

shop = Shop.in_memory()  # or Shop.open("sqlite:///shop.db")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Your application starts and closes the shop."""
    shop.start()
    yield
    shop.close()


async def home(request: Request) -> PlainTextResponse:
    return PlainTextResponse("Welcome to the works.")


app = Starlette(routes=[Route("/", home), Mount("/shop", shop.asgi())], lifespan=lifespan)


async def visit() -> None:
    """Ask both as a browser would, without a network in between."""
    transport = httpx.ASGITransport(app)
    async with lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://works.example") as client:
        print((await client.get("/")).text)
        query = "{ products(first: 3) { edges { node { sku } } pageInfo { hasNextPage } } }"
        print((await client.post("/shop/graphql/storefront", json={"query": query})).json())


if __name__ == "__main__":
    asyncio.run(visit())
