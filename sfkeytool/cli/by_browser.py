"""The way through the door that a browser goes which is driven. Experimental: it was never tried against a live org.

What is known of the page: sfdx-browserforce-plugin (commit 1c5621a), which drives it in real orgs:
src/plugins/security/certificate-and-key-management/index.ts, src/browserforce.ts, src/pages/login.ts.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sfkeytool.cli.run import Run
from sfkeytool.errors import OrgError
from sfkeytool.shell import shell_line

if TYPE_CHECKING:
    from sfkeytool.cli.org_access import OneOrg
    from sfkeytool.edge.driven_browser import Ending, Marks
    from sfkeytool.workflows.ckm_import.door import Errand, PageAnswer

_BY_HAND = "without --browser the page opens for you"


class ByBrowser:
    """A Way (workflows/ckm_import/door.py). ``program``: of require_browser()."""

    def __init__(self, run: Run, org: "OneOrg", program: str, *, headed: bool) -> None:
        self._run = run
        self._org = org
        self._program = program
        self._headed = headed

    def __call__(self, errand: "Errand") -> "PageAnswer":
        """What the page answered, or where it was lost sight of once the form may have been sent.

        Raises OrgError where the form was not sent: ckm.no-password, ckm.page-login, ckm.page-challenge,
        ckm.page-changed, ckm.page-late, ckm.page-unreachable; and what reading the file, OrgClient.front_door() and
        fill_form() raise.
        """
        from pathlib import Path

        from sfkeytool.edge.driven_browser import FormErrand, fill_form
        from sfkeytool.edge.reader import read_input
        from sfkeytool.salesforce.hosts import org_hosts
        from sfkeytool.workflows.ckm_import.door import LANDING_PATH, import_page

        path = Path(errand.keystore_path)
        if errand.password is None:
            raise OrgError("ckm.no-password", f"{path}: the page asks for the keystore's password", "give --password")
        client = self._org.client
        content = read_input(path)
        with self._run.progress(f"a browser goes to the import page of {self._org.label} (experimental) …"):
            ending = fill_form(
                FormErrand(
                    door=client.front_door(LANDING_PATH),
                    page=import_page(client.url),
                    landing=LANDING_PATH,
                    hosts=org_hosts(client.url),
                    marks=_marks(),
                    file_name=path.name,
                    content=content,
                    password=errand.password,
                ),
                self._program,
                self._run.environ,
                headed=self._headed,
            )
        return self._answer(ending)

    def _answer(self, ending: "Ending") -> "PageAnswer":
        from sfkeytool.workflows.ckm_import.door import PageAnswer

        words = "; ".join(" ".join(each.split()) for each in ending.words)
        match ending.kind:
            case "landed":
                return PageAnswer(landed=True)
            case "errors":
                return PageAnswer(landed=False, words=words)
        if ending.saved:
            return PageAnswer(landed=False, trouble=f"the form was sent, and then {self._trouble(ending, words)}")
        raise self._error(ending, words)

    def _trouble(self, ending: "Ending", words: str) -> str:
        match ending.kind:
            case "login":
                return "the session was over: the login page came"
            case "challenge":
                return "the org asked for a proof of identity"
            case "late":
                return "no answer came in time"
        return f"the browser lost the page ({words or ending.kind})"

    def _error(self, ending: "Ending", words: str) -> OrgError:
        org = self._org.label
        nothing = "nothing was imported"
        match ending.kind:
            case "login":
                return OrgError(
                    "ckm.page-login",
                    f"{org} shows its login page in place of the import page; {nothing}",
                    "its session may have ended, or the user may not open pages (API Only User): sfkeytool doctor",
                    _BY_HAND,
                )
            case "challenge":
                return OrgError(
                    "ckm.page-challenge",
                    f"{org} asks for a proof of identity, which only a person can give; {nothing}",
                    f"give it in the browser itself: --headed; or {_BY_HAND}",
                )
            case "changed":
                found = {"file": "the file", "password": "the password", "save": "the button Save"}
                parts = ", ".join(found.get(each, each) for each in ending.words)
                return OrgError(
                    "ckm.page-changed",
                    f"the import page of {org} is not as it is known here: no field for {parts}; {nothing}",
                    f"it stood at {ending.path}; --headed shows it",
                    _BY_HAND,
                )
            case "late":
                return OrgError(
                    "ckm.page-late",
                    f"the import page of {org} did not come in time; {nothing}",
                    f"try again later; {_BY_HAND}",
                )
        host = urlsplit(self._org.client.url).hostname
        return OrgError(
            "ckm.page-unreachable",
            f"the browser does not reach the import page of {org}: {words or ending.kind}; {nothing}",
            f"does it reach https://{host} by itself? It goes to the org's own hosts alone, and trusts the CAs that"
            " the system trusts",
            _BY_HAND,
        )


def refusal_of(label: str, words: str) -> OrgError:
    """The error for what the page said against an import, with what ``explain`` knows of it. Pure."""
    from sfkeytool.acceptance.explanations.matching import match_messages

    hints = []
    for match in match_messages(words):
        known = match.explanation
        hints += [known.meaning, known.causes[0], f"more: {shell_line(['sfkeytool', 'explain', known.id])}"]
    return OrgError(
        "ckm.page-refused",
        f"the import page of {label} says: {words.removeprefix('Error: ')}; nothing was imported",
        *hints,
    )


def _marks() -> "Marks":
    """By the plugin's locators, but for the login page, whose form saved copies of it show."""
    from sfkeytool.edge.driven_browser import Marks

    return Marks(
        frame="force-aloha-page iframe[name^=vfFrameId], iframe[name^=vfFrameId]",
        file='input[type="file"]',
        password="input#Password",  # noqa: S106 - a selector
        save='input[name="save"]',
        errors="#error, #errorTitle, #errorDesc, #validationError, div.errorMsg",
        login="form#login_form, input#Login",
        challenge="/_ui/identity/",
    )
