"""The address in a certificate's code: a page that says what was checked, credentials, status lists, keys; nobody is named."""

import gzip
import json
import re
from base64 import urlsafe_b64decode
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from calling import Client
from starlette.applications import Starlette
from starlette.routing import Mount
from trading import TODAY, Group

from souvenir.certificates.credential import verify_credential
from souvenir.certificates.jose import verified_jwt
from souvenir.documents.verification_page import STYLE
from souvenir.kernel import clock

HERE = "https://id.example.org"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class Page(HTMLParser):
    """A page as a browser reads it: its elements, its headings, its facts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        assert self._open == [], f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.setdefault(self._open[-1], []).append(data.strip())

    @property
    def facts(self) -> dict[str, str]:
        return dict(zip(self.texts["dt"], self.texts["dd"], strict=True))

    @property
    def language(self) -> str | None:
        return self.tags[1][1]["lang"] if self.tags[0][0] != "html" else self.tags[0][1]["lang"]

    @property
    def links(self) -> list[str]:
        return [attributes["href"] or "" for tag, attributes in self.tags if tag == "a"]


def bought(group: Group) -> dict[str, Any]:
    """The certificate of a piece that was just bought online."""
    guest = group.guest
    basket = guest.do("openBasket", outletId=group.web)["basket"]["id"]
    guest.do("holdPiece", basketId=basket, editionId=group.edition, number=102)
    order = guest.do("placeOrder", basketId=basket)["order"]["id"]
    guest.do("pay", orderId=order, tender="CARD", provider="sandbox", source="tok")
    (found,) = guest.ask("certificates", orderId=order, format="PDF", language="zh-CN")["certificates"]
    return dict(found) | {"order": order}


@pytest.fixture
def certificate(group: Group) -> dict[str, Any]:
    return bought(group)


def get(group: Group, link: str, accept: str = BROWSER, language: str = "en", **headers: str) -> httpx.Response:
    asked = {"accept": accept, "accept-language": language, **headers}
    return Client(group.app).request("GET", link.removeprefix(HERE), asked)


def page(group: Group, link: str, language: str = "en") -> Page:
    return Page(get(group, link, language=language).text)


def test_a_scan_shows_that_it_is_genuine_and_stands_and_says_that_both_were_checked(group: Group, certificate):
    answer = get(group, certificate["link"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    shown = Page(answer.text)
    assert shown.texts["h1"] == ["Genuine, and the certificate stands"]
    assert shown.facts["Authenticity (signature)"] == "checked: genuine"
    assert shown.facts["Freshness (issuer's records)"] == "stands"
    assert shown.facts["Edition size"] == "500"
    assert shown.facts["Licensed by"] == "Crane · Palace Studio"
    assert shown.facts["Made at"] == "Enamel factory"
    assert "Since 1956." in shown.texts["p"]
    assert "102/500" in shown.texts["p"]


def test_it_is_read_in_chinese_by_who_reads_chinese(group: Group, certificate):
    shown = page(group, certificate["link"], language="zh-CN,zh;q=0.9,en;q=0.5")
    assert shown.language == "zh-Hans"
    assert shown.texts["h1"] == ["真品证书，现行有效"]
    assert shown.facts["真伪（签名）"] == "已验证：属实"
    assert "建于1956年。" in shown.texts["p"]
    (english,) = (link for link in shown.links if link.endswith("&lang=en"))
    assert page(group, english, language="zh-CN").texts["h1"] == ["Genuine, and the certificate stands"]


@pytest.mark.parametrize(
    ("operation", "more", "heading", "freshness"),
    [
        ("suspendCertificate", {"reason": "stolen"}, "A genuine signature, but the certificate is suspended",
         "suspended, as when the piece was reported stolen"),
        ("retireCertificate", {"reason": "burnt"}, "A genuine signature, but the piece is gone and its certificate retired",
         "retired: the piece is gone"),
        ("transferCertificate", {"owner": "collector-7"}, "Genuine, and the certificate stands", "stands"),
    ],
)  # fmt: skip
def test_what_became_of_it_since_is_said(group: Group, certificate, operation, more, heading, freshness):
    group.office.do(operation, certificateId=certificate["id"], on=TODAY, **more)
    answer = get(group, certificate["link"])
    shown = Page(answer.text)
    assert shown.texts["h1"] == [heading]
    assert shown.facts["Freshness (issuer's records)"] == freshness
    assert shown.facts.get("Last passed on") == (TODAY if operation == "transferCertificate" else None)
    for private in ("collector-7", "stolen by", "burnt"):
        assert private not in answer.text


def test_a_re_made_piece_leaves_the_old_certificate_revoked(group: Group, certificate):
    group.office.do(
        "remakePiece", editionId=group.edition, number=102, copy=1, reason="fire", evidence="report 4", on=TODAY
    )
    assert page(group, certificate["link"]).texts["h1"] == ["A genuine signature, but the certificate was revoked"]


def test_the_short_link_says_that_authenticity_was_not_checked_and_gives_no_sheet(group: Group, certificate):
    short = certificate["link"].partition("?")[0]
    shown = page(group, short)
    assert shown.texts["h1"] == ["There is a certificate of this serial, but this link carries no signature"]
    assert shown.facts["Authenticity (signature)"] == "not checked"
    assert shown.facts["Freshness (issuer's records)"] == "stands"
    assert get(group, short, "application/pdf").status_code == 403
    assert certificate["link"].partition("&s=")[2] not in get(group, short).text


def test_another_number_under_the_same_signature_is_a_forgery(group: Group, certificate):
    answer = get(group, certificate["link"].replace("n=102&", "n=103&"))
    assert answer.status_code == 422
    shown = Page(answer.text)
    assert shown.texts["h1"] == ["Not genuine: it was altered or forged"]
    assert shown.facts == {
        "Authenticity (signature)": "checked: not genuine",
        "Freshness (issuer's records)": "not checked",
    }


def test_another_shop_s_certificate_is_foreign(group: Group, certificate, time: clock.SettableClock):
    other = Group()
    answer = get(group, bought(other)["link"])
    other.shop.close()
    assert answer.status_code == 422
    assert Page(answer.text).texts["h1"] == ["Not signed by this issuer"]


def test_a_certificate_whose_key_was_withdrawn_proves_nothing_any_more(group: Group, certificate):
    (key,) = group.visitor.ask("certificateKeys")
    refused = group.office.try_to("withdrawCertificateKey", keyId=key["keyId"], reason="stolen", on=TODAY)
    assert refused["code"] == "KEY_STILL_SIGNS"
    for _ in range(2):
        group.office.do("rotateCertificateKey", keyId=key["keyId"], on=TODAY)
    assert [one["signs"] for one in group.visitor.ask("certificateKeys")] == [False, True]
    assert page(group, certificate["link"]).texts["h1"] == ["Genuine, and the certificate stands"]
    for _ in range(2):
        group.office.do("withdrawCertificateKey", keyId=key["keyId"], reason="stolen", on=TODAY)
    assert page(group, certificate["link"]).texts["h1"] == [
        "The key that signed it was withdrawn: the signature proves nothing any more"
    ]
    assert group.visitor.ask("verifyCertificate", textOrLink=certificate["link"])["code"] == "WITHDRAWN_KEY"
    group.shop.followers.catch_up()
    (anew,) = group.guest.ask("certificates", orderId=certificate["order"], format="PDF")["certificates"]
    assert (anew["serial"], anew["standing"]) == (certificate["serial"], "active")
    assert page(group, anew["link"]).texts["h1"] == ["Genuine, and the certificate stands"]
    assert (
        page(group, certificate["link"]).facts["Authenticity (signature)"] == "checked: the signature no longer counts"
    )
    keys = get(group, "/.well-known/jwks.json").json()["keys"]
    assert [one["kid"] for one in keys] == [one["keyId"] for one in group.visitor.ask("certificateKeys")]
    assert key["keyId"] not in [one["kid"] for one in keys]
    assert group.office.try_to("rotateCertificateKey", keyId="nobody's", on=TODAY)["code"] == "NO_SUCH_KEY"


@pytest.mark.parametrize(
    ("link", "status", "heading"),
    [
        ("/01/04006381333931/21/23456789ABCD", 404, "There is no certificate of this serial"),
        ("/01/xx/21/yy", 404, "There is no certificate of this serial"),
        ("/01/04006381333931/21/23456789ABCD?n=1", 400, "This is not a certificate link of this issuer"),
        ("/01/04006381333931/21/<script>", 404, "There is no certificate of this serial"),
    ],
)
def test_what_is_no_certificate_gets_a_clear_page(group: Group, link: str, status: int, heading: str):
    answer = get(group, link)
    assert answer.status_code == status
    assert Page(answer.text).texts["h1"] == [heading]
    assert "<script" not in answer.text


def test_a_query_longer_than_any_certificate_s_is_not_read(group: Group, certificate):
    assert get(group, certificate["link"] + "&x=" + "y" * 2_000).status_code == 414


def test_one_changed_bit_anywhere_in_the_code_is_never_genuine(group: Group, certificate):
    """Every bit of a sample of the characters, through HTTP; every bit of all of them is flipped offline elsewhere."""
    path = certificate["link"].removeprefix(HERE)
    for at in range(1, len(path), 7):
        changed = chr(ord(path[at]) ^ 1 << at % 7)
        answer = group_answer(group, path[:at] + changed + path[at + 1 :])
        assert answer is None or "Genuine, and" not in answer


def group_answer(group: Group, path: str) -> str | None:
    """The answer, or None where a client cannot even send such a link."""
    try:
        return get(group, path).text
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return None


def test_machines_get_the_credential_in_either_form(group: Group, certificate):
    keys = group.shop.secrets.signing.now.public
    plain, token = (get(group, certificate["link"], accept) for accept in ("application/vc", "application/vc+jwt"))
    assert (plain.headers["content-type"], token.headers["content-type"]) == ("application/vc", "application/vc+jwt")
    facts, claims = verify_credential(plain.text, keys), verified_jwt(token.text, keys)
    assert facts == claims
    assert facts["credentialSubject"]["number"] == 102
    assert facts["credentialStatus"][0]["statusListIndex"] == "0"
    assert get(group, certificate["link"], "application/json").headers["content-type"] == "application/vc"
    assert verify_credential(certificate["credential"], keys)["credentialSubject"]["serial"] == certificate["serial"]
    assert verified_jwt(certificate["credentialJwt"], keys) == claims


def test_a_forgery_gets_no_credential_and_machines_are_told_why(group: Group, certificate):
    answer = get(group, certificate["link"].replace("n=102&", "n=103&"), "application/vc")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["code"] == "FORGED"
    assert get(group, certificate["link"], "audio/ogg").status_code == 406


def bit(group: Group, entry: dict[str, str]) -> bool:
    """Whether a status list says so of a certificate, as the standard reads it."""
    answer = get(group, entry["statusListCredential"], "application/vc")
    listed = verify_status(group, answer.text)
    encoded = listed["credentialSubject"]["encodedList"].removeprefix("u")
    bits = gzip.decompress(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    index = int(entry["statusListIndex"])
    assert len(bits) == 16_384
    return bool(bits[index // 8] >> (7 - index % 8) & 1)


def verify_status(group: Group, text: str) -> dict[str, Any]:
    """The list, with its proof checked as that of any credential."""
    listed = json.loads(text)
    method = listed["proof"]["verificationMethod"]
    assert listed["proof"]["@context"] == listed["@context"]
    assert method.startswith(listed["issuer"] + "#")
    return dict(listed)


def test_the_status_lists_its_credential_names_say_whether_it_stands(group: Group, certificate):
    revocation, suspension = json.loads(certificate["credential"])["credentialStatus"]
    assert (revocation["statusPurpose"], suspension["statusPurpose"]) == ("revocation", "suspension")
    assert (bit(group, revocation), bit(group, suspension)) == (False, False)
    group.office.do("suspendCertificate", certificateId=certificate["id"], reason="stolen", on=TODAY)
    assert (bit(group, revocation), bit(group, suspension)) == (False, True)
    group.office.do("reinstateCertificate", certificateId=certificate["id"], on=TODAY)
    assert (bit(group, revocation), bit(group, suspension)) == (False, False)
    group.office.do("retireCertificate", certificateId=certificate["id"], reason="burnt", on=TODAY)
    assert (bit(group, revocation), bit(group, suspension)) == (True, False)


@pytest.mark.parametrize("list_of", ["/status/04006381333931/1/revocation", "/status/04006381333931/0/anything",
                                     "/status/123/0/revocation", "/status/04006381333931/99999/revocation"])  # fmt: skip
def test_a_list_there_is_not_is_not_found(group: Group, certificate, list_of: str):
    assert get(group, list_of).status_code == 404


def test_lists_and_keys_may_be_kept_for_a_while_and_asked_for_again_by_their_tag(group: Group, certificate):
    for address, kept in (("/status/04006381333931/0/revocation", "300"), ("/.well-known/jwks.json", "3600")):
        first = get(group, address)
        assert first.headers["cache-control"] == f"public, max-age={kept}"
        again = get(group, address, **{"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_the_sheet_is_had_at_the_link_the_shop_gives_its_buyer(group: Group, certificate):
    assert certificate["sheet"].endswith("&lang=zh-Hans&show=pdf")
    sheet = get(group, certificate["sheet"])
    assert (sheet.headers["content-type"], sheet.content[:5]) == ("application/pdf", b"%PDF-")
    assert get(group, certificate["sheet"]).content == sheet.content
    drawn = get(group, certificate["link"], "image/svg+xml", language="ja")
    assert "作品証明書" in drawn.text
    assert drawn.headers["content-security-policy"].startswith("default-src 'none'")


def test_who_asks_too_much_is_told_to_wait(group: Group, certificate):
    answers = [get(group, certificate["sheet"]).status_code for _ in range(7)]
    assert answers == [200] * 6 + [429]
    assert int(get(group, certificate["sheet"]).headers["retry-after"]) >= 1


def test_a_shop_that_moved_still_knows_the_codes_it_printed(group: Group, certificate):
    group.shop.publication.resolver = "https://id.moved.example"
    assert page(group, certificate["link"]).texts["h1"] == ["Genuine, and the certificate stands"]
    assert get(group, certificate["link"].replace("n=102&", "n=103&")).status_code == 422


def test_mounted_below_another_application_its_links_lead_back_to_it(group: Group, certificate):
    parent = Starlette(routes=[Mount("/shop", group.app)])
    path = "/shop" + certificate["link"].removeprefix(HERE)
    shown = Page(Client(parent).request("GET", path, {"accept": BROWSER}).text)
    assert shown.texts["h1"] == ["Genuine, and the certificate stands"]
    assert len(shown.links) == 12 + 3
    for link in shown.links:
        assert link.startswith("/shop/01/")
        assert Client(parent).request("GET", link, {"accept": BROWSER}).status_code == 200


# What a page must be, whatever it says.


@pytest.mark.parametrize(
    ("asked", "tag", "verdict"),
    [
        ("fr-CA,en;q=0.5", "fr", "Authentique, et le certificat est valable"),
        ("zh-TW", "zh-Hant", "真品證書，現行有效"),
        ("ja", "ja", "本物で、証明書は有効です"),
        ("th", "th", "ของแท้ และใบรับรองยังมีผล"),
        ("ar-EG", "ar", "أصلية، والشهادة سارية"),
        ("tlh, ru;q=0.9, en;q=0.8", "ru", "Подлинный, сертификат действует"),
        ("tlh", "en", "Genuine, and the certificate stands"),
    ],
)
def test_the_page_speaks_the_first_language_asked_for_that_it_knows(
    group: Group, certificate, asked: str, tag: str, verdict: str
):
    answer = get(group, certificate["link"], language=asked)
    shown = Page(answer.text)
    assert (shown.language, answer.headers["content-language"], shown.texts["h1"]) == (tag, tag, [verdict])
    assert f'<html lang="{tag}" dir="{"rtl" if tag == "ar" else "ltr"}">' in answer.text
    assert not [link for link in shown.links if link.endswith(f"&lang={tag}")]
    assert len([link for link in shown.links if "&lang=" in link and "show" not in link]) == 12


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_runs_nothing_loads_nothing_and_can_be_read_by_everybody(group: Group, certificate, language: str):
    answer = get(group, certificate["link"], language=language)
    shown = Page(answer.text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    kinds = [tag for tag, _ in shown.tags]
    assert not {"script", "img", "iframe", "form", "link", "object", "input"} & set(kinds)
    assert all(not name.startswith(("on", "style")) for _, attributes in shown.tags for name in attributes)
    assert kinds.count("h1") == kinds.count("main") == kinds.count("title") == 1
    assert next(kind for kind in kinds if kind in ("h1", "h2")) == "h1"
    assert (shown.language, answer.headers["content-language"]) == ({"en": "en", "zh": "zh-Hans"}[language],) * 2
    assert all(link.startswith("/01/") for link in shown.links)


@pytest.mark.parametrize(
    ("front", "back"),
    [("#1f2630", "#fdfaf3"), ("#4d5660", "#fdfaf3"), ("#7a5a1e", "#fdfaf3"), ("#0b4f7d", "#fdfaf3"),
     ("#17552f", "#ffffff"), ("#6f4800", "#ffffff"), ("#8f1d17", "#ffffff"), ("#7a5a1e", "#ffffff")],
)  # fmt: skip
def test_its_colours_differ_enough_to_be_read(front: str, back: str):
    """WCAG 2.2, contrast (minimum): 4.5 to 1."""
    assert front in STYLE
    lighter, darker = sorted((luminance(front), luminance(back)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_of_the_style_is_one_that_was_measured():
    known = {"#1f2630", "#4d5660", "#7a5a1e", "#d8c79c", "#fdfaf3", "#0b4f7d", "#fff"}
    borders = {"#1d6b3a", "#8a5a00", "#b3261e"}
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", STYLE)) - known - borders == {"#17552f", "#6f4800", "#8f1d17"}
