"""From a command's values to its request: the one way, whether the values come from flags or from answers.

Apart from the commands, because requests cost time to import and ``--help`` needs none.
"""

import os.path
from pathlib import Path

from sfkeytool.cli import options
from sfkeytool.cli.fields import Values
from sfkeytool.errors import UsageError
from sfkeytool.names import parse_unique_name
from sfkeytool.passwords import Source, parse_source
from sfkeytool.workflows.requests import (
    CheckRequest,
    CompareRequest,
    CsrRequest,
    ExplainRequest,
    KeyRequest,
    SelfSignedRequest,
    ShowRequest,
    SubjectRequest,
    UnwrapRequest,
    WrapRequest,
)


def build_self_signed_request(values: Values) -> SelfSignedRequest:
    """The request that these values make. Raises UsageError."""
    return SelfSignedRequest(
        name=_name(values),
        subject=_subject(values),
        san=tuple(values["san"] or ()),
        purpose=values["purpose"],
        key=_key_request(values),
        days=values["days"],
        password=parse_source(values["password"], "--password", may_generate=True),
        output_dir=_output_dir(values),
        force=bool(values["force"]),
    )


def build_csr_request(values: Values) -> CsrRequest:
    """The request that these values make. Raises UsageError."""
    return CsrRequest(
        name=_name(values),
        subject=_subject(values),
        san=tuple(values["san"] or ()),
        purpose=values["purpose"],
        key=_key_request(values),
        output_dir=_output_dir(values),
        force=bool(values["force"]),
    )


def build_wrap_request(values: Values) -> WrapRequest:
    """The request that these values make. Raises UsageError."""
    return WrapRequest(
        name=_name(values),
        files=tuple(values["files"]),
        purpose=values["purpose"],
        password=parse_source(values["password"], "--password", may_generate=True),
        alias=values["alias"],
        key_password=parse_source(values["key_password"], "--key-password") if values["key_password"] else None,
        input_passwords=tuple(parse_source(text, "--input-password") for text in values["input_password"] or ()),
        output_dir=_output_dir(values),
        force=bool(values["force"]),
    )


def build_unwrap_request(values: Values) -> UnwrapRequest:
    """The request that these values make. Raises UsageError."""
    return UnwrapRequest(
        file=values["file"],
        alias=values["alias"],
        passwords=_passwords(values),
        key_password=parse_source(values["key_password"], "--key-password") if values["key_password"] else None,
        output_dir=_output_dir(values),
        force=bool(values["force"]),
    )


def build_show_request(values: Values) -> ShowRequest:
    """The request that these values make. Raises UsageError."""
    return ShowRequest(tuple(values["files"]), _passwords(values))


def build_compare_request(values: Values) -> CompareRequest:
    """The request that these values make. Raises UsageError."""
    return CompareRequest(
        values["left"],
        values["right"],
        _passwords(values),
    )


def build_check_request(values: Values) -> CheckRequest:
    """The request that these values make. Raises UsageError."""
    new_password = values["new_password"]
    if not values["fix"] and (new_password or values["output_dir"]):
        flag = "--new-password" if new_password else "--output-dir"
        raise UsageError("usage.without-fix", f"{flag} is about the repaired copies that --fix makes", "add --fix")
    return CheckRequest(
        files=tuple(values["files"]),
        profile=values["profile"],
        purpose=values["purpose"],
        as_of=options.parse_date(values["as_of"]) if values["as_of"] else None,
        passwords=_passwords(values),
        fix=bool(values["fix"]),
        new_password=parse_source(new_password, "--new-password", may_generate=True) if new_password else None,
        output_dir=_output_dir(values),
        force=bool(values["force"]),
    )


def build_explain_request(values: Values) -> ExplainRequest:
    """The request that these values make. Raises UsageError."""
    if values["list"] and values["text"]:
        raise UsageError("usage.explain", "--list takes no text", "leave out one of the two")
    if not values["list"] and not values["text"]:
        raise UsageError("usage.missing", "missing: TEXT", "see all that is known: sfkeytool explain --list")
    return ExplainRequest(" ".join(values["text"]) if values["text"] else None)


def _name(values: Values) -> str:
    given = values["name"]
    try:
        return parse_unique_name(given).value
    except UsageError as error:
        if not os.path.isfile(given):
            raise
        raise UsageError(
            error.code, f"{given} is a file; the first argument is NAME", "NAME FILE… in this order"
        ) from None


def _output_dir(values: Values) -> Path | None:
    given = values["output_dir"]
    if given == "":
        raise UsageError("usage.output-dir", "--output-dir is empty: is a variable not set?")
    return Path(given) if given is not None else None


def _passwords(values: Values) -> tuple[Source, ...]:
    """Of files that are read; each is tried."""
    return tuple(parse_source(text, "--password") for text in values["password"] or ())


def _subject(values: Values) -> SubjectRequest:
    parts = {field.name: values[field.name] for field in options.SUBJECT if field.name != "subject"}
    return SubjectRequest(rfc4514=values["subject"], **parts)


def _key_request(values: Values) -> KeyRequest:
    key_password = values["key_password"]
    return KeyRequest(
        file=values["key"],
        bits=options.parse_bits(values["key_size"]) if values["key_size"] else None,
        password=parse_source(key_password, "--key-password") if key_password else None,
        input_passwords=tuple(parse_source(text, "--input-password") for text in values["input_password"] or ()),
    )
