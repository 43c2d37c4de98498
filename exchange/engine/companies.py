"""Companies are founded: terms, signatures, the office's answer, and then capital against equity in one command.

Nothing moves before all have signed and title to what is brought in is the company's; until then every contribution is
a promise of units that its founder still owns, and every other end frees it.
"""

from __future__ import annotations

import msgspec

from custody.company import (
    AbandonCompany,
    CapitalSubscribed,
    Company,
    CompanyAbandoned,
    CompanyFounded,
    CompanyProposed,
    CompanyState,
    CompanyTerms,
    ConfirmContribution,
    Contribution,
    ContributionState,
    FoundCompany,
    Founder,
    RefuseContribution,
    SubscribeCapital,
    company_terms_hash,
)
from custody.ledger import Leg
from custody.register import TitleStage
from custody.rights import Right
from exchange.core.calendar import local_date
from exchange.core.ids import AccountId, AssetId, CompanyId, ContributionId, make_id, to_wire
from exchange.core.instruments import AssetKind, TitleRegime
from exchange.core.messages import Citation, Event, Header, Rejected
from exchange.core.node_messages import Timer, TimerKind
from exchange.core.parties import Role, UserRight
from exchange.core.rejections import RejectCode, ensure
from exchange.core.units import Minor, TimeNs, Units
from exchange.engine import timers
from exchange.engine.access import acts_for_member, refuse_account
from exchange.engine.burdens import refuse_burdened
from exchange.engine.company_checks import (
    in_kind,
    refuse_by_overlay,
    refuse_contributed_right,
    refuse_founders,
    refuse_market,
)
from exchange.engine.deal_checks import awaits_office, days_of_publicity, party, refuse_frozen_assets, refuse_stopped
from exchange.engine.documents import refuse_documents
from exchange.engine.issuance import issue_units
from exchange.engine.register import enter_title
from exchange.engine.rights import pass_units
from exchange.engine.rules import disposal_overlay, profile_of
from exchange.engine.state import VENUE_TIME_ZONE, ExchangeState
from exchange.engine.telling import move_and_tell
from exchange.engine.when import refuse_day
from exchange.rulebook.disposal import long_stop_ns, period_end_ns
from exchange.rulebook.overlays import cite_overlay
from exchange.rulebook.profile import cite
from matching.messages import Market

# --- The terms --------------------------------------------------------------------------------------------------------


def found_company(state: ExchangeState, header: Header, command: FoundCompany) -> list[Event]:
    """Put the founders' terms to them."""
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE)) is not None:
        return [refusal]
    member_id = state.accounts[command.account_id].member_id
    if (other := state.find(Company, member_id)) is not None:
        return [Rejected(code=RejectCode.COMPANY_EXISTS, detail=to_wire("CO", other.company_id))]
    market = state.table(Market).get(command.market_id)
    if market is None:
        return [Rejected(code=RejectCode.MARKET_UNKNOWN)]
    profile = profile_of(state, market)
    if (refusal := refuse_founders(state, profile, command.account_id, command.founders)) is not None:
        return [refusal]
    capital = sum(founder.capital_minor for founder in command.founders)
    if (refusal := refuse_market(profile, market, capital)) is not None:
        return [refusal]
    shown = _publicity(state, header, market, command)
    if isinstance(shown, Rejected):
        return [shown]
    documents = [command.contract_sha256, command.charter.document_sha256]
    documents += [founder.valuation_sha256 for founder in command.founders if founder.valuation_sha256 is not None]
    if (refusal := refuse_documents(state, member_id, documents)) is not None:
        return [refusal]

    state.change()
    until, overlays_version, rules = shown
    terms = CompanyTerms(
        account_id=command.account_id,
        name=command.name,
        market_id=command.market_id,
        founders=command.founders,
        charter=command.charter,
        jurisdiction=command.jurisdiction,
        contract_sha256=command.contract_sha256,
    )
    brings = in_kind(command.founders)
    company = Company(
        company_id=CompanyId(make_id(header.sequence)),
        member_id=member_id,
        account_id=command.account_id,
        name=command.name,
        market_id=command.market_id,
        money_asset_id=market.money_asset_id,
        founders=command.founders,
        charter=command.charter,
        jurisdiction=command.jurisdiction,
        overlays_version=overlays_version,
        contract_sha256=command.contract_sha256,
        terms_sha256=company_terms_hash(terms),
        publicity_until_ns=until,
        state=CompanyState.FOUNDING,
        proposed_by=header.principal,
        proposed_at_ns=header.at_ns,
        right_id=brings.asset_id if brings is not None and brings.asset_id is not None else AssetId(0),
    )
    state.put(company)
    told = move_and_tell(state, header, _concerned(company))
    proposed = CompanyProposed(
        company=company,
        terms=terms,
        rules=(cite(profile, "methods"), cite(profile, "settlement"), *rules),
        movement=told,
    )
    return [proposed, _long_stop_from(state, header, company)]


def _publicity(
    state: ExchangeState, header: Header, market: Market, command: FoundCompany
) -> tuple[TimeNs, int, tuple[Citation, ...]] | Rejected:
    """Until when the price of a right that is brought in is shown, by which overlays, and what they say.

    Refused: profile.not_active, rule.method_not_allowed, company.share_floor, calendar.not_covered.
    """
    brings = in_kind(command.founders)
    if brings is None:
        return header.at_ns, 0, ()
    owner = party(state, brings.account_id)
    bound = disposal_overlay(state, header, profile_of(state, market), owner, command.jurisdiction)
    if bound is None or isinstance(bound, Rejected):
        return bound if bound is not None else (header.at_ns, 0, ())
    if (refusal := refuse_by_overlay(*bound, brings)) is not None:
        return refusal
    calendar = state.calendar(market.calendar, market.calendar_version)
    until = period_end_ns(calendar, header.at_ns, days_of_publicity(bound)) if calendar is not None else None
    if until is None:
        return Rejected(code=RejectCode.CALENDAR_NOT_COVERED, detail=market.calendar)
    rules = tuple(cite_overlay(*bound, field) for field in ("agreement_publicity_days", "share_floor_ppm"))
    return until, bound[0].version, rules


# --- Signatures -------------------------------------------------------------------------------------------------------


def subscribe_capital(state: ExchangeState, header: Header, command: SubscribeCapital) -> list[Event]:
    """A founder signs, and promises what it brings; the last one sets the founding going."""
    company = state.table(Company).get(command.company_id)
    if company is None:
        return [Rejected(code=RejectCode.COMPANY_UNKNOWN)]
    founder = next((one for one in company.founders if one.account_id == command.account_id), None)
    worth = founder.capital_minor if founder is not None else 0
    if (refusal := refuse_account(state, header, command.account_id, UserRight.TRADE, value_minor=worth)) is not None:
        return [refusal]
    if founder is None:
        return [Rejected(code=RejectCode.COMPANY_NOT_FOUNDER)]
    made = contributions_to(state, company)
    signed = [one.account_id for one in made]
    if company.state is not CompanyState.FOUNDING or founder.account_id in signed:
        return [Rejected(code=RejectCode.COMPANY_STATE, detail=company.state)]
    if header.at_ns < company.publicity_until_ns:
        return [Rejected(code=RejectCode.COMPANY_PUBLICITY_RUNNING)]
    if command.terms_sha256 != company.terms_sha256:
        return [Rejected(code=RejectCode.COMPANY_TERMS_CHANGED, detail=f"terms_sha256={company.terms_sha256}")]
    last = len(signed) + 1 == len(company.founders)
    if (refusal := _refuse_signature(state, header, company, founder, made if last else [])) is not None:
        return [refusal]
    if founder.cash_minor > state.ledger.available(founder.account_id, company.money_asset_id):
        return [Rejected(code=RejectCode.HOLD_INSUFFICIENT_AVAILABLE)]

    state.change()
    contribution = Contribution(
        contribution_id=ContributionId(make_id(header.sequence)),
        company_id=company.company_id,
        account_id=founder.account_id,
        company_account_id=company.account_id,
        money_asset_id=company.money_asset_id,
        held_minor=founder.cash_minor,
        asset_id=founder.asset_id or AssetId(0),
        held_units=state.assets[founder.asset_id].total_units if founder.asset_id is not None else Units(0),
        state=ContributionState.PROMISED,
        signed_by=header.principal,
        signed_at_ns=header.at_ns,
    )
    state.put(contribution)
    waits = last and _awaits(state, company)
    if last:
        to = CompanyState.CONTRIBUTING if waits else company.state
        company = _put(state, company, state=to, contracted_at_ns=header.at_ns)
    movement = move_and_tell(state, header, _concerned(company), holds=_holds([contribution], 1))
    events: list[Event] = [CapitalSubscribed(company=company, contribution=contribution, movement=movement)]
    if waits:
        dropped = timers.drop_timers(state, TimerKind.COMPANY_LONG_STOP, company.company_id)
        entered = _title(state, header, company, TitleStage.CONTRACTED)
        return [*events, *dropped, _long_stop_from(state, header, company), *entered]
    if last:
        signed_on = local_date(header.at_ns, VENUE_TIME_ZONE).isoformat()
        return [*events, *_complete(state, header, company, signed_on, "")]
    return events


def _refuse_signature(
    state: ExchangeState, header: Header, company: Company, founder: Founder, others: list[Contribution]
) -> Rejected | None:
    """Whether what this founder brings may be brought; with the last signature, whether all may still go on."""
    if (refusal := refuse_contributed_right(state, header, company, founder)) is not None:
        return refusal
    for other in others:
        brought = next(one for one in company.founders if one.account_id == other.account_id)
        refusal = refuse_contributed_right(state, header, company, brought, own_hold=other.held_units)
        if refusal is not None:
            return refusal
    return _refuse_parties(state, company) if others or len(company.founders) == 1 else None


def _awaits(state: ExchangeState, company: Company) -> bool:
    """Whether title to what is brought in waits for an office."""
    right = state.table(Right).get(company.right_id)
    return right is not None and awaits_office(right, wait_for_recordal=False)


# --- The office's answer, and other ends ------------------------------------------------------------------------------


def confirm_contribution(state: ExchangeState, header: Header, command: ConfirmContribution) -> list[Event]:
    """The office recorded the company as owner."""
    company = _contributing(state, command.company_id)
    if isinstance(company, Rejected):
        return [company]
    if (refusal := refuse_day(header, company.contracted_at_ns, command.effective_date)) is not None:
        return [refusal]
    if (refusal := _refuse_parties(state, company)) is not None:
        return [refusal]
    if (refusal := refuse_frozen_assets(state, company.money_asset_id, company.right_id)) is not None:
        return [refusal]
    if (refusal := refuse_burdened(state, company.right_id)) is not None:
        return [refusal]

    state.change()
    return _complete(state, header, company, command.effective_date, command.office_reference)


def refuse_contribution(state: ExchangeState, header: Header, command: RefuseContribution) -> list[Event]:
    """The office refused."""
    company = _contributing(state, command.company_id)
    if isinstance(company, Rejected):
        return [company]

    state.change()
    told = _put(state, company, office_reference=command.office_reference)
    return _end(state, header, told, CompanyState.CONTRIBUTION_REFUSED, command.reason)


def abandon_company(state: ExchangeState, header: Header, command: AbandonCompany) -> list[Event]:
    """The founding is given up while somebody has still to sign."""
    company = state.table(Company).get(command.company_id)
    if company is None:
        return [Rejected(code=RejectCode.COMPANY_UNKNOWN)]
    members = [company.member_id, *(state.accounts[one.account_id].member_id for one in company.founders)]
    is_operator = Role.OPERATOR in state.users[header.principal].roles
    if not is_operator and not any(acts_for_member(state, header, one, UserRight.TRADE) for one in members):
        return [Rejected(code=RejectCode.COMPANY_NOT_FOUNDER)]
    if company.state is not CompanyState.FOUNDING:
        return [Rejected(code=RejectCode.COMPANY_STATE, detail=company.state)]

    state.change()
    return _end(state, header, company, CompanyState.ABANDONED, command.reason)


def _long_stop(state: ExchangeState, header: Header, timer: Timer) -> list[Event]:
    """Time is up: what was promised is free."""
    company = state.table(Company)[CompanyId(timer.subject_id)]
    ensure(company.state is not CompanyState.FOUNDED, "a founded company waits for nothing")
    return _end(state, header, company, CompanyState.LAPSED, "long stop")


timers.FIRINGS[TimerKind.COMPANY_LONG_STOP] = _long_stop


def _contributing(state: ExchangeState, company_id: CompanyId) -> Company | Rejected:
    company = state.table(Company).get(company_id)
    if company is None:
        return Rejected(code=RejectCode.COMPANY_UNKNOWN)
    if company.state is not CompanyState.CONTRIBUTING:
        return Rejected(code=RejectCode.COMPANY_STATE, detail=company.state)
    return company


def _refuse_parties(state: ExchangeState, company: Company) -> Rejected | None:
    """Whether one of those who give or get is frozen.

    Refused: account.frozen, member.frozen.
    """
    return next((refusal for one in _concerned(company) if (refusal := refuse_stopped(state, one))), None)


# --- Changing. All of it after the line. ------------------------------------------------------------------------------


def contributions_to(state: ExchangeState, company: Company) -> list[Contribution]:
    """What has been promised to a company, in the order of the signatures."""
    found = [one for one in state.table(Contribution).values() if one.company_id == company.company_id]
    return sorted(found, key=lambda one: one.contribution_id)


def _complete(state: ExchangeState, header: Header, company: Company, day: str, reference: str) -> list[Event]:
    """Cash and right to the company, equity to its members."""
    made = contributions_to(state, company)
    legs: list[Leg] = []
    for one in made:
        legs += [
            (one.account_id, one.money_asset_id, -one.held_minor),
            (company.account_id, one.money_asset_id, int(one.held_minor)),
        ]
        legs += [
            (one.account_id, one.asset_id, -one.held_units),
            (company.account_id, one.asset_id, int(one.held_units)),
        ]
    contributed = move_and_tell(state, header, _concerned(company), legs, _holds(made, -1))
    issue = issue_units(
        state,
        header,
        ordinal=1,
        kind=AssetKind.EQUITY,
        code=f"equity:{to_wire('CO', company.company_id)}",
        total_units=company.capital_units,
        title_regime=TitleRegime.COMPANY_REGISTER,
        subject_id=company.company_id,
        to_account_id=company.account_id,
    )
    shares = [(founder.account_id, founder.kept_units) for founder in company.founders if founder.kept_units]
    shares += [(part.account_id, int(part.units)) for founder in company.founders for part in founder.contributors]
    equity_id = issue.asset.asset_id
    allotting: list[Leg] = [(company.account_id, equity_id, -company.capital_units)]
    allotting += [(account_id, equity_id, units) for account_id, units in shares]
    founded = _put(
        state,
        company,
        state=CompanyState.FOUNDED,
        asset_id=equity_id,
        founded_at_ns=header.at_ns,
        effective_date=day,
        office_reference=reference,
    )
    event = CompanyFounded(
        company=founded,
        asset=issue.asset,
        account=issue.account,
        contributions=_over(state, made, ContributionState.MADE),
        contributed=contributed,
        issued=issue.movement,
        allotted=state.ledger.move(header.sequence, allotting),
    )
    passed = pass_units(state, company.right_id, state.assets[company.right_id].total_units) if company.right_id else []
    dropped = timers.drop_timers(state, TimerKind.COMPANY_LONG_STOP, company.company_id)
    return [event, *passed, *dropped, *_title(state, header, founded, TitleStage.EFFECTIVE)]


def _end(state: ExchangeState, header: Header, company: Company, to: CompanyState, reason: str) -> list[Event]:
    """The company does not come to be; every promise is free."""
    made = contributions_to(state, company)
    unwound = company.state is CompanyState.CONTRIBUTING
    ended = _put(state, company, state=to, reason=reason)
    movement = move_and_tell(state, header, _concerned(company), holds=_holds(made, -1))
    over = _over(state, made, ContributionState.RETURNED)
    dropped = timers.drop_timers(state, TimerKind.COMPANY_LONG_STOP, company.company_id)
    entered = _title(state, header, ended, TitleStage.UNWOUND) if unwound else []
    return [CompanyAbandoned(company=ended, contributions=over, movement=movement), *dropped, *entered]


def _put(state: ExchangeState, company: Company, /, **changes: object) -> Company:
    changed = msgspec.structs.replace(company, **changes)
    state.put(changed)
    return changed


def _over(state: ExchangeState, made: list[Contribution], to: ContributionState) -> tuple[Contribution, ...]:
    over = tuple(msgspec.structs.replace(one, state=to, held_minor=Minor(0), held_units=Units(0)) for one in made)
    for one in over:
        state.put(one)
    return over


def _holds(made: list[Contribution], sign: int) -> list[Leg]:
    holds: list[Leg] = []
    for one in made:
        holds += [(one.account_id, one.money_asset_id, sign * one.held_minor)]
        holds += [(one.account_id, one.asset_id, sign * one.held_units)] if one.asset_id else []
    return holds


def _concerned(company: Company) -> list[AccountId]:
    """Whom a founding concerns, each once: the company, its founders, and who gets equity for the outcome."""
    accounts = [company.account_id, *(founder.account_id for founder in company.founders)]
    accounts += [part.account_id for founder in company.founders for part in founder.contributors]
    return list(dict.fromkeys(accounts))


def _long_stop_from(state: ExchangeState, header: Header, company: Company) -> Event:
    """From the terms, and again from the last signature, there are the profile's days; publicity comes before them."""
    profile = profile_of(state, state.table(Market)[company.market_id])
    due_ns = long_stop_ns(profile, max(header.at_ns, company.publicity_until_ns))
    return timers.set_timer(state, header, TimerKind.COMPANY_LONG_STOP, due_ns, company.company_id)


def _title(state: ExchangeState, header: Header, company: Company, stage: TitleStage) -> list[Event]:
    """What the register says of the right that is brought in."""
    brings = in_kind(company.founders)
    if brings is None:
        return []
    at_once = company.contracted_at_ns == header.at_ns
    entered = enter_title(
        state,
        header,
        asset_id=company.right_id,
        subject=to_wire("CO", company.company_id),
        stage=stage,
        from_account_id=brings.account_id,
        to_account_id=company.account_id,
        units=state.assets[company.right_id].total_units,
        contracted_at_ns=company.contracted_at_ns,
        effective_date=company.effective_date if stage is TitleStage.EFFECTIVE and not at_once else "",
    )
    return [entered]
