"""The messages that people were shown, the answer that each should get, and how many get it.

``messages/*.json`` holds them by who says them. A source is the address of a public report, or the program, its version
and the command line that printed it; names, hosts and keys of real orgs are replaced. ``answer`` is the id of the right
explanation, or None where nothing should be said: it is about something else, or its meaning is not known.

`python tests/message_table.py` prints the table, and with ``--wrong`` the messages that miss their answer.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from sfkeytool.acceptance.explanations.logs import find_in_log
from sfkeytool.acceptance.explanations.matching import match_messages

FOLDER = Path(__file__).parent / "messages"


class Shown(Struct, frozen=True):
    """A message as somebody was shown it."""

    speaker: str
    text: str
    source: str
    answer: str | None

    @property
    def given(self) -> str | None:
        """The id of the first explanation that the text gets, piped into ``explain``; None if it gets none."""
        found = [each.match for each in find_in_log(enumerate(self.text.splitlines(), 1))]
        return next((match.explanation.id for match in found or match_messages(self.text)), None)


def shown_messages() -> tuple[Shown, ...]:
    """All of them, by speaker."""
    return tuple(
        Shown(file.stem, entry["text"], entry["source"], entry["answer"])
        for file in sorted(FOLDER.glob("*.json"))
        for entry in json.loads(file.read_text(encoding="utf-8"))
    )


def ordinary_lines() -> list[str]:
    """Lines of logs in which nothing is about keys, certificates or logins."""
    return [
        line
        for file in sorted(FOLDER.glob("*.log"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def table_lines() -> Iterator[str]:
    """The table, Markdown: a row a speaker, and the sum."""
    messages = shown_messages()
    yield "| who says it | messages | right | wrong | no answer, though there is one | none, rightly |"
    yield "|---|---|---|---|---|---|"
    for speaker in (*dict.fromkeys(each.speaker for each in messages), "all"):
        mine = [each for each in messages if speaker in ("all", each.speaker)]
        pairs = [(each.answer, each.given) for each in mine]
        right = sum(answer == given is not None for answer, given in pairs)
        wrong = sum(given is not None and answer != given for answer, given in pairs)
        silent = sum(given is None and answer is not None for answer, given in pairs)
        yield f"| {speaker} | {len(mine)} | {right} | {wrong} | {silent} | {pairs.count((None, None))} |"


def main(arguments: list[str]) -> None:
    """Prints the table, or what is wrong in it."""
    if arguments == ["--wrong"]:
        for each in shown_messages():
            if each.given != each.answer:
                print(f"{each.speaker}: {each.answer} wanted, {each.given} given: {each.text!r} ({each.source})")
        return
    print("\n".join(table_lines()))


if __name__ == "__main__":
    main(sys.argv[1:])
