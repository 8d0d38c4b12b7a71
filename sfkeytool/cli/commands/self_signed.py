"""``self-signed``: a keypair and a self-signed certificate."""

import os.path

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Values, typed_values
from sfkeytool.cli.finishing import (
    finish_in_folder,
    folder_of,
    new_keystore_password,
    plan_calendar,
    read_key_inputs,
    say_name,
    warn_of_encrypted_key,
    warn_of_stale_files,
)
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.present import IF_MISSING, is_present
from sfkeytool.cli.run import Run
from sfkeytool.cli.subject_options import SAN, SUBJECT

_FIELDS = (
    options.NAME,
    options.PURPOSE,
    options.KEY_SIZE,
    *SUBJECT,
    SAN,
    options.DAYS,
    options.NEW_PASSWORD,
    options.FORMAT,
    options.KEY_FILE,
    options.KEY_PASSWORD,
    options.INPUT_PASSWORD,
    options.CALENDAR,
    options.OUTPUT_DIR,
    options.FORCE,
    IF_MISSING,
    options.DRY_RUN,
    NAME_CLASH_ORG,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.self_signed import SelfSignedInputs, SelfSignedRequest, planned, self_signed

    request = SelfSignedRequest.from_values(typed_values(_FIELDS, values))
    folder = run.settle(folder_of(request.name, request.output_dir), values["ics"])
    if values["if_missing"] and is_present(run, request.name, request.key, folder, ".crt", force=request.force):
        return 0
    files = planned(request, has_key=os.path.lexists(folder / f"{request.name}.key"))
    inputs = [request.key.key_file] if request.key.key_file else []
    plan = run.plan(folder, files, force=request.force, inputs=inputs)
    calendar = plan_calendar(run, values["ics"], force=request.force, own=folder)
    say_name(run, values["name"], request.name)
    warn_of_stale_files(run, plan)
    warn_of_clash(run, values, [request.name], names_in_org(run, values))
    key_inputs = read_key_inputs(run, request.name, request.key, folder)
    password = new_keystore_password(run, request.password, request.name, request.format)
    with run.spinner(f"making a key of {request.key.bits} bits …", wanted=request.key.is_slow):
        outcome = run.with_passwords(
            key_inputs.input_passwords,
            lambda known: self_signed(request, SelfSignedInputs(password, key_inputs.with_passwords(known)), run.now),
        )
    warn_of_encrypted_key(run, outcome, folder, request.password)
    made = outcome.result
    told = Told(made.name, made.certificate, made.mail_dates, made.proof)
    return finish_in_folder(run, plan, outcome, f"{made.name}: self-signed certificate", told, calendar=calendar)


COMMAND = Command(
    (
        Example(
            "All that a JWT login needs, with a strong password in a file",
            "sfkeytool self-signed pay_api --password generate",
        ),
        Example(
            "Valid for two years",
            "sfkeytool self-signed pay --days 730 --password generate",
        ),
        Example(
            "In a script, whose environment holds the password",
            "sfkeytool self-signed pay_api --password env:PW --json",
        ),
    ),
    _FIELDS,
    _execute,
    answers=(
        Answer("self-signed", "self_signed.Made", publishes=True, next_steps=True),
        Answer("present", "present.Present"),
    ),
    place=MenuPlace(
        Aim.MAKE, "Make it here, self-signed", "Enough for JWT logins: key, certificate and keystore at once."
    ),
)
