"""``doctor``: what would stand in the way of an import, days before it is to happen."""

from msgspec.structs import replace

from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.conditions import condition_lines
from sfkeytool.cli.fields import Values, typed_values
from sfkeytool.cli.keystore_field import (
    FOLDER,
    KEYSTORE,
    ORG_AND_PASSWORD,
    find_keystore,
    keystore_or_nothing,
    name_or_file,
)
from sfkeytool.cli.org_access import connected, one_org
from sfkeytool.cli.run import Run

_FIELDS = (
    replace(
        KEYSTORE,
        required=False,
        metavar="[NAME|FILE]",
        help="Look at this keystore too: NAME's, or a file.",
        question=replace(
            KEYSTORE.question,  # type: ignore[type-var]
            text="Which keystore is to be imported (Enter: look at the org alone)?",
            menu_only=True,
            check=keystore_or_nothing,
        ),
    ),
    *ORG_AND_PASSWORD,
    FOLDER,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.doctor import DoctorRequest, doctor

    which = name_or_file(values["keystore"]) if values["keystore"] else {}
    request = DoctorRequest.from_values(typed_values(_FIELDS, values) | which)
    access = one_org(run, values)
    keystore = find_keystore(run, request).keystore if which else None
    org = connected(run, access)
    with run.progress(f"looking at {org.label} …"):
        outcome = doctor(org.client, org.identity, keystore, run.now, needs_session=org.cli_alias is not None)
    result = outcome.result
    run.console.envelope(outcome.exit_code, result)
    run.console.heading(
        f"{org.label}: nothing that was seen stands in the way of an import"
        if result.ready
        else f"{org.label}: an import would fail now"
    )
    run.console.result(condition_lines(result.conditions))
    run.console.answer([condition.code for condition in result.conditions if condition.state == "unmet"])
    return outcome.exit_code


COMMAND = Command(
    (
        Example("What would stand in the way of an import", "sfkeytool doctor --target-org prod"),
        Example("Of this keystore", "sfkeytool doctor pay_api -o prod"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("doctor", "doctor.Examined", exit_codes=(0, 3)),),
    place=MenuPlace(
        Aim.IMPORT,
        "Look beforehand what would stand in the way",
        "Permissions, session, names, room; changes nothing.",
        step=2,
    ),
    details="It reads only. What no API tells is said to be unsure. Exit code 3: something stands in the way.",
)
