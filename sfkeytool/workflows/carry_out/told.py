"""What a run of ``--carry-out``, and ``--status`` after it, answer with."""

from msgspec import UNSET, UnsetType

from sfkeytool.model import Result
from sfkeytool.workflows.carry_out.history import LoginsSince
from sfkeytool.workflows.carry_out.record import CarryOut


class CarriedOut(Result, frozen=True, kw_only=True):
    """How far a change is. ``next`` is the id of the step to be done, null when all are proved; ``logins`` is there
    where an org was named, and the app was changed."""

    change: CarryOut
    next: str | None
    record: str
    evidence: str
    logins: LoginsSince | UnsetType = UNSET
