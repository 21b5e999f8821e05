"""The stage: opens the demo's shop, plays the story over real HTTP with its progress shown, prints, and serves on."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from souvenir.demo import prints
from souvenir.demo.day import FIRST_INSTANT, FIRST_REFUND, Day, morning
from souvenir.demo.desk import Desk, Http, Wire
from souvenir.demo.world import (
    ISSUER,
    World,
    bring_out_the_edition,
    list_product,
    open_houses,
    open_the_books,
    register_for_refunds,
    stock_the_shelves,
)
from souvenir.kernel import clock
from souvenir.kernel.clock import SettableClock
from souvenir.kernel.errors import SouvenirError
from souvenir.serving import served
from souvenir.shop import Shop

PLAYED: Final = "played"
"""The file that says the story was played to its end."""

PLAYING: Final = "playing"
"""The file that says it was begun: what is beside it is the demo's own, and may be removed."""

DAYS_AGO: Final = 45
"""The trading day lies so far back that the promised date of an instant refund has passed by today."""

STAFF: Final = {
    "manager-1": ("backoffice", ["manager", "refund_desk"]),
    "finance-1": ("finance", ["finance"]),
    "cashier-1": (None, ["cashier"]),
}


class NotADemo(SouvenirError):
    message = "{place} holds something else than a demo, so it was left as it is. Name an empty directory: --directory."
    place: str


def play(directory: Path, port: int, *, exit_after: bool = False) -> None:
    """Play the story into a directory, once; a second start finds the shop as it was left. Then serve, or exit."""
    found = (directory / PLAYED).exists()
    if not found:
        _make_room(directory)
    with _opened(directory, port) as shop:
        if found:
            print(f"Found the shop in {directory}, as it was left. Remove the directory to see the day played again.\n")
        else:
            _play_into(shop)
            (directory / PLAYING).rename(directory / PLAYED)
        prints.books(shop, f"sqlite:///{directory / 'shop.db'}")
        if not exit_after:
            _serve(shop, port)


def _make_room(directory: Path) -> None:
    """An empty directory: what an interrupted demo left there is removed, anything else stays, and is refused."""
    if (directory / PLAYING).exists():
        shutil.rmtree(directory)
    elif directory.exists() and not (directory.is_dir() and not any(directory.iterdir())):
        raise NotADemo(place=str(directory))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / PLAYING).touch()


@contextmanager
def _opened(directory: Path, port: int) -> Iterator[Shop]:
    """The shop, whose certificates link to where it is served."""
    url, resolver = f"sqlite:///{directory / 'shop.db'}", f"http://127.0.0.1:{port}"
    with Shop.open(url, issuer=ISSUER, resolver=resolver) as shop:
        shop.start()
        yield shop


def _play_into(shop: Shop) -> None:
    begun = time.perf_counter()
    today = clock.today("Asia/Shanghai") - timedelta(days=DAYS_AGO)
    with served(shop) as address:
        day = perform(shop, Http(address), today, tell=_tell)
    prints.story(shop, day)
    print(f"\nPlayed in {time.perf_counter() - begun:.1f} s, {shop.log.head()} events.\n")


def perform(shop: Shop, wire: Wire, today: date, tell: Callable[[str], None] = lambda line: None) -> Day:
    """Play the whole story through the API; the clock stands where the story says, and runs again afterwards."""
    standing = SettableClock(morning(FIRST_REFUND - timedelta(days=1)))
    with clock.using(standing):
        tell("2015  The houses open, and the first departure tax refund is paid")
        day = Day(_doors(shop, wire), standing, today)
        open_houses(day.world)
        open_the_books(day.world, FIRST_REFUND)
        _tills(day)
        register_for_refunds(day.world, FIRST_REFUND, instant=False)
        list_product(day.world, "PANDA", ("熊猫团扇", "Panda and fan"), "502.00", FIRST_REFUND, category="toys")
        standing.move_to(morning(FIRST_REFUND))
        day.first_refund_of_2015()

        tell("2025  The first instant refund at a centralised point")
        standing.move_to(morning(FIRST_INSTANT))
        _reopen(shop, day)
        register_for_refunds(day.world, FIRST_INSTANT, instant=True)
        list_product(day.world, "SILK", ("真丝披肩", "Silk shawl"), "1494.00", FIRST_INSTANT, category="scarves")
        day.first_instant_refund_of_2025()

        standing.move_to(morning(today))
        _reopen(shop, day)
        for line, step in _lines(day):
            tell(line)
            step()
        tell("7     Finance replays the books")
        _reopen(shop, day)
        shop.followers.catch_up()
        day.finance_looks()
    return day


def _lines(day: Day) -> list[tuple[str, Callable[[], None]]]:
    return [
        ("1     Goods are listed: open, limited, licensed, and one with a gift mark",
         lambda: stock_the_shelves(day.world, day.today)),
        ("2     The edition of 500 is declared, approved, allotted and released",
         lambda: bring_out_the_edition(day.world, day.today)),
        ("3     Online: a visitor holds number 288, pays, and gets the certificate", day.online),
        ("4     At the tills: a cash sale, piece 88 by scan, and a return", day.at_the_tills),
        ("5     Three overseas travellers buy", day.travellers_shop),
        ("6     One leaves in time, one takes the ordinary route, one misses the day", day.travellers_leave),
    ]  # fmt: skip


def _doors(shop: Shop, wire: Wire) -> World:
    """The first manager's token comes from `souvenir engage`, or here from the same call; everything else by the API."""
    return World(
        wire, Desk(wire, "backoffice", _token(shop, "manager-1")), Desk(wire, "finance", _token(shop, "finance-1"))
    )


def _reopen(shop: Shop, day: Day) -> None:
    """Years pass, and tokens end: staff get new ones."""
    day.world.office.token, day.world.finance.token = _token(shop, "manager-1"), _token(shop, "finance-1")


def _tills(day: Day) -> None:
    for till, outlet in (("T1", "FACTORY-SHOP"), ("T2", "FACTORY-SHOP"), ("P1", "PARK-SHOP"), ("R1", "REFUND-POINT")):
        day.world.pair(till, outlet)
    day.world.office.do("engageStaff", badge="cashier-1", roles=["cashier"])


def _token(shop: Shop, badge: str) -> str:
    door, roles = STAFF[badge]
    assert door is not None
    return shop.access.give_staff_token(shop.access.engage(badge, roles).result, door).result.token


def _serve(shop: Shop, port: int) -> None:
    with served(shop, port, graphiql=True) as address:
        prints.where_to_click(address, {door: _token(shop, badge) for badge, (door, _) in STAFF.items() if door})
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("\nThe shop is closed. Start again, and it is as you left it.")


def _tell(line: str) -> None:
    print(f"  {datetime.now(UTC).astimezone():%H:%M:%S}  {line}", flush=True)
