"""How parties, moments and words of a deal are called in a report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from custody.accounts import Account
from exchange.core.ids import KINDS, AccountId, to_wire
from exchange.core.membership import Member
from exchange.core.units import NS_PER_SECOND
from exchange.store.queries import records
from exchange.store.queries.reader import Snapshot
from securitization.deal import Deal
from securitization.disclosure import Both

CHINESE = {
    # Duties and their states
    "collection": "归集",
    "shortfall_notice": "差额通知",
    "top_up": "差额补足",
    "guarantee_call": "担保启动",
    "pay_instruction": "划款指令",
    "open": "未到期",
    "late": "逾期",
    "done": "已履行",
    "done_late": "逾期履行",
    "missed": "未履行",
    "dropped": "不再需要",
    # What a payment is
    "hedge_receipt": "对冲收入",
    "capitalised": "利息转本金",
    "fee": "费用",
    "hedge": "对冲支出",
    "interest": "利息",
    "principal": "本金",
    "residual": "剩余收益",
    "reserve": "储备补足",
    "release": "储备释放",
    "transfer": "划转",
    "account_draw": "账户支取",
    "support_draw": "增信支取",
    "support_interest": "增信利息",
    "support_principal": "增信偿还",
    "write_off": "核销",
    # What happened
    "servicing.opened": "开始存续管理",
    "servicing.holders_recorded": "登记持有人",
    "servicing.duty_late": "义务逾期",
    "collection.imported": "导入归集数据",
    "collection.deposited": "归集款到账",
    "repurchase.made": "资产回购",
    "payment.prepared": "兑付测算",
    "payment.funded": "增信款到账",
    "payment.approved": "托管人批准",
    "payment.started": "兑付过账",
    "payment.holders_paid": "支付持有人",
    "payment.completed": "兑付完成",
    # Statuses of a deal, versions of a collection
    "normal": "正常",
    "clean_up": "清仓",
    "early_amortisation": "加速清偿",
    "event_of_default": "违约",
    "complete": "完整",
    "superseded": "已被替换",
    "paid": "已兑付",
}


def named(word: str) -> Both:
    """A word of the exchange in both languages; one that has no Chinese stands as it is."""
    plain = word.replace("_", " ").replace(".", ": ")
    return Both(en=plain, zh=CHINESE.get(word, plain))


def titles(deal: Deal) -> dict[str, Both]:
    """How the deal's text calls what it names."""
    groups: tuple[Any, ...] = (
        deal.tranches, deal.accounts, deal.fees, deal.supports, deal.hedges, deal.triggers,
    )  # fmt: skip
    return {one.name: Both(en=one.title.en, zh=one.title.zh) for group in groups for one in group}


def moment(at_ns: int) -> str:
    """A moment to the second, UTC."""
    return datetime.fromtimestamp(at_ns // NS_PER_SECOND, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def who(snapshot: Snapshot, account_id: AccountId) -> str:
    """The member whose account it is, with its number."""
    account = records.one(snapshot, Account, (account_id,))
    member = records.one(snapshot, Member, (account.member_id,)) if isinstance(account, Account) else None
    number = to_wire(KINDS["MemberId"], member.member_id) if isinstance(member, Member) else ""
    return f"{member.name} ({number})" if isinstance(member, Member) else "–"
