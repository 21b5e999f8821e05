"""A wire without a network: the demo's desks talk to the shop's own ASGI application."""

import json
from typing import Any

from calling import Client
from starlette.applications import Starlette


class InProcess:
    """Sends what a desk says to an application, and hears its answer."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def __call__(self, audience: str, body: dict[str, Any], token: str | None) -> dict[str, Any]:
        headers = {"accept": "application/json", "content-type": "application/json", "accept-language": "en"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        sent = Client(self._app).request("POST", f"/graphql/{audience}", headers, content=json.dumps(body).encode())
        return dict(sent.json())
