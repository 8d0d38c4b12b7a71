"""``wrap``: what a CA sent back into a keystore."""

import os.path
from pathlib import Path

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Field, Question, Values, typed_values
from sfkeytool.cli.finishing import (
    finish_in_folder,
    folder_of,
    new_key_password,
    new_keystore_password,
    plan_calendar,
    say_name,
    warn_of_encrypted_key,
    warn_of_stale_files,
)
from sfkeytool.cli.name_clash import names_in_org, warn_of_clash
from sfkeytool.cli.org_access import NAME_CLASH_ORG
from sfkeytool.cli.run import Run

_FIELDS = (
    options.EXISTING_NAME,
    Field(
        "files",
        list[Path],
        "What the CA sent, and the key if it is not in the folder: any mix of PEM, DER, PKCS#7, PFX, JKS.",
        metavar="FILE...",
        required=True,
        question=Question("File with the certificate, chain or key:", "paths"),
    ),
    options.PURPOSE,
    options.NEW_PASSWORD,
    options.FORMAT,
    options.ALIAS,
    options.INPUT_PASSWORD,
    options.KEY_PASSWORD,
    options.CALENDAR,
    options.OUTPUT_DIR,
    options.FORCE,
    options.DRY_RUN,
    NAME_CLASH_ORG,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.wrap import WrapInputs, WrapRequest, planned, wrap

    request = WrapRequest.from_values(typed_values(_FIELDS, values))
    folder = run.settle(folder_of(request.name, request.output_dir), values["ics"])
    existing = folder / f"{request.name}.key"
    has_key = os.path.lexists(existing)
    plan = run.plan(folder, planned(request, has_key=has_key), force=request.force, inputs=request.files)
    calendar = plan_calendar(run, values["ics"], force=request.force, own=folder)
    say_name(run, values["name"], request.name)
    warn_of_stale_files(run, plan)
    warn_of_clash(run, values, [request.name], names_in_org(run, values))

    inputs = [run.read(path) for path in request.files]
    existing_key = run.read_found(existing, named=existing in request.files) if has_key else None
    given = [run.secret(source, "--input-password", "Password of the file") for source in request.input_passwords]
    password = new_keystore_password(run, request.password, request.name, request.format)
    key_password = new_key_password(run, request.key_password, f"{request.name}.key")
    outcome = run.with_passwords(
        given,
        lambda known: wrap(
            request,
            WrapInputs(inputs, password, existing_key=existing_key, input_passwords=known, key_password=key_password),
            run.now,
        ),
    )
    warn_of_encrypted_key(run, outcome, folder, request.password)
    wrapped = outcome.result
    heading = f"{wrapped.name}: keystore with a chain of {wrapped.keystore.chain_length}"
    told = Told(wrapped.name, wrapped.certificate, wrapped.mail_dates, wrapped.proof)
    return finish_in_folder(run, plan, outcome, heading, told, calendar=calendar)


COMMAND = Command(
    (
        Example(
            "The CA's answer to `csr pay_api`, in any number of files",
            "sfkeytool wrap pay answer.crt ca.p7b --password generate",
        ),
        Example("A PFX into a keystore that Salesforce takes", "sfkeytool wrap pay_api export.pfx --password generate"),
        Example(
            "One entry of another keystore, in a script",
            "sfkeytool wrap pay old.jks --alias key --password env:PW",
        ),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("wrap", "wrap.Wrapped", publishes=True, next_steps=True),),
    place=MenuPlace(
        Aim.ANSWER, "The key was made here, or came in a file", "Becomes a keystore to import; takes a PFX, too."
    ),
)
