"""A statement as XML in the shape of ISO 20022: holdings as semt.002, movements as semt.017, money as camt.053.

The elements' names and order are those of the standard; what it has and a venue of rights does not know is left out,
so the document is checked against `semt.xsd` beside this file, which holds this subset and nothing else.
"""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from pathlib import Path

from api.exports.gathered import Line, Section, Statement
from api.exports.tabular import amount, counter_text, moment
from exchange.core.ids import KINDS, to_wire

NAMESPACE = "urn:ip-exchange:statement:1"
SCHEMA = Path(__file__).parent / "semt.xsd"


def xml(told: Statement) -> bytes:
    """The document; the same statement gives the same bytes."""
    root = Tree.Element("Document", {"xmlns": NAMESPACE})
    if told.simulated:
        root.set("simulated", "true")
    head = _under(root, "GrpHdr")
    _under(head, "StmtId", told.identifier)
    _under(head, "AsOfSeq", str(told.as_of_sequence))
    period = _under(head, "StmtPrd")
    _under(period, "FrDt", told.first.isoformat())
    _under(period, "ToDt", told.last.isoformat())
    owner = _under(head, "AcctOwnr")
    _under(owner, "Id", told.member_id)
    if told.name:
        _under(owner, "Nm", told.name)
    _under(_under(head, "SfkpgAcct"), "Id", told.account_id)
    rights = [section for section in told.sections if not section.money]
    holdings = _under(root, "SctiesBalCtdyRpt")
    for section in rights:
        _balance(holdings, section)
    moved = _under(root, "SctiesTxPstngRpt")
    for section in rights:
        details = _under(moved, "FinInstrmDtls")
        _instrument(details, section)
        for line in section.lines:
            _transaction(details, line)
    for section in told.sections:
        if section.money:
            _cash(root, section)
    Tree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Tree.tostring(root, encoding="unicode")}\n'.encode()


def _balance(parent: Tree.Element, section: Section) -> None:
    """Opening, closing, and of the closing what is free and what is held."""
    held = section.held_units
    found = _under(parent, "BalForAcct")
    _instrument(found, section)
    _quantity(_under(found, "OpngBal"), section.opening_units)
    _quantity(_under(found, "AggtBal"), section.closing_units)
    if held is not None:
        _quantity(_under(found, "NotAvlblBal"), held)


def _instrument(parent: Tree.Element, section: Section) -> None:
    other = _under(_under(parent, "FinInstrmId"), "OthrId")
    _under(other, "Id", to_wire(KINDS["AssetId"], section.asset_id))
    _under(other, "Desc", section.code)


def _transaction(parent: Tree.Element, line: Line) -> None:
    found = _under(parent, "Tx")
    _under(found, "AcctSvcrTxId", str(line.sequence))
    _under(found, "SctiesMvmntTp", "RECE" if line.units > 0 else "DELI")
    _quantity(_under(found, "PstngQty"), abs(line.units))
    _quantity(_under(found, "BalAftr"), line.balance_after)
    _under(found, "PstngDtTm", moment(line.at_ns))
    _reason(found, line)


def _cash(parent: Tree.Element, section: Section) -> None:
    found = _under(parent, "BkToCstmrStmt")
    _instrument(found, section)
    for code, units in (("OPBD", section.opening_units), ("CLBD", section.closing_units)):
        balance = _under(found, "Bal")
        _under(balance, "Cd", code)
        _money(balance, section, units)
    if section.held_units is not None:
        balance = _under(found, "Bal")
        _under(balance, "Cd", "BLCK")
        _money(balance, section, section.held_units)
    for line in section.lines:
        entry = _under(found, "Ntry")
        _under(entry, "NtryRef", str(line.sequence))
        _money(entry, section, line.units)
        _under(entry, "BookgDtTm", moment(line.at_ns))
        _reason(entry, line)


def _money(parent: Tree.Element, section: Section, units: int) -> None:
    found = _under(parent, "Amt", amount(abs(units), section.scale))
    found.set("Ccy", section.currency)
    _under(parent, "CdtDbtInd", "DBIT" if units < 0 else "CRDT")


def _reason(parent: Tree.Element, line: Line) -> None:
    """Event, case, sentence and counter value, each where there is one."""
    found = _under(parent, "AddtlDtls")
    for name, text in (
        ("Evt", line.event),
        ("Case", line.case),
        ("Txt", line.what),
        ("CtrVal", counter_text(line.counters)),
    ):
        if text:
            _under(found, name, text)


def _quantity(parent: Tree.Element, units: int) -> None:
    _under(parent, "Unit", str(units))


def _under(parent: Tree.Element, name: str, text: str = "") -> Tree.Element:
    found = Tree.SubElement(parent, name)
    if text:
        found.text = "".join(character for character in text if character >= " " or character in "\t\n")
    return found
