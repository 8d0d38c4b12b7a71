"""The inventory as one page for a browser: a timeline to look at, then everything as a table.

No script, no picture, nothing from anywhere else: its own policy forbids it. Colours follow the reader's light or dark
setting, and each of them stands beside a word.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from html import escape as escape_markup

from sfkeytool.audit.counts import count, count_line
from sfkeytool.audit.model import Coverage, Inventory, Item, OrgReading, Person, Source, Status, Step
from sfkeytool.audit.reports.table import unused_line
from sfkeytool.audit.stops import stop_text
from sfkeytool.crypto.certificates import iso_utc
from sfkeytool.crypto.names import escape_unprintable
from sfkeytool.shell import shell_line

_MOST_ROWS = 200
"""Of the timeline: beyond, nobody looks, and the table has them all."""

_PAST = timedelta(days=60)
_LONGEST = timedelta(days=3 * 365)
"""How far the timeline goes: from two months ago to the last expiry, three years ahead at most."""

_ROW, _TOP, _LABEL, _WIDTH = 26, 30, 280, 1200
_STATUSES = ("expired", "due", "fine", "unknown")
_WORDS = {
    "expired": "expired",
    "due": "due",
    "fine": "fine",
    "unknown": "without a known date",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --line: #d0d7de; --band: #f6f8fa;
  --expired: #b3131f; --due: #8f5700; --fine: #116329; --unknown: #57606a; --mail: #0a4fa3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #0d1117; --line: #30363d;
  --band: #161b22; --expired: #ff8f8a; --due: #f0b44c; --fine: #6fd08c; --unknown: #9aa5b1; --mail: #7db8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 90rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); } code { overflow-wrap: anywhere; }
ul.counts { list-style: none; display: flex; flex-wrap: wrap; gap: .75rem; padding: 0; margin: 1rem 0; }
ul.counts li { border: 1px solid var(--line); border-left: .4rem solid var(--ink); border-radius: .4rem;
  padding: .4rem .9rem; background: var(--band); }
ul.counts b { display: block; font-size: 1.5rem; line-height: 1.2; }
ul.advice li { margin: .3rem 0; }
.expired { --tone: var(--expired); } .due { --tone: var(--due); } .fine { --tone: var(--fine); }
.unknown { --tone: var(--unknown); }
ul.counts li.expired, ul.counts li.due, ul.counts li.fine, ul.counts li.unknown { border-left-color: var(--tone); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; }
.scroll:focus-visible { outline: 3px solid var(--mail); }
svg { display: block; min-width: 60rem; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .soft { fill: var(--soft); }
svg .grid { stroke: var(--line); } svg .today { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 4 3; }
svg .life { fill: var(--tone); opacity: .75; } svg .mail { fill: var(--mail); stroke: var(--paper); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
thead th { background: var(--band); position: sticky; top: 0; } td.number { text-align: right; }
caption { text-align: left; padding: .4rem .6rem; color: var(--soft); }
.status { color: var(--tone); font-weight: 700; } td.where, td code { overflow-wrap: anywhere; }
tr.apart { color: var(--soft); }
@media print { body { max-width: none; padding: 0; } thead th { position: static; } }
"""


def encode(inventory: Inventory) -> bytes:
    """The whole page, UTF-8. Pure."""
    return "\n".join(_page(inventory)).encode("utf-8", "replace")


def _page(inventory: Inventory) -> Iterator[str]:
    at = f"{inventory.at:%Y-%m-%d %H:%M} UTC"
    yield "<!doctype html><!--sfkeytool audit-->"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Certificates on {inventory.at.date()}</title><style>{_STYLE}</style></head><body>"
    yield f'<header><h1>Certificates</h1><p class="soft">as seen by sfkeytool audit on {at}</p></header><main>'
    yield from _counts(inventory.items)
    yield from _advice(inventory.items)
    yield from _timeline(inventory)
    yield from _table(inventory.items, unused_line(inventory))
    yield from _sources(inventory.sources)
    yield f'<p class="soft">{escape(count_line(count(inventory)))}</p>'
    yield "</main></body></html>"
    yield ""


def _counts(items: Sequence[Item]) -> Iterator[str]:
    """How many of each status; what decides nothing, such as CAs in chains, is left out."""
    statuses = Counter(str(item.status) for item in items if item.counts or item.status is Status.UNKNOWN)
    yield '<ul class="counts">'
    for status in _STATUSES:
        yield f'<li class="{status}"><b>{statuses[status]}</b>{_WORDS[status]}</li>'
    coverage = Counter(
        str(item.coverage)
        for item in items
        if item.coverage and (item.coverage is not Coverage.UNCOVERED or item.wants_cover)
    )
    yield from (
        f"<li><b>{count}</b>app{'s' if count > 1 else ''}: {escape(name)}</li>"
        for name, count in sorted(coverage.items())
    )
    yield "</ul>"


def _advice(items: Sequence[Item]) -> Iterator[str]:
    advised = [item for item in items if item.advice]
    if not advised:
        return
    told: dict[tuple[str, ...], str] = {}
    yield '<section><h2>What to do</h2><ul class="advice">'
    for item in advised:
        carrier = item.carrier
        name = f"{carrier.source}: {carrier.name}" if carrier.in_org else carrier.name
        own = [step for step in item.advice if not step.is_general]
        first, *rest = [_step(step, name, told) for step in own] or [""]
        yield f"<li><b>{escape(name)}</b>: {first}"
        if item.status in (Status.DUE, Status.EXPIRED):
            rest = [*(f"stops: {escape(stop_text(stop, with_source=False))}" for stop in item.stops), *rest]
        if rest:
            yield f"<ul>{''.join(f'<li>{text}</li>' for text in rest)}</ul>"
        yield "</li>"
    yield "</ul>"
    general = dict.fromkeys(step.what for item in advised for step in item.advice if step.is_general)
    yield from (f'<p class="soft">{escape(what)}.</p>' for what in general)
    yield "</section>"


def _step(step: Step, name: str, told: dict[tuple[str, ...], str]) -> str:
    """A step, and its command on a line of its own; ``told`` has whose step a command was first, and grows."""
    if step.command and (first := told.setdefault(step.command, name)) != name:
        return escape(f"{step.what}: as for {first}")
    command = f"<br><code>{escape(shell_line(step.command))}</code>" if step.command else ""
    return escape(step.what) + (":" if command else "") + command


def _timeline(inventory: Inventory) -> Iterator[str]:
    dated = [item for item in inventory.items if _has_a_bar(item)]
    if not dated:
        return
    shown = dated[:_MOST_ROWS]
    begin = inventory.at - _PAST
    last = max(item.carrier.not_after or inventory.at for item in shown)
    end = min(max(last, inventory.at + timedelta(days=90)), inventory.at + _LONGEST) + timedelta(days=15)
    height = _TOP + _ROW * len(shown) + 10

    def x(moment: datetime) -> float:
        share = (min(max(moment, begin), end) - begin) / (end - begin)
        return round(_LABEL + (_WIDTH - _LABEL - 20) * share, 1)

    yield '<section><h2 id="timeline">What expires first</h2>'
    yield (
        '<p class="soft">Each bar ends on the day of expiry, or goes on with an arrow; the dashed line is today.'
        " Diamonds are days on which CKM mails, give or take one, should it hold the certificate: 60, 30 and 10 days"
        " before the expiry whoever has the permission, the day before and on the day administrators. The table below"
        " has the same in words.</p>"
    )
    yield '<div class="scroll" tabindex="0" role="region" aria-labelledby="timeline">'
    yield f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="timeline">'
    for month in _ticks(begin, end):
        at = x(datetime.combine(month, time(), UTC))
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{_TOP - 6}" y2="{height}"/>'
        yield f'<text class="soft" x="{at + 3}" y="{_TOP - 12}">{month:%b %Y}</text>'
    for number, item in enumerate(shown):
        yield from _bar(item, _TOP + _ROW * number, x, end)
    today = x(inventory.at)
    yield f'<line class="today" x1="{today}" x2="{today}" y1="{_TOP - 6}" y2="{height}"/></svg></div>'
    if len(dated) > len(shown):
        yield f'<p class="soft">The first {len(shown)} of {len(dated)}.</p>'
    yield "</section>"


def _has_a_bar(item: Item) -> bool:
    """What names a certificate has none of its own: that of the certificate is there."""
    carrier = item.carrier
    return carrier.not_after is not None and not (carrier.in_chain or carrier.reference or item.unused)


def _bar(item: Item, top: int, x: Callable[[datetime], float], end: datetime) -> Iterator[str]:
    """One line of the timeline, which ends at ``end``: what lives longer goes on with an arrow, and has no mail yet."""
    carrier = item.carrier
    not_after = carrier.not_after
    if not_after is None:
        return
    not_before = carrier.certificate.not_before if carrier.certificate else not_after
    left, right = x(min(not_before, not_after)), x(not_after)
    name = f"{carrier.source}: {carrier.name}" if carrier.in_org else carrier.name
    name = name if len(name) <= 38 else name[:37] + "…"
    words = f"{carrier.name}: {item.status}, until {not_after.date()}"
    yield f"<g><title>{escape(words)}</title>"
    yield f'<text x="10" y="{top + 16}">{escape(name)}</text>'
    width = max(round(right - left, 1), 3)
    yield f'<rect class="life {item.status}" x="{left}" y="{top + 5}" width="{width}" height="14" rx="3"/>'
    if not_after > end:
        yield f'<path class="life {item.status} on" d="M{right + 2} {top + 3}l12 9-12 9z"/></g>'
        return
    for day in item.mail_dates:
        at = x(datetime.combine(day, time(12), UTC))
        yield f'<path class="mail" d="M{at} {top + 5}l6 7-6 7-6-7z"/>'
    yield "</g>"


def _ticks(begin: datetime, end: datetime) -> Iterator[date]:
    """First days of months: about a dozen."""
    step = max(1, round((end - begin).days / 365))
    month = begin.year * 12 + begin.month
    while True:
        day = date(month // 12, month % 12 + 1, 1)
        if day >= end.date() - timedelta(days=20):
            return
        yield day
        month += step


_HEADINGS = (
    "Status",
    "Days left",
    "Until",
    "What",
    "Name",
    "Subject",
    "Coverage",
    "Where",
    "Used by",
    "Stops",
    "SHA-256",
)


def _table(items: Sequence[Item], unused: str) -> Iterator[str]:
    yield '<section><h2 id="all">All certificates</h2>'
    yield '<div class="scroll" tabindex="0" role="region" aria-labelledby="all"><table>'
    yield "<caption>What expires first is on top. Grey rows decide nothing: CAs in chains, what is replaced.</caption>"
    yield "<thead><tr>" + "".join(f'<th scope="col">{heading}</th>' for heading in _HEADINGS) + "</tr></thead><tbody>"
    yield from (_table_row(item) for item in items if not item.unused)
    yield f"</tbody></table></div>{f'<p>{escape(unused)}.</p>' if unused else ''}</section>"


def _table_row(item: Item) -> str:
    carrier, certificate = item.carrier, item.carrier.certificate
    notes = [
        f"replaced by {item.superseded_by}" if item.superseded_by else "",
        "a CA of a chain" if carrier.in_chain else "",
        item.not_yet,
        f"names {carrier.reference}" if carrier.reference else "",
        f"by {carrier.publisher}" if carrier.publisher else "",
        carrier.note,
        "" if carrier.is_deployed else "not deployed",
    ]
    name = ", ".join([carrier.name, *(note for note in notes if note)])
    cells = [
        f'<td class="status {item.status}">{item.status}</td>',
        f'<td class="number">{"" if item.days_left is None else item.days_left}</td>',
        f"<td>{_day(carrier.not_after)}</td>",
        f"<td>{escape(str(carrier.kind))}</td>",
        f'<th scope="row">{escape(name)}</th>',
        f"<td>{escape(certificate.subject) if certificate else ''}</td>",
        f"<td>{escape(str(item.coverage or ''))}{escape(f' ({item.twin})') if item.twin else ''}</td>",
        f'<td class="where">{escape(carrier.where)}</td>',
        f"<td>{escape(', '.join(carrier.used_by))}</td>",
        f"<td>{escape('; '.join(stop_text(stop) for stop in item.stops))}</td>",
        f"<td><code>{certificate.sha256 if certificate else ''}</code></td>",
    ]
    apart = ' class="apart"' if not item.counts else ""
    return f"<tr{apart}>{''.join(cells)}</tr>"


def _day(moment: datetime | None) -> str:
    return f'<time datetime="{iso_utc(moment)}">{moment.date()}</time>' if moment else ""


def _sources(sources: Iterable[Source]) -> Iterator[str]:
    yield "<section><h2>Where this comes from</h2>"
    for source in sources:
        yield f"<h3>{escape(source.label)}</h3>"
        if source.org is not None:
            yield from _org(source.org)
        yield f"<p>{len(source.carriers)} found.</p>"
        if source.problems:
            yield "<p>Not read:</p><ul>"
            yield from (f"<li>{escape(problem.message)}</li>" for problem in source.problems)
            yield "</ul>"
    yield "</section>"


def _org(org: OrgReading) -> Iterator[str]:
    found = org.identity
    if found.org_id:
        kind = {True: "sandbox", False: "production", None: "org"}[found.is_sandbox]
        yield f"<p>{escape(found.name or '')}, {kind}, {escape(found.org_id)} at {escape(found.instance_url or '')}</p>"
    yield f"<p>{escape(org.recipients.in_words)}.</p><ul>"
    yield f"<li>permission Receive Certificate Expiration Notifications: {_people(org.recipients.by_permission)}</li>"
    yield f"<li>admins: {_people(org.recipients.admins)}</li></ul>"


def _people(people: Sequence[Person] | None) -> str:
    if people is None:
        return "could not be read"
    named = (
        escape(person.username) + (f" ({escape(', '.join(person.flags))})" if person.flags else "") for person in people
    )
    return "; ".join(named) or "nobody"


def escape(text: str) -> str:
    """Text as it stands in the page, with nothing invisible in it. Pure."""
    return escape_markup(escape_unprintable(text))
