"""Sealed data opens in its own place only, and never again once its key is destroyed."""

import hashlib
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from souvenir.eventlog import DamagedDatabase, ForeignDatabase
from souvenir.eventlog.keystore import SqliteKeyStore
from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.sealing import Redacted, Sealed
from souvenir.privacy.keyring import KeyRing, PersonForgotten, SealBroken, WrongMasterKey, place_of

LI = UUID("00000000-0000-0000-0000-000000000001")
MARIE = UUID("00000000-0000-0000-0000-000000000002")
CLAIM = UUID("00000000-0000-0000-0000-0000000000c1")
NAME = place_of("taxrefund.ClaimOpened", CLAIM, "name")
DOCUMENT = place_of("taxrefund.ClaimOpened", CLAIM, "document")
MASTER = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteKeyStore]:
    store = SqliteKeyStore(path)
    yield store
    store.close()


@pytest.fixture
def ring(store: SqliteKeyStore) -> KeyRing:
    return KeyRing(store, MASTER)


def test_what_is_sealed_opens_and_does_not_show(ring: KeyRing):
    sealed = ring.seal(LI, "tax", "李小明 E12345678", NAME)
    assert ring.open(sealed, NAME) == "李小明 E12345678"
    assert "E12345678" not in sealed.model_dump_json()
    assert "ciphertext" not in repr(sealed)


def test_the_same_words_sealed_twice_look_different(ring: KeyRing):
    assert ring.seal(LI, "tax", "x", NAME).ciphertext != ring.seal(LI, "tax", "x", NAME).ciphertext


def test_a_ciphertext_moved_to_another_field_or_person_or_purpose_or_key_does_not_open(ring: KeyRing):
    sealed = ring.seal(LI, "tax", "E12345678", DOCUMENT)
    other = ring.seal(MARIE, "tax", "F00000000", DOCUMENT)
    identity = ring.seal(LI, "identity", "li@example.org", DOCUMENT)
    moved: list[tuple[Sealed, str]] = [
        (sealed, NAME),
        (sealed.model_copy(update={"subject": MARIE}), DOCUMENT),
        (sealed.model_copy(update={"subject": MARIE, "key": other.key}), DOCUMENT),
        (sealed.model_copy(update={"purpose": "identity"}), DOCUMENT),
        (sealed.model_copy(update={"purpose": "identity", "key": identity.key}), DOCUMENT),
        (sealed.model_copy(update={"ciphertext": other.ciphertext}), DOCUMENT),
        (sealed.model_copy(update={"nonce": other.nonce}), DOCUMENT),
        (sealed.model_copy(update={"nonce": ""}), DOCUMENT),
    ]
    for fake, context in moved:
        with pytest.raises(SealBroken):
            ring.open(fake, context)
    assert ring.open(sealed, DOCUMENT) == "E12345678"


def test_parts_that_only_look_alike_when_joined_are_kept_apart(ring: KeyRing):
    assert ring.keyed_hash("tax1", "23") != ring.keyed_hash("tax12", "3")


def test_forgetting_one_purpose_leaves_the_others_and_other_people(ring: KeyRing):
    tax = ring.seal(LI, "tax", "E12345678", DOCUMENT)
    marketing = ring.seal(LI, "marketing", "li@example.org", NAME)
    marie = ring.seal(MARIE, "marketing", "marie@example.org", NAME)
    assert ring.forget(LI, ["marketing"]) == (marketing.key,)
    assert ring.forget(LI, ["marketing"]) == ()
    assert ring.open_all([(tax, DOCUMENT), (marketing, NAME), (marie, NAME)]) == [
        "E12345678",
        Redacted(LI, "marketing", "erased"),
        "marie@example.org",
    ]


def test_nothing_more_is_sealed_or_indexed_for_someone_forgotten(ring: KeyRing):
    ring.forget(LI, ["identity"])
    with pytest.raises(PersonForgotten):
        ring.seal(LI, "identity", "x", NAME)
    with pytest.raises(PersonForgotten):
        ring.index(LI, "identity", "x")
    with pytest.raises(PersonForgotten):
        ring.renew(LI, "identity")


def test_an_unknown_purpose_is_refused(ring: KeyRing):
    with pytest.raises(MalformedInput):
        ring.seal(LI, "gossip", "x", NAME)


def test_a_restored_backup_of_the_key_store_is_shredded_again(path: Path, tmp_path: Path):
    store = SqliteKeyStore(path)
    ring = KeyRing(store, MASTER)
    sealed = ring.seal(LI, "tax", "E12345678", DOCUMENT)
    store.close()
    shutil.copy(path, tmp_path / "backup.db")
    restored = SqliteKeyStore(tmp_path / "backup.db")
    ring = KeyRing(restored, MASTER)
    assert ring.open(sealed, DOCUMENT) == "E12345678"
    assert ring.forget(LI, ["tax"]) == (sealed.key,)
    assert ring.open(sealed, DOCUMENT) == Redacted(LI, "tax", "erased")
    restored.close()


def test_a_destroyed_key_slipped_back_into_the_file_still_opens_nothing(path: Path, store: SqliteKeyStore):
    ring = KeyRing(store, MASTER)
    sealed = ring.seal(LI, "tax", "E12345678", DOCUMENT)
    key = store.current(str(LI), "tax")
    assert key is not None
    ring.forget(LI, ["tax"])
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO wrapped_keys VALUES (?, ?, ?, ?, ?)", key)
    connection.close()
    assert KeyRing(store, MASTER).open(sealed, DOCUMENT) == Redacted(LI, "tax", "erased")


def test_a_destroyed_key_leaves_no_bytes_in_its_file(path: Path, store: SqliteKeyStore, ring: KeyRing):
    ring.seal(LI, "tax", "E12345678", DOCUMENT)
    key = store.current(str(LI), "tax")
    assert key is not None
    assert key.wrapped in path.read_bytes()
    ring.forget(LI, ["tax"])
    assert key.wrapped not in path.read_bytes()
    assert [file.name for file in path.parent.iterdir()] == ["keys.db"]


def test_a_cloned_machine_that_draws_the_same_bytes_uses_no_nonce_for_two_texts(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
):
    ring.seal(LI, "tax", "", NAME)
    monkeypatch.setattr("souvenir.privacy.keyring.os.urandom", bytes)
    same, again = (ring.seal(LI, "tax", "E12345678", NAME) for _ in range(2))
    assert same == again
    elsewhere, another = ring.seal(LI, "tax", "E12345678", DOCUMENT), ring.seal(LI, "tax", "E87654321", NAME)
    assert len({same.nonce, elsewhere.nonce, another.nonce}) == 3
    assert ring.open(another, NAME) == "E87654321"


def test_shops_never_share_a_cipher_though_their_people_have_one_id(store: SqliteKeyStore, tmp_path: Path):
    here, there = KeyRing(store, MASTER), KeyRing(SqliteKeyStore(tmp_path / "there.db"), MASTER)
    sealed = here.seal(LI, "tax", "E12345678", NAME)
    there.seal(LI, "tax", "E12345678", NAME)
    assert there.open(sealed, NAME) == Redacted(LI, "tax", "key missing")


def test_passport_numbers_cannot_be_tried_on_what_the_files_hold(path: Path, ring: KeyRing):
    """A passport number is one of few: whoever has the key store's file, and not its master key, can name none."""
    ring.index(LI, "tax", "passport:E0000042")
    held = path.read_bytes()
    tried = (f"passport:E{number:07d}" for number in range(100))
    for text in tried:
        for plain in (hashlib.sha256(text.encode()), hashlib.md5(text.encode()), hashlib.sha1(text.upper().encode())):
            assert plain.hexdigest().encode() not in held
    assert ring.keyed_hash("tax", "passport:E0000042").encode() in held
    assert ring._pepper not in held
    ring.forget(LI, ["tax"])
    assert ring.keyed_hash("tax", "passport:E0000042").encode() not in path.read_bytes()


def test_data_keys_never_stand_unwrapped_in_the_file(path: Path, ring: KeyRing):
    sealed = ring.seal(LI, "tax", "E12345678", DOCUMENT)
    assert ring.open(sealed, DOCUMENT) == "E12345678"
    held = path.read_bytes()
    key = ring._unwrapped(ring._key(str(LI), "tax"))
    assert key not in held
    assert MASTER not in held


def test_the_key_file_is_for_its_owner_only(path: Path, ring: KeyRing):
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_master_key_is_refused_at_once(store: SqliteKeyStore, ring: KeyRing):
    with pytest.raises(WrongMasterKey):
        KeyRing(store, os.urandom(32))


def test_rotating_the_master_key_keeps_everything_readable(store: SqliteKeyStore, ring: KeyRing):
    sealed = ring.seal(LI, "tax", "E12345678", DOCUMENT)
    pepper = ring.keyed_hash("tax", "E12345678")
    new = os.urandom(32)
    assert ring.rotate(new) == 2
    rotated = KeyRing(store, new)
    assert rotated.open(sealed, DOCUMENT) == "E12345678"
    assert rotated.keyed_hash("tax", "E12345678") == pepper
    with pytest.raises(WrongMasterKey):
        KeyRing(store, MASTER)


def test_a_renewed_key_seals_what_comes_and_leaves_what_was(ring: KeyRing):
    before = ring.seal(LI, "tax", "old", NAME)
    ring.renew(LI, "tax")
    after = ring.seal(LI, "tax", "new", NAME)
    assert before.key != after.key
    assert ring.open_all([(before, NAME), (after, NAME)]) == ["old", "new"]
    assert set(ring.forget(LI, ["tax"])) == {before.key, after.key}


def test_a_lost_key_reads_as_redacted_with_its_own_reason(ring: KeyRing):
    sealed = ring.seal(LI, "tax", "E12345678", DOCUMENT)
    elsewhere = KeyRing(SqliteKeyStore(None), MASTER)
    assert elsewhere.open(sealed, DOCUMENT) == Redacted(LI, "tax", "key missing")


def test_a_keyed_hash_depends_on_the_shop_and_the_purpose_and_not_on_spacing_or_case(ring: KeyRing):
    hash = ring.keyed_hash("tax", "e 1234 5678")
    assert hash == ring.keyed_hash("tax", "E12345678")
    assert hash != ring.keyed_hash("identity", "E12345678")
    assert hash != KeyRing(SqliteKeyStore(None), MASTER).keyed_hash("tax", "E12345678")


def test_people_are_found_by_a_value_until_they_are_forgotten(path: Path, ring: KeyRing):
    hash = ring.index(LI, "tax", "E12345678")
    assert ring.index(LI, "tax", "E12345678") == hash
    ring.index(MARIE, "tax", "E12345678")
    assert ring.people_with("tax", "E 12345678") == (LI, MARIE)
    assert ring.people_with("tax", "E99999999") == ()
    ring.forget(LI, ["tax"])
    assert ring.people_with("tax", "E12345678") == (MARIE,)
    ring.forget(MARIE, ["tax"])
    assert hash.encode() not in path.read_bytes()


def test_two_shops_processes_agree_on_one_key(path: Path, store: SqliteKeyStore, ring: KeyRing):
    other = KeyRing(SqliteKeyStore(path), MASTER)
    assert other.open(ring.seal(LI, "tax", "E12345678", DOCUMENT), DOCUMENT) == "E12345678"
    assert ring.seal(LI, "tax", "x", NAME).key == other.seal(LI, "tax", "x", NAME).key
    assert ring.keyed_hash("tax", "x") == other.keyed_hash("tax", "x")


def test_another_process_reads_on_for_half_a_minute_at_most(path: Path, ring: KeyRing, monkeypatch: pytest.MonkeyPatch):
    other, sealed = KeyRing(SqliteKeyStore(path), MASTER), ring.seal(LI, "tax", "E12345678", DOCUMENT)
    assert other.open(sealed, DOCUMENT) == "E12345678"
    ring.forget(LI, ["tax"])
    assert ring.open(sealed, DOCUMENT) == Redacted(LI, "tax", "erased")
    later = time.monotonic() + 30
    monkeypatch.setattr("souvenir.privacy.keyring.time.monotonic", lambda: later)
    assert other.open(sealed, DOCUMENT) == Redacted(LI, "tax", "erased")


def test_threads_that_seal_for_one_person_use_one_key(ring: KeyRing):
    keys: set[str] = set()
    threads = [threading.Thread(target=lambda: keys.add(ring.seal(LI, "tax", "x", NAME).key)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 1


def test_a_foreign_file_is_left_untouched(tmp_path: Path):
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(ForeignDatabase):
        SqliteKeyStore(foreign)
    assert foreign.read_bytes() == before
    text = tmp_path / "notes.txt"
    text.write_text("not a database at all, only some words that fill a line or two" * 20)
    with pytest.raises(ForeignDatabase):
        SqliteKeyStore(text)


def test_a_damaged_key_file_says_so(path: Path):
    SqliteKeyStore(path).close()
    damaged = bytearray(path.read_bytes())
    damaged[100:4096] = b"\xff" * 3996
    path.write_bytes(damaged)
    with pytest.raises(DamagedDatabase):
        SqliteKeyStore(path)
    assert path.read_bytes() == bytes(damaged)


def test_a_document_that_was_shown_before_names_its_person_and_a_new_one_gets_a_key(ring: KeyRing):
    first = ring.person_with("tax", "passport:E123")
    assert ring.person_with("tax", "passport:e 123") == first
    assert ring.person_with("tax", "passport:E124") != first
    assert ring.open(ring.seal(first, "tax", "Ada", "here"), "here") == "Ada"
    ring.forget(first, ["tax"])
    assert ring.person_with("tax", "passport:E123") != first


def test_what_somebody_shows_goes_by_one_pseudonym_until_they_are_forgotten(path: Path, ring: KeyRing):
    passport, phone = ring.pseudonyms("identity", ["E123", "+86 10 1234"])
    assert passport != phone
    assert ring.pseudonyms("identity", ["+86101234", "e123", "E124"])[:2] == (phone, passport)
    before = path.read_bytes()
    ring.pseudonyms("identity", ["E123"])
    assert path.read_bytes() == before
    ring.forget(passport, ["identity"])
    (anew, same) = ring.pseudonyms("identity", ["E123", "+86 10 1234"])
    assert (anew != passport, same) == (True, phone)
