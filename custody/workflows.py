"""The steps of every workflow of custody, as tables: see exchange/core/workflows.py."""

from __future__ import annotations

from custody.company import Company, Contribution
from custody.distribution_messages import Distribution, Income
from custody.funding_messages import Receipt, Withdrawal
from custody.kept_share import KeptShare
from custody.pilot import Pilot
from custody.pilot_life import PilotReport, UseRight
from custody.pledges import Encumbrance
from custody.reconciliation import Reconciliation
from custody.reform import Reform
from exchange.core.workflows import Workflow

RECEIPT = Workflow.of(
    "payment in",
    Receipt,
    """
    -         received  receipt.record
    received  credited  receipt.match, receipt.record
    received  returned  receipt.return
    credited  received  ledger.reverse
    """,
    "status",
)

WITHDRAWAL = Workflow.of(
    "payment out",
    Withdrawal,
    """
    -           requested   withdrawal.request
    requested   cancelled   withdrawal.cancel
    requested   instructed  withdrawal.instruct
    instructed  confirmed   withdrawal.confirm
    instructed  returned    withdrawal.return
    """,
    "status",
)

ENCUMBRANCE = Workflow.of(
    "encumbrance",
    Encumbrance,
    """
    -           ordered     preservation.order
    -           requested   pledge.request
    ordered     lifted      preservation.lift
    requested   refused     pledge.refuse
    requested   registered  pledge.register
    registered  deposited   recordal.confirm
    registered  enforced    recordal.confirm
    registered  enforcing   pledge.enforce
    registered  released    pledge.release, recordal.confirm
    deposited   released    pledge.release
    enforcing   enforced    recordal.confirm
    enforcing   released    pledge.release
    """,
)

REFORM = Workflow.of(
    "reform programme",
    Reform,
    """
    -          draft      reform.draft
    draft      ended      reform.end
    draft      pilot      reform.start_pilot
    pilot      ended      reform.end
    pilot      evaluated  reform.evaluate
    evaluated  ended      reform.end
    evaluated  promoted   reform.promote
    promoted   ended      reform.end
    """,
    "stage",
)

PILOT = Workflow.of(
    "pilot assignment",
    Pilot,
    """
    -          proposed          pilot.propose
    proposed   notice            pilot.decide
    proposed   withdrawn         pilot.withdraw
    notice     withdrawn         pilot.withdraw
    notice     agreeing          clock.advance
    notice     objected          pilot.object
    agreeing   withdrawn         pilot.withdraw
    agreeing   completed         pilot.agree
    agreeing   recording         pilot.agree
    objected   notice            pilot.resolve
    objected   withdrawn         pilot.withdraw
    objected   stopped           pilot.resolve
    completed  expired           clock.advance
    completed  revoked           pilot.revoke
    recording  completed         pilot.confirm_recordal
    recording  lapsed            clock.advance
    recording  recordal_refused  pilot.refuse_recordal
    """,
)

USE_RIGHT = Workflow.of(
    "use right",
    UseRight,
    """
    -       stands   pilot.agree
    stands  expired  clock.advance
    stands  revoked  pilot.revoke
    """,
)

PILOT_REPORT = Workflow.of(
    "tracking report",
    PilotReport,
    """
    -     owed     pilot.agree, pilot.confirm_recordal
    owed  dropped  pilot.revoke, clock.advance
    owed  filed    pilot.report
    """,
)

KEPT_SHARE = Workflow.of(
    "sale of a kept share",
    KeptShare,
    """
    -          notice            kept_share.offer
    notice     objected          kept_share.object
    notice     signing           clock.advance
    notice     withdrawn         kept_share.withdraw
    objected   notice            kept_share.resolve
    objected   withdrawn         kept_share.withdraw
    objected   stopped           kept_share.resolve
    signing    withdrawn         kept_share.withdraw
    signing    completed         kept_share.sign
    signing    recording         kept_share.sign
    recording  completed         kept_share.confirm_recordal
    recording  lapsed            clock.advance
    recording  recordal_refused  kept_share.refuse_recordal
    """,
)

INCOME = Workflow.of(
    "income",
    Income,
    """
    -         recorded     income.record
    recorded  planned      distribution.propose
    recorded  withdrawn    income.withdraw
    planned   recorded     distribution.withdraw
    planned   distributed  distribution.pay
    """,
)

DISTRIBUTION = Workflow.of(
    "distribution",
    Distribution,
    """
    -                awaiting_record  distribution.propose
    -                planned          distribution.propose
    -                planning         distribution.propose
    awaiting_record  planning         clock.advance
    awaiting_record  withdrawn        distribution.withdraw
    planned          withdrawn        distribution.withdraw
    planned          approved         distribution.approve
    planning         planned          run.continue
    approved         withdrawn        distribution.withdraw
    approved         paying           distribution.pay
    paying           done             run.continue
    paying           paid             run.continue
    paid             done             distribution.remit
    """,
)

RECONCILIATION = Workflow.of(
    "reconciliation",
    Reconciliation,
    """
    -          open        reconciliation.open
    open       agreed      reconciliation.close
    open       different   reconciliation.close
    different  resolved    reconciliation.resolve
    different  superseded  reconciliation.close
    """,
    "status",
)

COMPANY = Workflow.of(
    "founding of a company",
    Company,
    """
    -             founding              company.found
    founding      contributing          company.subscribe
    founding      founded               company.subscribe
    founding      abandoned             company.abandon
    founding      lapsed                clock.advance
    contributing  founded               company.confirm_contribution
    contributing  contribution_refused  company.refuse_contribution
    contributing  lapsed                clock.advance
    """,
)

CONTRIBUTION = Workflow.of(
    "contribution of a founder",
    Contribution,
    """
    -         promised  company.subscribe
    promised  made      company.subscribe, company.confirm_contribution
    promised  returned  company.abandon, company.refuse_contribution, clock.advance
    """,
)

WORKFLOWS = (
    RECEIPT,
    WITHDRAWAL,
    ENCUMBRANCE,
    REFORM,
    PILOT,
    USE_RIGHT,
    PILOT_REPORT,
    KEPT_SHARE,
    INCOME,
    DISTRIBUTION,
    RECONCILIATION,
    COMPANY,
    CONTRIBUTION,
)
