"""What the shells' completion offers at the cursor, from the commands' own definitions.

Typer is not asked, nor imported: a Tab is answered in the time of a bare run. Nothing is written, no other program
started, no network used.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from sfkeytool.cli.commands import ABOUT, GROUPS, TABLE, Row
from sfkeytool.cli.completion_scripts import ASKED_BY, LINE, Shell
from sfkeytool.cli.fields import Field, Offer
from sfkeytool.names import is_unique_name

_BREAKS = "_SFKEYTOOL_BREAKS"
_ENTRIES = 5_000
"""Entries of the current folder that are looked at: our own bound."""
_SOURCES = (
    ("env:", "a variable of the environment"),
    ("file:", "a file"),
    ("cmd:", "what a command prints, run without a shell"),
    ("prompt", "asked for"),
    ("stdin", "piped into the command"),
)
_KEY_SOURCES = (_SOURCES[0], _SOURCES[2], ("prompt", "pasted, not shown"))
_GENERATE = ("generate", "a strong one is made")


class Candidate(NamedTuple):
    value: str
    help: str = ""


class Completed(Struct, frozen=True):
    """``path`` is "file" or "folder" where the shell is to go on with its own, behind ``prefix``."""

    candidates: tuple[Candidate, ...] = ()
    path: str = ""
    prefix: str = ""


def answer(environ: Mapping[str, str]) -> str:
    """What a shell reads that has asked with the variables of completion_scripts. Never raises."""
    try:
        shell = Shell(environ[ASKED_BY])
        words, current = split_line(environ.get(LINE, ""), "`" if shell is Shell.POWERSHELL else "\\")
        completed = complete_words(words[1:], current, environ)
    except Exception:  # a Tab is no place for an error
        return "\n"
    return _encoded(completed, current, shell, environ.get(_BREAKS, ""))


def _encoded(completed: Completed, current: str, shell: Shell, breaks: str) -> str:
    candidates: Sequence[Candidate] = completed.candidates
    cut = 0
    if shell in (Shell.BASH, Shell.FISH) and completed.path and not current.removeprefix(completed.prefix):
        candidates = ()  # these show either candidates or files
    if shell is Shell.BASH:
        # What bash replaces begins behind the last of these.
        cut = 1 + max((current.rfind(mark) for mark in breaks), default=-1)
    lines = [f"{completed.path}\t{completed.prefix}" if completed.path else ""]
    lines += (f"{each.value[cut:]}\t{' '.join(each.help.split())}" for each in candidates)
    return "\n".join(lines) + "\n"


def split_line(line: str, escape: str) -> tuple[list[str], str]:
    """The words before the cursor, and the one that it stands behind, without their quotes; a quotation mark may be
    open still. Pure."""
    words: list[str] = []
    word: str | None = None
    quote = ""
    characters = iter(line)
    for character in characters:
        if character == escape and quote != "'":
            word = (word or "") + next(characters, "")
        elif quote:
            quote, added = ("", "") if character == quote else (quote, character)
            word = (word or "") + added
        elif character in "'\"":
            quote, word = character, word or ""
        elif not character.isspace():
            word = (word or "") + character
        elif word is not None:
            words.append(word)
            word = None
    return words, word or ""


def complete_words(words: Sequence[str], current: str, environ: Mapping[str, str]) -> Completed:
    """What fits after ``words``, which follow the program's name, and begins with ``current``."""
    from sfkeytool.cli.help import HELP, ROOT_OPTIONS, options_of

    rows = {row.name: row for row in (*TABLE, *ABOUT)}
    name, rest = _command_in(words, rows)
    if name in rows:
        command = rows[name].load()
        return _of_command((*options_of(rows[name], command), HELP), rest, current, environ)
    root = () if name else ROOT_OPTIONS
    if rest or current.startswith("-"):
        return _of_command(root, rest, current, environ)
    return _beginning(_next_words(rows.values(), name), current)


def _command_in(words: Sequence[str], rows: Mapping[str, Row]) -> tuple[str, Sequence[str]]:
    """The command or group, and the words behind it; the root's own options are passed over."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        if words[at] == "--color":
            if at + 1 == len(words):
                return "", words[at:]
            at += 1
        at += 1
    name = words[at] if at < len(words) else ""
    if name in GROUPS and at + 1 < len(words):
        at += 1
        name = f"{name} {words[at]}"
    if name in rows or name in GROUPS or not name:
        return name, words[at + 1 :]
    return name, ()


def _next_words(rows: Iterable[Row], said: str) -> Iterator[Candidate]:
    """Commands whose names begin with the words of ``said``, each by its next word."""
    lead = f"{said} " if said else ""
    found: dict[str, str] = {}
    for row in rows:
        if row.name.startswith(lead):
            word, _, more = row.name[len(lead) :].partition(" ")
            found.setdefault(word, GROUPS[word] if more and not said else row.summary)
    return (Candidate(word, what) for word, what in found.items())


def _of_command(fields: Sequence[Field], words: Sequence[str], current: str, environ: Mapping[str, str]) -> Completed:
    by_flag = {flag: field for field in fields for flag in field.flags}
    positional = [field for field in fields if not field.flags]
    given: list[Field] = []
    arguments: list[str] = []
    waiting: Field | None = None
    options_ended = False
    for word in words:
        if waiting is not None:
            waiting = None
        elif options_ended or not word.startswith("-") or word == "-":
            arguments.append(word)
        elif word == "--":
            options_ended = True
        elif field := by_flag.get(word.partition("=")[0]):
            given.append(field)
            waiting = field if field.type is not bool and "=" not in word else None
    if waiting is not None:
        return _values(waiting, current, "", (), environ)
    if current.startswith("-") and not options_ended:
        flag, equals, value = current.partition("=")
        if equals:
            return _values(by_flag[flag], value, f"{flag}=", (), environ) if flag in by_flag else Completed()
        return _beginning(_flags(fields, given), current)
    at = min(len(arguments), len(positional) - 1)
    if positional and (at == len(arguments) or positional[-1].many):
        return _values(positional[at], current, "", arguments[at:], environ)
    return _beginning(_flags(fields, given), current)


def _flags(fields: Iterable[Field], given: Sequence[Field]) -> Iterator[Candidate]:
    for field in fields:
        if field.flags and (field.many or field not in given):
            yield Candidate(field.flags[0], field.help.partition(" [default")[0])


def _values(field: Field, value: str, prefix: str, before: Sequence[str], environ: Mapping[str, str]) -> Completed:
    """Of one field; ``prefix`` stands before it in the same word, ``before`` are its values so far."""
    match field.offer:
        case Offer.SOURCE | Offer.NEW_PASSWORD | Offer.KEY_FILE:
            return _sources(field.offer, value, prefix, environ)
        case Offer.FILE | Offer.FOLDER:
            return Completed(path=str(field.offer), prefix=prefix)
        case None if _is_path(field):
            return Completed(path=str(Offer.FOLDER if field.metavar == "DIR" else Offer.FILE), prefix=prefix)
    if field.listed:
        lead = value[: value.rfind(",") + 1]
        chosen = set(lead.split(","))
        found = _words(field, before, environ)
        words: Iterable[Candidate] = (Candidate(lead + each.value) for each in found if each.value not in chosen)
    else:
        words = _words(field, before, environ)
    return _beginning((Candidate(prefix + each.value, each.help) for each in words), prefix + value)


def _is_path(field: Field) -> bool:
    return field.type is Path or field.type == list[Path]


def _words(field: Field, before: Sequence[str], environ: Mapping[str, str]) -> Iterable[Candidate]:
    match field.offer:
        case Offer.NAME:
            return map(Candidate, _names_here())
        case Offer.ORG:
            from sfkeytool.edge.cli_orgs import known_orgs

            return (
                Candidate(org.name, org.username if org.username != org.name else "") for org in known_orgs(environ)
            )
        case Offer.EXPLAINED:
            return () if before else _explained()
        case Offer.HELP:
            from sfkeytool.cli.topics import TOPICS

            topics = () if before else (Candidate(name, topic.title) for name, topic in TOPICS.items())
            return (*_next_words((*TABLE, *ABOUT), " ".join(before)), *topics)
        case tuple():
            return map(Candidate, field.offer)
        case None if isinstance(field.type, type) and issubclass(field.type, Enum):
            return (Candidate(str(each.value)) for each in field.type)
        case None if field.question is not None and field.question.kind == "choice":
            return (Candidate(choice.value, choice.title) for choice in field.question.choices)
    return ()


def _sources(offer: Offer, value: str, prefix: str, environ: Mapping[str, str]) -> Completed:
    """Words that say where a secret comes from, names of variables, paths."""
    kind, colon, _ = value.partition(":")
    if colon and kind == "env":
        names = sorted(name for name in environ if name.isidentifier() and name.isascii() and not name.startswith("_"))
        return _beginning((Candidate(f"{prefix}env:{name}") for name in names), prefix + value)
    if colon and kind == "file" and offer is not Offer.KEY_FILE:
        return Completed(path=str(Offer.FILE), prefix=f"{prefix}file:")
    if offer is Offer.KEY_FILE:
        found = _beginning((Candidate(prefix + word, what) for word, what in _KEY_SOURCES), prefix + value)
        return Completed(found.candidates, str(Offer.FILE), prefix)
    sources: Iterable[Any] = (*_SOURCES, _GENERATE) if offer is Offer.NEW_PASSWORD else _SOURCES
    return _beginning((Candidate(prefix + word, what) for word, what in sources), prefix + value)


def _names_here() -> list[str]:
    """Folders of the current one that have a receipt; no other name can be one of a certificate."""
    try:
        with os.scandir() as entries:
            names = [entry.name for entry in islice(entries, _ENTRIES) if is_unique_name(entry.name)]
    except OSError:
        return []
    return sorted(name for name in names if os.path.isfile(os.path.join(name, f"{name}.json")))  # noqa: PTH118


def _explained() -> Iterator[Candidate]:
    from sfkeytool.acceptance.catalogue import CATALOGUE

    return (Candidate(rule.id, rule.title) for rule in CATALOGUE)


def _beginning(candidates: Iterable[Candidate], current: str) -> Completed:
    return Completed(tuple(each for each in candidates if each.value.startswith(current)))
