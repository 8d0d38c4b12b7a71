"""A keystore into CKM with a person at the page, as a part of something larger: looked at, gone, proved or refused."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from sfkeytool.cli.by_hand import ByHand
from sfkeytool.cli.conditions import warn_of
from sfkeytool.cli.keystore_field import Found
from sfkeytool.cli.keystore_going import note_import
from sfkeytool.cli.org_access import OneOrg
from sfkeytool.cli.run import Run
from sfkeytool.errors import OrgError
from sfkeytool.model import Notice

if TYPE_CHECKING:
    from sfkeytool.workflows.ckm_import.proof import Arrival, EntryProof
    from sfkeytool.workflows.login import Clock


def bring(
    run: Run,
    org: OneOrg,
    found: Found,
    rows: Collection[str],
    wait_seconds: float,
    clock: "Clock",
    *,
    may_open: bool = True,
) -> "EntryProof":
    """What proves that CKM has the one entry of a keystore, which was not among ``rows``, as read_rows() told them.

    Raises OrgError: ckm.not-ready before anything is done, ckm.not-imported; and NetworkError, KeyboardInterrupt.
    """
    from sfkeytool.workflows.ckm_import.door import Errand
    from sfkeytool.workflows.ckm_import.preflight import describe_unmet, preflight
    from sfkeytool.workflows.ckm_import.proof import prove
    from sfkeytool.workflows.ckm_import.result import conclude

    opens = may_open and run.asker is not None and org.cli_alias is not None
    with run.progress(f"looking at {org.label} …"):
        org.client.begin_anew()
        before = preflight(org.client, org.identity, found.keystore, run.now, needs_session=opens)
    warn_of(run.console, before.unsure)
    if before.unmet:
        raise describe_unmet(before)

    def tell(arrival: "Arrival") -> None:
        message = (
            f"a new certificate {arrival.name} arrived in CKM of {org.label} ({arrival.sha256}), which is not this"
            " one: was another file chosen?"
        )
        run.console.warn(Notice("ckm.other-arrived", message))

    ByHand(run, org, found, opens=opens)(Errand(str(found.path.absolute()), found.keystore.password))
    with run.progress(f"watching CKM of {org.label}; Ctrl-C leaves …"):
        proof = prove(org.client, frozenset(rows), found.keystore.entries, wait_seconds, clock, tell)
    outcome = conclude(found.path.stem, found.keystore, org.identity, before, proof, run.now)
    if not proof.is_proved:
        raise OrgError(
            "ckm.not-imported",
            "; ".join(notice.message for notice in outcome.notices),
            "if the page shows an error, have it explained: sfkeytool explain TEXT",
        )
    note_import(run, found.path, outcome.result)
    [entry] = proof.entries
    return entry
