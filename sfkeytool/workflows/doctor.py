"""``doctor``: what would stand in the way of an import into an org's CKM, days before it is to happen. Reads only."""

from datetime import datetime
from pathlib import Path

from sfkeytool.errors import EXIT_DIFFERENT, EXIT_DONE
from sfkeytool.model import Outcome, Request, Result
from sfkeytool.passwords import Source
from sfkeytool.salesforce.org import OrgClient, OrgIdentity
from sfkeytool.workflows.ckm_import.keystore import ImportKeystore
from sfkeytool.workflows.ckm_import.preflight import Condition, preflight


class DoctorRequest(Request, frozen=True, kw_only=True):
    """With a keystore, ``name``'s or ``file``, what concerns it is looked at too."""

    name: str | None = None
    file: Path | None = None
    output_dir: Path | None = None
    passwords: tuple[Source, ...] = ()


class Examined(Result, frozen=True, kw_only=True):
    """``ready``: nothing that was seen stands in the way. What no API tells is unsure, and counts as nothing."""

    org: OrgIdentity
    keystore: str | None
    ready: bool
    conditions: tuple[Condition, ...]


def doctor(
    client: OrgClient, org: OrgIdentity, keystore: ImportKeystore | None, now: datetime, *, needs_session: bool
) -> Outcome[Examined]:
    """Exit code 3 where something stands in the way. Raises as preflight()."""
    found = preflight(client, org, keystore, now, needs_session=needs_session)
    return Outcome(
        result=Examined(
            org=org,
            keystore=keystore.path if keystore is not None else None,
            ready=not found.unmet,
            conditions=found.conditions,
        ),
        exit_code=EXIT_DIFFERENT if found.unmet else EXIT_DONE,
    )
