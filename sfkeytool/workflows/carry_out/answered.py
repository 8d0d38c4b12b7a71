"""What the receipt of a generation tells whose key stayed in CKM, and whose certificate a CA made."""

from sfkeytool.crypto.certificates import CertificateFacts
from sfkeytool.model import Result, UniqueNameText
from sfkeytool.workflows.renew import Follows


class Answered(Result, frozen=True, kw_only=True):
    """A CA's answer to the request of a record of CKM."""

    name: UniqueNameText
    follows: Follows
    certificate: CertificateFacts
