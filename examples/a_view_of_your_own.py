"""A view of your own: it follows the log of any shop and answers a question nobody asked before.

Which numbers do people choose? Run it: python examples/a_view_of_your_own.py
"""

from functools import partial
from uuid import uuid4

from souvenir.editions.piece import Piece
from souvenir.eventlog import EventLog, Followers, Session, Transaction, View, when


class LuckyNumbers(View):
    """How often a number was held, over all editions."""

    name = "lucky numbers"
    tables = ("lucky_numbers",)
    ddl = ("CREATE TABLE IF NOT EXISTS lucky_numbers (number INTEGER PRIMARY KEY, chosen INTEGER NOT NULL)",)

    @when(Piece.Opened)
    def _opened(self, session: Session, event: Piece.Opened) -> None:
        session.run(
            "INSERT INTO lucky_numbers (number, chosen) VALUES (?, 1) "
            "ON CONFLICT (number) DO UPDATE SET chosen = lucky_numbers.chosen + 1",
            event.number,
        )

    def favourites(self, session: Session, most: int = 3) -> list[tuple[int, int]]:
        """The numbers chosen most, and how often."""
        rows = session.rows("SELECT number, chosen FROM lucky_numbers ORDER BY chosen DESC, number LIMIT ?", most)
        return [(int(number), int(chosen)) for number, chosen in rows]


def main() -> None:
    log = EventLog.open("sqlite://")
    for number in (8, 88, 8, 17, 8, 88):
        piece = Piece.open(edition_id=uuid4(), product_id=uuid4(), space="numbered", number=number)
        log.execute(partial(save, piece))

    lucky = LuckyNumbers()
    Followers(log, processes=(), views=(lucky,)).catch_up()
    with log.reading() as session:
        for number, chosen in lucky.favourites(session):
            print(f"{number:3} was chosen {chosen} times")
    log.close()


def save(piece: Piece, tx: Transaction) -> None:
    """The smallest command there is."""
    tx.save(piece)


if __name__ == "__main__":
    main()
