"""Whether a name is taken in an org's CKM, and whether there is room: what an import does else is not known."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sfkeytool.cli.fields import Values
from sfkeytool.errors import SfkeytoolError
from sfkeytool.model import Notice

if TYPE_CHECKING:
    from sfkeytool.cli.run import Run


def names_in_org(run: "Run", values: Values) -> frozenset[str]:
    """Lower-case unique names in the CKM of --target-org; empty without one. An org that cannot be read is a warning:
    files are made and judged without it."""
    if values.get("target_org") is None:
        return frozenset()
    from sfkeytool.cli.org_access import find_orgs, warn_of_instance
    from sfkeytool.salesforce.ckm import list_names, room_notice

    [access] = find_orgs(run, values, [values["target_org"]], use_environment=False)
    try:
        with run.progress(f"asking {access.label} for the names in its CKM …"):
            client = access.connect()
            warn_of_instance(run, client.url)
            names = frozenset(name.lower() for name in list_names(client))
    except SfkeytoolError as error:
        run.console.warn(
            Notice("ckm.names-unread", f"which names CKM of {access.label} has could not be read: {error.message}")
        )
        return frozenset()
    if notice := room_notice(len(names), access.label):
        run.console.warn(notice)
    return names


def warn_of_clash(run: "Run", values: Values, names: Iterable[str], taken: frozenset[str]) -> None:
    """A warning for each name that is taken, with the next free one."""
    if not taken:
        return
    from sfkeytool.names import next_name

    for name in names:
        if name.lower() in taken:
            free = next_name(name.lower(), run.now.date(), taken)
            message = (
                f"CKM of {values['target_org']} has a certificate {name.lower()} already; what Import from Keystore"
                f" does then is not known. The next free name is {free}"
            )
            run.console.warn(Notice("ckm.name-in-use", message))
