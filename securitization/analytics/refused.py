"""The one way in which the analytics say no: a stable code and what stood in the way."""

from __future__ import annotations

from exchange.core.rejections import RejectCode


class ProjectionRefused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Nothing was computed; `detail` names the asset, the assumption or the figure that stood in the way."""

    def __init__(self, code: RejectCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def asset(condition: bool, detail: str) -> None:
    """Refuse an asset that cannot be projected.

    Raises: ProjectionRefused, projection.asset_invalid.
    """
    if not condition:
        raise ProjectionRefused(RejectCode.PROJECTION_ASSET_INVALID, detail)


def assumption(condition: bool, detail: str) -> None:
    """Refuse an assumption that has no meaning.

    Raises: ProjectionRefused, projection.assumption_invalid.
    """
    if not condition:
        raise ProjectionRefused(RejectCode.PROJECTION_ASSUMPTION_INVALID, detail)
