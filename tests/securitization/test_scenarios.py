"""What a deal pays, in scenarios that can be checked by hand: each part of the language, its boundaries included."""

from __future__ import annotations

from tests.securitization.stage import Stage, account, amount, fee, pool, step, support, titled, tranche, trigger

SENIOR = step("pay_interest", tranches=["senior"])
RESIDUAL = step("pay_residual", tranche="junior")
IN_ORDER = step("pay_principal", tranches=["senior", "junior"])
TWO = [tranche("senior", 1, 1_000, 50_000), tranche("junior", 2, 200)]


def test_interest_then_principal_in_order_then_what_is_left() -> None:
    Stage(3, TWO, [SENIOR, IN_ORDER, RESIDUAL]).plays(
        """
        interest  60  principal   0  ->  interest senior 50, principal senior 10, senior=990, residual junior 0
        interest 100  principal 890  ->  interest senior 50, principal senior 940, senior=50
        interest 300  principal   0  ->  interest senior 2, principal senior 50, residual junior 48
    """.replace("senior  10", "senior 10")
    )


def test_interest_of_half_a_unit_is_rounded_to_the_even_one() -> None:
    # 990 at 5 % is 49.5, 1,010 is 50.5: both are 50; 1,030 is 51.5, which is 52.
    for face, interest in ((990, 50), (1_010, 50), (1_030, 52)):
        stage = Stage(1, [tranche("senior", 1, face, 50_000), tranche("junior", 2, 200)], [SENIOR, IN_ORDER, RESIDUAL])
        stage.plays(f"interest 500 -> interest senior {interest}")


def test_unpaid_interest_is_carried_or_bears_interest() -> None:
    Stage(2, TWO, [SENIOR, IN_ORDER, RESIDUAL]).plays("""
        interest   0  ->  interest senior 0, tranche.senior.interest_due=50
        interest 200  ->  interest senior 100
    """)
    two = [tranche("senior", 1, 1_000, 50_000, unpaid_interest="compounding"), TWO[1]]
    Stage(2, two, [SENIOR, IN_ORDER, RESIDUAL]).plays("""
        interest   0  ->  interest senior 0
        interest 200  ->  interest senior 102
    """)


def test_in_proportion_the_odd_unit_goes_to_the_greatest_remainder() -> None:
    three = [tranche("a", 1, 500), tranche("b", 1, 300), tranche("junior", 2, 200)]
    both = step("pay_principal", tranches=["a", "b"], order="pro_rata")
    Stage(2, three, [both, step("pay_principal", tranches=["junior"]), RESIDUAL]).plays("""
        principal 101  ->  principal a 63, principal b 38, principal junior 0
        principal 899  ->  principal a 437, principal b 262, principal junior 200, residual junior 0
    """)


def test_by_shares_what_one_cannot_take_stays_for_the_next_step() -> None:
    three = [tranche("a", 1, 500), tranche("b", 2, 100), tranche("junior", 3, 200)]
    shares = step("pay_principal", tranches=["a", "b"], order="shares", shares_ppm=[600_000, 400_000])
    rest = step("pay_principal", tranches=["a", "b", "junior"])
    Stage(1, three, [shares, rest, RESIDUAL]).plays("""
        principal 500  ->  principal a 400, principal b 100, principal junior 0
    """)


def test_a_plan_is_paid_and_the_companion_takes_the_rest() -> None:
    plan = {"is": "planned", "balances_minor": [600, 300, 0]}
    two = [tranche("senior", 1, 1_000, principal=plan), tranche("junior", 2, 500)]
    Stage(3, two, [IN_ORDER, RESIDUAL]).plays("""
        principal 300  ->  principal senior 300, senior=700, principal junior 0
        principal 500  ->  principal senior 400, senior=300, principal junior 100
        principal 700  ->  principal senior 300, principal junior 400, residual junior 0
    """)


def test_a_bullet_waits_and_its_cash_is_kept() -> None:
    two = [tranche("senior", 1, 1_000, principal={"is": "bullet", "period": 2}), tranche("junior", 2, 200)]
    two[1]["principal"] = {"is": "bullet", "period": 2}
    kept = {"is": "tranches", "figure": "balance", "tranches": ["senior"]}
    steps = [
        {"is": "release_reserve", "account": "kept", "to_account": "cash"},
        step("fund_reserve", account="kept"),
        IN_ORDER,
        RESIDUAL,
    ]
    Stage(2, two, steps, accounts=[account("cash"), account("kept", 0, kept)]).plays("""
        principal 400  ->  principal senior 0, reserve kept 400, kept=400, residual junior 0
        principal 800  ->  release cash 400, kept=0, principal senior 1000, principal junior 200, residual junior 0
    """)


def test_interest_only_follows_the_balances_of_others() -> None:
    strip = tranche("strip", 1, 0, 10_000, {"is": "interest_only", "notional_of": ["senior", "junior"]})
    steps = [step("pay_interest", tranches=["strip", "senior"], order="pro_rata"), IN_ORDER, RESIDUAL]
    Stage(2, [strip, *TWO], steps).plays("""
        interest 62  principal 500  ->  interest strip 12, interest senior 50, senior=500
        interest 32  principal 700  ->  interest strip 7, interest senior 25
    """)


def test_a_coupon_steps_up_on_its_period() -> None:
    coupon = {
        "is": "stepped",
        "steps": [{"from_period": 1, "rate_ppm": 50_000}, {"from_period": 3, "rate_ppm": 80_000}],
    }
    Stage(3, [tranche("senior", 1, 1_000, coupon), TWO[1]], [SENIOR, IN_ORDER, RESIDUAL]).plays("""
        interest  50                  ->  interest senior 50
        interest  50                  ->  interest senior 50
        interest  80  principal 1200  ->  interest senior 80
    """)


def test_capitalised_interest_is_added_to_the_balance() -> None:
    two = [tranche("senior", 1, 1_000, 50_000, capitalise_until_period=1), TWO[1]]
    Stage(2, two, [SENIOR, IN_ORDER, RESIDUAL]).plays("""
        interest   0                  ->  capitalised senior 50, interest senior 0, senior=1050
        interest 100  principal 1250  ->  interest senior 52, principal senior 1050
    """)


def test_a_floating_coupon_keeps_to_its_floor_and_cap() -> None:
    coupon = {"is": "floating", "index": "lpr", "spread_ppm": 5_000, "floor_ppm": 20_000, "cap_ppm": 60_000}
    two = [tranche("senior", 1, 1_000, coupon), TWO[1]]
    Stage(3, two, [SENIOR, IN_ORDER, RESIDUAL], indexes=["lpr"]).plays("""
        lpr -30000  interest 20                  ->  interest senior 20
        lpr  54000  interest 59                  ->  interest senior 59
        lpr  56000  interest 60  principal 1200  ->  interest senior 60
    """)


# --- Fees, accounts, supports


def test_fees_flat_rated_tiered_and_for_events_with_bounds_and_tax() -> None:
    bands = [{"up_to_minor": 500, "rate_ppm": 20_000}, {"up_to_minor": None, "rate_ppm": 10_000}]
    fees = [
        fee("flat", {"is": "flat", "amount_minor": 7}, first_period=2),
        fee("rate", {"is": "rate", "rate_ppm": 10_000, "base": pool("opening_balance"), "day_count": "act_365"}),
        fee("tier", {"is": "tiered", "bands": bands, "base": pool("opening_balance")}, maximum_minor=16),
        fee("call", {"is": "event", "event": "meeting", "amount_minor": 3}, vat_ppm=500_000),
        fee("least", {"is": "rate", "rate_ppm": 1, "base": pool("interest")}, minimum_minor=2),
    ]
    pays = step("pay_fees", fees=["flat", "rate", "tier", "call", "least"])
    Stage(2, TWO, [pays, SENIOR, IN_ORDER, RESIDUAL], fees=fees, events=["meeting"]).plays("""
        interest 200  principal 700  meeting 1  ->  fee flat 0, fee rate 12, fee tier 16, fee call 5, fee least 2
        interest 200  principal 500  meeting 0  ->  fee flat 7, fee rate 5, fee tier 10, fee call 0, fee least 2
    """)


def test_a_fee_that_was_not_paid_is_still_owed() -> None:
    fees = [fee("flat", {"is": "flat", "amount_minor": 7})]
    Stage(2, TWO, [step("pay_fees", fees=["flat"]), SENIOR, IN_ORDER, RESIDUAL], fees=fees).plays("""
        interest   3  ->  fee flat 3, fee.flat.due=4, interest senior 0
        interest 200  ->  fee flat 11
    """)


def test_a_reserve_is_filled_to_its_target_and_released_in_the_last_year() -> None:
    target = {"is": "most", "of": [amount(30), {"is": "share", "rate_ppm": 50_000, "of": pool("balance")}]}
    steps = [
        {"is": "release_reserve", "account": "reserve", "to_account": "cash"},
        SENIOR,
        step("fund_reserve", account="reserve"),
        IN_ORDER,
        RESIDUAL,
    ]
    Stage(3, TWO, steps, accounts=[account("cash"), account("reserve", 10, target)]).plays("""
        interest  70  principal   0  ->  reserve reserve 20, reserve=30
        interest 100  principal 800  ->  reserve reserve 0, reserve=30, principal senior 850
        interest  10  principal 400  ->  release cash 30, reserve=0, interest senior 8, residual junior 82
    """)


def test_what_a_reserve_holds_above_its_target_is_released() -> None:
    target = {"is": "share", "rate_ppm": 50_000, "of": pool("balance")}
    steps = [
        {"is": "release_reserve", "account": "reserve", "to_account": "cash"},
        SENIOR,
        step("fund_reserve", account="reserve"),
        IN_ORDER,
        RESIDUAL,
    ]
    Stage(2, TWO, steps, accounts=[account("cash"), account("reserve", 60, target)]).plays("""
        interest  50  principal 400  ->  release cash 20, reserve=40, principal senior 420
        interest  29  principal 800  ->  release cash 40, reserve=0
    """)


LINES = [
    support("line", "liquidity", 30, restores=True, rate_ppm=100_000),
    support("guarantor", "guarantee", 1_000),
]
SOURCES = [
    {"is": "account", "account": "reserve"},
    {"is": "support", "support": "line"},
    {"is": "support", "support": "guarantor"},
]
COVERED = [
    {"is": "top_up", "to_account": "cash", "sources": SOURCES, "interest": ["senior"], "principal": ["senior"]},
    SENIOR,
    {"is": "release_reserve", "account": "reserve", "to_account": "cash"},
    step("repay_supports", supports=["line"]),
    IN_ORDER,
    step("repay_supports", supports=["guarantor"]),
    RESIDUAL,
]
RESERVE = [account("cash"), account("reserve", 10, amount(10))]


def test_a_shortfall_is_met_by_reserve_line_and_guarantor_in_this_order() -> None:
    Stage(2, TWO, COVERED, accounts=RESERVE, supports=LINES).plays("""
        interest   5  ->  draw reserve 10, draw line 30, draw guarantor 5, line=30, guarantor=5
        interest 200  principal 1100  ->  draw line 0, premium line 3, repay line 30, repay guarantor 5
    """)


def test_a_provider_that_failed_pays_nothing() -> None:
    Stage(1, TWO, COVERED, accounts=RESERVE, supports=LINES).plays("""
        fails line  principal 40  ->  draw reserve 10, draw line 0, draw guarantor 1000, senior=0
    """)


def test_a_guarantee_ends_with_its_limit_to_the_last_unit() -> None:
    lines = [support("line", "liquidity", 0), support("guarantor", "guarantee", 1_000)]
    stage = Stage(1, TWO, COVERED, accounts=[account("cash"), account("reserve", 0, amount(0))], supports=lines)
    stage.plays("principal 50 -> draw guarantor 1000, principal senior 1000, senior=0, tranche.senior.interest_due=0")
    stage.plays("principal 49 -> draw guarantor 1000, principal senior 999, senior=1")


def test_a_difference_payer_without_recourse_is_owed_nothing() -> None:
    lines = [support("payer", "difference", 100, recourse=False)]
    top = {
        "is": "top_up",
        "to_account": "cash",
        "sources": [{"is": "support", "support": "payer"}],
        "interest": ["senior"],
    }
    Stage(2, TWO, [top, SENIOR, IN_ORDER, RESIDUAL], supports=lines).plays("""
        interest   0  ->  draw payer 50, payer=0, support.payer.used=50
        interest 900  ->  draw payer 0, payer=0
    """)


# --- Hedges, losses


def test_a_swap_is_netted_to_whoever_owes() -> None:
    legs = {"is": "swap", "receive": {"is": "floating", "index": "lpr"}, "pay": {"is": "fixed", "rate_ppm": 30_000}}
    hedge = {"name": "swap", "title": titled("swap"), "terms": legs, "notional": amount(1_000), "day_count": "act_365"}
    steps = [step("pay_hedges", hedges=["swap"]), SENIOR, IN_ORDER, RESIDUAL]
    Stage(3, TWO, steps, indexes=["lpr"], hedges=[hedge | {"account": "cash"}]).plays("""
        lpr 50000  interest 100  ->  hedge_receipt swap 20, hedge swap 0
        lpr 10000  interest   5  ->  hedge_receipt swap 0, hedge swap 5, hedge.swap.due=15
        lpr 30000  interest 900  ->  hedge_receipt swap 0, hedge swap 15
    """)


def test_caps_and_floors_pay_beyond_their_strike_only() -> None:
    def option(kind: str) -> dict[str, object]:
        terms = {"is": kind, "index": "lpr", "strike_ppm": 30_000, "premium_minor": 1}
        return {"name": kind, "title": titled(kind), "terms": terms, "notional": amount(1_000), "day_count": "act_365"}

    hedges = [option("cap") | {"account": "cash"}, option("floor") | {"account": "cash"}]
    steps = [step("pay_hedges", hedges=["cap", "floor"]), SENIOR, IN_ORDER, RESIDUAL]
    Stage(3, TWO, steps, indexes=["lpr"], hedges=hedges).plays("""
        lpr 30000  interest 100  ->  hedge_receipt cap 0, hedge_receipt floor 0, hedge cap 1, hedge floor 1
        lpr 31000  interest 100  ->  hedge_receipt cap 1, hedge_receipt floor 0
        lpr -5000  interest 900  ->  hedge_receipt cap 0, hedge_receipt floor 35
    """)


def test_a_loss_is_written_off_the_junior_first() -> None:
    debt = {"is": "tranches", "figure": "balance", "tranches": ["senior", "junior"]}
    loss = {
        "is": "write_off",
        "tranches": ["junior", "senior"],
        "amount": {"is": "less", "of": debt, "minus": pool("balance")},
    }
    Stage(2, TWO, [SENIOR, IN_ORDER, loss, RESIDUAL]).plays("""
        interest 50  principal 100  defaults 150  ->  write_off junior 150, write_off senior 0, junior=50, senior=900
        interest 45  principal   0  defaults  60  ->  write_off junior 50, write_off senior 10, senior=890
    """)


# --- Triggers


def watched(test: dict[str, object], checked: str = "collection", years: int = 3, **more: object) -> Stage:
    """Two classes side by side until the trigger trips, then in order."""
    beside = step("pay_principal", tranches=["senior", "junior"], order="pro_rata")
    hurry = step("pay_principal", tranches=["senior", "junior"], accelerated=True)
    return Stage(
        years,
        TWO,
        [SENIOR, beside, RESIDUAL],
        triggers=[trigger("test", test, "early_amortisation", checked, **more)],
        waterfalls={"early_amortisation": [SENIOR, hurry, RESIDUAL]},
        supports=more.get("supports", []) or [],
    )


def test_overcollateralisation_holds_at_the_threshold_and_fails_one_unit_below() -> None:
    test = {"is": "overcollateralisation", "tranches": ["senior"], "minimum_ppm": 1_050_000}
    watched(test, years=1).plays("balance 1050 -> normal")
    watched(test, years=1).plays("balance 1049 -> early_amortisation")


def test_cumulative_defaults_may_reach_the_threshold_and_not_one_unit_more() -> None:
    test = {"is": "cumulative_default", "maximum_ppm": 100_000}
    watched(test).plays("""
        defaults 100  ->  normal
        defaults  20  ->  normal
        defaults   1  ->  early_amortisation
    """)


def test_interest_coverage_looks_back_over_its_window() -> None:
    test = {"is": "interest_coverage", "tranches": ["senior"], "minimum_ppm": 1_000_000, "window": 2}
    watched(test).plays("""
        interest  40  ->  normal
        interest  60  ->  normal
        interest  39  ->  early_amortisation
    """)


def test_a_trigger_after_payment_rules_the_next_year() -> None:
    watched({"is": "interest_unpaid", "tranches": ["senior"]}, "payment").plays("""
        interest  50  principal 120  ->  normal, principal senior 100, principal junior 20
        interest  44  principal   0  ->  normal, interest senior 44, trigger.test.tripped=1
        interest  46  principal 120  ->  early_amortisation, interest senior 46, principal senior 120
    """)


def test_three_strikes_in_a_row_are_three_in_a_row() -> None:
    test = {"is": "valuation", "minimum_ppm": 500_000}
    watched(test, strikes=3).plays("""
        valuation 1199  ->  normal, trigger.test.strikes=1
        valuation 1199  ->  normal, trigger.test.strikes=2
        valuation 1199  ->  early_amortisation
    """)
    watched(test, strikes=2).plays("""
        valuation 1199  ->  normal, trigger.test.strikes=1
        valuation 1200  ->  normal, trigger.test.strikes=0
        valuation 1199  ->  normal, trigger.test.strikes=1
    """)
    watched(test, strikes=2, in_a_row=False).plays("""
        valuation 1199  ->  normal, trigger.test.strikes=1
        valuation 1200  ->  normal, trigger.test.strikes=1
        valuation 1199  ->  early_amortisation, trigger.test.strikes=2
    """)


def test_a_trigger_heals_after_its_passes_in_a_row_or_never() -> None:
    test = {"is": "valuation", "minimum_ppm": 500_000}
    watched(test, cure_after=2).plays("""
        valuation    0  ->  early_amortisation
        valuation 2400  ->  early_amortisation
        valuation 2400  ->  normal
    """)
    watched(test).plays("""
        valuation    0  ->  early_amortisation
        valuation 2400  ->  early_amortisation
        valuation 2400  ->  early_amortisation
    """)


def test_invalidated_rights_are_counted_over_the_years() -> None:
    watched({"is": "invalidation", "rights": 3}).plays("""
        rights 1  ->  normal
        rights 1  ->  normal
        rights 1  ->  early_amortisation
    """)


def test_the_gravest_status_is_in_force() -> None:
    steps = [SENIOR, IN_ORDER, RESIDUAL]
    triggers = [
        trigger("default", {"is": "cumulative_default", "maximum_ppm": 0}, "event_of_default", cure_after=1),
        trigger("rights", {"is": "invalidation", "rights": 1}, "early_amortisation"),
        trigger("both", {"is": "follows", "trigger": "rights"}, "clean_up"),
    ]
    falls = {"clean_up": steps, "early_amortisation": steps, "event_of_default": steps}
    Stage(3, TWO, steps, triggers=triggers, waterfalls=falls).plays("""
        rights 0               ->  normal
        rights 1               ->  early_amortisation, trigger.both.tripped=1
        rights 0   defaults 1  ->  event_of_default
    """)


def test_the_history_of_checks_is_kept() -> None:
    run = watched({"is": "cumulative_default", "maximum_ppm": 100_000}).plays("""
        defaults 100  ->  normal
        defaults  21  ->  early_amortisation
        defaults   0  ->  early_amortisation
    """)
    told = [(check.left, check.right, check.failed, check.tripped) for one in run.periods for check in one.checks]
    assert told == [(100, 1_200, False, False), (121, 1_200, True, True), (121, 1_200, True, True)]
