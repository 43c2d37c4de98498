"""Workflow 2: a patent comes in, is examined, enters custody and is listed, and what keeps it out."""

from __future__ import annotations

from custody.rights import ExamineRight, RegisterRight, RightRegistered, TitleCheck
from exchange.assets.messages import ImportPatents, PatentsImported
from exchange.core.ids import AssetId, PatentId
from tests.deals.stage import WRONG, Desk
from tests.journeys.script import walk
from tests.listings.stage import entries, patent_row


def test_a_patent_is_imported_examined_taken_into_custody_and_listed() -> None:
    desk = Desk.cn()
    venue = desk.venue
    found: dict[str, PatentId] = {}
    rights: dict[str, AssetId] = {}

    def brings(name: str, serial: int, by: str = "lab", **changed: str) -> str:
        events = venue.do(ImportPatents(entries=entries(patent_row(serial, **changed))), by)
        if not isinstance(events[0], PatentsImported):
            return str(events[0].code.value)  # type: ignore[attr-defined]
        told = events[0]
        if told.new:
            found[name] = told.new[0].patent_id
        if told.refused:
            return told.refused[0].code
        return f"{len(told.new)} new, {len(told.changed)} changed, {told.same} same"

    def custody(name: str, by: str = "lab") -> str:
        command = RegisterRight(account_id=venue.accounts[by], patent_id=found[name])
        events = venue.do(command, by)
        if isinstance(events[0], RightRegistered):
            rights[name] = events[0].right.asset_id
            return ""
        return str(events[0].code.value)  # type: ignore[attr-defined]

    def examines(title: TitleCheck, *, by: str = "ops", paper: str = "", encumbered: bool = False) -> str:
        evidence = (paper or desk.file("ops", "register extract"),)
        command = ExamineRight(asset_id=rights["A"], title=title, encumbered=encumbered, evidence=evidence)
        return venue.refusal(command, by)

    def lists() -> str:
        return venue.refusal(desk.whole("lab", rights["A"]), "lab")

    walk(
        desk,
        """
        # The record: what it lacks is told, and a list that comes again is a difference.
        lab brings A without its applicants        -> 1 new, 0 changed, 0 same
        lab brings A in full                       -> 0 new, 1 changed, 0 same
        lab brings A in full again                 -> 0 new, 0 changed, 1 same
        pku brings A as its own                    -> right.not_owned
        li is no institution                       -> role.not_allowed

        # Into custody, once, by its owner, while it is in force.
        pku takes A into custody                   -> right.not_owned
        lab takes A into custody
        lab takes A into custody                   -> asset.exists
        the exchange restarts

        # The title, by an examiner, on papers that are on file.
        lab lists A                                -> right.title_unknown
        lab examines its own title                 -> role.not_allowed
        ops examines it on a paper nobody filed    -> document.unknown
        ops finds a defect in the title
        lab lists A                                -> right.title_unknown
        ops finds the title clear and a pledge
        lab lists A                                -> right.encumbered
        ops finds the title clear
        lab lists A
        """,
        {
            "lab brings A without its applicants": lambda: brings("A", 901, applicants=""),
            "lab brings A in full": lambda: brings("A", 901),
            "lab brings A in full again": lambda: brings("A", 901),
            "pku brings A as its own": lambda: brings("A", 901, "pku"),
            "li is no institution": lambda: brings("A", 901, "li"),
            "pku takes A into custody": lambda: custody("A", "pku"),
            "lab takes A into custody": lambda: custody("A"),
            "lab lists A": lists,
            "lab examines its own title": lambda: examines(TitleCheck.CLEAR, by="lab"),
            "ops examines it on a paper nobody filed": lambda: examines(TitleCheck.CLEAR, paper=WRONG),
            "ops finds a defect in the title": lambda: examines(TitleCheck.DEFECT),
            "ops finds the title clear and a pledge": lambda: examines(TitleCheck.CLEAR, encumbered=True),
            "ops finds the title clear": lambda: examines(TitleCheck.CLEAR),
        },
    )
    assert desk.right_of(rights["A"]).title is TitleCheck.CLEAR
    venue.close()
