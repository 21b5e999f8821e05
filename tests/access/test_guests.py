"""A guest session is found again until it ends, cannot be forged, and leaves no trace."""

from datetime import UTC, datetime, timedelta

import pytest

from souvenir.access.guests import GuestSessions
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock

SECRET = b"0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def test_a_guest_is_recognised_until_the_session_ends():
    now = SettableClock(NOON)
    with clock.using(now):
        guests = GuestSessions(SECRET)
        session = guests.open()
        assert session.expires_at == datetime(2026, 5, 31, 12, 0, tzinfo=UTC)
        assert guests.read(session.token) == session.guest_id
        now.move_to(NOON + timedelta(days=30))
        assert guests.read(session.token) == session.guest_id
        now.move_to(NOON + timedelta(days=30, seconds=1))
        assert guests.read(session.token) is None


def test_two_guests_are_two():
    guests = GuestSessions(SECRET)
    assert guests.open().guest_id != guests.open().guest_id


def test_a_changed_or_foreign_token_is_no_guest():
    guests = GuestSessions(SECRET)
    token = guests.open().token
    for position in range(len(token)):
        for other in "Aa0B":
            changed = token[:position] + other + token[position + 1 :]
            assert changed == token or guests.read(changed) is None
    assert GuestSessions(b"another secret, also of 32 bytes").read(token) is None
    for other in ("", "svn_storefront_", "svn_storefront_guest.", "svn_pos_x", "x" * 10_000, token + "é"):
        assert guests.read(other) is None


def test_a_short_secret_is_a_bug():
    with pytest.raises(AssertionError):
        GuestSessions(b"short")
