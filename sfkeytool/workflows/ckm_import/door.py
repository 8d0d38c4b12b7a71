"""The way through the door: what lies between preflight and proof, and can be gone in more than one way.

What is known of the page: sfdx-browserforce-plugin (commit 1c5621a), which drives it in real orgs. No API takes a
private key (Metadata API Developer Guide, "Certificate").
"""

from collections.abc import Callable
from urllib.parse import urlencode

from msgspec import Struct

from sfkeytool.model import Opaque
from sfkeytool.passwords import Secret

IMPORT_PATH = "/_ui/security/certificate/KeyStoreImportUi/e"
LANDING_PATH = "/setup/forcecomHomepage.apexp"
"""Where the page leads after an import, as it is asked to: nothing else tells that it went well."""


class Errand(Opaque, frozen=True):
    """What is to be carried through the door. ``keystore_path`` is absolute; ``password`` is secret, None where it is
    not known here."""

    keystore_path: str
    password: Secret | None


class PageAnswer(Struct, frozen=True):
    """What the import page came to, as far as the way could see: ``landed`` on LANDING_PATH, or ``words``, the page's
    own about an error, which are Salesforce's and not secret. ``trouble``: why nobody saw how it ended, in our words;
    the form was sent, and the certificate may be there. None of them proves anything: prove() does."""

    landed: bool
    words: str = ""
    trouble: str = ""


Way = Callable[[Errand], PageAnswer | None]
"""A way through: opens a session of the org in a browser, by an address that is secret, and has the page import the
keystore. Returns what the page came to, or None where nobody here sees it: a person looks at the page then, and prove()
waits. Raises SfkeytoolError where it cannot be gone, with nothing left behind. It must not be gone twice for one errand
but after a proof that nothing landed."""


def import_page(instance_url: str = "") -> str:
    """The address of the page, without a session: its path alone, or in the org at ``instance_url``. Pure."""
    return f"{instance_url}{IMPORT_PATH}?{urlencode({'retURL': LANDING_PATH})}"
