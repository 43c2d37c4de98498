"""The law asked: published texts, and the checks before every listing, order and deal."""

from __future__ import annotations

import msgspec

from custody.outcomes import Outcome
from exchange.core.ids import AccountId
from exchange.core.instruments import Side
from exchange.core.membership import Member
from exchange.core.messages import Event, Header, Rejected
from exchange.core.rejections import RejectCode, ensure
from exchange.core.rule_messages import (
    ActivateText,
    ConfirmField,
    FieldConfirmed,
    Published,
    PublishedKind,
    PublishText,
    TextActivated,
    TextPublished,
)
from exchange.engine.notes import counted_together, holders_with
from exchange.engine.open_order import OpenOrder
from exchange.engine.parsing import Document, canonical, parse
from exchange.engine.state import ExchangeState
from exchange.engine.terms import BookTerms
from exchange.rulebook.checks import (
    Refusal,
    check_export,
    check_holder_cap,
    check_suitability,
    check_value_cap,
)
from exchange.rulebook.overlays import Overlay, Overlays, overlay_for
from exchange.rulebook.profile import Profile, Publicity, cite
from exchange.rulebook.texts import TextError, missing_confirmations, text_hash, unconfirmed_fields
from matching.messages import Instrument, Market
from securitization.deal import Deal

BUY = Side.BUY
DISPOSAL_OVERLAYS = "cn_disposal"
"""The overlay set that answers for disposals wherever a profile's publicity says so."""

UNKNOWN: dict[PublishedKind, RejectCode] = {
    PublishedKind.PROFILE: RejectCode.PROFILE_UNKNOWN,
    PublishedKind.FEE_SCHEDULE: RejectCode.FEE_SCHEDULE_UNKNOWN,
    PublishedKind.CALENDAR: RejectCode.CALENDAR_UNKNOWN,
    PublishedKind.OVERLAYS: RejectCode.PROFILE_UNKNOWN,
    PublishedKind.TRADING_RULES: RejectCode.TRADING_RULES_UNKNOWN,
    PublishedKind.REWARD_PROGRAMME: RejectCode.SCHEME_PROGRAMME_UNKNOWN,
    PublishedKind.DEAL: RejectCode.DEAL_TEXT_UNKNOWN,
}


def publish_text(state: ExchangeState, header: Header, command: PublishText) -> list[Event]:
    """Keep one version of a text for good, in its canonical spelling."""
    del header
    document = parse(command.kind, command.text)
    if isinstance(document, TextError):
        return [Rejected(code=document.code, detail=f"{document.path}: {document.reason}")]
    if isinstance(document, Deal):
        return [Rejected(code=RejectCode.DEAL_TEXT_INVALID, detail="a deal is published by deal.publish")]
    text = canonical(document)
    published = Published(
        kind=command.kind,
        name=document.name,
        version=document.version,
        effective_from=document.effective_from,
        text=text,
        text_hash=text_hash(text),
    )
    if state.published(command.kind, document.name, document.version) is not None:
        return [Rejected(code=RejectCode.DOCUMENT_EXISTS, detail=f"{document.name}@{document.version}")]

    state.change()
    state.put(published)
    return [TextPublished(published=published)]


def confirm_field(state: ExchangeState, header: Header, command: ConfirmField) -> list[Event]:
    """An operator vouches for one row whose source was only an excerpt or general knowledge."""
    del header
    published = state.published(command.kind, command.name, command.version)
    if published is None:
        return [Rejected(code=UNKNOWN[command.kind])]
    document = _document(state, published)
    if isinstance(document, Deal) or command.field not in unconfirmed_fields(document):
        return [Rejected(code=RejectCode.PROFILE_INVALID, detail=f"{command.field} needs no confirmation")]
    if command.field in dict(published.confirmed):
        return [Rejected(code=RejectCode.PROFILE_INVALID, detail=f"{command.field} is confirmed")]

    state.change()
    confirmed = msgspec.structs.replace(published, confirmed=(*published.confirmed, (command.field, command.source)))
    state.put(confirmed)
    return [FieldConfirmed(published=confirmed)]


def activate_text(state: ExchangeState, header: Header, command: ActivateText) -> list[Event]:
    """Put a text in force from its date, once every unchecked row is confirmed. Arrives here with two signatures."""
    published = state.published(command.kind, command.name, command.version)
    if published is None:
        return [Rejected(code=UNKNOWN[command.kind])]
    document = _document(state, published)
    missing = () if isinstance(document, Deal) else missing_confirmations(document, dict(published.confirmed))
    if missing:
        return [Rejected(code=RejectCode.PROFILE_UNCONFIRMED, detail=", ".join(missing)[:1_000])]

    state.change()
    active = msgspec.structs.replace(published, active_since_ns=header.at_ns)
    state.put(active)
    return [TextActivated(published=active)]


def profile_of(state: ExchangeState, market: Market) -> Profile:
    """The profile version a market lives under."""
    document = state.parsed.get((PublishedKind.PROFILE, market.profile, market.profile_version))
    ensure(isinstance(document, Profile), "a market's profile is published")
    assert isinstance(document, Profile)  # noqa: S101 - for the type checker; ensure() above is the guard
    return document


def disposal_overlay(
    state: ExchangeState, header: Header, profile: Profile, seller: Member, jurisdiction: str, version: int = 0
) -> tuple[Overlays, Overlay] | Rejected | None:
    """The disposal overlay that binds this seller in a market of this profile; None where it asks for none.

    A case that runs names the version it began under; 0 is the one in force.
    Refused: profile.not_active if overlays are asked for and none are in force.
    """
    if profile.fields.publicity.value is not Publicity.DISPOSAL_OVERLAY:
        return None
    kept = version or state.version_in_force(PublishedKind.OVERLAYS, DISPOSAL_OVERLAYS, header.at_ns)
    overlays = state.parsed.get((PublishedKind.OVERLAYS, DISPOSAL_OVERLAYS, kept))
    if not isinstance(overlays, Overlays):
        return Rejected(
            code=RejectCode.PROFILE_NOT_ACTIVE,
            detail=f"{DISPOSAL_OVERLAYS} is not in force",
            rule=cite(profile, "publicity"),
        )
    return overlays, overlay_for(overlays, jurisdiction, seller.seller_class)


def holder_of(state: ExchangeState, account_id: AccountId) -> int:
    """Who counts as a holder: the member, or behind a nominee's sub-account its own beneficiary."""
    account = state.accounts[account_id]
    return account.account_id if account.beneficiary else account.member_id


def refuse_order_by_rule(
    state: ExchangeState, header: Header, instrument: Instrument, order: OpenOrder
) -> Rejected | None:
    """Ask the market's profile about an order, and the export gate: method, suitability, value, export, holders.

    Refused: rule.method_not_allowed, rule.suitability, rule.value_cap, export.not_cleared, rule.holder_cap.
    """
    del header
    terms = state.terms[instrument.market_id]
    member = state.members[state.accounts[order.account_id].member_id]
    if (refusal := _refuse_access(terms, member)) is not None:
        return refusal.rejected()
    if terms.value_cap_minor is not None:
        worth = order.remaining_lots * order.price_ticks * instrument.tick_minor
        if worth > terms.value_cap_minor and (refusal := check_value_cap(terms.profile, worth)) is not None:
            return refusal.rejected()
    if (refusal := _refuse_export(state, instrument, member)) is not None:
        return refusal.rejected()
    if terms.holder_cap is not None and order.side is BUY and not _has_place(state, instrument, order):
        holders = holders_with(state, instrument.asset_id, order.account_id)
        if (refusal := check_holder_cap(terms.profile, holders)) is not None:
            return refusal.rejected()
    return None


def refuse_party(state: ExchangeState, instrument: Instrument, account_id: AccountId) -> Rejected | None:
    """What of `refuse_order_by_rule` depends on who orders alone, and on nothing of the order."""
    member = state.members[state.accounts[account_id].member_id]
    refusal = _refuse_access(state.terms[instrument.market_id], member) or _refuse_export(state, instrument, member)
    return refusal.rejected() if refusal is not None else None


def _refuse_access(terms: BookTerms, member: Member) -> Refusal | None:
    """Whether the market has no book, or none for this party."""
    if terms.method_refusal is not None:
        return terms.method_refusal
    return None if terms.admits(member.standings) else check_suitability(terms.profile, member.standings)


def _refuse_export(state: ExchangeState, instrument: Instrument, member: Member) -> Refusal | None:
    """Whether a party from another jurisdiction than the technology's owner may order its shares, on either side.

    Asked before the order and not at settlement, because what is restricted may not even be negotiated before the
    letter of intent. A note is a claim on money and carries no technology.
    """
    outcome = state.table(Outcome).get(state.assets[instrument.asset_id].subject_id)
    if outcome is None:
        return None
    return check_export(outcome.technology_class, state.members[outcome.member_id].country, member.country)


def _has_place(state: ExchangeState, instrument: Instrument, order: OpenOrder) -> bool:
    """Whether the account holds already or has a bid open, so that its place was counted before."""
    bids = state.bidders.get(instrument.instrument_id)
    if bids is not None and order.account_id in bids:
        return True
    classes = counted_together(state, instrument.asset_id)
    return any(state.ledger.units(order.account_id, each) > 0 for each in classes)


def _document(state: ExchangeState, published: Published) -> Document:
    return state.parsed[published.kind, published.name, published.version]
