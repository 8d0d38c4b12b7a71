"""The table of the commands, in the order in which --help and the menu have them; each is a room of its own.

A module here holds a command's fields, how their values become its request, what it runs and its place in the menu.
Only the module of the command that is asked for is imported.
"""

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sfkeytool.cli.command import Command


class Job(StrEnum):
    """Under which heading `sfkeytool --help` has a command, in this order."""

    MAKE = "Make a key and a certificate"
    ANSWER = "The CA's answer"
    LOOK = "Look and judge"
    RENEW = "Renew"
    APP = "The app, and logins with the key"
    ORG = "In an org's Certificate and Key Management (CKM)"
    AUDIT = "Audit"
    ABOUT = "About sfkeytool"


class Row(NamedTuple):
    """``name`` is what is typed, a group's name before it; ``summary`` fits with it into a line of --help;
    ``attribute`` is the Command in the module."""

    name: str
    job: Job
    summary: str
    module: str
    attribute: str = "COMMAND"

    def load(self) -> "Command":
        """The command itself."""
        command: Command = getattr(import_module(f"{__name__}.{self.module}"), self.attribute)
        return command


GROUPS = {"ckm": "An org's CKM: a keystore in, or a key that CKM makes and a CA signs."}
TABLE = (
    Row("self-signed", Job.MAKE, "A keypair, its certificate and the keystore for CKM.", "self_signed"),
    Row("csr", Job.MAKE, "A keypair and a request (CSR) for a CA.", "csr"),
    Row("wrap", Job.ANSWER, "The CA's answer, or a PFX, into a keystore for CKM.", "wrap"),
    Row("unwrap", Job.LOOK, "A keystore (JKS, PFX) into key, certificate and chain.", "unwrap"),
    Row("show", Job.LOOK, "What is in a file: subjects, validity, fingerprints, chain.", "show"),
    Row("check", Job.LOOK, "Would Salesforce take this file? --fix repairs a copy.", "check"),
    Row("compare", Job.LOOK, "Do two files hold the same certificate, or the same key?", "compare"),
    Row("explain", Job.LOOK, "What an error message means, and what to do.", "explain"),
    Row("metadata", Job.APP, "Source of an app with NAME's certificate, for `sf`.", "metadata"),
    Row("reminder", Job.MAKE, "A throw-away pair that expires when a certificate does.", "reminder"),
    Row("renew", Job.RENEW, "The next certificate of NAME: same key; with a runbook.", "renew", "RENEW"),
    Row("rotate", Job.RENEW, "The next key of NAME: by policy or after a leak.", "renew", "ROTATE"),
    Row("login", Job.APP, "A JWT login with the key, and what its answer means.", "login"),
    Row("audit", Job.AUDIT, "Which certificates expire when: files, projects, orgs.", "audit"),
    Row("ckm chain", Job.ANSWER, "The CA's answer into what Upload Signed Certificate takes.", "ckm_chain"),
    Row("ckm list", Job.ORG, "The certificates of an org: until when, exportable or not.", "ckm_list"),
    Row("ckm csr", Job.ORG, "Fetch the request of a certificate, for a CA to sign.", "ckm_csr"),
    Row("ckm download", Job.ORG, "Fetch a certificate with its chain; the app takes NAME.crt.", "ckm_download"),
    Row("ckm create", Job.ORG, "Let CKM make a key and a request of its own.", "ckm_create"),
    Row("ckm import", Job.ORG, "NAME's keystore into CKM, and the proof that it is there.", "ckm_import"),
    Row("ckm cover", Job.ORG, "An app that nobody is mailed about: covered, and proved.", "ckm_cover"),
    Row("doctor", Job.ORG, "What would stand in the way of an import; reads only.", "doctor"),
    Row("ckm upload", Job.ORG, "Bring a CA's answer to its record, proved to belong to it.", "ckm_upload"),
)
ABOUT = (
    Row("help", Job.ABOUT, "Help with a command or a topic.", "about", "HELP"),
    Row("completion", Job.ABOUT, "What makes a shell complete commands, options and values.", "about", "COMPLETION"),
    Row("version", Job.ABOUT, "The version.", "about", "VERSION"),
)
"""Commands about the tool itself: without --json, and in no menu."""
