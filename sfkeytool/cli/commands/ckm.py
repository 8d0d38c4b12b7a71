"""``ckm``: the key is born in Certificate and Key Management."""

from datetime import date
from pathlib import Path

from msgspec import convert

from sfkeytool.cli import options
from sfkeytool.cli.command import Command, MenuPlace, Road
from sfkeytool.cli.fields import Field, Question, Values
from sfkeytool.cli.finishing import Told, finish_in_folder, folder_of, plan_calendar, say_name
from sfkeytool.cli.run import Run
from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.model import ArtifactKind, PlannedFile

CSR_FILE = Field(
    "csr",
    Path,
    "The request that Setup gave out; proves that the certificate belongs to its key.",
    ("--csr",),
    metavar="FILE",
)
ANSWER = Field(
    "files",
    list[Path],
    "What the CA sent back, in any order and mix: PEM, DER, PKCS#7, PFX; its intermediates and root.",
    metavar="FILE...",
    required=True,
    question=Question("File with the certificate, chain or key:", "paths"),
)


def _execute_chain(run: Run, values: Values) -> int:
    from sfkeytool.cli.building import build_ckm_chain_request
    from sfkeytool.workflows.ckm_chain import CkmChainInputs, ckm_chain

    request = build_ckm_chain_request(values)
    folder = folder_of(request.name, request.output_dir)
    files = [
        PlannedFile(f"{request.name}-chain.crt", ArtifactKind.CHAIN),
        PlannedFile(f"{request.name}.crt", ArtifactKind.CERTIFICATE),
        PlannedFile(f"{request.name}.json", ArtifactKind.RECEIPT),
    ]
    plan = run.plan(folder, files, force=request.force, inputs=[*request.files, *filter(None, [request.csr])])
    calendar = plan_calendar(run, values["ics"], force=request.force)
    say_name(run, values["name"], request.name)
    inputs = [run.read(path) for path in request.files]
    csr = run.read(request.csr) if request.csr else None
    outcome = run.with_passwords(
        [run.secret(source, "--input-password", "Password of the file") for source in request.input_passwords],
        lambda known: ckm_chain(request, CkmChainInputs(inputs, csr, known), run.now),
    )
    facts = outcome.result
    heading = f"{facts['name']}: chain of {len(facts['chain'])} for Upload Signed Certificate"
    told = Told(
        facts["name"],
        convert(facts["certificate"], CertificateFacts),
        convert(facts["mailDates"], tuple[date, ...]),
    )
    return finish_in_folder(run, plan, outcome, heading, told, calendar=calendar)


CHAIN = Command(
    (
        "sfkeytool ckm chain pay_api answer.crt ca.p7b --csr pay_api.csr",
        "sfkeytool ckm chain shop download.zip.p7b --purpose domain",
    ),
    (
        options.NAME,
        ANSWER,
        CSR_FILE,
        options.PURPOSE,
        options.INPUT_PASSWORD,
        options.CALENDAR,
        options.OUTPUT_DIR,
        options.FORCE,
    ),
    _execute_chain,
    place=MenuPlace(Road.BORN, "Prepare the CA's answer for Upload Signed Certificate in Setup"),
)
