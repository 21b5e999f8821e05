"""A token opens its own door until it ends or is taken back, and the shop keeps only its hash."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from souvenir.access.application import Access, give_token, revoke_all_of
from souvenir.access.caller import Caller
from souvenir.access.credential import Credential
from souvenir.access.registers import Credentials, StaffRoll
from souvenir.access.staff import BadgeTaken, RolesOpenNoSuchDoor, Staff, staff_id
from souvenir.access.token import AUDIENCES, token_hash
from souvenir.eventlog import CommandKey, EventLog
from souvenir.eventlog.command import keyed
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import MalformedInput, NotFound

SECRET = b"0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
LI = UUID("00000000-0000-0000-0000-000000000001")
TABLET = UUID("00000000-0000-0000-0000-0000000000d1")
SHOP = UUID("00000000-0000-0000-0000-0000000000a1")


@pytest.fixture
def now() -> Iterator[SettableClock]:
    now = SettableClock(NOON)
    with clock.using(now):
        yield now


@pytest.fixture
def log(store_url: str) -> Iterator[EventLog]:
    log = EventLog.open(store_url, registers=(Credentials(), StaffRoll()))
    yield log
    log.close()


@pytest.fixture
def access(log: EventLog) -> Access:
    return Access(log, SECRET)


def doors_opened_by(access: Access, token: str) -> dict[str, Caller]:
    callers = {audience: access.authenticate(audience, token) for audience in AUDIENCES}
    return {audience: caller for audience, caller in callers.items() if caller is not None}


def test_each_token_opens_exactly_its_own_door(log: EventLog, access: Access):
    wang = access.engage("wang-7", ["manager", "finance"]).result
    backoffice = access.give_staff_token(wang, "backoffice").result
    finance = access.give_staff_token(wang, "finance").result
    customer = access.open_customer_session(LI).result
    guest = access.open_guest_session()
    tablet = log.execute(lambda tx: give_token(tx, "pos", "device", TABLET, outlet_id=SHOP, till="1")).result
    roles = ("manager", "finance")
    assert doors_opened_by(access, backoffice.token) == {"backoffice": Caller("backoffice", wang, roles)}
    assert doors_opened_by(access, finance.token) == {"finance": Caller("finance", wang, roles)}
    assert doors_opened_by(access, customer.token) == {"storefront": Caller("storefront", LI, ("customer",))}
    assert doors_opened_by(access, guest.token) == {"storefront": Caller("storefront", guest.guest_id, ("guest",))}
    assert doors_opened_by(access, tablet.token) == {"pos": Caller("pos", TABLET, ("device",), SHOP, "1")}


def test_renaming_the_door_in_a_token_does_not_open_it(access: Access):
    wang = access.engage("wang-7", ["manager"]).result
    token = access.give_staff_token(wang, "backoffice").result.token
    assert doors_opened_by(access, token.replace("backoffice", "finance")) == {}
    assert doors_opened_by(access, token[:-1]) == {}
    assert doors_opened_by(access, token + "x") == {}


@pytest.mark.parametrize("token", ["", "svn_pos_", "svn_finance_é", "svn_finance_" + "x" * 600, "Bearer", "\0"])
def test_words_that_are_no_token_open_nothing(access: Access, token: str):
    assert doors_opened_by(access, token) == {}


def test_an_unknown_door_is_refused(access: Access):
    with pytest.raises(MalformedInput):
        access.authenticate("kitchen", "svn_kitchen_x")


def test_a_revoked_token_opens_nothing_and_revoking_again_records_nothing(log: EventLog, access: Access):
    wang = access.engage("wang-7", ["finance"]).result
    given = access.give_staff_token(wang, "finance").result
    access.revoke(given.credential_id, "lost")
    access.revoke(given.credential_id, "lost again")
    assert doors_opened_by(access, given.token) == {}
    assert log.load(Credential, given.credential_id).revoked == "lost"
    assert len(list(log.events())) == 3
    with pytest.raises(NotFound):
        access.revoke(LI, "never given")


def test_every_token_of_a_holder_is_revoked_at_once(log: EventLog, access: Access):
    first, second = (access.open_customer_session(LI).result for _ in range(2))
    assert log.execute(lambda tx: revoke_all_of(tx, LI, "forgotten")).result == 2
    assert log.execute(lambda tx: revoke_all_of(tx, LI, "forgotten")).result == 0
    assert doors_opened_by(access, first.token) == doors_opened_by(access, second.token) == {}


def test_a_staff_token_ends_after_90_days_and_a_customer_session_after_30(access: Access, now: SettableClock):
    wang = access.engage("wang-7", ["finance"]).result
    staff = access.give_staff_token(wang, "finance").result
    customer = access.open_customer_session(LI).result
    now.move_to(NOON + timedelta(days=30) - timedelta(seconds=1))
    assert set(doors_opened_by(access, customer.token)) == {"storefront"}
    now.move_to(NOON + timedelta(days=30))
    assert doors_opened_by(access, customer.token) == {}
    assert set(doors_opened_by(access, staff.token)) == {"finance"}
    now.move_to(NOON + timedelta(days=90))
    assert doors_opened_by(access, staff.token) == {}


def test_changing_roles_or_leaving_takes_effect_at_once(access: Access):
    wang = access.engage("wang-7", ["manager"]).result
    token = access.give_staff_token(wang, "finance").result.token
    access.change_roles(wang, ["refund_desk"])
    assert doors_opened_by(access, token) == {}
    access.change_roles(wang, ["finance"])
    caller = access.authenticate("finance", token)
    assert caller is not None
    assert caller.roles == ("finance",)
    access.leave(wang, date(2026, 5, 1))
    assert doors_opened_by(access, token) == {}


def test_a_token_is_not_given_for_a_door_that_no_role_opens(log: EventLog, access: Access):
    wang = access.engage("wang-7", ["cashier"]).result
    for door in AUDIENCES:
        with pytest.raises(RolesOpenNoSuchDoor):
            access.give_staff_token(wang, door)
    assert len(list(log.events())) == 1


def test_engaging_again_meets_itself_and_other_roles_are_refused(log: EventLog, access: Access):
    assert access.engage("wang-7", ["manager"]).result == access.engage("wang-7", ["manager"]).result
    assert len(list(log.events())) == 1
    with pytest.raises(BadgeTaken):
        access.engage("wang-7", ["finance"])
    access.leave(staff_id("wang-7"), date(2026, 5, 1))
    with pytest.raises(BadgeTaken):
        access.engage("wang-7", ["manager"])


def test_a_guest_session_records_nothing(log: EventLog, access: Access):
    access.open_guest_session()
    assert list(log.events()) == []


def test_a_token_given_within_a_keyed_command_is_not_kept_with_it(log: EventLog, access: Access):
    wang = access.engage("wang-7", ["finance"]).result
    with keyed(CommandKey("staff:1", "key-1", "fingerprint")):
        token = access.give_staff_token(wang, "finance").result.token
    assert [type(recorded.event) for recorded in log.events()] == [Staff.Engaged, Credential.Issued]
    assert token.removeprefix("svn_finance_") not in "".join(str(recorded.event) for recorded in log.events())


def test_the_store_holds_the_hash_and_never_the_token(tmp_path: Path):
    log = EventLog.open(f"sqlite:///{tmp_path / 'shop.db'}", registers=(Credentials(), StaffRoll()))
    access = Access(log, SECRET)
    token = access.give_staff_token(access.engage("wang-7", ["finance"]).result, "finance").result.token
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert token_hash(token).encode() in content
    assert token.removeprefix("svn_finance_").encode() not in content
    log.close()
