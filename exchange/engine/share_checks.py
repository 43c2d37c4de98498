"""May shares of an outcome change hands at all? Asked by a listing of them and by the sale of a block.

Shares are worth what the rights behind them are: immobilised, alive, of clear title, under nobody's claim; and what a
share is, the deed on file says.
"""

from __future__ import annotations

from custody.outcomes import Outcome, ShareDeed
from exchange.core.ids import to_wire
from exchange.core.messages import Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.engine.burdens import refuse_burdened
from exchange.engine.conveyances import refuse_recorded_title
from exchange.engine.outcomes import rights_of_outcome
from exchange.engine.rights import patents_of, refuse_patent
from exchange.engine.state import ExchangeState


def refuse_rights_behind(state: ExchangeState, header: Header, outcome: Outcome) -> Rejected | None:
    """Whether a right behind an outcome's shares keeps them from changing hands.

    Refused: right.not_owned, asset.frozen, right.expired, patent.not_listable, right.encumbered, right.title_defect.
    """
    rights = rights_of_outcome(state, outcome)
    if isinstance(rights, Rejected):
        return rights
    for right in rights:
        if state.assets[right.asset_id].frozen:
            return Rejected(code=RejectCode.ASSET_FROZEN, detail=state.assets[right.asset_id].code)
        patents = patents_of(state, right)
        for patent in patents:
            if (refusal := refuse_patent(header, patent)) is not None:
                return refusal
            if not patent.listable:
                detail = f"{patent.number} lacks what a listing needs"
                return Rejected(code=RejectCode.PATENT_NOT_LISTABLE, detail=detail)
        if (refusal := refuse_burdened(state, right.asset_id)) is not None:
            return refusal
        if (refusal := refuse_recorded_title(state, patents)) is not None:
            return refusal
    return None


def refuse_unsigned_deed(state: ExchangeState, outcome: Outcome) -> ShareDeed | Rejected:
    """The deed in force, signed by every owner: it says what whoever takes a share takes.

    Refused: listing.no_share_deed.
    """
    deed = state.table(ShareDeed).get(outcome.deed_id)
    if deed is None:
        return Rejected(code=RejectCode.LISTING_NO_SHARE_DEED, detail=to_wire("X", outcome.outcome_id))
    if any(member_id not in deed.signer_ids for member_id in (outcome.member_id, *outcome.co_owner_ids)):
        return Rejected(code=RejectCode.LISTING_NO_SHARE_DEED, detail="a co-owner has not signed the deed in force")
    return deed
