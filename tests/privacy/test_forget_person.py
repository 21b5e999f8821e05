"""Forgetting a person: history still replays, reads say redacted, and no plaintext is left anywhere in the store."""

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from souvenir.access.application import give_token
from souvenir.access.credential import Credential
from souvenir.access.registers import Credentials
from souvenir.eventlog import EventLog, Followers
from souvenir.eventlog.keystore import SqliteKeyStore
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import NotFound
from souvenir.kernel.sealing import Redacted, Sealed
from souvenir.privacy.application import Privacy, erasures, registered
from souvenir.privacy.keyring import KeyRing, place_of
from souvenir.privacy.registers import Erasures, Retentions
from souvenir.privacy.subject import LegalHold, Subject
from souvenir.processes.forget_person import (
    EraseDue,
    ForgetPerson,
    forget_person,
    forget_pseudonyms,
    shred_restored_keys,
)

LI = UUID("00000000-0000-0000-0000-000000000001")
MARIE = UUID("00000000-0000-0000-0000-000000000002")
CARD = UUID("00000000-0000-0000-0000-0000000000ca")
MASTER = bytes(range(32))
NAME = place_of("test_privacy.VisitorCardWritten", CARD, "name")
TODAY = date(2026, 5, 1)


class VisitorCard(Aggregate):
    """Anything that holds a sealed name."""

    TOPIC = "test_privacy.VisitorCard"

    class Written(Created):
        TOPIC = "test_privacy.VisitorCardWritten"
        name: Sealed

    @event(Written)
    def __init__(self, name: Sealed) -> None:
        self.name = name


class GiftCard(Aggregate):
    """Anything that holds the names of two people."""

    TOPIC = "test_privacy.GiftCard"

    class Given(Created):
        TOPIC = "test_privacy.GiftCardGiven"
        sealed: tuple[Sealed, ...]

    @event(Given)
    def __init__(self, sealed: tuple[Sealed, ...]) -> None:
        self.sealed = sealed


@pytest.fixture
def log(store_url: str) -> Iterator[EventLog]:
    log = EventLog.open(store_url, registers=(Erasures(), Retentions(), Credentials()))
    yield log
    log.close()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[SqliteKeyStore]:
    store = SqliteKeyStore(tmp_path / "vault" / "keys.db")
    yield store
    store.close()


@pytest.fixture
def ring(keys: SqliteKeyStore) -> KeyRing:
    return KeyRing(keys, MASTER)


def write_card(log: EventLog, ring: KeyRing) -> None:
    name = ring.seal(LI, "identity", "Zebulon Quartermaine", NAME)
    ring.index(LI, "identity", "Zebulon Quartermaine")
    log.execute(lambda tx: tx.save(registered(tx, LI), VisitorCard._create(VisitorCard.Written, id=CARD, name=name)))


def test_after_forgetting_history_replays_and_the_name_reads_as_redacted(log: EventLog, ring: KeyRing):
    write_card(log, ring)
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == "Zebulon Quartermaine"
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == Redacted(LI, "identity", "erased")
    assert ring.people_with("identity", "Zebulon Quartermaine") == ()
    assert [type(recorded.event).__name__ for recorded in log.events()] == ["Registered", "Written", "Erased"]


def test_asking_again_records_nothing(log: EventLog, ring: KeyRing):
    write_card(log, ring)
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    assert len(list(log.events())) == 3
    assert list(erasures(log)) == [(LI, "identity")]


def test_the_process_finishes_an_erasure_that_stopped_halfway(log: EventLog, ring: KeyRing):
    write_card(log, ring)
    Privacy(log).erase(LI, ["identity"], "on request", TODAY)
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == "Zebulon Quartermaine"
    Followers(log, processes=(ForgetPerson(ring),), views=()).catch_up()
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == Redacted(LI, "identity", "erased")


def test_forgetting_the_identity_ends_the_sessions_and_forgetting_less_does_not(log: EventLog, ring: KeyRing):
    Privacy(log).register(LI)
    session = log.execute(lambda tx: give_token(tx, "storefront", "customer", LI)).result
    followers = Followers(log, processes=(ForgetPerson(ring),), views=())
    forget_person(log, ring, LI, ["marketing"], "on request", TODAY)
    followers.catch_up()
    assert log.load(Credential, session.credential_id).revoked is None
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    followers.catch_up()
    assert log.load(Credential, session.credential_id).revoked == "forgotten on request"


def test_a_legal_hold_keeps_the_keys(log: EventLog, ring: KeyRing):
    write_card(log, ring)
    Privacy(log).hold(LI, "identity", "a dispute is open", date(2027, 1, 1))
    with pytest.raises(LegalHold):
        forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == "Zebulon Quartermaine"
    Privacy(log).lift_hold(LI, "identity")
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == Redacted(LI, "identity", "erased")


def test_forgetting_someone_unknown_is_refused(log: EventLog, ring: KeyRing):
    with pytest.raises(NotFound):
        forget_person(log, ring, LI, ["identity"], "on request", TODAY)


def test_keys_that_a_backup_brought_back_are_destroyed_when_the_shop_opens(
    log: EventLog, keys: SqliteKeyStore, tmp_path: Path
):
    ring = KeyRing(keys, MASTER)
    write_card(log, ring)
    shutil.copy(tmp_path / "vault" / "keys.db", tmp_path / "backup.db")
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    restored = SqliteKeyStore(tmp_path / "backup.db")
    ring = KeyRing(restored, MASTER)
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == "Zebulon Quartermaine"
    assert shred_restored_keys(log, ring) == 1
    assert shred_restored_keys(log, ring) == 0
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == Redacted(LI, "identity", "erased")
    restored.close()


def test_a_backup_restored_while_the_shop_is_open_is_found_within_a_minute(log: EventLog, tmp_path: Path):
    keys = SqliteKeyStore(tmp_path / "keys.db")
    ring = KeyRing(keys, MASTER)
    write_card(log, ring)
    backup = sqlite3.connect(tmp_path / "backup.db")
    keys._connection.backup(backup)
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    every_minute = EraseDue(log, ring)
    every_minute.act_on_schedule()
    backup.backup(keys._connection)
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == "Zebulon Quartermaine"
    every_minute.act_on_schedule()
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == Redacted(LI, "identity", "erased")
    assert ring.people_with("identity", "Zebulon Quartermaine") == ()
    backup.close()
    keys.close()


def test_a_key_store_that_was_not_restored_is_not_searched_again(log: EventLog, ring: KeyRing, monkeypatch):
    write_card(log, ring)
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    shred_restored_keys(log, ring)
    monkeypatch.setattr("souvenir.processes.forget_person.erasures", lambda log: pytest.fail("searched"))
    assert shred_restored_keys(log, ring) == 0


def test_log_and_keys_restored_together_forget_again_by_the_certificate(log: EventLog, ring: KeyRing, tmp_path: Path):
    """Then nothing in the shop knows of the erasure: the certificate, kept elsewhere, has the pseudonym."""
    write_card(log, ring)
    forget_pseudonyms(log, ring, {LI: ["identity"]}, "again, after a backup was restored", TODAY)
    assert ring.open(log.load(VisitorCard, CARD).name, NAME) == Redacted(LI, "identity", "erased")


def test_one_event_about_two_people_forgets_one_of_them(log: EventLog, ring: KeyRing):
    """A gift has a sender and a recipient: each name is sealed under its own person's key, in one event."""
    seal = {who: ring.seal(who, "identity", name, NAME) for who, name in ((LI, "Zebulon"), (MARIE, "Marie"))}
    log.execute(
        lambda tx: tx.save(registered(tx, LI), GiftCard._create(GiftCard.Given, id=CARD, sealed=tuple(seal.values())))
    )
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    assert [ring.open(one, NAME) for one in log.load(GiftCard, CARD).sealed] == [Redacted(LI, "identity"), "Marie"]


def test_no_file_of_the_store_holds_the_name_or_the_key_after_forgetting(tmp_path: Path):
    log = EventLog.open(f"sqlite:///{tmp_path / 'shop.db'}", registers=(Erasures(),))
    keys = SqliteKeyStore(tmp_path / "keys.db")
    ring = KeyRing(keys, MASTER)
    write_card(log, ring)
    key = keys.current(str(LI), "identity")
    hash = ring.keyed_hash("identity", "Zebulon Quartermaine")
    assert key is not None
    data_key = ring._unwrapped(key)
    forget_person(log, ring, LI, ["identity"], "on request", TODAY)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"shop.db", "keys.db"} <= {file.name for file in files}
    for file in files:
        content = file.read_bytes()
        for secret in (b"Zebulon", b"Quartermaine", key.wrapped, data_key, hash.encode()):
            assert secret not in content, f"{file.name} still holds {secret!r}"
    keys.close()
    log.close()


def test_registering_the_same_pseudonym_twice_records_once(log: EventLog):
    privacy = Privacy(log)
    assert privacy.register(LI).result == privacy.register(LI).result == LI
    assert privacy.register().result != privacy.register().result
    assert len(list(log.events())) == 3
    assert log.load(Subject, LI).erased == ()
