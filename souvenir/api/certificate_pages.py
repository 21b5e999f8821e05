"""The address in a certificate's code, open to anyone: a page for people, credentials for machines, status lists and keys.

The address is a GS1 Digital Link. What is served at it follows the Accept header, or `show` behind the signature.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from souvenir.api.http import negotiation
from souvenir.api.http.faults import Fault
from souvenir.api.http.throttle import Throttle
from souvenir.api.http.workers import Workers
from souvenir.catalogue.product import Product
from souvenir.certificates.certificate import (
    Certificate,
    ForeignCertificate,
    ForgedCertificate,
    MalformedCertificate,
    WithdrawnKey,
)
from souvenir.certificates.status import FRESH_SECONDS, PURPOSES, Purpose
from souvenir.documents.certificate import CertificateSheet, certificate_pdf, certificate_svg
from souvenir.documents.certificate_words import language_of as language_of_sheet
from souvenir.documents.languages import language_of
from souvenir.documents.verification_page import STYLE_HASH, Outcome, Verification, verification_page
from souvenir.editions.edition import Edition
from souvenir.kernel import clock
from souvenir.kernel.errors import NotFound, SouvenirError
from souvenir.sites.site import Site

if TYPE_CHECKING:
    from souvenir.shop import Shop

Show = Literal["page", "pdf", "svg", "json", "jwt"]

FORMATS: Final[dict[str, Show]] = {
    "text/html": "page",
    "application/vc": "json",
    "application/vc+jwt": "jwt",
    "application/json": "json",
    "application/ld+json": "json",
    "application/pdf": "pdf",
    "image/svg+xml": "svg",
}
MEDIA: Final[dict[Show, str]] = {
    "page": "text/html; charset=utf-8",
    "json": "application/vc",
    "jwt": "application/vc+jwt",
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
}
COSTS: Final[dict[Show, int]] = {"page": 1, "json": 1, "jwt": 1, "pdf": 10, "svg": 10}

LONGEST_QUERY: Final = 1_000
MOST_SHEETS: Final = 64
"""Drawn files that are kept, of 100 to 200 kB each."""
A_MINUTE, AT_ONCE = 120, 60
"""What one address may ask for; a page costs one, a file to print ten."""

_QUERY = re.compile(
    r"(?P<signed>[!-~]*?)(?:&?lang=(?P<lang>[A-Za-z0-9-]{1,35}))?(?:&?show=(?P<show>page|pdf|svg|json|jwt))?"
)
_REFUSED: Final[dict[type[SouvenirError], tuple[Outcome, int]]] = {
    MalformedCertificate: ("malformed", 400),
    ForgedCertificate: ("forged", 422),
    ForeignCertificate: ("foreign", 422),
    WithdrawnKey: ("withdrawn", 422),
    NotFound: ("unknown", 404),
}
_GUARDED: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_DRAWN: Final = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'none'"
"""An SVG carries its own fonts and styles, and nothing that runs."""


class Asked(NamedTuple):
    """What is asked of one certificate."""

    gtin: str
    serial: str
    signed: str
    """The query as it was signed; empty where somebody typed the short link."""
    show: Show
    language: str
    path: str


class Found(NamedTuple):
    """What is answered."""

    verification: Verification
    status: int
    certificate: Certificate | None = None


class Sheets:
    """The files drawn last, so that a certificate many people look at is drawn once."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[str, bytes, Show, str], bytes] = OrderedDict()
        self._lock = Lock()

    def file(self, sheet: CertificateSheet, show: Show, language: str) -> bytes:
        key = (sheet.serial, orjson.dumps(sheet.story), show, language)
        with self._lock:
            known = self._files.get(key)
        if known is None:
            drawn = certificate_pdf(sheet, language) if show == "pdf" else certificate_svg(sheet, language).encode()
            with self._lock:
                known = self._files[key] = drawn
                while len(self._files) > MOST_SHEETS:
                    self._files.popitem(last=False)
        return known


def certificate_routes(shop: "Shop", workers: Workers) -> Sequence[Route]:
    """The link in the code, the status lists its credential names, and the issuer's keys."""
    throttle, sheets = Throttle(A_MINUTE, AT_ONCE), Sheets()
    return [
        Route("/01/{gtin:str}/21/{serial:str}", partial(_link, shop, workers, throttle, sheets), methods=["GET"]),
        Route("/status/{gtin:str}/{part:int}/{purpose:str}", partial(_list, shop, workers, throttle), methods=["GET"]),
        Route("/.well-known/jwks.json", partial(_keys, shop, workers), methods=["GET"]),
    ]


async def _link(shop: "Shop", workers: Workers, throttle: Throttle, sheets: Sheets, request: Request) -> Response:
    try:
        asked = _read(request)
    except Fault as fault:
        return _said(fault)
    return await _worked(workers, throttle, request, COSTS[asked.show], partial(_answer, shop, sheets, asked))


async def _list(shop: "Shop", workers: Workers, throttle: Throttle, request: Request) -> Response:
    gtin, part, purpose = (request.path_params[name] for name in ("gtin", "part", "purpose"))
    if not re.fullmatch(r"[0-9]{14}", gtin) or purpose not in PURPOSES or part > 1_000:
        return _said(Fault(404, "NOT_FOUND", "There is no such status list."))
    media = negotiation.media_type(request.headers.get("accept"), ("application/vc", "application/vc+jwt"))
    form: Literal["proof", "jwt"] = "jwt" if media == "application/vc+jwt" else "proof"

    def work() -> Response:
        try:
            shop.caught_up(shop.views.status_lists, shop.log.head())
            text = shop.publication.status_list(gtin, part, cast(Purpose, purpose), form)
        except NotFound:
            return _said(Fault(404, "NOT_FOUND", "There is no such status list."))
        return _cached(request, text.encode(), MEDIA["jwt" if form == "jwt" else "json"], FRESH_SECONDS)

    return await _worked(workers, throttle, request, 2, work)


async def _keys(shop: "Shop", workers: Workers, request: Request) -> Response:
    return _cached(request, orjson.dumps(shop.publication.key_set()), "application/jwk-set+json", 3600)


def _read(request: Request) -> Asked:
    """What is asked, within limits. Raises Fault."""
    query = request.scope["query_string"]
    match = _QUERY.fullmatch(query.decode("latin-1")) if len(query) <= LONGEST_QUERY else None
    if match is None:
        raise Fault(414 if len(query) > LONGEST_QUERY else 400, "BAD_REQUEST", "This link cannot be read.")
    media = negotiation.media_type(request.headers.get("accept"), tuple(FORMATS))
    show = cast(Show, match["show"]) or (FORMATS[media] if media else None)
    if show is None:
        raise Fault(406, "BAD_REQUEST", f"Accept one of {', '.join(FORMATS)}.")
    languages = negotiation.languages(request.headers.get("accept-language"))
    language = language_of(*([match["lang"]] if match["lang"] else languages))
    gtin, serial = request.path_params["gtin"][:20], request.path_params["serial"][:40]
    return Asked(gtin, serial, match["signed"], show, language, request.url.path)


def _answer(shop: "Shop", sheets: Sheets, asked: Asked) -> Response:
    found = _find(shop, asked)
    if asked.show == "page":
        link = f"{asked.path}?{asked.signed}" if asked.signed else asked.path
        page = verification_page(found.verification, asked.language, link)
        return _guarded(page.encode(), found.status, "page", asked.language)
    if found.certificate is None or found.verification.outcome not in ("genuine", "recorded"):
        outcome = found.verification.outcome
        return _said(Fault(found.status, outcome.upper(), f"This certificate is not given: {outcome}."))
    if asked.show in ("json", "jwt"):
        if shop.publication.listed(found.certificate) is None:
            shop.caught_up(shop.views.status_lists, shop.log.head())
        text = shop.publication.credential(found.certificate, "jwt" if asked.show == "jwt" else "proof")
        return _guarded(text.encode(), 200, asked.show)
    if found.verification.outcome != "genuine":
        return _said(Fault(403, "FORBIDDEN", "The sheet is given to who has the signed link."))
    assert found.verification.sheet is not None, "what is genuine and recorded has a sheet"
    language = language_of_sheet(asked.language)
    try:
        file = sheets.file(found.verification.sheet, asked.show, language)
    except ModuleNotFoundError:
        return _said(Fault(501, "NOT_INSTALLED", "This shop prints no sheets: install souvenir[documents,fonts]."))
    return _guarded(file, 200, asked.show, language)


def _find(shop: "Shop", asked: Asked) -> Found:
    """Whether the link is genuine, and what the shop's own records say of its serial."""
    certificate = _recorded(shop, asked)
    try:
        if not asked.signed:
            certificate = certificate or shop.publication.under(asked.gtin, asked.serial)
            return Found(_told(shop, certificate, "recorded", asked), 200, certificate)
        # A shop may move: what was signed is the address the code had when it was printed.
        where = certificate.seal.link.partition("/01/")[0] if certificate else shop.publication.resolver
        shop.publication.verify(f"{where}/01/{asked.gtin}/21/{asked.serial}?{asked.signed}")
        if certificate is None:
            return Found(Verification("genuine"), 200)
        return Found(_told(shop, certificate, "genuine", asked), 200, certificate)
    except tuple(_REFUSED) as refusal:
        outcome, status = _REFUSED[type(refusal)]
        return Found(Verification(outcome), status)


def _recorded(shop: "Shop", asked: Asked) -> Certificate | None:
    try:
        return shop.publication.under(asked.gtin, asked.serial)
    except NotFound:
        return None


def _told(shop: "Shop", certificate: Certificate, outcome: Outcome, asked: Asked) -> Verification:
    language = language_of_sheet(asked.language)
    links = []
    if outcome == "genuine":
        own = f"{asked.path}?{asked.signed}&lang={language}"
        links = [("pdf", f"{own}&show=pdf"), ("svg", f"{own}&show=svg"), ("json", f"{own}&show=json")]
    return Verification(
        outcome,
        sheet_of(shop, certificate),
        certificate.standing,
        clock.now(),
        certificate.transferred_on.isoformat() if certificate.transferred_on else None,
        links,
    )


def sheet_of(shop: "Shop", certificate: Certificate) -> CertificateSheet:
    """What stands on a certificate's sheet: its statement, and the story its place tells today."""
    stated, link = certificate.seal.statement, certificate.seal.link
    return CertificateSheet(
        **{
            name: getattr(stated, name)
            for name in ("issuer", "title", "space", "number", "size", "run", "gtin", "serial")
        },
        proofs={"AP": stated.proofs.artists, "PP": stated.proofs.printers, "HC": stated.proofs.hors_commerce},
        issued_on=stated.issued_on,
        key_id=stated.key_id,
        link=link,
        replacement=stated.replacement,
        place=stated.place,
        story=_story(shop, certificate),
        licences=tuple((one.licensor, one.property_name) for one in stated.licences),
        mark=stated.mark.name if stated.mark else None,
        parts=stated.parts,
    )


def _story(shop: "Shop", certificate: Certificate) -> Any:
    try:
        edition = shop.log.load(Edition, certificate.seal.statement.edition_id)
        return shop.log.load(Site, shop.log.load(Product, edition.product_id).origin_site_id).story
    except NotFound:
        return None


async def _worked(
    workers: Workers, throttle: Throttle, request: Request, cost: int, work: Callable[[], Response]
) -> Response:
    """Answer in a worker thread, unless this address asked too much."""
    wait = throttle.wait(request.client.host if request.client else "", cost)
    if wait:
        return _said(Fault(429, "TOO_MANY", "You asked too often. Repeat later.", headers={"Retry-After": str(wait)}))
    try:
        return await workers.run(work)
    except Fault as fault:
        return _said(fault)


def _guarded(body: bytes, status: int, show: Show, language: str = "") -> Response:
    headers = {**_GUARDED, "Cache-Control": "no-cache", "Vary": "Accept, Accept-Language"}
    if show == "svg":
        headers["Content-Security-Policy"] = _DRAWN
    if language:
        headers["Content-Language"] = language
    return Response(body, status, {**headers, "Content-Type": MEDIA[show]})


def _cached(request: Request, body: bytes, media: str, seconds: int) -> Response:
    """An answer that may be kept for a while, by anybody, and asked for again by its tag."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**_GUARDED, "Cache-Control": f"public, max-age={seconds}", "ETag": tag, "Vary": "Accept"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "Content-Type": media})


def _said(fault: Fault) -> Response:
    """Why not, as problem details (RFC 9457)."""
    problem = {
        "type": "about:blank",
        "title": str(fault),
        "status": fault.status,
        "code": fault.body["errors"][0]["extensions"]["code"],
    }
    headers = {**_GUARDED, **fault.headers, "Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    return Response(orjson.dumps(problem), fault.status, headers)
