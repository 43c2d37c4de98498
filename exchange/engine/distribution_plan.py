"""Who gets what of an income, and by which rule: the pots of a plan and their lines, or why there can be none.

Pure reading: it changes nothing, and everything it answers goes into the plan that is approved and paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from custody.accounts import AccountKind
from custody.distribution import (
    PPM,
    DeductionKind,
    Line,
    PayeeShare,
    Pot,
    PotRole,
    parts_of,
    rate_of,
    withheld_minor,
)
from custody.distribution_messages import Income, IncomeKind, ProposeDistribution
from custody.outcomes import Outcome, ShareDeed
from custody.pilot import Pilot, PilotState
from custody.rights import RightForm
from exchange.core.ids import AccountId, AssetId
from exchange.core.messages import Citation, Header, Rejected
from exchange.core.rejections import RejectCode
from exchange.core.rule_messages import PublishedKind
from exchange.core.units import Minor, div_ceil
from exchange.engine.deal_checks import party
from exchange.engine.rules import DISPOSAL_OVERLAYS
from exchange.engine.state import ExchangeState
from exchange.rulebook.disposal import net_income_minor
from exchange.rulebook.overlays import Overlay, Overlays, cite_overlay, overlay_for

NO_SHARES = AssetId(0)
FLOORS = {
    IncomeKind.TRANSFER: "reward_floor_ppm",
    IncomeKind.LICENCE: "reward_floor_ppm",
    IncomeKind.SHARES: "share_floor_ppm",
    IncomeKind.PROFIT: "profit_floor_ppm",
}
"""The row of the overlay that holds the least the contributors get of each kind of income."""


@dataclass(frozen=True, slots=True)
class Law:
    """The overlay that binds the owner, and what it says of withholding (0 where the owner withholds nothing)."""

    overlays: Overlays
    overlay: Overlay
    withholding_ppm: int
    withholding_rule: Citation | None

    def cite(self, field: str) -> Citation:
        """The citation of one of its rows."""
        return cite_overlay(self.overlays, self.overlay, field)


@dataclass(slots=True)
class Plan:
    """The pots, and the lines of all payees but the holders of shares."""

    net_minor: int
    pots: list[Pot] = field(default_factory=list[Pot])
    lines: list[Line] = field(default_factory=list[Line])
    documents: list[str] = field(default_factory=list[str])
    """What must be on file."""
    share_asset_id: AssetId = NO_SHARES


def law_for(state: ExchangeState, header: Header, account_id: AccountId, jurisdiction: str) -> Law | Rejected:
    """The law an owner distributes under.

    Refused: profile.not_active if no overlays are in force, or those in force say nothing of withholding.
    """
    version = state.version_in_force(PublishedKind.OVERLAYS, DISPOSAL_OVERLAYS, header.at_ns)
    overlays = state.parsed.get((PublishedKind.OVERLAYS, DISPOSAL_OVERLAYS, version))
    if not isinstance(overlays, Overlays):
        return Rejected(code=RejectCode.PROFILE_NOT_ACTIVE, detail=f"{DISPOSAL_OVERLAYS} is not in force")
    owner = party(state, account_id)
    overlay = overlay_for(overlays, jurisdiction, owner.seller_class)
    row = overlay.fields.withholding_ppm
    if row is None:
        detail = f"{DISPOSAL_OVERLAYS}@{version} has no withholding_ppm"
        return Rejected(code=RejectCode.PROFILE_NOT_ACTIVE, detail=detail)
    if owner.country != "CN":
        return Law(overlays, overlay, 0, None)  # the row speaks of what is earned from a Chinese payer
    return Law(overlays, overlay, row.value, cite_overlay(overlays, overlay, "withholding_ppm"))


def plan_for(state: ExchangeState, income: Income, command: ProposeDistribution, law: Law) -> Plan | Rejected:
    """Pots and lines, the contributors' first.

    Refused: distribution.treaty_invalid, distribution.deductions_invalid, distribution.payees_invalid,
    distribution.below_floor, distribution.agreement_missing, distribution.over_net.
    """
    rates = withholding_rates(command, law, party(state, income.account_id).country)
    if isinstance(rates, Rejected):
        return rates
    net = _net(income, command)
    if isinstance(net, Rejected):
        return net
    plan = Plan(net_minor=net)
    plan.documents += [deduction.document_sha256 for deduction in command.deductions]
    plan.documents += [treaty.document_sha256 for treaty in command.treaties]
    pilot = _pilot(state, income)
    for step in (_add_contributors, _add_staff, _add_holders, _add_co_owners):
        if (refusal := step(state, income, command, law, plan, pilot)) is not None:
            return refusal
    plan.lines = [_with_withholding(state, income, line, law, rates) for line in plan.lines]
    return plan


def withholding_rates(command: ProposeDistribution, law: Law, home: str) -> dict[str, int] | Rejected:
    """The treaties' rates by country; each is lower than the law's, and of a foreign country named once.

    Refused: distribution.treaty_invalid.
    """
    rates: dict[str, int] = {}
    for treaty in command.treaties:
        if treaty.country == home or treaty.country in rates or treaty.rate_ppm >= law.withholding_ppm:
            detail = f"{treaty.country}: {treaty.rate_ppm} of {law.withholding_ppm}"
            return Rejected(code=RejectCode.DISTRIBUTION_TREATY_INVALID, detail=detail, rule=law.withholding_rule)
        rates[treaty.country] = treaty.rate_ppm
    return rates


def withholding_of(state: ExchangeState, account_id: AccountId, home: str, law_ppm: int, rates: dict[str, int]) -> int:
    """The rate withheld of a payee: none at home, abroad the law's or its treaty's."""
    country = party(state, account_id).country
    return 0 if country == home else rates.get(country, law_ppm)


# --- Pot by pot -------------------------------------------------------------------------------------------------------


def _net(income: Income, command: ProposeDistribution) -> int | Rejected:
    """Net income. A profit is net already; deductions never exceed the income."""
    sums = dict.fromkeys(DeductionKind, 0)
    for one in command.deductions:
        sums[one.kind] += one.amount_minor
    if sum(sums.values()) > income.amount_minor or (command.deductions and income.kind is IncomeKind.PROFIT):
        detail = f"{sum(sums.values())} of {income.kind} {income.amount_minor}"
        return Rejected(code=RejectCode.DISTRIBUTION_DEDUCTIONS_INVALID, detail=detail)
    return net_income_minor(
        income.amount_minor,
        sums[DeductionKind.TAXES],
        sums[DeductionKind.UPKEEP],
        sums[DeductionKind.DIRECT_COSTS],
    )


def _pilot(state: ExchangeState, income: Income) -> Pilot | None:
    """The pilot that assigned the outcome to its team, if one did."""
    pilot = state.find(Pilot, income.outcome_id) if income.outcome_id else None
    return pilot if pilot is not None and pilot.state is PilotState.COMPLETED else None


def _add_contributors(
    state: ExchangeState, income: Income, command: ProposeDistribution, law: Law, plan: Plan, pilot: Pilot | None
) -> Rejected | None:
    """The contributors' reward: by the pilot's agreement, the owner's own rule, or the law's standard."""
    row = FLOORS[income.kind]
    floor_ppm = getattr(law.overlay.fields, row).value
    if income.kind is IncomeKind.PROFIT and income.profit_year > law.overlay.fields.profit_floor_maximum_years.value:
        floor_ppm = 0
    rate_ppm, reason, document = floor_ppm, "the law's standard", ""
    if pilot is not None:
        if command.own_rule is not None or command.contributors or command.split_sha256 is not None:
            return _payees("the pilot's agreement decides the reward and its split")
        rate_ppm, reason, document = pilot.income_ratio_ppm, "the pilot's agreement", pilot.duties_sha256
    elif command.own_rule is not None:
        rate_ppm, reason = command.own_rule.rate_ppm, "the owner's own rule"
        document = command.own_rule.document_sha256
        plan.documents.append(document)
    if rate_ppm < floor_ppm and law.overlay.fields.reward_floor_binding.value:
        return _below(law, row, rate_ppm, floor_ppm)
    # Rounded up, because a reward one fen under its floor breaks the rule.
    amount = div_ceil(plan.net_minor * rate_ppm, PPM)
    if pilot is not None:
        payees = [(each.account_id, Fraction(each.numerator, each.denominator)) for each in pilot.team]
    else:
        payees = _fractions(command.contributors)
        if payees and command.split_sha256 is None:
            return _payees("the contributors' split is in writing: split_sha256")
    rule = law.cite(row)
    plan.documents += [] if command.split_sha256 is None else [command.split_sha256]
    pot = _pot(PotRole.CONTRIBUTORS, plan.net_minor, rate_ppm, amount, reason, document, rule)
    return _share(state, income, plan, pot, payees)


def _add_staff(
    state: ExchangeState, income: Income, command: ProposeDistribution, law: Law, plan: Plan, pilot: Pilot | None
) -> Rejected | None:
    """The transfer staff's part: at least the overlay's."""
    del pilot
    floor_ppm = law.overlay.fields.transfer_staff_floor_ppm.value if income.kind is not IncomeKind.PROFIT else 0
    rate_ppm = floor_ppm if command.staff_rate_ppm is None else command.staff_rate_ppm
    if rate_ppm < floor_ppm and law.overlay.fields.reward_floor_binding.value:
        return _below(law, "transfer_staff_floor_ppm", rate_ppm, floor_ppm)
    amount = div_ceil(plan.net_minor * rate_ppm, PPM)
    if not amount and not command.staff:
        return None
    rule = law.cite("transfer_staff_floor_ppm")
    pot = _pot(PotRole.STAFF, plan.net_minor, rate_ppm, amount, "the transfer staff", "", rule)
    return _share(state, income, plan, pot, _fractions(command.staff))


def _add_holders(
    state: ExchangeState, income: Income, command: ProposeDistribution, law: Law, plan: Plan, pilot: Pilot | None
) -> Rejected | None:
    """What the share deed gives the holders of floating shares, of net income."""
    del command, law, pilot
    outcome = state.table(Outcome).get(income.outcome_id)
    if outcome is None or outcome.form is not RightForm.SHARES:
        return None
    deed = state.table(ShareDeed).get(outcome.deed_id)
    if deed is None:
        return Rejected(code=RejectCode.DISTRIBUTION_AGREEMENT_MISSING, detail="no share deed says what holders get")
    amount = rate_of(plan.net_minor, deed.income_ratio_ppm)
    reason = f"share deed version {deed.version}"
    plan.share_asset_id = outcome.share_asset_id
    plan.pots.append(
        _pot(PotRole.HOLDERS, plan.net_minor, deed.income_ratio_ppm, amount, reason, deed.document_sha256, None)
    )
    return None


def _add_co_owners(
    state: ExchangeState, income: Income, command: ProposeDistribution, law: Law, plan: Plan, pilot: Pilot | None
) -> Rejected | None:
    """What is left: the co-owners' by their agreement, or by their units of the right; the owner's is the rest."""
    del law
    rest = plan.net_minor - sum(pot.amount_minor for pot in plan.pots)
    if rest < 0:
        said = ", ".join(f"{pot.role} {pot.amount_minor}" for pot in plan.pots)
        return Rejected(code=RejectCode.DISTRIBUTION_OVER_NET, detail=f"{said} of net {plan.net_minor}")
    payees = _fractions(command.co_owners)
    reason, document = "the co-owners' agreement", command.co_owner_sha256 or ""
    if payees and not document:
        return Rejected(code=RejectCode.DISTRIBUTION_AGREEMENT_MISSING, detail="co_owner_sha256")
    if payees:
        plan.documents.append(document)
    elif _co_owned(state, income, pilot):
        detail = "co-owners share by their agreement: co_owners, co_owner_sha256"
        return Rejected(code=RejectCode.DISTRIBUTION_AGREEMENT_MISSING, detail=detail)
    if payees:
        problem = _refuse_payees(state, income, payees)
        if problem or sum((part for _, part in payees), Fraction(0)) > 1:
            return _payees(problem or "the co-owners' parts exceed one")
        *parts, rest_of_owner = parts_of(rest, [part for _, part in payees])
        plan.pots.append(_pot(PotRole.CO_OWNERS, rest, 0, rest - rest_of_owner, reason, document, None))
        _add_lines(plan, PotRole.CO_OWNERS, payees, parts)
        rest = rest_of_owner
    plan.pots.append(_pot(PotRole.OWNER, plan.net_minor, 0, rest, "what is left with the owner", "", None))
    return None


def _co_owned(state: ExchangeState, income: Income, pilot: Pilot | None) -> bool:
    """Whether somebody else owns the outcome or right too, whom neither a pilot nor a share deed answers for."""
    outcome = state.table(Outcome).get(income.outcome_id)
    if outcome is None:
        if income.kind is IncomeKind.TRANSFER:
            return False  # who holds the right now bought it
        holders = state.ledger.holders(income.asset_id)
        return any(account_id != income.account_id for account_id, _ in holders)
    if outcome.form is RightForm.SHARES:
        return False
    team = [party(state, each.account_id).member_id for each in pilot.team] if pilot is not None else []
    return any(member_id not in team for member_id in outcome.co_owner_ids)


# --- Inside -----------------------------------------------------------------------------------------------------------


def _pot(
    role: PotRole, base: int, rate_ppm: int, amount: int, reason: str, document: str, rule: Citation | None
) -> Pot:
    return Pot(
        role=role,
        base_minor=Minor(base),
        rate_ppm=rate_ppm,
        amount_minor=Minor(amount),
        reason=reason,
        document_sha256=document,
        rule=rule,
    )


def _share(
    state: ExchangeState, income: Income, plan: Plan, pot: Pot, payees: list[tuple[AccountId, Fraction]]
) -> Rejected | None:
    """Share a pot out whole among its payees; a pot with money has some, an empty one needs none."""
    plan.pots.append(pot)
    if not payees and not pot.amount_minor:
        return None
    if sum((part for _, part in payees), Fraction(0)) != 1:
        return _payees(f"the parts of {pot.role} sum to one")
    if problem := _refuse_payees(state, income, payees):
        return _payees(problem)
    _add_lines(plan, pot.role, payees, parts_of(pot.amount_minor, [part for _, part in payees])[:-1])
    return None


def _add_lines(plan: Plan, role: PotRole, payees: list[tuple[AccountId, Fraction]], parts: Sequence[int]) -> None:
    for (account_id, part), amount in zip(payees, parts, strict=True):
        plan.lines.append(
            Line(
                account_id=account_id,
                role=role,
                weight=part.numerator,
                of=part.denominator,
                gross_minor=Minor(amount),
                withholding_ppm=0,
                withheld_minor=Minor(0),
            )
        )


def _with_withholding(state: ExchangeState, income: Income, line: Line, law: Law, rates: dict[str, int]) -> Line:
    home = party(state, income.account_id).country
    rate_ppm = withholding_of(state, line.account_id, home, law.withholding_ppm, rates)
    return payee_line(line.account_id, line.role, line.weight, line.of, line.gross_minor, rate_ppm)


def payee_line(account_id: AccountId, role: PotRole, weight: int, of: int, gross_minor: int, rate_ppm: int) -> Line:
    """One line, with what is withheld of it."""
    return Line(
        account_id=account_id,
        role=role,
        weight=weight,
        of=of,
        gross_minor=Minor(gross_minor),
        withholding_ppm=rate_ppm,
        withheld_minor=Minor(withheld_minor(gross_minor, rate_ppm)),
    )


def _fractions(payees: Sequence[PayeeShare]) -> list[tuple[AccountId, Fraction]]:
    return [(each.account_id, Fraction(each.share.numerator, each.share.denominator)) for each in payees]


def _refuse_payees(state: ExchangeState, income: Income, payees: list[tuple[AccountId, Fraction]]) -> str:
    """Why these cannot be paid: each is a member's account, named once, and not the owner's."""
    seen: dict[AccountId, None] = {}
    for place, (account_id, _) in enumerate(payees):
        account = state.accounts.get(account_id)
        if account is None or account.kind is not AccountKind.CLIENT:
            return f"[{place}] is no member's account"
        if account_id in seen or account_id == income.account_id:
            return f"[{place}] is named twice, or the owner's"
        seen[account_id] = None
    return ""


def _payees(detail: str) -> Rejected:
    return Rejected(code=RejectCode.DISTRIBUTION_PAYEES_INVALID, detail=detail)


def _below(law: Law, row: str, rate_ppm: int, floor_ppm: int) -> Rejected:
    return Rejected(
        code=RejectCode.DISTRIBUTION_BELOW_FLOOR,
        detail=f"{rate_ppm} ppm, at least {floor_ppm} ppm",
        rule=law.cite(row),
    )
