"""The institution's page: its patents, and what was wrong in the list it uploaded."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, expect

from tests.ui.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEADER = (
    "publication_number,country,kind,title,applicants,inventors,"
    "application_number,filing_date,publication_date,grant_date,ipc"
)
GOOD = (
    'CN101545418B,CN,B,"Gas jet device, electrically controlled",Univ A,Wang Li,'
    "CN200910021234,2009-05-07,2011-02-09,2011-02-09,F02M 21/02"
)
LACKING = "CN103758661A,CN,A,<b>Small</b> turbine,Univ A,,CN201410022222,2014-01-17,2014-04-30,,F02C 7/00"
LIST = "\n".join((HEADER, GOOD, LACKING, GOOD.replace("CN101545418B", "XX101545418B", 1), "one,two", GOOD, ""))


def csv(text: str) -> FilePayload:
    """A file as a browser uploads it."""
    return {"name": "patents.csv", "mimeType": "text/csv", "buffer": text.encode()}


async def test_an_uploaded_list_comes_back_with_the_line_column_and_reason_of_every_fault(visitor: Visitor) -> None:
    await visitor.opens("uni", "/institution")
    page = visitor.page
    await expect(page.locator("patent-list")).to_contain_text("No patents yet")
    await page.locator("[name=file]").set_input_files(csv(LIST))
    await page.get_by_role("button", name="Upload").click()
    await expect(page.locator("[data-count=rejected]")).to_contain_text("3")
    await expect(page.locator("[data-count=new]")).to_contain_text("2")
    for line, column, code, sentence in (
        (3, "inventors", "patent.field_missing", "This field is missing."),
        (4, "publication_number", "patent.country_unknown", "not a country or office code"),
        (5, "kind", "row.ragged", "more or fewer fields"),
        (6, "publication_number", "patent.duplicate_in_file", "on an earlier line"),
    ):
        row = page.locator(f"[data-line='{line}'][data-code='{code}']")
        await expect(row).to_contain_text(column)
        await expect(row).to_contain_text(sentence)
    lacking = page.locator("[data-patent=CN103758661A]")
    await expect(lacking).to_contain_text("<b>Small</b> turbine")
    await expect(lacking).to_contain_text("inventors")
    await expect(lacking.locator(".tag")).to_have_text(["shares"])
    await expect(page.locator("[data-patent=CN101545418B]")).to_contain_text("Complete")
    await page.get_by_role("button", name="切换到中文").click()
    await expect(page.locator("[data-line='5']")).to_contain_text("字段数与首行不一致")
    await expect(lacking.locator(".tag")).to_have_text(["份额化"])


async def test_the_same_list_again_brings_nothing_new(visitor: Visitor) -> None:
    await visitor.opens("uni", "/institution")
    page = visitor.page
    for line in (GOOD, GOOD + "\n"):
        await page.locator("[name=file]").set_input_files(csv(f"{HEADER}\n{line}\n"))
        await page.get_by_role("button", name="Upload").click()
        await expect(page.locator("[data-count=accepted]")).to_contain_text("1")
    await expect(page.locator("[data-count=same]")).to_contain_text("1")
    await expect(page.locator("[data-count=new]")).to_contain_text("0")
    await expect(page.locator("patent-list tbody tr")).to_have_count(1)


async def test_an_investor_is_told_that_uploads_are_not_for_them(visitor: Visitor) -> None:
    await visitor.opens("wu", "/institution")
    await expect(visitor.page.locator("patent-upload")).to_contain_text("Only an institution's users")
    await expect(visitor.page.locator("patent-list")).to_contain_text("No patents yet")
    assert await visitor.page.locator("[name=file]").count() == 0
