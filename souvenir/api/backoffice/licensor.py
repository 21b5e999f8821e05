"""A licensor's window: who works for a licensor sees that licensor's licences and statements, and nobody else's."""

from uuid import UUID

import strawberry

from souvenir.access.staff import Staff
from souvenir.api import rights, statements
from souvenir.api.connections import After, Connection, First
from souvenir.api.desk import Desk, desk
from souvenir.api.identity import read_id
from souvenir.api.refusals import question
from souvenir.api.rights import Licence
from souvenir.api.statements import DRILLING, READING, RoyaltyStatement, StatementIssued, StatementSources
from souvenir.api.types import Info, described
from souvenir.kernel.errors import NotFound
from souvenir.licensing.licence import Licence as Contract


@strawberry.type
class LicensorQuery:
    @described
    def licences(self, info: Info) -> list[Licence]:
        """Every licence there is for a manager; for a licensor's own people, those of their licensor."""
        at = _at(info)
        with at.reading(at.shop.views.royalties) as session:
            ids = at.shop.views.royalties.licence_ids(session)
        return [rights.licence(at, id) for id in ids if _may_see(at, id)]

    @described
    def statements(
        self, info: Info, licence_id: strawberry.ID, first: First = 20, after: After = None
    ) -> Connection[StatementIssued]:
        """The statements of a licence, the latest first."""
        return statements.issued(*seen(info, licence_id), first, after)

    @question(*READING)
    def statement(self, info: Info, licence_id: strawberry.ID, period: str) -> RoyaltyStatement:
        """An issued statement, made again from the log, byte for byte."""
        return statements.statement(*seen(info, licence_id), period)

    @question(*DRILLING)
    def statement_sources(
        self, info: Info, licence_id: strawberry.ID, period: str, line: int, first: int = 50, after: int = 0
    ) -> StatementSources:
        """The sales, then the returns, behind a line of a statement; `after` is how many were seen before."""
        return statements.sources(*seen(info, licence_id), period, line, first, after)


def seen(info: Info, licence_id: strawberry.ID) -> tuple[Desk, UUID]:
    """The desk, and a licence its caller may see. Raises NotFound: what is another's is as if it did not exist."""
    at, id = _at(info), read_id("Licence", licence_id, "licenceId")
    if not _may_see(at, id):
        raise NotFound(kind="Licence", id=str(id))
    return at, id


def licence_seen(at: Desk, id: UUID) -> Licence:
    """The licence with this id, if the caller may see it."""
    at.require("manager", "licensor_readonly")
    if not _may_see(at, id):
        raise NotFound(kind="Licence", id=str(id))
    return rights.licence(at, id)


def _may_see(at: Desk, licence_id: UUID) -> bool:
    caller = at.require("manager", "licensor_readonly")
    if "manager" in caller.roles:
        return True
    assert isinstance(caller.id, UUID)
    licensor = at.shop.log.load(Staff, caller.id).licensor
    return licensor is not None and at.shop.log.load(Contract, licence_id).licensor == licensor


def _at(info: Info) -> Desk:
    at = desk(info)
    at.require("manager", "licensor_readonly")
    return at
