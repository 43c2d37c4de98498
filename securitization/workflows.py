"""The steps of every workflow of securitization, as tables: see exchange/core/workflows.py."""

from __future__ import annotations

from exchange.core.workflows import Workflow
from securitization.application_messages import Application
from securitization.issue_messages import ClosingItem, Issue
from securitization.messages import Claim, Product, Reward, Subscription
from securitization.mirror import MirrorFile
from securitization.offering_messages import BookBid, Offering
from securitization.pool_records import Pool, PoolAsset
from securitization.scheme_messages import Scheme, SchemeCall
from securitization.servicing_records import ClassPayment, Collection, DealPayment, Duty, Servicing

CLAIM = Workflow.of(
    "claim",
    Claim,
    """
    -           registered  claim.register
    registered  pooled      product.create, issue.propose
    pooled      registered  product.close, issue.withdraw, offering.close, offering.cancel, run.continue, clock.advance
    pooled      sold        product.close, run.continue
    sold        collected   claim.pay
    """,
    "status",
)

PRODUCT = Workflow.of(
    "product",
    Product,
    """
    -        draft    product.create
    draft    offered  product.offer
    offered  failed   product.close
    offered  issued   product.close
    issued   paying   product.pay
    paying   paid     run.continue
    """,
    "status",
)

SUBSCRIPTION = Workflow.of(
    "subscription",
    Subscription,
    """
    -     open      product.subscribe
    open  filled    product.close
    open  released  product.close
    """,
    "status",
)

REWARD = Workflow.of(
    "reward",
    Reward,
    """
    -        claimed  reward.claim
    claimed  paid     reward.pay
    """,
    "status",
)

POOL = Workflow.of(
    "pool",
    Pool,
    """
    -       draft      pool.open
    draft   sealed     pool.seal
    draft   withdrawn  pool.withdraw
    sealed  sold       pool.sell, run.continue
    sealed  withdrawn  pool.withdraw
    """,
)

POOL_ASSET = Workflow.of(
    "pool asset",
    PoolAsset,
    """
    -        offered    pool_asset.register
    offered  pooled     pool_asset.add, pool_asset.substitute
    offered  sold       pool_asset.add, pool_asset.substitute
    offered  withdrawn  pool_asset.withdraw
    pooled   offered    pool_asset.remove, pool_asset.substitute, pool.withdraw
    pooled   sold       pool.sell, run.continue
    sold     offered    pool_asset.substitute, repurchase.make
    """,
)

SCHEME = Workflow.of(
    "scheme",
    Scheme,
    """
    -       draft   scheme.open
    draft   active  scheme.activate
    draft   ended   scheme.end
    active  ended   scheme.end
    """,
)

SCHEME_CALL = Workflow.of(
    "scheme_call",
    SchemeCall,
    """
    -     open     scheme_call.open
    open  awarded  scheme_call.award
    """,
)

APPLICATION = Workflow.of(
    "application",
    Application,
    """
    -           draft        application.open
    draft       submitted    application.submit
    submitted   correcting   application.review
    correcting  submitted    application.correct
    submitted   accepted     application.review
    submitted   awarded      application.review
    accepted    awarded      scheme_call.award
    awarded     notice       application.publicise
    awarded     cleared      application.publicise
    notice      objected     application.object
    objected    notice       application.resolve
    notice      cleared      clock.advance
    cleared     approved     application.decide
    approved    ordered      application.pay
    approved    paid         application.pay
    ordered     paid         application.confirm_voucher
    paid        recovering   application.clawback
    paid        clawed_back  application.clawback
    recovering  clawed_back  application.repay, application.confirm_voucher
    submitted   refused      application.review
    correcting  refused      application.review
    objected    refused      application.resolve
    cleared     refused      application.decide
    refused     appealed     application.appeal
    appealed    submitted    application.resolve
    appealed    awarded      application.resolve
    submitted   ended        application.review
    correcting  ended        application.review
    objected    ended        application.resolve
    cleared     ended        application.decide
    appealed    ended        application.resolve
    refused     ended        clock.advance
    accepted    ended        scheme_call.award
    draft       withdrawn    application.withdraw
    submitted   withdrawn    application.withdraw
    correcting  withdrawn    application.withdraw
    accepted    withdrawn    application.withdraw
    awarded     withdrawn    application.withdraw
    notice      withdrawn    application.withdraw
    objected    withdrawn    application.withdraw
    cleared     withdrawn    application.withdraw
    refused     withdrawn    application.withdraw
    appealed    withdrawn    application.withdraw
    """,
)

ISSUE = Workflow.of(
    "issue",
    Issue,
    """
    -          proposed     issue.propose
    proposed   withdrawn    issue.withdraw
    proposed   offered      offering.open
    offered    allotting    offering.close
    offered    refunding    offering.close, offering.cancel, clock.advance
    allotting  established  run.continue
    refunding  failed       run.continue, offering.close, offering.cancel, clock.advance
    established  redeemed   payment.pay, run.continue
    established  unpaid     payment.pay, run.continue
    """,
)

CLOSING_ITEM = Workflow.of(
    "closing item",
    ClosingItem,
    """
    -     open       issue.propose
    open  satisfied  closing.satisfy
    """,
)

OFFERING = Workflow.of(
    "offering",
    Offering,
    """
    -          open       offering.open
    open       ended      clock.advance
    open       refunding  offering.cancel, clock.advance
    ended      allotting  offering.close
    ended      refunding  offering.close, offering.cancel, clock.advance
    allotting  done       run.continue
    refunding  failed     run.continue, offering.close, offering.cancel, clock.advance
    """,
)

BOOK_BID = Workflow.of(
    "book bid",
    BookBid,
    """
    -     open       offering.bid
    open  withdrawn  offering.withdraw
    open  allotted   run.continue
    open  refunded   run.continue
    """,
)

SERVICING = Workflow.of(
    "servicing of a deal",
    Servicing,
    """
    -       active    servicing.open
    active  redeemed  payment.pay, run.continue
    active  unpaid    payment.pay, run.continue
    """,
)

COLLECTION = Workflow.of(
    "collection",
    Collection,
    """
    -         open        collection.import
    -         complete    collection.import
    open      complete    collection.import
    open      superseded  payment.pay
    complete  superseded  collection.import
    complete  paid        payment.pay
    """,
)

DEAL_PAYMENT = Workflow.of(
    "payment of a deal",
    DealPayment,
    """
    -         prepared   payment.prepare
    prepared  approved   payment.approve
    prepared  withdrawn  collection.import
    approved  withdrawn  collection.import
    approved  paying     payment.pay
    approved  paid       payment.pay
    paying    paid       payment.pay, run.continue
    """,
)

CLASS_PAYMENT = Workflow.of(
    "payment of a class",
    ClassPayment,
    """
    -         recorded  clock.advance
    recorded  paying    payment.pay
    recorded  paid      payment.pay
    paying    paid      run.continue
    """,
)

DUTY = Workflow.of(
    "duty of a period",
    Duty,
    """
    -     open       *
    open  late       clock.advance
    open  missed     clock.advance
    late  missed     clock.advance
    open  dropped    clock.advance, collection.import, servicing.perfect
    late  dropped    clock.advance, collection.import, servicing.perfect
    open  done       *
    late  done_late  *
    """,
)

MIRROR_FILE = Workflow.of(
    "register file of a product",
    MirrorFile,
    """
    -         open       mirror.open
    open      complete   mirror.complete
    open      discarded  mirror.discard
    complete  confirmed  mirror.confirm
    complete  discarded  mirror.discard
    """,
)

WORKFLOWS = (
    CLAIM,
    PRODUCT,
    SUBSCRIPTION,
    REWARD,
    POOL,
    POOL_ASSET,
    SCHEME,
    SCHEME_CALL,
    APPLICATION,
    ISSUE,
    CLOSING_ITEM,
    OFFERING,
    BOOK_BID,
    SERVICING,
    COLLECTION,
    DEAL_PAYMENT,
    CLASS_PAYMENT,
    DUTY,
    MIRROR_FILE,
)
