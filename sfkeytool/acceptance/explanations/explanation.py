"""What an error message means: data, in the order in which a person needs it."""

import re
from datetime import date
from enum import StrEnum

from msgspec import Struct

from sfkeytool.acceptance.rule import Basis

_ID = re.compile(r"error\.(ckm|keytool|openssl|windows|jwt|client|tls|deploy|python)(\.[a-z0-9]+(-[a-z0-9]+)*)")


class System(StrEnum):
    """Where a message comes from."""

    CKM = "ckm"
    """Setup > Certificate and Key Management, and Apex that uses its certificates."""
    KEYTOOL = "keytool"
    OPENSSL = "openssl"
    WINDOWS = "windows"
    """certutil, PowerShell, the certificate console and .NET, about keys in the stores of Windows."""
    JWT = "jwt"
    """The token endpoint, asked with the JWT bearer flow, and the clients that ask it."""
    CLIENT = "client"
    """The Salesforce CLI and other clients of an org's APIs, and what those answer them."""
    TLS = "tls"
    """Connections that end before anything was sent: whose certificate is not trusted, and by whom."""
    DEPLOY = "deploy"
    PYTHON = "python"
    """Libraries that read keys in the programs of integrations: cryptography, PyJWT, pyjks; Node's crypto too."""


class Explanation(Struct, frozen=True):
    """One mistake and all the messages that report it.

    ``messages`` are verbatim; ``{word}`` stands for what differs from user to user: a name, a file, a number.
    ``causes`` come likeliest first; one that is only inferred says so itself. ``fixes`` are sentences, with commands
    to type in backquotes. ``basis`` tells how sure the meaning is, ``citation`` where it was looked up, ``retrieved``
    when. ``wrapper``: the message stands around others that say more, and is explained only when none of those is
    there. ``whole``: a part of the message could be said of anything, and tells nothing. Raises ValueError for an id
    outside the grammar or a part that is missing.
    """

    id: str
    messages: tuple[str, ...]
    meaning: str
    causes: tuple[str, ...]
    fixes: tuple[str, ...]
    basis: Basis
    citation: str
    rules: tuple[str, ...] = ()
    """Ids of the rules with which ``check`` finds this before Salesforce does."""
    wrapper: bool = False
    whole: bool = False
    retrieved: date = date(2026, 11, 24)

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no explanation's id")
        if not (self.messages and self.meaning and self.causes and self.fixes and self.citation):
            raise ValueError(f"{self.id} needs messages, a meaning, causes, fixes and a citation")

    @property
    def system(self) -> System:
        return System(self.id.split(".")[1])


def login_code(explanation_id: str) -> str:
    """The code of the error of a login that Salesforce refuses with a message of the explanation's. Pure."""
    return f"login.{explanation_id.split('.')[2]}"
