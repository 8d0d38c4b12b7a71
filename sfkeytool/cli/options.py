"""The options that mean the same in all commands that have them."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sfkeytool.cli.fields import Field, Group, Offer, Question
from sfkeytool.cli.lying_here import known_purpose, made_here, names_here
from sfkeytool.edge.ask import Choice
from sfkeytool.errors import UsageError
from sfkeytool.model import KeystoreFormat, Purpose
from sfkeytool.names import legal_name, parse_unique_name
from sfkeytool.passwords import Source, parse_source

if TYPE_CHECKING:
    from datetime import date

_SOURCE = "SOURCE"


def parse_bits(text: str) -> int:
    if text not in ("2048", "3072", "4096"):
        raise UsageError("usage.key-size", f"--key-size is 2048, 3072 or 4096, not {text}")
    return int(text)


def parse_date(text: str) -> "date":
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("usage.date", f"a date is written as 2026-11-24, not {text}") from None


def unique_name(given: str) -> str:
    """NAME. Raises UsageError, which tells a file from a name."""
    # Completion of the folder's name leaves a slash behind it.
    given = given.rstrip("/" + os.sep)
    try:
        return parse_unique_name(given).value
    except UsageError as error:
        if not os.path.isfile(given):
            raise
        raise UsageError(
            error.code, f"{given} is a file; the first argument is NAME", "NAME FILE… in this order"
        ) from None


def other_unique_name(given: str) -> str:
    """A unique name that is no command's NAME. Raises UsageError."""
    return parse_unique_name(given).value


def folder(given: str) -> Path:
    """Raises UsageError for an empty one."""
    if given == "":
        raise UsageError("usage.output-dir", "--output-dir is empty: is a variable not set?")
    return Path(given)


def source(option: str, *, may_generate: bool = False) -> Callable[[str], Source]:
    """How the text of a flag becomes a Source, which raises UsageError."""
    return lambda text: parse_source(text, option, may_generate=may_generate)


def sources(option: str) -> Callable[[Sequence[str]], tuple[Source, ...]]:
    """The same for a flag that may be repeated."""
    return lambda texts: tuple(parse_source(text, option) for text in texts)


NAME = Field(
    "name",
    str,
    "Unique name in Certificate and Key Management (CKM); the keystore's alias and the folder's name too.",
    metavar="NAME",
    required=True,
    convert=unique_name,
    offer=Offer.NAME,
    question=Question(
        "Name of the certificate (letters, digits, single underscores):",
        suggest=lambda answer: legal_name(answer).value if answer else "",
    ),
)

EXISTING_NAME = replace(
    NAME,
    question=Question(
        "Name of the certificate:",
        suggest=lambda answer: legal_name(answer).value if answer else "",
        offers=names_here,
        other="Another name …",
    ),
)
"""NAME, where a folder of it is there already."""
MADE_NAME = replace(EXISTING_NAME, question=replace(EXISTING_NAME.question or Question(""), offers=made_here))
"""NAME, where its certificate is there already."""


def parse_days(text: str) -> int:
    """A lifetime in days. Raises UsageError as making the certificate does."""
    from sfkeytool.crypto.issuing import check_days

    if not text.isascii() or not text.isdigit():
        raise UsageError("usage.days", "it is a number of days, as 365")
    days = int(text.lstrip("0")[:9] or 0)
    check_days(days)
    return days


def _until(answer: str) -> str:
    """The day on which a lifetime that was typed ends; empty for what is none."""
    from datetime import UTC, datetime, timedelta

    try:
        last = datetime.now(UTC) + timedelta(days=int(answer))
    except (ValueError, OverflowError):
        return ""
    return f"valid until {last.date()}"


DAYS = Field(
    "days",
    int,
    "Days that the certificate is valid, 1 to 3650.",
    ("--days",),
    metavar="N",
    default=365,
    parse=parse_days,
    question=Question("For how many days is it valid (1 to 3650)?", menu_only=True, tell=_until),
    preset_when=lambda _: True,
)

PURPOSE = Field(
    "purpose",
    Purpose,
    "What the pair is for; chooses extensions, checks and next steps.",
    ("--purpose",),
    default=Purpose.JWT,
    parse=Purpose,
    question=Question(
        "What is it for?",
        "choice",
        menu_only=True,
        known=known_purpose,
        choices=(
            Choice("jwt", "Logins of an integration (JWT bearer flow)"),
            Choice("sso", "Single sign-on (SAML signing)"),
            Choice("mtls", "Mutual TLS: Salesforce shows a client certificate"),
            Choice("domain", "A custom domain (HTTPS)"),
        ),
    ),
)

OUTPUT_DIR = Field(
    "output_dir",
    str,
    "Folder to write into. [default: ./NAME]",
    ("--output-dir", "-d"),
    metavar="DIR",
    convert=folder,
    group=Group.WHERE,
    offer=Offer.FOLDER,
)
FORCE = Field("force", bool, "Replace files that exist; never a private key.", ("--force",), group=Group.WHERE)
DRY_RUN = Field(
    "dry_run",
    bool,
    "Read, check and show what would be made; write, deploy and send nothing.",
    ("--dry-run",),
    group=Group.WHERE,
)

CALENDAR = Field(
    "ics",
    Path,
    "Also a calendar file: CKM's mail days, and when to renew at the latest.",
    ("--ics",),
    metavar="FILE",
    group=Group.WHERE,
)

NEW_PASSWORD = Field(
    "password",
    str,
    "Password of the new keystore; generate makes one, into a file beside it. [default: $SFKEYTOOL_PASSWORD, else the"
    " prompt]",
    ("--password",),
    metavar=_SOURCE,
    group=Group.PASSWORDS,
    offer=Offer.NEW_PASSWORD,
    required=True,
    environment="SFKEYTOOL_PASSWORD",
    convert=source("--password", may_generate=True),
    missing_on_terminal="prompt",
    question=Question(
        "Password of the keystore:",
        "secret",
        menu_only=True,
        choices=(
            Choice("generate", "Make a strong one and keep it in a file beside the keystore"),
            Choice("prompt", "I type it"),
            Choice("cmd:", "A command prints it: a password manager, a vault, a keychain"),
        ),
    ),
)
FORMAT = Field(
    "format",
    KeystoreFormat,
    "Format of the new keystore. bcfks, with a password of 14 characters at least, is for Government Cloud alone, and"
    " what an org there takes of it is not documented.",
    ("--format",),
    default=KeystoreFormat.JKS,
)
OPENING_PASSWORD = Field(
    "password",
    list[str],
    "Password of the file; an empty one is tried first. Repeatable: a key may have another than its keystore."
    " [default: $SFKEYTOOL_PASSWORD, else the prompt]",
    ("--password",),
    metavar=_SOURCE,
    group=Group.PASSWORDS,
    offer=Offer.SOURCE,
    environment="SFKEYTOOL_PASSWORD",
    convert=sources("--password"),
    into="passwords",
)
INPUT_PASSWORD = Field(
    "input_password",
    list[str],
    "Password of an input file. Repeatable: each is tried on each file. [default: $SFKEYTOOL_INPUT_PASSWORD, else the"
    " prompt]",
    ("--input-password",),
    metavar=_SOURCE,
    group=Group.PASSWORDS,
    offer=Offer.SOURCE,
    environment="SFKEYTOOL_INPUT_PASSWORD",
    convert=sources("--input-password"),
    into="input_passwords",
)
KEY_PASSWORD = Field(
    "key_password",
    str,
    "Encrypt the .key that is written with this. [default: $SFKEYTOOL_KEY_PASSWORD, else not encrypted]",
    ("--key-password",),
    metavar=_SOURCE,
    group=Group.PASSWORDS,
    offer=Offer.SOURCE,
    environment="SFKEYTOOL_KEY_PASSWORD",
    convert=source("--key-password"),
)
ALIAS = Field("alias", str, "Which entry of a keystore.", ("--alias",), metavar="ALIAS", offer=Offer.NOTHING)


def _makes_a_key(values: Mapping[str, Any]) -> bool:
    """Whether no key is there to be used, whose size is what it is."""
    name = str(values.get("name") or "").rstrip("/" + os.sep)
    place = values.get("output_dir") or name.lower()
    return values.get("key") is None and not os.path.lexists(os.path.join(place, f"{name.lower()}.key"))  # noqa: PTH118


KEY_SIZE = Field(
    "key_size",
    str,
    "Bits of a new key: 2048, 3072 or 4096. [default: 2048]",
    ("--key-size",),
    metavar="BITS",
    convert=parse_bits,
    into="bits",
    question=Question(
        "Size of the key:",
        "choice",
        menu_only=True,
        choices=(
            Choice("2048", "2048 bits, as Setup's own"),
            Choice("3072", "3072 bits"),
            Choice("4096", "4096 bits"),
        ),
        when=lambda values: values.get("key") is None,
    ),
    preset_when=_makes_a_key,
)
KEY_FILE = Field(
    "key",
    Path,
    "Use the private key in this file; no NAME.key is written.",
    ("--key",),
    metavar="FILE",
    into="key_file",
)
