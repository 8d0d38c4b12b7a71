"""``csr``: a keypair and a certificate request."""

import os.path

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.fields import Values, typed_values
from sfkeytool.cli.finishing import finish_in_folder, folder_of, read_key_inputs, say_name, warn_of_encrypted_key
from sfkeytool.cli.present import IF_MISSING, is_present
from sfkeytool.cli.run import Run
from sfkeytool.cli.subject_options import SAN, SUBJECT

_FIELDS = (
    options.NAME,
    options.PURPOSE,
    options.KEY_SIZE,
    *SUBJECT,
    SAN,
    options.KEY_FILE,
    options.KEY_PASSWORD,
    options.INPUT_PASSWORD,
    options.OUTPUT_DIR,
    options.FORCE,
    IF_MISSING,
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.csr import CsrInputs, CsrRequest, csr, planned

    request = CsrRequest.from_values(typed_values(_FIELDS, values))
    folder = run.settle(folder_of(request.name, request.output_dir))
    if values["if_missing"] and is_present(run, request.name, request.key, folder, ".csr", force=request.force):
        return 0
    files = planned(request, has_key=os.path.lexists(folder / f"{request.name}.key"))
    inputs = [request.key.key_file] if request.key.key_file else []
    plan = run.plan(folder, files, force=request.force, inputs=inputs)
    say_name(run, values["name"], request.name)
    key_inputs = read_key_inputs(run, request.name, request.key, folder)
    with run.spinner(f"making a key of {request.key.bits} bits …", wanted=request.key.is_slow):
        outcome = run.with_passwords(
            key_inputs.input_passwords,
            lambda known: csr(request, CsrInputs(key_inputs.with_passwords(known)), run.now),
        )
    warn_of_encrypted_key(run, outcome, folder, None)
    asked, key = outcome.result.request, outcome.result.key
    about = [f"a request for {asked.subject or '(no subject)'}, {key.algorithm} {key.bits}"]
    return finish_in_folder(run, plan, outcome, f"{request.name}: certificate request", about=about)


COMMAND = Command(
    (
        Example("A request for a CA", "sfkeytool csr pay_api --organization Acme --country DE"),
        Example("For a custom domain", "sfkeytool csr shop --purpose domain --san shop.acme.com"),
    ),
    _FIELDS,
    _execute,
    answers=(
        Answer("csr", "csr.Requested", publishes=True, next_steps=True),
        Answer("present", "present.Present"),
    ),
    place=MenuPlace(
        Aim.MAKE, "Make the key here, a CA signs", "A request for the CA; with its answer you come back.", step=1
    ),
)
