"""Scripts of other tests, walked once more over a store that is struck at its every kind of step.

Whatever a script asserts must hold just as well when a node decides its commands on a disk that fails and outlives it.
A list names the commands that no crash test sends yet; it is compared with them, so that it cannot grow stale.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from exchange.core.ids import NO_CONNECTION, ConnectionId, UserId
from exchange.core.messages import Command, Event, Rejected
from exchange.engine.apply import ROUTES
from exchange.node import keeper as keeping
from tests.node import test_crash_products, test_crash_states, test_crash_workflows
from tests.node.striking import deciding, striking
from tests.node.struck import StruckVenue
from tests.support import Venue

SCRIPTS = """
assets_engine.test_patents
    any_applicant_of_several_may_bring_the_patent
blocks.test_beside
    an_insider_neither_sells_nor_buys_a_block_and_the_other_side_is_not_told
claims.test_kinds
    a_buyer_with_a_claim_of_its_own_yields_only_to_those_before_it
    what_nobody_can_be_asked_about_stops_the_deal_until_it_is_waived
    holders_are_named_while_nothing_runs
custody.test_recorded_titles
    a_release_that_comes_before_its_interest_counts_when_the_interest_comes
deals.test_obligations
    whom_the_law_stopped_neither_pays_nor_is_paid
    with_its_last_promise_the_plan_is_over_and_nothing_waits
    a_contract_that_comes_to_nothing_owes_nothing
deals.test_refusals
    one_person_does_not_sign_for_both_sides
    only_the_parties_take_the_parties_steps
engine.test_export
    a_foreign_order_for_what_is_free_may_be_replaced
equity.test_founding
    a_founder_must_have_what_it_brings
equity.test_transfers
    who_sold_everything_meanwhile_steps_in_no_more
incomes.test_golden
    an_own_rule_above_the_floor_is_followed_and_below_it_refused_with_the_statute
incomes.test_steps
    an_income_stays_in_its_account_until_it_is_distributed
issuing.test_mirror
    a_frozen_registrar_takes_nothing_and_a_frozen_issue_moves_nowhere
journeys.test_public_sale
    a_university_s_patent_goes_to_the_next_bidder_in_its_second_sale
journeys.test_workflow_01_onboarding
    a_foreign_counterparty_is_admitted_trades_by_its_key_and_is_stopped
journeys.test_workflow_02_intake
    a_patent_is_imported_examined_taken_into_custody_and_listed
journeys.test_workflow_03_listing
    a_state_university_lists_discloses_and_waits_out_its_publicity
journeys.test_workflow_05_preemption
    two_co_owners_step_in_and_share_the_half_as_they_own
journeys.test_workflow_06_settlement
    title_moves_with_the_office_s_record_and_money_with_it
journeys.test_workflow_07_encumbrance
    an_enforced_pledge_is_sold_by_auction_and_paid_before_the_owner
journeys.test_workflow_08_pilot
    a_team_gets_seven_tenths_of_a_patent_and_later_buys_the_rest
    a_use_right_of_ten_years_is_reported_on_extended_and_revoked_for_cause
    an_upheld_objection_and_an_office_s_refusal_each_end_the_case_where_it_began
journeys.test_workflow_09_income
    net_income_is_shared_by_the_law_s_half_withheld_of_and_paid_to_the_cent
licences.test_licences
    an_objection_that_is_upheld_ends_it
    withdrawing_sends_back_what_was_paid
listings.test_markets
    a_licensed_profile_opens_markets_while_its_authorisation_stands
notices.test_announcements
    several_instruments_resume_one_after_the_other_each_by_a_timer_of_its_own
pilots.test_life
    who_offers_does_not_sign_and_a_stranger_neither_signs_nor_steps_back
    an_outcome_has_one_incentive
pledges.test_other_ways
    not_even_two_operators_move_a_right_that_is_pledged
pledges.test_patent_status
    orders_for_the_shares_of_an_invalidated_patent_end_as_a_run
pledges.test_preservations
    an_ended_entry_hands_its_units_to_the_next_that_lies_on_them
pledges.test_refusals
    what_finds_no_buyer_is_listed_lower_and_sold_again
pledges.test_refusals
    only_the_pledgee_runs_the_auction_and_it_does_not_bid_in_it
pools.test_pools
    a_revolving_pool_buys_and_swaps_until_its_date_by_every_rule
pools.test_refusals
    a_pool_is_sealed_at_its_cut_off_and_not_empty
    only_the_issuer_fills_seals_and_buys
    whoever_pools_does_not_value
quotes.test_quotes
    only_the_seller_takes_and_closes
    nothing_else_happens_to_a_right_while_quotes_are_asked_for_it
    what_was_promised_for_later_is_owed_when_the_right_has_passed
rewards.test_applications
    an_objection_stops_the_clock_and_an_appeal_brings_the_claim_back_once
    a_clawback_takes_what_is_free_and_the_rest_is_repaid_to_the_cent
    of_two_claims_for_the_last_cents_the_first_gets_its_own_the_second_the_rest_the_third_nothing
    a_contract_is_rewarded_out_of_the_held_budget_and_every_figure_says_why
    a_payment_order_counts_as_paid_when_its_voucher_is_on_file_and_a_voucher_serves_once
sales.test_contracts
    a_buyer_who_has_paid_does_not_step_back
sales.test_dutch_and_sealed
    nobody_hears_a_revealed_price_before_all_is_in
sales.test_refusals
    a_bidder_without_the_money_is_not_admitted_and_one_who_leaves_has_it_back
    a_signature_is_under_the_announced_text_and_a_view_of_the_announced_documents
    who_was_not_admitted_in_time_does_not_bid
sales.test_tenders
    the_best_offer_by_all_criteria_is_awarded_and_not_the_highest_price
    what_is_opened_is_what_was_committed_to
    when_the_last_who_had_not_scored_leaves_the_others_decide
servicing.test_full_life
    a_swap_that_does_not_pay_in_stops_the_payment_and_stays_late
servicing.test_projection
    each_complete_collection_is_compared_and_a_correction_again
servicing.test_pooled_life
    what_is_bought_back_leaves_the_pool_and_its_price_is_principal
    a_revolving_pool_is_replenished_under_its_rules_until_its_date_and_the_collection_follows
    a_sale_is_perfected_after_a_trigger_and_the_back_up_serves
"""
NOT_STRUCK = ("exchange.found",)
"""Commands that no script and no walk takes to its effect: the first of all has no past that could be lost."""


def scripts() -> Iterator[tuple[str, str]]:
    """Each module under tests/ with a script in it."""
    module = ""
    for line in SCRIPTS.strip().splitlines():
        if line.startswith(" "):
            yield module, f"test_{line.strip()}"
        else:
            module = f"tests.{line}"


def walk(module: str, name: str) -> None:
    """Walk one script."""
    getattr(importlib.import_module(module), name)()


@pytest.mark.parametrize(("module", "name"), list(scripts()), ids=lambda one: one.removeprefix("tests."))
def test_a_script_is_true_wherever_the_store_is_struck(
    module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAUSES_S", (0.0,))
    walk(module, name)  # undisturbed; and the stages that scripts share are made
    venues: list[StruckVenue] = []

    with deciding(striking(tmp_path, venues)):
        walk(module, name)
    assert venues
    print(f"{name}: {sum(venue.struck.total() for venue in venues)} crash points")


def test_what_no_crash_test_sends_is_listed() -> None:
    taken = {"clock.advance"}  # what a node sends by itself
    plain = Venue.do

    def noted(
        venue: Venue, command: Command, by: str | UserId = "ops", connection: ConnectionId = NO_CONNECTION
    ) -> list[Event]:
        events = plain(venue, command, by, connection)
        if not isinstance(events[0] if events else None, Rejected):
            taken.add(type(command).__struct_config__.tag)  # type: ignore[arg-type]
        return events

    def twice(take: Callable[[], object]) -> None:
        """First unheard: what makes the stages that tests share is sent once only, whichever test comes first."""
        take()
        with deciding(noted):
            take()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StruckVenue, "over", lambda venue, _path, _seed: venue)
        for workflow in test_crash_workflows.WALKS:
            twice(partial(workflow, Path("nowhere"), 0))
    for product in test_crash_products.WALKS:
        twice(partial(product, lambda venue: venue))
    for way in test_crash_states.ways().values():
        case = way.begin()
        with deciding(noted):
            way.go(case)
    for module, name in scripts():
        twice(partial(walk, module, name))
    sent = {command.__struct_config__.tag for command in ROUTES}
    print("LEFT", sorted(sent - taken))
    assert sent - taken == set(NOT_STRUCK)
