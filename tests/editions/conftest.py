"""An enamel vase in an edition of 500, two outlets, and a clock that stands at noon on 1 October 2026."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from souvenir.certificates.registers import CertificateRegister
from souvenir.editions.application import Editions
from souvenir.editions.counts import Proofs
from souvenir.editions.edition import Edition
from souvenir.editions.registers import PieceRegister
from souvenir.eventlog import EventLog
from souvenir.kernel import clock

NOON = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
EDITION = UUID("00000000-0000-0000-0000-00000000ed01")
SHOP = UUID("00000000-0000-0000-0000-0000000005a0")
ONLINE = UUID("00000000-0000-0000-0000-000000000e0b")


@pytest.fixture
def at_noon() -> Iterator[clock.SettableClock]:
    """The time, to be moved forward by the test."""
    standing = clock.SettableClock(NOON)
    with clock.using(standing):
        yield standing


@pytest.fixture
def log(store_url: str, at_noon: clock.SettableClock) -> Iterator[EventLog]:
    """An empty log, once on every kind of store."""
    log = EventLog.open(store_url, registers=(PieceRegister(), CertificateRegister()))
    yield log
    log.close()


@pytest.fixture
def declare() -> Callable[..., UUID]:
    """Declares the vase's edition; any fact can be changed."""

    def declare(editions: Editions, **changes: Any) -> UUID:
        facts: dict[str, Any] = {
            "edition_id": EDITION,
            "product_id": UUID("00000000-0000-0000-0000-00000000900d"),
            "gtin": "6901234567892",
            "title": {"zh-Hans": "珐琅瓶·秋", "en": "Enamel vase, autumn"},
            "size": 500,
            "proofs": Proofs(artists=20, hors_commerce=3),
        }
        return editions.declare(**{**facts, **changes}).result

    return declare


@pytest.fixture
def editions(log: EventLog, declare: Callable[..., UUID]) -> Editions:
    """The edition on sale: 1 to 300 at the shop, 301 to 500 online; 1 and 500 are the licensor's."""
    editions = Editions(log)
    declare(editions, reserved=(1, 500), approval_required=True)
    editions.approve(EDITION, "FINAL-SAMPLE-7", date(2026, 9, 1))
    editions.allot(EDITION, SHOP, 1, 300)
    editions.allot(EDITION, ONLINE, 301, 500)
    editions.release(EDITION, NOON)
    return editions


@pytest.fixture
def edition() -> Callable[..., Edition]:
    """A declared edition outside any log; any fact can be changed."""

    def edition(**changes: Any) -> Edition:
        facts: dict[str, Any] = {
            "product_id": UUID("00000000-0000-0000-0000-00000000900d"),
            "gtin": "06901234567892",
            "title": {"zh-Hans": "珐琅瓶·秋", "en": "Enamel vase, autumn"},
            "size": 500,
            "proofs": Proofs(artists=20, hors_commerce=3),
            "reserved": (1, 500),
            "numbering": "choice",
            "approval_required": False,
            "returns": "back_on_sale",
            "longest_hold_minutes": 120,
            "predecessor": None,
        }
        edition = Edition.declare(EDITION, **{**facts, **changes})
        edition.collect_events()
        return edition

    return edition


@pytest.fixture
def in_minutes() -> Callable[[float], datetime]:
    """An instant so many minutes after noon."""
    return lambda minutes: NOON + timedelta(minutes=minutes)
