"""The back office looks after editions that are on sale: limits, pauses, moves, numbers taken out."""

from datetime import date

import strawberry

from souvenir.api import orders
from souvenir.api.backoffice.certificates import CertificateChange
from souvenir.api.buyers import BuyerInput, evidence, shown
from souvenir.api.desk import EVERY_MUTATION
from souvenir.api.editions import EditionChange, Space, space_name
from souvenir.api.identity import read_id
from souvenir.api.orders import OrderChange
from souvenir.api.refusals import mutation
from souvenir.api.staff import manager
from souvenir.api.types import Info, values
from souvenir.certificates.certificate import CertificateNotRevoked
from souvenir.editions.allotment import AlreadyAllotted, NotAllottedHere, NumberOutsideRun, TooManyAllotments
from souvenir.editions.application import NumberLeased, NumbersTaken
from souvenir.editions.counts import EditionNotClosed, EditionStillMoving, SizeCannotGrow
from souvenir.editions.matched_set import PartOfSet
from souvenir.editions.piece import (
    PieceAlreadySold,
    PieceHeldBySomeoneElse,
    PieceNotReplaceable,
    PieceNotReturned,
    PieceRetired,
)
from souvenir.editions.purchase import Limits, MalformedEvidence
from souvenir.editions.terms import EditionClosed
from souvenir.editions.window import SizeNotFixed, SoldAtOneOutlet
from souvenir.privacy.subject import LegalHold
from souvenir.sites.outlet import Outlet as Place


@strawberry.input
class LimitEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    per_order: int | None = strawberry.field(default=None, description="Null is as many as they like.")
    per_person: int | None = None
    per_household: int | None = None
    per_person_a_day: int | None = None


@strawberry.input
class PauseEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    reason: str


@strawberry.input
class ResumeEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID


@strawberry.input
class ReduceEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    size: int
    reason: str


@strawberry.input
class MoveAllotmentInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    from_outlet_id: strawberry.ID
    to_outlet_id: strawberry.ID
    first: int
    last: int
    space: Space = Space.NUMBERED


@strawberry.input
class FlowBackInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    from_outlet_id: strawberry.ID
    to_outlet_id: strawberry.ID
    space: Space = Space.NUMBERED


@strawberry.input
class FixEditionSizeInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    fixed_on: date


@strawberry.input
class SealEditionInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    sealed_on: date


@strawberry.input
class RetirePieceInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    number: int
    reason: str
    evidence: str = strawberry.field(description="Names the record that shows why.")
    retired_on: date
    space: Space = Space.NUMBERED


@strawberry.input
class RemakePieceInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    number: int
    copy: int = strawberry.field(description="Which re-made copy of the number this is, from 1.")
    reason: str
    evidence: str = strawberry.field(description="Names the record that shows that the piece was destroyed.")
    on: date
    space: Space = Space.NUMBERED


@strawberry.input
class PutBackPieceInput:
    idempotency_key: strawberry.ID
    edition_id: strawberry.ID
    number: int
    space: Space = Space.NUMBERED


@strawberry.input
class AddBuyerEvidenceInput:
    idempotency_key: strawberry.ID
    order_id: strawberry.ID
    buyer: BuyerInput


@strawberry.input
class ForgetBuyerInput:
    idempotency_key: strawberry.ID
    buyer: BuyerInput = strawberry.field(description="What they show, to be found by.")
    reason: str = strawberry.field(description="Names no person.")
    requested_on: date


@strawberry.type
class LimitEditionPayload(EditionChange): ...


@strawberry.type
class PauseEditionPayload(EditionChange): ...


@strawberry.type
class ResumeEditionPayload(EditionChange): ...


@strawberry.type
class ReduceEditionPayload(EditionChange): ...


@strawberry.type
class MoveAllotmentPayload(EditionChange): ...


@strawberry.type
class FlowBackPayload(EditionChange):
    moved: int


@strawberry.type
class FixEditionSizePayload(EditionChange): ...


@strawberry.type
class SealEditionPayload(EditionChange): ...


@strawberry.type
class RetirePiecePayload(EditionChange): ...


@strawberry.type
class PutBackPiecePayload(EditionChange): ...


@strawberry.type
class RemakePiecePayload(CertificateChange): ...


@strawberry.type
class AddBuyerEvidencePayload(OrderChange): ...


@strawberry.type
class ForgetBuyerPayload:
    forgotten: int = strawberry.field(description="Under how many pseudonyms they were known.")
    replayed: bool


@strawberry.type
class EditionsMutation:
    @mutation(*EVERY_MUTATION, PartOfSet, EditionClosed)
    def limit_edition(self, info: Info, input: LimitEditionInput) -> LimitEditionPayload:
        """Say how many pieces one buyer may have from now on, at every channel together."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        with values():
            limits = Limits(
                per_order=input.per_order,
                per_person=input.per_person,
                per_household=input.per_household,
                per_person_a_day=input.per_person_a_day,
            )
        done = at.carry_out(input, lambda: at.shop.editions.limit(edition, limits))
        return LimitEditionPayload(replayed=done.replayed, key=edition)

    @mutation(*EVERY_MUTATION, PartOfSet, EditionClosed)
    def pause_edition(self, info: Info, input: PauseEditionInput) -> PauseEditionPayload:
        """Stop new holds and direct sales for a while; what is held can still be bought."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        done = at.carry_out(input, lambda: at.shop.editions.pause(edition, input.reason))
        return PauseEditionPayload(replayed=done.replayed, key=edition)

    @mutation(*EVERY_MUTATION, PartOfSet, EditionClosed)
    def resume_edition(self, info: Info, input: ResumeEditionInput) -> ResumeEditionPayload:
        """Go on selling after a pause."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        done = at.carry_out(input, lambda: at.shop.editions.resume(edition))
        return ResumeEditionPayload(replayed=done.replayed, key=edition)

    @mutation(*EVERY_MUTATION, PartOfSet, EditionClosed, SizeCannotGrow, AlreadyAllotted)
    def reduce_edition(self, info: Info, input: ReduceEditionInput) -> ReduceEditionPayload:
        """Make the edition smaller than declared, publicly."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        done = at.carry_out(input, lambda: at.shop.editions.reduce(edition, input.size, input.reason))
        return ReduceEditionPayload(replayed=done.replayed, key=edition)

    @mutation(
        *EVERY_MUTATION,
        PartOfSet,
        EditionClosed,
        NumberOutsideRun,
        NotAllottedHere,
        NumbersTaken,
        TooManyAllotments,
        SoldAtOneOutlet,
    )
    def move_allotment(self, info: Info, input: MoveAllotmentInput) -> MoveAllotmentPayload:
        """Move numbers that nobody has yet from one outlet to another."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        giver = at.shop.log.load(Place, read_id("Outlet", input.from_outlet_id, "input", "fromOutletId")).id
        taker = at.shop.log.load(Place, read_id("Outlet", input.to_outlet_id, "input", "toOutletId")).id
        numbers = (edition, giver, taker, input.first, input.last, space_name(input.space))
        done = at.carry_out(input, lambda: at.shop.editions.move(*numbers))
        return MoveAllotmentPayload(replayed=done.replayed, key=edition)

    @mutation(
        *EVERY_MUTATION, PartOfSet, EditionClosed, NumberOutsideRun, NotAllottedHere, TooManyAllotments, SoldAtOneOutlet
    )
    def flow_back(self, info: Info, input: FlowBackInput) -> FlowBackPayload:
        """Move every number an outlet did not sell to another; those on hold or leased stay."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        giver = at.shop.log.load(Place, read_id("Outlet", input.from_outlet_id, "input", "fromOutletId")).id
        taker = at.shop.log.load(Place, read_id("Outlet", input.to_outlet_id, "input", "toOutletId")).id
        unsold = (edition, giver, taker, space_name(input.space))
        done = at.carry_out(input, lambda: at.shop.editions.flow_back(*unsold))
        return FlowBackPayload(replayed=done.replayed, key=edition, moved=done.result)

    @mutation(*EVERY_MUTATION, SizeNotFixed, EditionStillMoving)
    def fix_edition_size(self, info: Info, input: FixEditionSizeInput) -> FixEditionSizePayload:
        """Count a timed edition once nobody can cancel any more: its size, for ever. Its certificates follow."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        done = at.carry_out(input, lambda: at.shop.editions.fix_size(edition, input.fixed_on))
        return FixEditionSizePayload(replayed=done.replayed, key=edition)

    @mutation(*EVERY_MUTATION, PartOfSet, EditionNotClosed, EditionStillMoving, SizeNotFixed)
    def seal_edition(self, info: Info, input: SealEditionInput) -> SealEditionPayload:
        """Publish the final counts of a closed edition, for ever."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        done = at.carry_out(input, lambda: at.shop.editions.seal(edition, input.sealed_on))
        return SealEditionPayload(replayed=done.replayed, key=edition)

    @mutation(
        *EVERY_MUTATION,
        PartOfSet,
        NumberOutsideRun,
        NumberLeased,
        PieceAlreadySold,
        PieceHeldBySomeoneElse,
        PieceRetired,
        CertificateNotRevoked,
    )
    def retire_piece(self, info: Info, input: RetirePieceInput) -> RetirePiecePayload:
        """Take a number out for ever, with evidence."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        why = (input.number, input.reason, input.evidence, input.retired_on, space_name(input.space))
        done = at.carry_out(input, lambda: at.shop.clear_piece.retire(edition, *why))
        return RetirePiecePayload(replayed=done.replayed, key=edition)

    @mutation(*EVERY_MUTATION, PieceNotReplaceable, SizeNotFixed)
    def remake_piece(self, info: Info, input: RemakePieceInput) -> RemakePiecePayload:
        """Make a destroyed piece again under its number: the old certificate is void, the new one says that it is a copy."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        made = (edition, space_name(input.space), input.number, input.copy, input.reason, input.evidence, input.on)
        done = at.carry_out(input, lambda: at.shop.remake_piece.remake(*made))
        return RemakePiecePayload(replayed=done.replayed, key=done.result)

    @mutation(*EVERY_MUTATION, NumberOutsideRun, PieceNotReturned, PieceRetired, CertificateNotRevoked)
    def put_back_piece(self, info: Info, input: PutBackPieceInput) -> PutBackPiecePayload:
        """Free a returned piece after inspection."""
        at, edition = manager(info), read_id("Edition", input.edition_id, "input", "editionId")
        piece = (edition, input.number, space_name(input.space))
        done = at.carry_out(input, lambda: at.shop.clear_piece.put_back(*piece))
        return PutBackPiecePayload(replayed=done.replayed, key=edition)

    @mutation(*EVERY_MUTATION, MalformedEvidence)
    def add_buyer_evidence(self, info: Info, input: AddBuyerEvidenceInput) -> AddBuyerEvidencePayload:
        """Add what is found out later about who bought: a limit exceeded becomes a case, and the sale stands."""
        at, order = manager(info), read_id("Order", input.order_id, "input", "orderId")
        learned = evidence(at, input.buyer)
        done = at.carry_out(input, lambda: at.shop.limits.discover(order, learned))
        return AddBuyerEvidencePayload(order=orders.order(at, order), replayed=done.replayed)

    @mutation(*EVERY_MUTATION, LegalHold)
    def forget_buyer(self, info: Info, input: ForgetBuyerInput) -> ForgetBuyerPayload:
        """Forget who bought: what they showed leads to no purchase any more. The purchases stay, as nobody's."""
        at, who = manager(info), shown(input.buyer)
        done = at.carry_out(input, lambda: at.shop.know_buyers.forget(who, input.reason, input.requested_on))
        return ForgetBuyerPayload(forgotten=done.result, replayed=done.replayed)
