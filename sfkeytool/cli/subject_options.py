"""The options that say whose a new certificate is: the subject and its alternative names."""

from sfkeytool.cli.fields import Field, Group, Question
from sfkeytool.edge.ask import Check
from sfkeytool.errors import UsageError
from sfkeytool.model import Purpose


def _check_part(part: str) -> Check:
    """What making a subject says to one part of it."""

    def check(answer: str) -> None:
        from sfkeytool.crypto.names import build_subject

        if answer:
            build_subject(**{part: answer})

    return check


def _subject_part(name: str, help: str, question: str | None = None, *, may_be_preset: bool = False) -> Field:
    return Field(
        name,
        str,
        help,
        ("--" + name.replace("_", "-"),),
        metavar="TEXT",
        group=Group.SUBJECT,
        question=Question(question, menu_only=True, check=_check_part(name)) if question else None,
        preset_when=(lambda values: values.get("subject") is None) if may_be_preset else None,
    )


SUBJECT = (
    _subject_part("common_name", "Common name (CN). [default: NAME]"),
    _subject_part("organization", "Organization (O).", "Organization (O), Enter to leave it out:", may_be_preset=True),
    _subject_part("organizational_unit", "Organizational unit (OU)."),
    _subject_part("locality", "Locality (L), a city."),
    _subject_part("state", "State or province (ST)."),
    _subject_part(
        "country", "Country (C), two letters.", "Country (C), two letters, Enter to leave it out:", may_be_preset=True
    ),
    _subject_part("email", "Mail address in the subject."),
    Field(
        "subject",
        str,
        "The whole subject, RFC 4514: 'CN=pay,O=Acme,C=DE'.",
        ("--subject",),
        metavar="DN",
        group=Group.SUBJECT,
        into="rfc4514",
    ),
)


def _some_names(answer: str) -> None:
    from sfkeytool.crypto.names import parse_san

    if not answer:
        raise UsageError("usage.san", "a custom domain's certificate needs at least one")
    parse_san(answer.split())


SAN = Field(
    "san",
    list[str],
    "Subject alternative name: DNS name, IP, mail address or URI. Repeatable.",
    ("--san",),
    metavar="VALUE",
    group=Group.SUBJECT,
    question=Question(
        "DNS names that it is for, separated by blanks:",
        check=_some_names,
        menu_only=True,
        when=lambda values: values.get("purpose") is Purpose.DOMAIN,
    ),
)
