"""A small world for testing the log: jars that coins go into, a limited number of stickers, and who follows them."""

from datetime import date
from uuid import UUID

from souvenir.eventlog import Process, Register, Session, Transaction, View, when
from souvenir.kernel.aggregate import Aggregate, Created, event
from souvenir.kernel.errors import SouvenirError
from souvenir.kernel.identifiers import derived_id
from souvenir.kernel.money import Money


class JarIsFull(SouvenirError):
    message = "The jar holds {coins} coins already."
    coins: int


class NoStickersLeft(SouvenirError):
    message = "All {size} stickers are taken."
    size: int


class Jar(Aggregate):
    """A jar with room for a number of coins."""

    TOPIC = "testing.Jar"

    class Opened(Created):
        TOPIC = "testing.JarOpened"
        room: int

    class CoinPut(Aggregate.Event):
        TOPIC = "testing.CoinPut"
        value: Money
        on: date

    @event(Opened)
    def __init__(self, room: int) -> None:
        self.room = room
        self.coins: list[Money] = []

    @classmethod
    def open(cls, id: UUID, room: int = 10) -> "Jar":
        return cls._create(cls.Opened, id=id, room=room)

    def put(self, value: Money, on: date = date(2026, 1, 1)) -> None:
        if len(self.coins) >= self.room:
            raise JarIsFull(coins=len(self.coins))
        self._put(value=value, on=on)

    @event(CoinPut)
    def _put(self, value: Money, on: date) -> None:
        self.coins.append(value)


class Receipt(Aggregate):
    """What a follower writes for every coin."""

    TOPIC = "testing.Receipt"

    class Written(Created):
        TOPIC = "testing.ReceiptWritten"
        coin: Money

    @event(Written)
    def __init__(self, coin: Money) -> None:
        self.coin = coin


class Letter(Aggregate):
    """One event of about 420 bytes: what the benchmarks write."""

    TOPIC = "testing.Letter"

    class Written(Created):
        TOPIC = "testing.LetterWritten"
        text: str
        postage: Money

    @event(Written)
    def __init__(self, text: str, postage: Money) -> None:
        self.text, self.postage = text, postage

    @classmethod
    def write(cls) -> "Letter":
        return cls._create(cls.Written, text="Dear Sir or Madam, " * 13, postage=Money(4518, "CNY"))


class Stickers(Register):
    """Ten numbered stickers, one for each jar that is opened, while they last.

    The count that a command reads says why; what guards the last one is the constraint, which two writers cannot pass.
    """

    name = "stickers"
    tables = ("stickers",)
    ddl = (
        "CREATE TABLE IF NOT EXISTS stickers (jar TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE "
        "CHECK (number <= 10))",
    )
    size = 10

    @when(Jar.Opened)
    def _opened(self, session: Session, event: Jar.Opened) -> None:
        if event.room > 0:
            session.run(
                "INSERT INTO stickers (jar, number) SELECT ?, COALESCE(MAX(number), 0) + 1 FROM stickers",
                str(event.originator_id),
            )


class CoinCount(View):
    """How many coins, and worth how much, in each jar."""

    name = "coin_count"
    tables = ("coin_count",)
    ddl = ("CREATE TABLE IF NOT EXISTS coin_count (jar TEXT PRIMARY KEY, coins BIGINT, minor BIGINT)",)
    _ADD = (
        "INSERT INTO coin_count VALUES (?, ?, ?) ON CONFLICT (jar) DO UPDATE SET "
        "coins = coin_count.coins + excluded.coins, minor = coin_count.minor + excluded.minor"
    )

    @when(Jar.Opened)
    def _opened(self, session: Session, event: Jar.Opened) -> None:
        session.add(self._ADD, (str(event.originator_id),), 0, 0)

    @when(Jar.CoinPut)
    def _put(self, session: Session, event: Jar.CoinPut) -> None:
        session.add(self._ADD, (str(event.originator_id),), 1, event.value.minor)


class CoinList(View):
    """Every coin, one row each."""

    name = "coin_list"
    tables = ("coin_list",)
    ddl = ("CREATE TABLE IF NOT EXISTS coin_list (jar TEXT, coin BIGINT, minor BIGINT, PRIMARY KEY (jar, coin))",)

    @when(Jar.CoinPut)
    def _put(self, session: Session, event: Jar.CoinPut) -> None:
        session.run(
            "INSERT INTO coin_list VALUES (?, ?, ?)",
            str(event.originator_id),
            event.originator_version,
            event.value.minor,
        )


class WriteReceipts(Process):
    """One receipt for every coin, exactly once."""

    name = "write_receipts"

    @when(Jar.CoinPut)
    def _put(self, tx: Transaction, event: Jar.CoinPut) -> None:
        id = derived_id("receipt", event.originator_id, event.originator_version)
        tx.save(Receipt._create(Receipt.Written, id=id, coin=event.value))


def take_sticker(tx: Transaction, jar: UUID) -> None:
    """Open a jar if a sticker is left for it."""
    taken = tx.session.row("SELECT COUNT(*) FROM stickers")
    if taken and taken[0] >= Stickers.size:
        raise NoStickersLeft(size=Stickers.size)
    tx.save(Jar.open(jar))
