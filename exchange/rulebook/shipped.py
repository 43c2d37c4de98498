"""The texts that come with the code: what a new venue publishes first.

They are constant data of the installed package, as the code itself is, read through `importlib.resources`; nothing of
the running system enters by this door. Only the shell calls it (the story, the command line, tests) to fill
`….publish` commands; a handler never does, so a replay depends on the journal's text and not on these files.
"""

from __future__ import annotations

from importlib.resources import files

PROFILES = ("cn_ip_venue", "cn_private_product", "licensed_securities", "offshore_professional", "sandbox")
FEE_SCHEDULES = ("cn_ip_venue", "sandbox")
CALENDARS = ("always", "cn")
TRADING_RULES = ("licensed_securities", "offshore_professional", "sandbox")
"""Of the profiles that may run a book; the others allow none."""
PROGRAMMES = (
    "cn_note_agency_award",
    "cn_note_agency_fees",
    "cn_note_contract",
    "cn_note_demonstration",
    "cn_note_securitization",
    "cn_note_training",
    "cn_note_trial_base",
    "guangzhou_issue_2023",
    "huangpu_pledge",
    "nansha_pledge",
    "nanshan_securitization_2025",
    "shenzhen_concept_2024",
    "shenzhen_contract_2019",
)
"""Of the policy note (`cn_note_*`), and real ones."""
DEFAULT_PROFILE = "cn_ip_venue"


def profile_text(name: str) -> str:
    """The canonical text of a shipped market-rule profile."""
    return _read("profiles", name)


def fee_schedule_text(name: str) -> str:
    """The canonical text of a shipped fee schedule."""
    return _read("fees", name)


def calendar_text(name: str) -> str:
    """The canonical text of a shipped trading calendar."""
    return _read("calendars", name)


def trading_rules_text(name: str) -> str:
    """The canonical text of shipped trading rules."""
    return _read("trading", name)


def programme_text(name: str) -> str:
    """The canonical text of a shipped reward programme."""
    return _read("programmes", name)


def overlays_text() -> str:
    """The canonical text of the shipped disposal overlays."""
    return (files("exchange.rulebook") / "overlays.json").read_text(encoding="utf-8")


def _read(folder: str, name: str) -> str:
    """Read one text.

    Raises: FileNotFoundError if no such text is shipped.
    """
    return (files("exchange.rulebook") / folder / f"{name}.json").read_text(encoding="utf-8")
