"""A title examiner with paper slips: an independent reading of the rules of chains and burdens.

Imports nothing of the project. Where the exchange walks once and keeps notes, this one asks each question of the whole
pile again, and works with sets.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

MOVES = {"assignment", "name_change", "entity_conversion", "merger"}
SUCCESSION = MOVES - {"assignment"}
AGAINST = {"gap", "conflict", "inventor_outstanding", "encumbered", "possibly_encumbered"}


@dataclass(frozen=True)
class Slip:
    """One paper as the examiner notes it."""

    reel: str
    kind: str
    executed: str = ""
    recorded: str = ""
    givers: frozenset[str] = frozenset()
    takers: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    corrects: bool = False
    cut: bool = False
    listed: bool = True


@dataclass(frozen=True)
class Holding:
    """Who holds title, and who has let go of it to whom, by which slip."""

    holders: dict[str, str]
    gave: dict[str, Slip]
    notes: tuple[str, ...] = ()
    moved: bool = False
    rooted: bool = True
    strangers_signed: bool = False


@dataclass(frozen=True)
class Finding:
    """What the examiner writes down: reasons by code, with multiplicity, and the owners."""

    reasons: tuple[str, ...]
    owners: frozenset[str]
    interests: dict[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """Defect if anything speaks against the title, clear if nothing is left to say."""
        if set(self.reasons) & AGAINST:
            return "defect"
        return "unknown" if self.reasons else "clear"


class Examiner:
    """Knows which names are close to one another, and nothing else."""

    def __init__(self, close: set[frozenset[str]]) -> None:
        self.close = close

    def alike(self, one: str, other: str) -> bool:
        """Whether two names are one or nearly one."""
        return one == other or frozenset((one, other)) in self.close

    def examine(self, pile: list[Slip], inventors: int, until: str = "") -> Finding:
        """Read the whole pile for one property."""
        dated = {slip.reel: self._day(slip, pile) for slip in pile}
        pile = [slip for slip in pile if not until or dated[slip.reel] <= until]
        standing, days, elsewhere = self._standing(pile, dated)
        notes = ["corrected_elsewhere"] * elsewhere
        holding = Holding({f"inventor {n + 1}": "" for n in range(inventors)}, {})
        for day in sorted({days[slip.reel] for slip in standing}):
            todays = sorted((s for s in standing if days[s.reel] == day and s.listed), key=lambda slip: slip.reel)
            holding = self._day_of_papers(holding, todays)
        notes += holding.notes
        if not holding.moved:
            notes.append("no_papers")
        idle = [key for key, since in holding.holders.items() if since == ""]
        if inventors == 0:
            notes.append("inventors_unknown")
        elif holding.moved and holding.rooted and idle:
            notes.append("inventor_unplaced" if holding.strangers_signed else "inventor_outstanding")
        owners = frozenset(holding.holders)
        burden_notes, interests = self._burdens(standing, days, owners)
        return Finding(tuple(sorted([*notes, *burden_notes])), owners, interests)

    @staticmethod
    def _day(slip: Slip, pile: list[Slip]) -> str:
        known = slip.executed or slip.recorded
        if known:
            return known
        lower = [other.executed or other.recorded for other in pile if other.reel < slip.reel]
        return max(lower, default="")

    @staticmethod
    def _standing(pile: list[Slip], dated: dict[str, str]) -> tuple[list[Slip], dict[str, str], int]:
        """Slips that stand, the day each counts from, and how many corrections speak from elsewhere."""
        by_reel = {slip.reel: slip for slip in pile}

        def targets(slip: Slip) -> list[Slip]:
            return [by_reel[name] for name in slip.names if name in by_reel and name < slip.reel]

        def day(slip: Slip) -> str:
            if not (slip.corrects and slip.listed):
                return dated[slip.reel]
            return min([dated[slip.reel], *(day(target) for target in targets(slip))])

        replaced = {
            target.reel: max(s.reel for s in pile if s.corrects and s.listed and target in targets(s))
            for slip in pile
            if slip.corrects and slip.listed
            for target in targets(slip)
        }
        standing = []
        for slip in pile:
            if slip.reel in replaced or (slip.corrects and not slip.listed):
                continue
            inherited = [by_reel[reel].kind for reel in sorted(replaced) if replaced[reel] == slip.reel]
            inherited = [kind for kind in inherited if kind != "other"]
            standing.append(replace(slip, kind=inherited[0]) if slip.corrects and inherited else slip)
        spoken = sum(
            any(target.listed for target in targets(slip)) for slip in pile if slip.corrects and not slip.listed
        )
        return standing, {slip.reel: day(slip) for slip in standing}, spoken

    def _day_of_papers(self, holding: Holding, todays: list[Slip]) -> Holding:
        if not todays:
            return holding
        linking = [slip for slip in todays if slip.givers & holding.holders.keys()]
        slip = (linking or todays)[0]
        return self._day_of_papers(self._one(holding, slip), [other for other in todays if other is not slip])

    def _one(self, holding: Holding, slip: Slip) -> Holding:
        if slip.recorded and slip.executed > slip.recorded:
            holding = replace(holding, notes=(*holding.notes, "dates"))
        if slip.kind == "licence":
            return replace(holding, notes=(*holding.notes, "licence"))
        if slip.kind == "other":
            return replace(holding, notes=(*holding.notes, "kind_unread"))
        if slip.kind not in MOVES:
            return holding
        holding = replace(holding, moved=True)
        if owned := slip.givers & holding.holders.keys():
            nameless = any(giver.startswith("giver") for giver in slip.givers)
            kept = {key: since for key, since in holding.holders.items() if key not in owned}
            holding = replace(holding, strangers_signed=holding.strangers_signed or nameless)
            return self._give(holding, slip, kept, owned)
        if earlier := sorted(slip.givers & holding.gave.keys(), key=self._order(slip)):
            return self._once_more(holding, slip, holding.gave[earlier[0]])
        for giver in sorted(slip.givers):
            for holder in sorted(key for key, since in holding.holders.items() if since):
                if self.alike(giver, holder):
                    kept = {key: since for key, since in holding.holders.items() if key != holder}
                    noted = replace(holding, notes=(*holding.notes, "name_differs"))
                    return self._give(noted, slip, kept, {giver, holder})
        if all(giver.startswith("giver") for giver in slip.givers):
            return self._give(replace(holding, strangers_signed=True), slip, dict(holding.holders), set())
        if slip.takers <= holding.holders.keys():
            return replace(holding, notes=(*holding.notes, "root_missing"))
        first = not holding.gave and not any(holding.holders.values())
        noted = replace(
            holding,
            notes=(*holding.notes, "root_missing" if first else "gap"),
            rooted=holding.rooted and not first,
        )
        return self._give(noted, slip, {}, set(slip.givers))

    @staticmethod
    def _order(slip: Slip):  # type: ignore[no-untyped-def]
        """The order in which a paper's givers are written: organisations before inventors before the nameless."""
        rank = {"i": 1, "g": 2}
        return lambda key: (rank.get(key[0], 0), key)

    def _once_more(self, holding: Holding, slip: Slip, earlier: Slip) -> Holding:
        known = earlier.takers | holding.holders.keys()
        if slip.takers <= known:
            return holding
        if all(any(self.alike(taker, other) for other in known) for taker in slip.takers):
            return replace(holding, notes=(*holding.notes, "name_differs"))
        return replace(holding, notes=(*holding.notes, "conflict"))

    @staticmethod
    def _give(holding: Holding, slip: Slip, kept: dict[str, str], leaving: set[str] | frozenset[str]) -> Holding:
        gave = {**holding.gave, **dict.fromkeys(leaving, slip)}
        if slip.kind in SUCCESSION:
            gave = {key: by for key, by in gave.items() if key not in slip.takers}
        return replace(holding, holders={**kept, **dict.fromkeys(slip.takers, slip.reel)}, gave=gave)

    # --- Burdens ------------------------------------------------------------------------------------------------------

    def _burdens(
        self, standing: list[Slip], days: dict[str, str], owners: frozenset[str]
    ) -> tuple[list[str], dict[str, str]]:
        """Each interest's end, asked of all releases; the notes it leaves."""
        grants = {s.reel: s for s in standing if s.kind == "security_interest"}
        secured = {reel: s.takers for reel, s in grants.items()}
        debtors = {reel: s.givers for reel, s in grants.items()}
        former: dict[str, frozenset[str]] = {reel: frozenset() for reel in grants}
        since = {reel: days[reel] for reel in grants}
        covering = {reel for reel, s in grants.items() if s.listed}
        in_order = sorted(standing, key=lambda s: (days[s.reel], s.reel))
        for slip in (s for s in in_order if s.kind == "security_transfer" and s.listed):
            hit = [name for name in slip.names if name in secured]
            if not slip.names:
                hit = [reel for reel in secured if secured[reel] & slip.givers]
            for reel in hit:
                covering.add(reel)
                former[reel] |= secured[reel]
                secured[reel] = slip.takers
            if not hit:
                reel = slip.names[0] if slip.names else slip.reel
                secured[reel], former[reel], debtors[reel] = slip.takers, slip.givers, frozenset()
                since[reel] = days[slip.reel]
                covering.add(reel)
        state = dict.fromkeys(secured, "open")
        lost = 0
        releases = [s for s in in_order if s.kind == "release"]
        for slip in (s for s in releases if s.names):
            hit = [name for name in slip.names if name in secured]
            lost += not hit and slip.listed
            for reel in hit:
                if state[reel] == "released":
                    continue
                if not slip.listed:
                    state[reel] = "doubt" if slip.cut else state[reel]
                elif days[slip.reel] >= since[reel] and slip.givers & secured[reel]:
                    state[reel] = "released"
                else:
                    state[reel] = "doubt"
        for slip in (s for s in releases if not s.names and s.listed):
            theirs = [
                reel
                for reel in secured
                if reel in covering
                and state[reel] != "released"
                and since[reel] <= days[slip.reel]
                and secured[reel] & slip.givers
            ]
            lost += not theirs
            for reel in theirs:
                state[reel] = "released" if len(theirs) == 1 else "doubt"
        for reel in covering:
            if state[reel] != "released" and len(owners) == 1 and owners <= secured[reel]:
                state[reel] = "merged"
        ended = {reel for reel in covering if state[reel] == "released"}
        for reel in sorted(covering):
            twins = (t for t in ended if debtors[t] == debtors[reel] and secured[t] == secured[reel])
            if state[reel] == "open" and any(since[t] == since[reel] for t in twins):
                state[reel] = "doubt"
        notes = ["encumbered" for reel in covering if state[reel] == "open"]
        notes += ["possibly_encumbered" for reel in covering if state[reel] == "doubt"]
        return [*notes, *["release_unmatched"] * lost], {reel: state[reel] for reel in sorted(covering)}
