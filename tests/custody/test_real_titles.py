"""What a check of title says of real patents, and that it says otherwise when their papers are otherwise."""

from __future__ import annotations

from collections import Counter

import pytest

from custody.chain import chain_of, properties_of
from custody.conveyances import ConveyanceKind
from custody.rights import TitleCheck
from custody.title import TitleCode
from tests.custody.papers import chain, read, said, sample, titles

BURDENED = "11066912"
ADDED = "add 090001/0001 release of 049342/0819 by U.S. BANK NATIONAL ASSOCIATION on 2022-11-03"
MIDCO = "add 049519/0800 assignment by LOGICBLOX-PREDICTIX MIDCO, LLC to INFOR RETAIL HOLDINGS, INC. on 2017-01-01"
SPELLED = "giver 049519/0716 LOGICBLOX-PREDICTIX ACQUISITIONCO, INC."

TABLE = f"""
11066912 | as recorded                                   | defect: possibly_encumbered 049342/0819, release_unmatched 066091/0133
11066912 | {ADDED}                                       | unknown: release_unmatched 066091/0133
11066912 | {ADDED}; without 066091/0133                  | clear
11066912 | without 066091/0133                           | defect: possibly_encumbered 049342/0819
11066912 | without 049342/0819; without 066091/0133      | clear
11066912 | without 061835/0778; without 066091/0133      | defect: encumbered 049107/0392, possibly_encumbered 049342/0819
11066912 | without 061875/0260; without 066091/0133      | defect: encumbered 049111/0583, possibly_encumbered 049342/0819
11066912 | without 049110/0319; without 066091/0133      | defect: encumbered 048041/0605, possibly_encumbered 049342/0819
11066912 | without 049109/0610; without 066091/0133      | defect: encumbered 048818/0520, encumbered 049342/0819
11066912 | date 061835/0778 2019-05-06; without 066091/0133 | defect: possibly_encumbered 049107/0392, possibly_encumbered 049342/0819
11066912 | date 061835/0778 2019-05-07; without 066091/0133 | defect: possibly_encumbered 049342/0819
11066912 | giver 061835/0778 ANOTHER LENDER, LLC; without 066091/0133 | defect: possibly_encumbered 049107/0392, possibly_encumbered 049342/0819
11066912 | without 042180/0610; {ADDED}; without 066091/0133 | unknown: no_papers
11066912 | giver 042180/0610 BROUSSARD, JOEL N. + MCPHERSON, JEFF + KURTZ, ROBERT; {ADDED}; without 066091/0133 | defect: inventor_outstanding
11066912 | {ADDED}; without 066091/0133; add 090001/0002 interest by U.S. WELL SERVICES, LLC to SOME BANK, N.A. on 2023-01-01 | defect: encumbered 090001/0002
9410410  | as recorded                                   | defect: possibly_encumbered 049342/0819, release_unmatched 066091/0133
9410410  | without 049109/0610                           | defect: encumbered 048818/0520, encumbered 049342/0819, release_unmatched 066091/0133
8789601  | {ADDED}                                       | unknown: release_unmatched 066091/0133
8789601  | {ADDED}; without 066091/0133; without 061835/0778 | defect: encumbered 049107/0392
9587649  | without 066091/0133; {ADDED}                  | clear
9587649  | without 066091/0133; {ADDED}; date 090001/0001 2019-01-06 | defect: possibly_encumbered 049342/0819
9650879  | as recorded                                   | defect: possibly_encumbered 049342/0819, release_unmatched 066091/0133
9650879  | without 066091/0133; {ADDED}; without 049109/0610 | defect: possibly_encumbered 048818/0520
10337308 | without 066091/0133; add 090001/0003 release by U.S. BANK NATIONAL ASSOCIATION on 2023-01-01 | clear
10337308 | without 066091/0133; without 049109/0610; add 090001/0003 release by U.S. BANK NATIONAL ASSOCIATION on 2023-01-01 | defect: possibly_encumbered 048818/0520, possibly_encumbered 049342/0819
10173812 | as recorded                                   | defect: encumbered 048811/0679, no_papers
10173812 | add 090001/0004 release of 048811/0679 by MORGAN STANLEY SENIOR FUNDING, INC. on 2022-07-06 | unknown: no_papers
10173812 | add 090001/0004 release of 048811/0679 by GOLDMAN SACHS BANK USA on 2022-07-06 | defect: possibly_encumbered 048811/0679, no_papers
10173812 | without 048811/0679                           | defect: encumbered 048811/0679, no_papers
11181107 | as recorded                                   | defect: possibly_encumbered 049342/0819, no_papers
11181107 | without 066091/0133                           | defect: encumbered 057434/0429, possibly_encumbered 049342/0819, no_papers
9779137  | as recorded                                   | defect: gap 049519/0955, name_differs 049519/0489 049519/0716
9779137  | {MIDCO}                                       | unknown: name_differs 049519/0489 049519/0716
9779137  | {MIDCO}; {SPELLED}                            | clear
9779137  | {MIDCO}; {SPELLED}; without 033049/0067       | unknown: root_missing 049519/0489
10204126 | without 049519/0955; {SPELLED}                | clear
10204126 | without 049519/0955; {SPELLED}; add 090001/0005 assignment by VELDHUIZEN, TODD L. to RIVAL, INC. on 2018-01-01 | defect: conflict 035202/0780 090001/0005
10204126 | without 049519/0955; {SPELLED}; add 090001/0005 assignment by VELDHUIZEN, TODD L. to LOGICBLOX, INC. on 2018-01-01 | clear
8800931  | taker 028201/0309 MAKANI POWER, INC.          | defect: encumbered 028201/0309, no_papers
8800931  | add 028201/0308 assignment by MAKANI POWER, INC. to GOOGLE VENTURES 2012, L.P. on 2013-01-01 | unknown: root_missing 028201/0308
"""  # noqa: E501 - a table is read by its columns
ROWS = [tuple(part.strip() for part in line.split("|")) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("patent", "change", "expected"), ROWS)
def test_the_answer_follows_from_the_papers(patent: str, change: str, expected: str) -> None:
    change = "" if change == "as recorded" else change
    assert said(chain(patent, change)) == expected
    assert said(chain(patent, change, backwards=True)) == expected


def test_the_table_speaks_of_the_worked_example_and_ten_others() -> None:
    assert len({patent for patent, *_ in ROWS} - {BURDENED}) == 10


def test_all_packaged_papers_are_read_and_every_property_has_an_answer() -> None:
    papers, properties = list(sample("assignments.csv")), list(sample("assigned_properties.csv"))
    recorded, faults = read(papers, properties)
    assert (len(recorded), faults) == (1_414, [])
    assert sum(len(one.paper.properties) for one in recorded) == 2_157
    assert {one.paper.reel_frame: one.paper.kind.value for one in recorded} == {
        row["reel_frame"]: row["conveyance_type"] for row in papers
    }
    answers = Counter(found.title for found in titles().values())
    assert answers == {TitleCheck.CLEAR: 882, TitleCheck.UNKNOWN: 473, TitleCheck.DEFECT: 251}


def test_the_worked_example_is_possibly_still_encumbered_by_name() -> None:
    found = titles()["15581625"]
    assert found.title is TitleCheck.DEFECT
    assert found.encumbered
    assert found.owners == ("US WELL SERVICES LLC",)
    [standing] = [interest for interest in found.interests if interest.stands]
    assert standing.reel_frame == "049342/0819"
    released = {one.reel_frame: one.by for one in found.interests if not one.stands}
    assert released == {
        "048818/0520": ["049109/0610"],
        "048041/0605": ["049110/0319"],
        "049107/0392": ["061835/0778"],
        "049111/0583": ["061875/0260"],
    }
    assert found.unmatched_releases == ("066091/0133",)
    assert found.reasons[0].text.startswith("possibly still encumbered: 049342/0819")


def test_an_earlier_day_leaves_out_later_papers() -> None:
    recorded, _ = read(list(sample("assignments.csv")), list(sample("assigned_properties.csv")))
    steps, inventors, _ = properties_of(one.paper for one in recorded)["15581625"]
    assert said(chain_of(steps, inventors, effective_on="2019-01-06")) == "clear"
    on_the_day = said(chain_of(steps, inventors, effective_on="2019-01-07"))
    assert on_the_day == "defect: encumbered 048818/0520, encumbered 049342/0819"
    assert said(chain_of(steps, inventors, effective_on="2015-02-12")) == "unknown: no_papers"


def test_a_paper_corrected_away_from_a_property_leaves_its_title_open_there() -> None:
    wrong, right = titles()["12105777"], titles()["12105077"]
    assert right.title is TitleCheck.CLEAR
    assert TitleCode.CORRECTED_ELSEWHERE in {reason.code for reason in wrong.reasons}
    assert wrong.title is TitleCheck.UNKNOWN


def test_a_property_without_any_number_is_never_clear() -> None:
    unnamed = [found for key, found in titles().items() if "#" in key]
    assert len(unnamed) == 110
    assert TitleCheck.CLEAR not in {found.title for found in unnamed}


def test_no_packaged_paper_is_of_a_kind_nobody_can_read() -> None:
    kinds = {link.step.kind for found in titles().values() for link in found.links}
    assert ConveyanceKind.OTHER not in kinds
