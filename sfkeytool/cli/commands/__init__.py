"""The table of the commands, in the order in which --help and the menu have them; each is a room of its own.

A module here holds a command's fields, how their values become its request, what it runs and its place in the menu.
Only the module of the command that is asked for is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sfkeytool.cli.command import Command


class Row(NamedTuple):
    """``name`` is what is typed, a group's name before it; ``attribute`` is the Command in the module."""

    name: str
    summary: str
    module: str
    attribute: str = "COMMAND"

    def load(self) -> "Command":
        """The command itself."""
        command: Command = getattr(import_module(f"{__name__}.{self.module}"), self.attribute)
        return command


GROUPS = {"ckm": "The other road: CKM makes the key, and its CSR is signed."}
TABLE = (
    Row(
        "self-signed",
        "A keypair and a self-signed certificate: keystore for CKM, certificate for the app.",
        "self_signed",
    ),
    Row("csr", "A keypair and a certificate request (CSR) for a CA.", "csr"),
    Row("wrap", "The CA's answer into a keystore for CKM, and the matching certificate for the app.", "wrap"),
    Row("unwrap", "A keystore (JKS, PFX) into key, certificate and chain files.", "unwrap"),
    Row("show", "What is in a file: entries, subjects, validity, fingerprints, chain.", "show"),
    Row(
        "check",
        "Would Salesforce take this file? Findings with cause, fix and source; --fix repairs a copy.",
        "check",
    ),
    Row("compare", "Do two files hold the same certificate, the same key only, or strangers?", "compare"),
    Row(
        "explain",
        "What an error message of Salesforce, keytool, openssl or a JWT login means, and what to do.",
        "explain",
    ),
    Row(
        "metadata",
        "Source files for `sf project deploy start` that hold NAME's certificate.",
        "metadata",
    ),
    Row(
        "reminder",
        "A throw-away pair that expires when a certificate does; the real key never enters the org.",
        "reminder",
    ),
    Row("renew", "The next generation beside NAME: same key, new validity; with a runbook.", "renew", "RENEW"),
    Row(
        "rotate",
        "The next generation beside NAME: a new key, by policy or after a leak; with a runbook.",
        "renew",
        "ROTATE",
    ),
    Row("login", "A JWT bearer login with the key, and what Salesforce's answer means.", "login"),
    Row(
        "audit",
        "Every certificate in folders, keystores, sfdx projects and orgs: how long it lives, which app CKM covers.",
        "audit",
    ),
    Row(
        "ckm chain",
        "The CA's answer to a request of CKM into the file that Upload Signed Certificate takes.",
        "ckm_chain",
    ),
    Row(
        "ckm list",
        "The certificates in an org's CKM: until when, whether they wait for a CA, whether the key can be exported.",
        "ckm_list",
    ),
    Row("ckm csr", "Fetch the request that a certificate of CKM gives out, for a CA to sign.", "ckm_csr"),
    Row(
        "ckm download",
        "Fetch a certificate of CKM, with its chain: NAME.crt is what the app takes.",
        "ckm_download",
    ),
    Row(
        "ckm create",
        "Source that lets CKM make a key and a request of its own; --deploy runs it.",
        "ckm_create",
    ),
    Row(
        "ckm upload",
        "Source that brings a CA's answer to its record in CKM, proved to belong to it; --deploy runs it.",
        "ckm_upload",
    ),
)
