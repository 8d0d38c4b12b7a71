"""``ckm list``: what an org's CKM holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Values
from sfkeytool.cli.org_access import NEEDED_ORG, connected, one_org
from sfkeytool.cli.run import Run

if TYPE_CHECKING:
    from sfkeytool.workflows.ckm_list import CkmCertificate, Listed


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.salesforce.ckm import list_certificates
    from sfkeytool.workflows.ckm_list import ckm_list

    org = connected(run, one_org(run, values))
    with run.progress(f"reading CKM of {org.label} …"):
        listing = list_certificates(org.client)
    outcome = ckm_list(listing, org.identity)
    run.warn_about(outcome)
    run.console.envelope(0, outcome.result)
    run.console.result(_lines(outcome.result))
    run.console.answer([entry.name for entry in outcome.result.certificates])
    return 0


def _lines(listed: "Listed") -> Iterator[str]:
    rows = [("UNTIL", "NAME", "BITS", "KIND", "EXPORTABLE", "SHA-256"), *map(_row, listed.certificates)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(entry: "CkmCertificate") -> tuple[str, ...]:
    until = entry.certificate.not_after if entry.certificate else entry.not_after
    kind = (
        "waits for its certificate"
        if entry.waits_for_certificate
        else "CA-signed"
        if entry.ca_signed
        else "self-signed"
    )
    return (
        str(until.date()) if until else "-",
        entry.name,
        str(entry.key_bits or "-"),
        kind,
        {True: "yes", False: "no", None: "-"}[entry.exportable],
        entry.certificate.sha256 if entry.certificate else "-",
    )


COMMAND = Command(
    (
        Example("What the org has, the next to expire first", "sfkeytool ckm list --target-org prod"),
        Example("The same for a script", "sfkeytool ckm list -o prod --json"),
    ),
    NEEDED_ORG,
    _execute,
    answers=(Answer("ckm-list", "ckm_list.Listed"),),
    place=MenuPlace(Aim.MORE, "See what an org's CKM holds", "Certificates, until when, exportable or not.", step=4),
)
