"""A CA's answer to a request of CKM, as flags give it."""

from pathlib import Path

from sfkeytool.cli.fields import Field, Question

CSR_FILE = Field(
    "csr",
    Path,
    "The request that Setup gave out: proves that the certificate belongs to its key.",
    ("--csr",),
    metavar="FILE",
)
ANSWER = Field(
    "files",
    list[Path],
    "What the CA sent, its intermediates and root, in any order and mix: PEM, DER, PKCS#7, PFX.",
    metavar="FILE...",
    required=True,
    question=Question("File with the certificate, chain or key:", "paths"),
)
