"""``reminder``: what expires when a certificate does, for orgs that must not hold its key."""

from pathlib import Path

from sfkeytool.cli import options
from sfkeytool.cli.command import Aim, Answer, Command, Example, MenuPlace
from sfkeytool.cli.ending import Told
from sfkeytool.cli.fields import Field, Offer, Question, Values, typed_values
from sfkeytool.cli.finishing import (
    finish_in_folder,
    folder_of,
    new_keystore_password,
    plan_calendar,
    warn_of_stale_files,
)
from sfkeytool.cli.lying_here import OTHER_FILE, certificates_here
from sfkeytool.cli.run import Run
from sfkeytool.errors import UsageError
from sfkeytool.names import app_name, parse_unique_name, reminder_name

_FIELDS = (
    Field(
        "words",
        list[str],
        "The certificate's file (.crt, metadata, …); before it, if wanted, the reminder's NAME. [default: the file's"
        " own with _expiry_only]",
        metavar="[NAME] CERT",
        offer=Offer.FILE,
        required=True,
        question=Question(
            "File with the certificate to be reminded of:", "path", offers=certificates_here, other=OTHER_FILE
        ),
    ),
    options.NEW_PASSWORD,
    options.FORMAT,
    options.CALENDAR,
    options.OUTPUT_DIR,
    options.FORCE,
    options.DRY_RUN,
)


def _execute(run: Run, values: Values) -> int:
    from sfkeytool.workflows.reminder import INFERRED, ReminderInputs, ReminderRequest, planned, reminder

    request = ReminderRequest.from_values(typed_values(_FIELDS, values) | _words(values["words"]))
    name = request.name or reminder_name(app_name(request.certificate.name.partition(".")[0]))
    folder = run.settle(folder_of(name, request.output_dir), values["ics"])
    plan = run.plan(folder, planned(request, name), force=request.force, inputs=[request.certificate])
    calendar = plan_calendar(run, values["ics"], force=request.force, own=folder)
    warn_of_stale_files(run, plan)
    certificate = run.read(request.certificate)
    password = new_keystore_password(run, request.password, name, request.format)
    outcome = reminder(request, name, ReminderInputs(certificate, password), run.now)
    run.console.detail(INFERRED)
    made = outcome.result
    heading = f"{made.name}: no login works with it, it expires with {made.reminds_of.subject or '(no subject)'}"
    told = Told(made.name, made.certificate, made.mail_dates)
    return finish_in_folder(run, plan, outcome, heading, told, calendar=calendar)


def _words(words: list[str]) -> dict[str, str | Path | None]:
    """CERT, or NAME and CERT. Raises UsageError."""
    if len(words) > 2:
        raise UsageError("usage.reminder", "one certificate at a time: NAME CERT, or CERT alone")
    return {"certificate": Path(words[-1]), "name": parse_unique_name(words[0]).value if len(words) == 2 else None}


COMMAND = Command(
    (
        Example("Of the certificate in a file", "sfkeytool reminder pay_api.crt --password generate"),
        Example("Under a name of your own", "sfkeytool reminder pay_end pay_api.crt --password prompt"),
    ),
    _FIELDS,
    _execute,
    answers=(Answer("reminder", "reminder.Reminded", publishes=True, next_steps=True),),
    details=(
        "That CKM mails about imported pairs is inferred, not documented. To see it, import a reminder of a certificate"
        " that expires in 61 days: the first mail should come a day later, give or take one."
    ),
    place=MenuPlace(
        Aim.MAKE,
        "Only be reminded of one that there is",
        "The real key stays out of the org; a throw-away one expires with it.",
        step=3,
    ),
)
