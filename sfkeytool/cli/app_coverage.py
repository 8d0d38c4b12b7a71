"""Whether CKM covers the certificate of one app, as the audit of the whole org judges it."""

from typing import TYPE_CHECKING

from sfkeytool.cli.org_access import OneOrg
from sfkeytool.cli.run import Run
from sfkeytool.errors import OrgError
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from collections.abc import Collection

    from sfkeytool.audit.model import Item
    from sfkeytool.workflows.app_address import AppAddress


def audited(run: Run, org: OneOrg, address: "AppAddress") -> "list[Item]":
    """What the audit says of this app now. Raises OrgError and NetworkError."""
    from sfkeytool.audit.advice import Place
    from sfkeytool.audit.org import read_org
    from sfkeytool.workflows.audit import AuditRequest, audit

    with run.progress(f"auditing {org.label} …"):
        org.client.begin_anew()
        source = read_org(org.client, org.label, {})
    inventory = audit([source], AuditRequest(), run.now, Place()).result
    names, kind = {address.app, address.member}, address.kind
    return [item for item in inventory.items if item.carrier.name in names and item.carrier.kind.value == kind.value]


def coverage(item: "Item") -> str:
    """In the audit's own word."""
    return item.coverage.value if item.coverage else "unknown"


def require_covered(
    run: Run, org: OneOrg, address: "AppAddress", wanted: "Collection[str]" = ("covered", "reminder")
) -> "list[Item]":
    """The same; raises OrgError ckm.not-covered unless all that the app carries is covered in one of these ways."""
    items = audited(run, org, address)
    if not items or any(coverage(item) not in wanted for item in items):
        told = ", ".join(sorted(map(coverage, items))) or "not there"
        raise OrgError(
            "ckm.not-covered",
            f"the audit of {org.label} says that {address.app} is: {told}",
            f"see it whole: {shell_line(['sfkeytool', 'audit', '--target-org', org.cli_alias or 'ALIAS'])}",
        )
    return items
