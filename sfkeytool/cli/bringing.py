"""A keystore into CKM, as a part of something larger: looked at, gone, proved or refused."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from sfkeytool.cli.by_browser import ByBrowser, refusal_of
from sfkeytool.cli.by_hand import ByHand
from sfkeytool.cli.conditions import warn_of
from sfkeytool.cli.keystore_field import Found
from sfkeytool.cli.keystore_going import note_import
from sfkeytool.cli.org_access import OneOrg
from sfkeytool.cli.run import Run
from sfkeytool.errors import OrgError
from sfkeytool.model import Notice

if TYPE_CHECKING:
    from sfkeytool.workflows.ckm_import.door import Way
    from sfkeytool.workflows.ckm_import.proof import Arrival, EntryProof, Proof
    from sfkeytool.workflows.login import Clock


def browser_of(run: Run, *, wanted: bool) -> str:
    """The browser that --browser drives; empty where it is not ``wanted``. Raises our errors, before anything else."""
    if not wanted:
        return ""
    from sfkeytool.edge.driven_browser import require_browser

    program = require_browser(run.environ, headed=False)
    message = "--browser is experimental: it was never reported from a live org; try it in a sandbox first"
    run.console.warn(Notice("ckm.experimental", message))
    return program


def bring(
    run: Run,
    org: OneOrg,
    found: Found,
    rows: Collection[str],
    wait_seconds: float,
    clock: "Clock",
    *,
    may_open: bool = True,
    program: str = "",
) -> "EntryProof":
    """What proves that CKM has the one entry of a keystore, which was not among ``rows``, as read_rows() told them.

    ``program`` is the browser that is driven, of browser_of(); a person is at the page where it is empty, and
    ``may_open`` whether that is opened for them. Raises OrgError: ckm.not-ready before anything is done,
    ckm.page-refused, ckm.not-imported; and NetworkError, KeyboardInterrupt.
    """
    from sfkeytool.workflows.ckm_import.preflight import describe_unmet, preflight
    from sfkeytool.workflows.ckm_import.result import conclude

    opens = may_open and run.asker is not None and org.cli_alias is not None and not program
    with run.progress(f"looking at {org.label} …"):
        org.client.begin_anew()
        before = preflight(org.client, org.identity, found.keystore, run.now, needs_session=opens or bool(program))
    warn_of(run.console, before.unsure)
    if before.unmet:
        raise describe_unmet(before)

    way = ByBrowser(run, org, program, headed=False) if program else ByHand(run, org, found, opens=opens)
    proof = go_and_prove(run, org, found, way, rows, wait_seconds, clock)
    outcome = conclude(found.path.stem, found.keystore, org.identity, before, proof, run.now, cli_alias=org.cli_alias)
    if not proof.is_proved:
        raise OrgError(
            "ckm.not-imported",
            "; ".join(notice.message for notice in outcome.notices),
            "if the page shows an error, have it explained: sfkeytool explain TEXT",
        )
    note_import(run, found.path, outcome.result)
    [entry] = proof.entries
    return entry


def go_and_prove(
    run: Run, org: OneOrg, found: Found, way: "Way", rows: Collection[str], wait_seconds: float, clock: "Clock"
) -> "Proof":
    """Through the door by ``way``, and what CKM then has that was not among ``rows``, as read_rows() told them right
    before. Raises OrgError ckm.page-refused; NetworkError, KeyboardInterrupt."""
    from sfkeytool.workflows.ckm_import.door import Errand
    from sfkeytool.workflows.ckm_import.proof import prove

    names = ", ".join(entry.name for entry in found.keystore.entries)

    def tell(arrival: "Arrival") -> None:
        message = (
            f"a new certificate {arrival.name} arrived in CKM of {org.label} ({arrival.sha256}), which is not that of"
            f" {names}: was another file chosen? Still watching for {names}"
        )
        run.console.warn(Notice("ckm.other-arrived", message))

    answer = way(Errand(str(found.path.absolute()), found.keystore.password))
    # What the page refused is not waited for; but what it says is no proof either.
    refused = answer is not None and not answer.landed and not answer.trouble
    if answer is not None and answer.trouble:
        run.console.warn(Notice("ckm.page-lost", f"{answer.trouble}; whether it was imported, CKM tells"))
    with run.progress(f"watching CKM of {org.label} for {names}; Ctrl-C leaves …"):
        entries = found.keystore.entries
        proof = prove(org.client, frozenset(rows), entries, 0 if refused else wait_seconds, clock, tell)
    if answer is not None and refused and not proof.is_proved:
        raise refusal_of(org.label, answer.words)
    return proof
