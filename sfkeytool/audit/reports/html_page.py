"""The inventory as one page for a browser: how much hurts, then org by org what to do and how long everything lives.

Nothing from anywhere else, and no script but its own, by which it is searched: its policy forbids all other. Without
that script the page is whole. Colours follow the reader's light or dark setting, and each of them stands beside a word.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from sfkeytool.audit.counts import count, count_line
from sfkeytool.audit.model import Inventory, Item, OrgReading, Person, Source, Status, Step
from sfkeytool.audit.reports.html_rows import Axis, Row, escape, row_markup, rows_of
from sfkeytool.audit.reports.html_style import SCRIPT, SCRIPT_HASH, STYLE
from sfkeytool.audit.reports.order import grouped
from sfkeytool.audit.reports.table import unused_line
from sfkeytool.audit.stops import stop_text
from sfkeytool.shell import shell_line

_POLICY = (
    f"default-src 'none'; style-src 'unsafe-inline'; script-src '{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'"
)

_MOST_OPEN = 60
"""Rows of a page that are shown at once; of a longer one only the first org is unfolded."""
_MOST_STEPS_OPEN = 4

_OPTION = re.compile(r"(?<= )--?[a-z][a-z-]*")

_CARDS = {
    "uncovered": ("uncovered", "apps that no mail of Salesforce tells of, as far as was seen"),
    "due": ("due", "expire soon: renew them now"),
    "expired": ("expired", "renew whatever is still in use"),
    "fine": ("fine", "nothing to do yet"),
    "unknown": ("without a known date", "could not be read, or wait for a CA"),
}
"""What hurts is in front."""


def encode(inventory: Inventory) -> Iterator[bytes]:
    """The whole page, UTF-8. Pure."""
    return (f"{line}\n".encode("utf-8", "replace") for line in _page(inventory))


def _page(inventory: Inventory) -> Iterator[str]:
    at = f"{inventory.at:%Y-%m-%d %H:%M} UTC"
    groups = {label: rows_of(items) for label, items in grouped(inventory)}
    for source in inventory.sources:
        groups.setdefault(source.label, [])
    rows = [row for found in groups.values() for row in found]
    yield "<!doctype html><!--sfkeytool audit-->"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Certificates on {inventory.at.date()}</title><style>{STYLE}</style></head><body>"
    yield f'<header><h1>Certificates</h1><p class="soft">as seen by sfkeytool audit on {at}</p></header><main>'
    axis = Axis.of(rows, inventory.at)
    yield '<svg width="0" height="0" aria-hidden="true" class="unseen">'
    yield f"<defs>{''.join(axis.definitions())}</defs></svg>"
    yield from _cards(rows)
    yield from _search()
    told: dict[tuple[str, ...], str] = {}
    for number, (label, found) in enumerate(groups.items()):
        sources = [source for source in inventory.sources if source.label == label]
        is_open = number == 0 or len(rows) <= _MOST_OPEN
        yield from _group(label, found, sources, axis, is_open=is_open, told=told)
    yield "</main><footer>"
    if unused := unused_line(inventory):
        yield f'<p class="soft">{escape(unused)}.</p>'
    yield f'<p class="soft">By places, as the last line of the command: {escape(count_line(count(inventory)))}</p>'
    yield f"</footer><script>{SCRIPT}</script></body></html>"


def _states(rows: Sequence[Row]) -> Counter[str]:
    return Counter(state for row in rows for state in row.states)


def _cards(rows: Sequence[Row]) -> Iterator[str]:
    """How many rows of each state; what decides nothing, such as CAs in chains, is in none."""
    numbers = _states(rows)
    yield '<ul class="cards">'
    for state, (word, meaning) in _CARDS.items():
        if numbers[state] or state != "unknown":
            tone = state if numbers[state] else f"{state} none"
            yield f'<li class="{tone}"><b>{numbers[state]}</b><strong>{word}</strong><small>{meaning}</small></li>'
    yield "</ul>"
    yield '<ul class="key"><li>'
    yield '<svg aria-hidden="true"><rect class="bar fine" y="1" width="100%" height="14" rx="3"/></svg>'
    yield "how long a certificate lives, and its days left; an arrow goes on</li>"
    yield '<li><svg aria-hidden="true"><line class="today" x1="50%" x2="50%" y1="0" y2="100%"/></svg>today</li>'
    yield '<li><svg aria-hidden="true"><use href="#mail" x="50%" y="50%"/></svg>'
    yield "a day on which CKM mails, give or take one, should it hold the certificate</li></ul>"


def _search() -> Iterator[str]:
    """Shown by the script alone, without which it would do nothing."""
    options = "".join(f'<option value="{state}">{word}</option>' for state, (word, _) in _CARDS.items())
    yield '<div class="find" role="search" hidden>'
    yield '<label for="text">Find a name, a place, a fingerprint'
    yield '<input id="text" type="search" autocomplete="off"></label>'
    yield f'<label for="state">Show<select id="state"><option value="">everything</option>{options}</select></label>'
    yield '<button type="button" id="unfold">Unfold all</button><button type="button" id="fold">Fold all</button>'
    yield '<output id="told" for="text state"></output></div>'


def _group(
    label: str,
    rows: Sequence[Row],
    sources: Sequence[Source],
    axis: Axis,
    *,
    is_open: bool,
    told: dict[tuple[str, ...], str],
) -> Iterator[str]:
    """An org, or a folder. ``told`` has whose step a command was first, and grows."""
    org = next((source.org for source in sources if source.org is not None), None)
    numbers = _states(rows)
    chips = "".join(
        f'<span class="chip {state}">{numbers[state]} {word}</span>'
        for state, (word, _) in _CARDS.items()
        if numbers[state]
    )
    yield f'<details class="org"{" open" if is_open else ""}><summary><h2>{escape(label)}</h2>'
    yield f'<span class="soft">{_identity(org)}</span><span class="chips">{chips}</span></summary><div>'
    for source in sources:
        yield from (f'<p class="problem">Not read: {escape(problem.message)}</p>' for problem in source.problems)
    yield from _advice(rows, told)
    shown = [row for row in rows if not row.is_apart]
    apart = [row for row in rows if row.is_apart]
    if shown:
        yield "<h3>How long they live</h3>"
        yield from _table(f"{_certificates(len(shown))} of {label}, what expires first on top", shown, axis)
    elif not apart:
        yield '<p class="soft">No certificate was found.</p>'
    if apart:
        decide = "decides" if len(apart) == 1 else "decide"
        yield f'<details class="fold"><summary>{_certificates(len(apart))} that {decide} nothing</summary>'
        yield from _table("CAs of chains, what is replaced, and what the publisher of a package renews", apart, axis)
        yield "</details>"
    if org is not None:
        yield '<details class="fold"><summary>Whom Salesforce mails</summary>'
        yield from _recipients(org)
        yield "</details>"
    yield "</div></details>"


def _identity(org: OrgReading | None) -> str:
    if org is None or not org.identity.org_id:
        return ""
    found = org.identity
    kind = {True: "sandbox", False: "production", None: "org"}[found.is_sandbox]
    return escape(" · ".join(filter(None, (kind, found.name, found.org_id, found.instance_url))))


def _certificates(number: int) -> str:
    return f"{number} certificate{'' if number == 1 else 's'}"


def _table(caption: str, rows: Sequence[Row], axis: Axis) -> Iterator[str]:
    """With its roles in words: some browsers forget them where a table is laid out as a grid."""
    headings = (
        ("State", ""),
        ("Certificate", ""),
        ("Expires", ""),
        (f'<span class="unseen">Life</span><svg aria-hidden="true">{"".join(axis.labels())}</svg>', "life"),
        ("Mails", ""),
        ('<span class="unseen">Details</span>', "unseen"),
    )
    yield f'<table role="table"><caption>{escape(caption)}</caption><thead role="rowgroup"><tr role="row">'
    yield "".join(f'<th role="columnheader" scope="col" class="{name}">{text}</th>' for text, name in headings)
    yield '</tr></thead><tbody role="rowgroup">'
    yield from (row_markup(row, axis) for row in rows)
    yield "</tbody></table>"


def _advice(rows: Sequence[Row], told: dict[tuple[str, ...], str]) -> Iterator[str]:
    """What hurts is in front. ``told`` has whose step a command was first, and grows."""
    advised = sorted((row for row in rows if any(item.advice for item in row.items)), key=lambda row: row.is_apart)
    if not advised:
        return
    is_open = " open" if len(advised) <= _MOST_STEPS_OPEN else ""
    yield '<h3>What to do</h3><ul class="todo">'
    for row in advised:
        item, *others = (item for item in row.items if item.advice)
        wrong, own = _lead(item)
        lead = f"<b>{escape(item.carrier.name)}</b> {escape(wrong)}"
        steps = [_step(step, _full_name(item), told) for step in own]
        for other in others:
            its = f"{escape(f'{other.carrier.kind} {other.carrier.name}')}: "
            further = (step for step in other.advice if not step.is_general and step.what != wrong)
            steps += [its + _step(step, _full_name(other), told) for step in further]
        stops = item.stops if item.status in (Status.DUE, Status.EXPIRED) else ()
        yield f'<li data-state="{" ".join(row.states)}">'
        if not (steps or stops):
            yield f"<p>{lead}</p></li>"
            continue
        yield f"<details{is_open}><summary>{lead}</summary><div>"
        yield from (f"<p>Stops: {escape(stop_text(stop, with_source=False))}</p>" for stop in stops)
        if steps:
            yield f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol>"
        yield "</div></details></li>"
    yield "</ul>"
    steps_of_all = (step for row in advised for item in row.items for step in item.advice)
    general = dict.fromkeys(step.what for step in steps_of_all if step.is_general)
    yield from (f'<p class="soft">{escape(what)}.</p>' for what in general)


def _lead(item: Item) -> tuple[str, list[Step]]:
    """What is wrong, in a line, and the steps that help."""
    steps = [step for step in item.advice if not step.is_general]
    if item.wants_cover and item.status is Status.FINE:
        return (
            f"{'no mail tells of its expiry' if item.ckm_read else 'no keystore of it was seen'}: be warned in time",
            steps,
        )
    if steps and not steps[0].command:
        return steps[0].what, steps[1:]
    return "", steps


def _full_name(item: Item) -> str:
    return f"{item.carrier.source}: {item.carrier.name}" if item.carrier.in_org else item.carrier.name


def _step(step: Step, name: str, told: dict[tuple[str, ...], str]) -> str:
    """Prose, and below it the command to copy, in which no option is broken."""
    if step.command and (first := told.setdefault(step.command, name)) != name:
        return escape(f"{step.what}: as for {first}")
    if not step.command:
        return escape(step.what)
    command = _OPTION.sub(r"<span>\g<0></span>", escape(shell_line(step.command)))
    button = '<button type="button" hidden>Copy</button>'
    return f'{escape(step.what)}:<div class="command"><code>{command}</code>{button}</div>'


def _recipients(org: OrgReading) -> Iterator[str]:
    yield f'<p>{escape(org.recipients.in_words)}.</p><ul class="people">'
    yield f"<li>permission Receive Certificate Expiration Notifications: {_people(org.recipients.by_permission)}</li>"
    yield f"<li>admins: {_people(org.recipients.admins)}</li></ul>"


def _people(people: Sequence[Person] | None) -> str:
    if people is None:
        return "could not be read"
    named = (
        escape(person.username) + (f" ({escape(', '.join(person.flags))})" if person.flags else "") for person in people
    )
    return "; ".join(named) or "nobody"
