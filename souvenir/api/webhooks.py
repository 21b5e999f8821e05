"""Webhooks in: a provider's notice is checked, stored, and answered; only then is it acted on, in the background."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from souvenir.api.http.limits import BODY_SECONDS
from souvenir.payments.provider import NoticeRefused, UnknownProvider
from souvenir.shop import Busy, Contended

if TYPE_CHECKING:
    from souvenir.shop import Shop

LARGEST: Final = 256 * 1024
"""Bytes in a notice."""

SIGNATURES: Final = {"stripe": "stripe-signature"}
"""The header in which each provider signs."""


def webhook_routes(shop: "Shop") -> Sequence[Route]:
    """One address for every provider that calls back: POST /webhooks/stripe."""
    return [
        Route(f"/webhooks/{provider}", partial(_receive, shop, provider, header), methods=["POST"])
        for provider, header in SIGNATURES.items()
    ]


async def _receive(shop: "Shop", provider: str, header: str, request: Request) -> Response:
    """200 once the notice is stored, whatever it says; 400 if it is not the provider's; 503 to be sent again."""
    body = await _body(request)
    if body is None:
        return _refused("too large", 413)
    signature = request.headers.get(header, "")
    try:
        stored = await to_thread.run_sync(shop.settle_payments.receive, provider, body, signature)
    except UnknownProvider:
        return _refused("not found", 404)
    except NoticeRefused as refusal:
        return _refused(str(refusal), 400)
    except (Busy, Contended) as later:
        return _refused(str(later), 503)
    act: Callable[[], None] = partial(_work_off, shop, stored.result)
    return JSONResponse({"received": True, "known": stored.replayed}, background=BackgroundTask(act))


def _work_off(shop: "Shop", notice_id: UUID) -> None:
    """Act on a stored notice. What fails here is not lost: the notice stays open, and the next sweep takes it up."""
    try:
        shop.settle_payments.work_off(notice_id)
    except Exception:
        _logger.exception("a notice is left for the next sweep: %s", notice_id)


async def _body(request: Request) -> bytes | None:
    """The request's body, empty where it does not come in time; None if it is larger than any notice is."""
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                read += chunk
                if len(read) > LARGEST:
                    return None
    except (ClientDisconnect, TimeoutError):
        return b""
    return bytes(read)


def _refused(why: str, status: int) -> Response:
    return JSONResponse({"received": False, "why": why}, status_code=status)


_logger = logging.getLogger(__name__)
