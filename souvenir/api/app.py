"""The API as one ASGI application: four GraphQL endpoints, two health checks, and a page that says where to go."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from souvenir.api.audience import AUDIENCES, Audience
from souvenir.api.authentication import Visit
from souvenir.api.certificate_pages import certificate_routes
from souvenir.api.desk import Desk, LastWrites
from souvenir.api.doors import Doors
from souvenir.api.http.view import GraphQLView, Settings
from souvenir.api.http.workers import Workers
from souvenir.api.published import operations, schema_of
from souvenir.api.webhooks import webhook_routes

if TYPE_CHECKING:
    from souvenir.shop import Shop

MOST_BEHIND: Final = 10_000
"""Events a follower may lag behind the log before the shop no longer calls itself ready."""


def asgi(
    shop: "Shop",
    graphiql: bool = False,
    *,
    only_published: bool = False,
    a_minute: int | None = None,
    owns_shop: bool = False,
    workers: Workers | None = None,
) -> Starlette:
    """The API over a shop, to serve, or to mount in an application of one's own.

    The shop stays its opener's, who starts and closes it, unless `owns_shop`: then this application's lifespan does
    (a parent must run the lifespan of what it mounts). `graphiql` shows the schema and a page to try it at each endpoint;
    `only_published` executes nothing but the published operations; `a_minute` bounds the requests of one visitor's address.
    """
    pool = workers or Workers()
    settings = Settings(introspection=graphiql, graphiql=graphiql, only_trusted=only_published, a_minute=a_minute)
    routes = [Route(audience.path, _view(shop, audience, pool, settings)) for audience in AUDIENCES]
    routes += [
        Route("/", partial(_index, graphiql)),
        Route("/livez", _livez),
        Route("/readyz", partial(_readyz, shop)),
    ]
    routes += [*webhook_routes(shop), *certificate_routes(shop, pool)]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if owns_shop:
            await to_thread.run_sync(shop.start)
        yield
        pool.close()
        if owns_shop:
            await to_thread.run_sync(shop.close)

    return Starlette(routes=routes, lifespan=lifespan)


def _view(shop: "Shop", audience: Audience, workers: Workers, settings: Settings) -> GraphQLView:
    return GraphQLView(
        audience,
        schema_of(audience),
        authenticator=Doors(shop),
        context=_desks(shop),
        trusted=operations(audience),
        settings=settings,
        workers=workers,
    )


def _desks(shop: "Shop") -> Callable[[Visit], Desk]:
    writes = LastWrites()

    def desk(visit: Visit) -> Desk:
        return Desk(visit.audience, visit.caller, visit.languages, shop=shop, writes=writes)

    return desk


async def _livez(request: Request) -> Response:
    return PlainTextResponse("ok")


async def _readyz(shop: "Shop", request: Request) -> Response:
    """Ready when the log answers, no follower has stopped, and none is far behind."""
    trouble = await to_thread.run_sync(_trouble, shop)
    return JSONResponse({"ready": not trouble, "trouble": trouble}, status_code=503 if trouble else 200)


def _trouble(shop: "Shop") -> list[str]:
    try:
        head = shop.log.head()
        behind = {follower.name: head - shop.followers.position(follower.name) for follower in shop.followers.all}
    except Exception:
        return ["the log does not answer"]
    stopped = [f"{name} has stopped" for name in shop.followers.stalled]
    return stopped + [f"{name} is {events} events behind" for name, events in behind.items() if events > MOST_BEHIND]


async def _index(graphiql: bool, request: Request) -> Response:
    root = request.scope.get("root_path", "")
    about = "Open it in a browser for GraphiQL." if graphiql else "Send POST requests with JSON."
    rows = "".join(
        f'<li><a href="{root}{audience.path}">{audience.path}</a> {_FOR[audience]}</li>' for audience in AUDIENCES
    )
    return HTMLResponse(_PAGE.format(about=about, rows=rows, root=root))


_FOR: Final[dict[Audience, str]] = {
    Audience.STOREFRONT: "for visitors: look around without a token, or open a guest session",
    Audience.POS: "for tills and refund desks, with their device token",
    Audience.FINANCE: "for the finance desk, with a staff token",
    Audience.BACKOFFICE: "for who runs the shop, with a staff token",
}
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>souvenir</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}</style></head>
<body><main><h1>souvenir</h1>
<p>A shop's API: one GraphQL endpoint for each audience. {about}</p>
<ul>{rows}</ul>
<p>A token is sent as the header <code>Authorization: Bearer …</code>. Health:
<a href="{root}/livez">/livez</a>, <a href="{root}/readyz">/readyz</a>.</p></main></body></html>
"""
