"""A device pairs once with its code, in time, and is revoked for good."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from souvenir.pos.device import (
    Device,
    DeviceNotEnrolled,
    DeviceRevoked,
    PairingCodeExpired,
    PairingCodeUnknown,
    code_hash,
    new_code,
)

TABLET = UUID("00000000-0000-0000-0000-0000000000d1")
SHOP = UUID("00000000-0000-0000-0000-0000000000a1")
TOKEN = UUID("00000000-0000-0000-0000-0000000000c1")
OTHER = UUID("00000000-0000-0000-0000-0000000000c2")
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
QUARTER_PAST = NOON + timedelta(minutes=15)


def expected() -> Device:
    return Device.expect(TABLET, SHOP, "1", code_hash("K7QM-2XHT"), QUARTER_PAST)


def test_pairing_the_same_twice_records_once():
    device = expected()
    device.enrol(TOKEN, NOON)
    device.enrol(TOKEN, QUARTER_PAST)
    assert device.version == 2
    device.require_enrolled()


def test_a_code_is_good_once_and_in_time():
    device = expected()
    with pytest.raises(PairingCodeExpired):
        device.enrol(TOKEN, QUARTER_PAST)
    device.enrol(TOKEN, QUARTER_PAST - timedelta(seconds=1))
    with pytest.raises(PairingCodeUnknown):
        device.enrol(OTHER, NOON)
    assert device.version == 2


def test_an_unpaired_device_may_not_work():
    with pytest.raises(DeviceNotEnrolled):
        expected().require_enrolled()


def test_a_revoked_device_stays_revoked():
    device = expected()
    device.enrol(TOKEN, NOON)
    device.revoke("stolen")
    device.revoke("stolen, really")
    assert device.version == 3
    for ask in (device.require_trusted, device.require_enrolled, lambda: device.enrol(TOKEN, NOON)):
        with pytest.raises(DeviceRevoked, match="stolen\\."):
            ask()


def test_history_replays_to_the_same_device():
    device = expected()
    device.enrol(TOKEN, NOON)
    device.revoke("stolen")
    copy = None
    for happened in device.collect_events():
        copy = happened.mutate(copy)
    assert copy is not None
    assert (copy.outlet_id, copy.till, copy.credential_id, copy.revoked) == (SHOP, "1", TOKEN, "stolen")


def test_codes_are_readable_and_forgiving():
    code = new_code()
    assert len(code) == 9
    assert code[4] == "-"
    assert not set(code) & set("01IO")
    assert new_code() != code
    assert code_hash("K7QM-2XHT") == code_hash(" k7qm 2xht ")
    assert code_hash("K7QM-2XHT") != code_hash("K7QM-2XHU")
