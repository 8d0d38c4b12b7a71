"""``ckm chain``: what a CA sent back into the file that Upload Signed Certificate takes."""

from sfkeytool.cli import options
from sfkeytool.cli.ckm_answer import ANSWER, CSR_FILE
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Values, typed_values
from sfkeytool.cli.finishing import finish_in_folder, folder_of, plan_calendar, say_name
from sfkeytool.cli.run import Run

_FIELDS = (
    options.EXISTING_NAME,
    ANSWER,
    CSR_FILE,
    options.PURPOSE,
    options.INPUT_PASSWORD,
    options.CALENDAR,
    options.OUTPUT_DIR,
    options.FORCE,
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.ckm_chain import CkmChainInputs, CkmChainRequest, ckm_chain, planned

    request = CkmChainRequest.from_values(typed_values(_FIELDS, values))
    inputs = [*request.files, *filter(None, [request.csr])]
    folder = run.settle(folder_of(request.name, request.output_dir), values["ics"])
    plan = run.plan(folder, planned(request), force=request.force, inputs=inputs)
    calendar = plan_calendar(run, values["ics"], force=request.force, own=folder)
    say_name(run, values["name"], request.name)
    files = [run.read(path) for path in request.files]
    csr = run.read(request.csr) if request.csr else None
    outcome = run.with_passwords(
        [run.secret(source, "--input-password", "Password of the file") for source in request.input_passwords],
        lambda known: ckm_chain(request, CkmChainInputs(files, csr, known), run.now),
    )
    made = outcome.result
    heading = f"{made.name}: chain of {len(made.chain)} for Upload Signed Certificate"
    told = Told(made.name, made.certificate, made.mail_dates, imported=False)
    return finish_in_folder(run, plan, outcome, heading, told, calendar=calendar)


COMMAND = Command(
    (
        Example(
            "The CA's files into one, proved to belong to the request",
            "sfkeytool ckm chain pay answer.crt ca.p7b --csr pay.csr",
        ),
        Example("The chain of a custom domain", "sfkeytool ckm chain shop download.p7b --purpose domain"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("ckm-chain", "ckm_chain.Chained", publishes=True, next_steps=True),),
    place=MenuPlace(
        Aim.ANSWER,
        "The key is in Salesforce: I upload it in Setup",
        "Makes the file for Upload Signed Certificate.",
        step=1,
    ),
)
