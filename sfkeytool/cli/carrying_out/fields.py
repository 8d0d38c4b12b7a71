"""What ``renew`` and ``rotate --carry-out`` take besides."""

from pathlib import Path

from msgspec.structs import replace

from sfkeytool.cli import login_fields
from sfkeytool.cli.fields import Field, Group, Offer, Values
from sfkeytool.errors import UsageError

_LONGEST_MINUTES = 24 * 60


def _minutes(given: int) -> int:
    if not 1 <= given <= _LONGEST_MINUTES:
        raise UsageError("usage.wait", f"--wait is 1 to {_LONGEST_MINUTES} minutes")
    return given


CARRY_OUT = Field(
    "carry_out",
    bool,
    "Carry the runbook out in --target-org, on --app: asks before each change, proves each step, goes on where it"
    " stopped. Experimental: a sandbox first.",
    ("--carry-out",),
    group=Group.ORG,
)
APP = Field(
    "app",
    str,
    "With --carry-out: API name of the app whose certificate is followed.",
    ("--app",),
    metavar="APP",
    group=Group.ORG,
    offer=Offer.NOTHING,
)
SECOND_APP = Field(
    "second_app",
    str,
    "With rotate --carry-out: the app that gets the new key, beside --app: no gap.",
    ("--second-app",),
    metavar="APP2",
    group=Group.ORG,
    offer=Offer.NOTHING,
)
SWITCH_CLIENT = Field(
    "switch_client",
    str,
    "With rotate --carry-out: the command that gives the client the new key; run once that is accepted. May be run"
    " again if it fails.",
    ("--switch-client",),
    metavar="COMMAND",
    group=Group.ORG,
    offer=Offer.NOTHING,
)
REMINDER = Field(
    "reminder",
    bool,
    "With --carry-out: bring a reminder into CKM, in place of the key.",
    ("--reminder",),
    group=Group.ORG,
)
BROWSER = Field(
    "browser",
    bool,
    "With --carry-out: a browser of this machine is driven through the import page, for a person. Experimental.",
    ("--browser",),
    group=Group.ORG,
)
YES = Field("yes", bool, "With --carry-out: do not ask before each change.", ("--yes",), group=Group.ORG)
EXPECT_ORG = Field(
    "expect_org",
    str,
    "With --carry-out: the Id of the org (00D…) that is meant; production with --yes wants it.",
    ("--expect-org",),
    metavar="ID",
    group=Group.ORG,
    offer=Offer.NOTHING,
)
WAIT = Field(
    "wait",
    int,
    "With --carry-out: minutes that a proof is waited for: the import, logins, the client's switch.",
    ("--wait",),
    metavar="MINUTES",
    default=10,
    convert=_minutes,
    group=Group.ORG,
)


def _of_login(field: Field, help: str) -> Field:
    """A field of the logins that prove, under a name of its own: the org is reached in another way."""
    return replace(
        field,
        name=f"prove_{field.name}",
        into=field.name,
        required=False,
        question=None,
        help=f"With --carry-out: {help}",
    )


CLIENT_ID = _of_login(login_fields.CLIENT_ID, "consumer key of the app, for the logins that prove the change.")
USERNAME = _of_login(login_fields.USERNAME, "the user that the client logs in as.")
INSTANCE_URL = _of_login(login_fields.INSTANCE_URL, "where to log in. [default: what fits the org and the app]")
AUDIENCE = _of_login(login_fields.AUDIENCE, "audience of the assertion.")
IN_CKM = Field(
    "in_ckm",
    bool,
    "With --carry-out: the key of NAME was born in CKM. Its record gets a CA's new certificate, and keeps name and key;"
    " --app can be left out.",
    ("--in-ckm",),
    group=Group.ORG,
)
ANSWER = Field(
    "answer",
    list[Path],
    "With --carry-out --in-ckm: what the CA sent; without it the change waits for that. Repeatable.",
    ("--answer",),
    metavar="FILE",
    group=Group.ORG,
    offer=Offer.FILE,
)
LOGIN = (CLIENT_ID, USERNAME, INSTANCE_URL, AUDIENCE)

FIELDS = (CARRY_OUT, APP, REMINDER, BROWSER, YES, EXPECT_ORG, WAIT, *LOGIN)
OF_RENEWAL = (IN_CKM, ANSWER)
OF_ROTATION = (SECOND_APP, SWITCH_CLIENT)

_INSTEAD = {
    "csr": "a CA's answer takes days: make that generation without --carry-out, and follow its runbook",
    "ics": "make the calendar by an audit: sfkeytool audit --ics FILE",
    "new_key": "a new key is carried out by sfkeytool rotate",
    "done": "what --carry-out does it notes itself: sfkeytool renew NAME --status",
}
_OF_CARRY_OUT = (
    "app",
    "second_app",
    "switch_client",
    "reminder",
    "browser",
    "yes",
    "in_ckm",
    "answer",
    "expect_org",
    "prove_client_id",
    "prove_username",
)


def require_carry_out(values: Values) -> None:
    """Raises UsageError for a flag of --carry-out without it, and for one that it does not go with."""
    if not values["carry_out"]:
        for name in _OF_CARRY_OUT:
            if values.get(name):
                flag = f"--{name.removeprefix('prove_').replace('_', '-')}"
                raise UsageError("usage.carry-out", f"{flag} is about --carry-out", "add --carry-out, or leave it out")
        return
    for name in ("csr", "ics", "new_key", "done"):
        if values.get(name):
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                "usage.carry-out",
                f"--carry-out does not go with {flag}",
                _INSTEAD[name],
            )
    if values.get("in_ckm"):
        for name in ("format", "reminder", "browser", "prove_client_id", "prove_username"):
            if values.get(name):
                flag = f"--{name.removeprefix('prove_').replace('_', '-')}"
                raise UsageError(
                    "usage.carry-out",
                    f"--in-ckm does not go with {flag}",
                    "the key is in Salesforce: nothing is imported, and nothing here can log in with it",
                )
