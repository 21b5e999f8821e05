"""Every audience writes about one person, and every byte the shop keeps, says or logs is searched for them."""

import base64
import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import psycopg
import pytest
from calling import Client
from trading import MORNING, TODAY, Counterpart, Group

from souvenir.api.identity import read_id
from souvenir.certificates.certificate import Certificate
from souvenir.processes.forget_person import shred_restored_keys
from souvenir.taxrefund.claim import Claim
from souvenir.testing import clock_at

PASSPORT, NAME, PHONE = "QX7734551", "MARGUERITE DUVALIER", "+33 6 44 99 77 31"
CARD, ADDRESS = "fp_9f3c77aa1e", "17 rue des Grenouilles"
SECRETS = (PASSPORT, "MARGUERITE", "DUVALIER", PHONE, CARD, "Grenouilles")
BUYER = {"documentNumber": PASSPORT, "telephone": PHONE, "cardFingerprint": CARD, "address": ADDRESS}
DOCUMENT = {"kind": "passport", "number": PASSPORT, "name": NAME, "lastEntry": "2025-05-01", "nationality": "FRA"}
OVER = datetime(2036, 1, 1, tzinfo=UTC)


@dataclass
class Scene:
    """A shop group, where it keeps its bytes, and what it said to people."""

    group: Group
    url: str
    directory: Path
    said: list[str] = field(default_factory=list)

    def tell(self, who: Counterpart, operation: str, **input: Any) -> Any:
        """Send a mutation; what is refused must not repeat who it was about."""
        answer = who.try_to(operation, **input)
        self.said.append(str(answer))
        return answer


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    url = str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))
    with clock_at(MORNING):
        group = Group(url, secrets=str(tmp_path / "secrets"))
        yield Scene(group, url, tmp_path)
        group.shop.close()


def everybody_writes(scene: Scene) -> str:
    """Every audience's writes that are about a person, those that are refused too; answers a claim's id."""
    group, tell = scene.group, scene.tell
    group.office.do("limitEdition", editionId=group.edition, perPerson=1, perHousehold=2)
    piece = {"editionId": group.edition, "number": 1}
    till_sale = {"pieces": [piece], "tender": "CASH", "buyer": BUYER}
    order = tell(group.till, "sellAtTill", idempotencyKey=f"sale of {PASSPORT}", **till_sale)["order"]["id"]
    group.shop.followers.catch_up()
    (certificate,) = group.till.ask("order", id=order)["certificates"]
    tell(group.office, "transferCertificate", certificateId=certificate["id"], owner="collector-7", on=TODAY)
    tell(group.till, "sellAtTill", **(till_sale | {"pieces": [piece | {"number": 2}]}))
    tell(group.till, "sellAtTill", **(till_sale | {"buyer": {"address": ADDRESS}}))
    basket = group.basket()
    group.guest.do("holdPiece", basketId=basket, editionId=group.edition)
    online = group.guest.do("placeOrder", basketId=basket)["order"]["id"]
    tell(group.guest, "identifyBuyer", orderId=online, buyer=BUYER)
    tell(group.guest, "pay", orderId=online, tender="CARD", provider="sandbox", source="tok")
    tell(group.office, "addBuyerEvidence", orderId=order, buyer={"telephone": PHONE, "address": ADDRESS})
    mugs = group.bought(goods=[{"productId": group.mug, "quantity": 2}])["id"]
    asked = {"orderIds": [mugs], "mode": "INSTANT_CENTRALISED", "documentKind": "passport", "documentNumber": PASSPORT}
    scene.said.append(str(group.point.ask("assessRefund", input=asked)))
    form = {"orderIds": [mugs], "mode": "INSTANT_CENTRALISED", "document": DOCUMENT}
    tell(group.point, "openClaim", **(form | {"document": DOCUMENT | {"lastEntry": "2024-01-01"}}))
    tell(group.point, "openClaim", **(form | {"document": DOCUMENT | {"kind": "library card"}}))
    claim = str(tell(group.point, "openClaim", idempotencyKey=f"form of {PASSPORT}", **form)["claim"]["id"])
    tell(group.point, "openClaim", idempotencyKey=f"form of {PASSPORT}", **(form | {"orderIds": [order]}))
    tell(group.point, "openClaim", **form)
    tell(group.point, "agreeClaim", claimId=claim)
    tell(group.point, "guaranteeClaim", claimId=claim, provider="sandbox", source="tok")
    tell(group.point, "advanceClaim", claimId=claim, tender="CASH")
    tell(group.desk, "confirmCustoms", claimId=claim, port="PEK", lines=[{"lineNo": 1, "quantity": 2}])
    forget = {"person": {"shown": BUYER}, "purposes": ["TAX"], "requestedOn": TODAY}
    tell(group.office, "forgetTraveller", reason=f"{PASSPORT} asked", **forget)
    tell(group.office, "forgetTraveller", reason="asked", **forget)
    malformed_and_unknown(scene, form)
    return claim


def malformed_and_unknown(scene: Scene, form: dict[str, Any]) -> None:
    """What does not even fit the schema, by POST and in the address of a GET."""
    group = scene.group
    document = DOCUMENT | {"number": [PASSPORT, {"name": NAME}], "telephone": PHONE}
    refused = group.point.send("openClaim", input={"idempotencyKey": "k", **form, "document": document})
    scene.said.append(refused.text)
    scene.said.append(group.office.send("personalData", person={"shown": {"documentNumber": {"no": PASSPORT}}}).text)
    url = f"/graphql/backoffice?documentId=erasureCertificate&variables=%7B%22pseudonym%22:%5B%22{PASSPORT}%22%5D%7D"
    scene.said.append(Client(group.app).request("GET", url, {"authorization": f"Bearer {group.office.token}"}).text)


def spellings(secret: str) -> Iterator[bytes]:
    """A secret in any form in which a program might write it down, its plain hashes included."""
    for text in {secret, secret.lower(), secret.title(), "".join(secret.split()), secret.replace("-", "")}:
        raw = text.encode()
        yield from (raw, text.encode("utf-16-le"), raw.hex().encode(), base64.b64encode(raw).rstrip(b"="))
        for of in (raw, f"passport:{text}".encode(), f"PASSPORT:{text}".encode(), f"buyer's document:{text}".encode()):
            for hashed in (hashlib.sha256(of), hashlib.sha1(of), hashlib.md5(of)):
                yield from (hashed.digest(), hashed.hexdigest().encode(), base64.b64encode(hashed.digest())[:20])
        yield str(uuid5(NAMESPACE_OID, text)).encode()


def kept(scene: Scene) -> dict[str, bytes]:
    """Every file under the shop's directory by its name, and every row of its PostgreSQL database by its table."""
    files = {str(path): path.read_bytes() for path in scene.directory.rglob("*") if path.is_file()}
    if scene.url.startswith("sqlite"):
        return files
    with psycopg.connect(scene.url) as connection:
        for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"'.encode()).fetchall()
            files[table] = b"\n".join(
                b"|".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in row) for row in rows
            )
    return files


def found(places: dict[str, bytes]) -> list[tuple[str, str]]:
    """Where anything of the person stands, in content or in the name of a place."""
    return [
        (place, secret)
        for secret in SECRETS
        for spelling in set(spellings(secret))
        for place, content in places.items()
        if spelling in content or spelling in place.encode()
    ]


def test_nothing_that_is_kept_said_or_logged_names_the_person(scene: Scene, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        everybody_writes(scene)
        scene.group.shop.followers.catch_up()
        scene.group.shop.deadlines.look()
        for view in scene.group.shop.views.all:
            scene.group.shop.rebuild(view)
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records if record.name != "httpx"
    )
    assert found(kept(scene)) == []
    assert found({"answers": "\n".join(scene.said).encode(), "log": logged.encode()}) == []
    codes = {code for code in ("PURCHASE_LIMIT_REACHED", "STAY_TOO_LONG", "LEGAL_HOLD", "IDEMPOTENCY_CONFLICT", "BAD_USER_INPUT") if any(code in said for said in scene.said)}  # fmt: skip
    assert codes == {"PURCHASE_LIMIT_REACHED", "STAY_TOO_LONG", "LEGAL_HOLD", "IDEMPOTENCY_CONFLICT", "BAD_USER_INPUT"}


def test_no_event_and_no_table_holds_even_a_keyed_hash_of_what_was_shown(scene: Scene):
    everybody_writes(scene)
    ring, places = scene.group.shop.secrets.keyring, kept(scene)
    log = {name: content for name, content in places.items() if "secrets" not in name}
    keys = b"".join(content for name, content in places.items() if "secrets" in name)
    texts = [PASSPORT, f"passport:{PASSPORT}", f"buyer's document:{PASSPORT}", NAME, PHONE, ADDRESS]
    hashes = [ring.keyed_hash(purpose, text).encode() for purpose in ("tax", "identity", "commands") for text in texts]
    assert [(name, hash) for hash in hashes for name, content in log.items() if hash in content] == []
    assert ring.keyed_hash("tax", f"passport:{PASSPORT}").encode() in keys


def test_the_fingerprint_of_a_command_cannot_be_tried_with_guesses(scene: Scene):
    """The same input under two keys leaves two fingerprints: without the key, which is not kept, none can be made."""
    limit = {"editionId": scene.group.edition, "perPerson": 1}
    for key in ("one", "two"):
        scene.group.office.do("limitEdition", idempotencyKey=key, **limit)
    handled = [one.event.fingerprint for one in scene.group.shop.log.events(topics=["eventlog.CommandHandled"])]
    assert len(set(handled[-2:])) == 2


def test_papers_name_the_traveller_and_their_files_do_not(scene: Scene):
    claim = everybody_writes(scene)
    papers = scene.group.point.ask("claimPapers", claimId=claim)
    assert papers["traveller"]["name"] == NAME
    names = [paper["name"] for paper in (papers["form"], papers["agreement"], *papers["receipts"])]
    assert found(dict.fromkeys(names, b"")) == []


def test_once_everything_is_forgotten_the_key_store_knows_nobody_and_the_books_stand(scene: Scene):
    claim = everybody_writes(scene)
    shop, ring = scene.group.shop, scene.group.shop.secrets.keyring
    shop.followers.catch_up()
    books = shop.ledger.trial_balance().canonical()
    with clock_at(OVER):
        assert shop.erase_due.erase_due() == 5
    places = kept(scene)
    for purpose, text in (
        ("tax", f"passport:{PASSPORT}"),
        ("identity", f"buyer's document:{PASSPORT}"),
        ("identity", f"buyer's address:{ADDRESS}"),
    ):
        assert ring.people_with(purpose, text) == ()
        assert [name for name, content in places.items() if ring.keyed_hash(purpose, text).encode() in content] == []
    assert found(places) == []
    shop.followers.catch_up()
    assert shop.ledger.trial_balance().canonical() == books
    assert shop.log.load(Claim, read_id("Claim", claim, "id")).state == "completed"
    (passed_on,) = shop.log.events(topics=["editions.CertificateTransferred"])
    certificate = shop.log.load(Certificate, passed_on.event.originator_id)
    assert (certificate.standing, certificate.owners) == ("active", ("collector-7",))
    assert shop.differences() == []
    assert shred_restored_keys(shop.log, ring) == 0


def test_the_search_finds_what_is_written_down_in_any_of_these_forms(tmp_path: Path):
    """It would find a leak: each spelling of each secret is found where it is planted."""
    for secret in SECRETS:
        for spelling in set(spellings(secret)):
            assert found({"a place": os.urandom(8) + spelling + os.urandom(8)})
