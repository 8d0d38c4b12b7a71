"""The HTML page's rows: one a certificate of an org or a folder, whichever places there have it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from html import escape as escape_markup

from msgspec import Struct

from sfkeytool.audit.model import CarrierKind, Coverage, Item, Status
from sfkeytool.audit.stops import stop_text
from sfkeytool.crypto.certificates import iso_utc
from sfkeytool.crypto.names import escape_unprintable
from sfkeytool.plain_text import shortened

_PAST = timedelta(days=60)
_LONGEST = timedelta(days=3 * 365)
"""How far the bars go: from two months ago to the last expiry, three years ahead at most."""

_TICKS = 4
_LONG_NAME, _NAME, _NOTES = 40, 84, 92
"""Columns that fit into a row of at most 60 pixels: of a name in one line, of one in two, and of what follows it; all
is whole in the details."""

_IN_CKM = (CarrierKind.CKM, CarrierKind.CKM_SOURCE)
_STATE_WORDS = {
    Status.EXPIRED: "renew now",
    Status.DUE: "renew now",
    Status.FINE: "nothing to do",
    Status.UNKNOWN: "no date known",
}
_COVERAGE_WORDS = {
    Coverage.COVERED: "CKM has the same",
    Coverage.REMINDER: "reminder in CKM",
    Coverage.SAME_KEY: "same key in CKM",
    Coverage.UNPROVED: "nobody can tell",
    Coverage.UNCOVERED: "no mail tells of it",
    Coverage.MANAGED: "its publisher renews",
}


class Row(Struct, frozen=True):
    """A certificate in one source; ``items`` are its places there, an app in front."""

    items: tuple[Item, ...]

    @property
    def lead(self) -> Item:
        """Whose name and state the row has."""
        return self.items[0]

    @property
    def is_apart(self) -> bool:
        """Whether it decides nothing: a CA of a chain, what is replaced, what a publisher renews."""
        return not any(item.counts or item.status is Status.UNKNOWN for item in self.items)

    @property
    def wants_cover(self) -> bool:
        return any(item.counts and item.wants_cover for item in self.items)

    @property
    def states(self) -> tuple[str, ...]:
        """What the cards count it under."""
        if self.is_apart:
            return ("apart",)
        return (str(self.lead.status), *(["uncovered"] if self.wants_cover else []))


def rows_of(items: Sequence[Item]) -> list[Row]:
    """Of one source, what expires first in front. A reminder and the app's certificate that it reminds of are one row,
    as are a certificate and what names it. Pure."""
    reminded = {item.carrier.reminds_of for item in items if item.carrier.reminds_of}
    by_prefix = {
        certificate.prefix: certificate.digest
        for certificate in (item.carrier.certificate for item in items)
        if reminded and certificate and certificate.prefix in reminded
    }
    by_name = {
        (item.carrier.scope, item.carrier.name): item.carrier.certificate.digest
        for item in items
        if item.carrier.kind in _IN_CKM and item.carrier.certificate and not item.carrier.in_chain
    }
    together: defaultdict[object, list[Item]] = defaultdict(list)
    for number, item in enumerate(items):
        carrier, key = item.carrier, None
        if carrier.reminds_of:
            key = by_prefix.get(carrier.reminds_of)
        if key is None and carrier.certificate:
            key = carrier.certificate.digest
        if key is None and carrier.refers_to:
            key = by_name.get((carrier.scope, carrier.refers_to))
        together[key or number].append(item)
    rows = [Row(tuple(sorted(places, key=_place))) for places in together.values()]
    return sorted(rows, key=lambda row: (row.lead.days_left is None, row.lead.days_left or 0))


def _place(item: Item) -> tuple[bool, bool, bool, bool]:
    carrier = item.carrier
    return (
        carrier.certificate is None and carrier.expires is None,
        not carrier.kind.is_app,
        bool(carrier.reference),
        not item.counts,
    )


class Axis(Struct, frozen=True):
    """The days that all bars of a page share. Aware UTC."""

    now: datetime
    begin: datetime
    end: datetime

    @classmethod
    def of(cls, rows: Iterable[Row], now: datetime) -> "Axis":
        """From two months ago until all that decides something has expired, but no further than three years. Pure."""
        ends = (row.lead.carrier.not_after for row in rows if not row.is_apart)
        days = [end for end in ends if end is not None]
        last = min(max([now + timedelta(days=90), *days]), now + _LONGEST)
        return cls(now, now - _PAST, last + timedelta(days=10))

    def x(self, moment: datetime) -> float:
        """Hundredths of the width."""
        share = (min(max(moment, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return round(100 * share, 2)

    def definitions(self) -> Iterator[str]:
        """What the bars of a page refer to: what stands behind each, a day of mails, the arrow of what goes on."""
        yield '<path id="mail" class="mail" d="M0-6l5 6-5 6-5-6z"/><path id="beyond" class="bar" d="M1-9l9 9-9 9z"/>'
        yield f'<g id="axis">{"".join(self._lines())}</g>'

    def _lines(self) -> Iterator[str]:
        for month in self.ticks():
            x = self.x(datetime.combine(month, time(), UTC))
            yield f'<line class="grid" x1="{x}%" x2="{x}%" y1="0" y2="100%"/>'
        today = self.x(self.now)
        yield f'<line class="today" x1="{today}%" x2="{today}%" y1="0" y2="100%"/>'

    def labels(self) -> Iterator[str]:
        for month in self.ticks():
            x = self.x(datetime.combine(month, time(), UTC))
            yield f'<text x="{x}%" y="75%">{month:%b %Y}</text>'

    def ticks(self) -> Iterator[date]:
        """First days of months, or of years: not more than fit."""
        months = round((self.end - self.begin).days / 30.4)
        step = next(step for step in (1, 2, 3, 6, 12) if months <= step * _TICKS or step == 12)
        month = -(-(self.begin.year * 12 + self.begin.month) // step) * step
        while (day := date(month // 12, month % 12 + 1, 1)) < self.end.date():
            if day >= self.begin.date():
                yield day
            month += step


def row_markup(row: Row, axis: Axis) -> str:
    """One row of a table, its details folded. Pure."""
    item = row.lead
    tone = "apart" if row.is_apart else str(item.status)
    days = days_text(item.days_left)
    cells = (
        f'<td role="cell" class="state"><span class="chip {tone}">{item.status}</span>'
        f"<small>{escape(_state_words(row))}</small></td>",
        _name_cell(row),
        f'<td role="cell" class="until">{_day(item.carrier.not_after)}<small>{days}</small></td>',
        f'<td role="cell" class="life">{_bar(row, axis, days)}</td>',
        f'<td role="cell" class="cover">{_coverage(row)}</td>',
        f'<td role="cell" class="more"><details><summary><span class="unseen">Details of {escape(item.carrier.name)}'
        f"</span></summary><dl>{''.join(_details(row))}</dl></details></td>",
    )
    return f'<tr role="row" class="{tone}" data-state="{" ".join(row.states)}">{"".join(cells)}</tr>'


def days_text(days: int | None) -> str:
    """``in 25 days``, ``4 days ago``; empty if no date is known. Pure."""
    if days is None:
        return ""
    if days == 0:
        return "today"
    many = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"in {many}" if days > 0 else f"{many} ago"


def _state_words(row: Row) -> str:
    item = row.lead
    if not row.is_apart:
        return item.not_yet or _STATE_WORDS[item.status]
    return "CA of a chain" if item.carrier.in_chain else "publisher's" if item.carrier.publisher else "replaced"


def _name_cell(row: Row) -> str:
    item = row.lead
    carrier = item.carrier
    name = carrier.subject_name if carrier.in_chain and carrier.subject_name else carrier.name
    others = [f"{each.carrier.kind} {each.carrier.name}" for each in row.items[1:]]
    notes = [
        str(carrier.kind),
        f"replaced by {item.superseded_by}" if item.superseded_by else "",
        f"names {carrier.reference}" if carrier.reference else "",
        f"by {carrier.publisher}" if carrier.publisher else "",
        carrier.note,
        "" if carrier.is_deployed else "not deployed",
        *others,
    ]
    text = " · ".join(note for note in notes if note)
    name = escape_unprintable(name)
    room = _NOTES // 2 if len(name) > _LONG_NAME else _NOTES
    return (
        f'<th role="rowheader" scope="row"><b>{escape(shortened(name, _NAME))}</b>'
        f"<small>{escape(shortened(escape_unprintable(text), room))}</small></th>"
    )


def _coverage(row: Row) -> str:
    covered = next((item for item in row.items if item.coverage), None)
    if covered is None or covered.coverage is None:
        item = next((item for item in row.items if item.carrier.kind is CarrierKind.CKM and item.mail_dates), None)
        return f"CKM mails<small>next {item.mail_dates[0]}</small>" if item else ""
    words = _COVERAGE_WORDS[covered.coverage]
    if covered.coverage is Coverage.UNCOVERED and not covered.ckm_read:
        words = "no keystore of it seen"
    name = "same key" if covered.coverage is Coverage.SAME_KEY else str(covered.coverage)
    word = f'<span class="chip uncovered">{name}</span>' if row.wants_cover else name
    return f"{word}<small>{words}</small>"


def _details(row: Row) -> Iterator[str]:
    item = row.lead
    certificates = [each.carrier.certificate for each in row.items if each.carrier.certificate]
    for title, texts in (
        ("Where", [f"{each.carrier.kind} {each.carrier.name}: {each.carrier.where}" for each in row.items]),
        ("Also in", [path for each in row.items for path in each.carrier.also_in]),
        ("Used by", [user for each in row.items for user in each.carrier.used_by]),
        ("Notes", [note for each in row.items for note in (each.carrier.note, each.not_yet, each.twin) if note]),
        ("Stops with it", [stop_text(stop) for each in row.items for stop in each.stops]),
        ("Mails", _mails(row)),
        ("Subject", [each.subject for each in certificates]),
        ("Key", [f"{each.key_algorithm} {each.key_bits or ''}" for each in certificates]),
        ("SHA-256", [each.sha256 for each in certificates]),
    ):
        told = [escape(text) for text in dict.fromkeys(texts)]
        if title == "SHA-256":
            told = [f"<code>{sha256}</code>" for sha256 in told]
        if told:
            listed = f"<ul>{''.join(f'<li>{text}</li>' for text in told)}</ul>" if len(told) > 1 else told[0]
            yield f"<dt>{title}</dt><dd>{listed}</dd>"
    if item.superseded_by:
        yield f"<dt>Replaced by</dt><dd>{escape(item.superseded_by)}</dd>"


def _mails(row: Row) -> list[str]:
    days = next((item.mail_dates for item in row.items if item.mail_dates), ())
    if not days:
        return []
    return [f"{', '.join(map(str, days))}: when CKM mails, give or take a day, should it hold the certificate"]


def _bar(row: Row, axis: Axis, days: str) -> str:
    """The life that lies within the axis: what goes on beyond its end has an arrow, and no mails yet."""
    carrier = row.lead.carrier
    if carrier.not_after is None:
        return ""
    begins = min((item.carrier.begins for item in row.items if item.carrier.begins), default=carrier.not_after)
    left, right = axis.x(min(begins, carrier.not_after)), axis.x(carrier.not_after)
    parts = [f'<rect class="bar" x="{left}%" y="-7" width="{max(round(right - left, 2), 0.8)}%" height="14" rx="3"/>']
    if carrier.not_after > axis.end:
        parts.append(f'<use href="#beyond" x="{right}%"/>')
    else:
        for day in next((item.mail_dates for item in row.items if item.mail_dates), ()):
            x = axis.x(datetime.combine(day, time(12), UTC))
            parts.append(f'<use href="#mail" x="{x}%"/>')
    parts.append(f'<text x="{right}%" dx="12" y="4">{days}</text>')
    return f'<svg aria-hidden="true"><use href="#axis"/><svg y="50%">{"".join(parts)}</svg></svg>'


def _day(moment: datetime | None) -> str:
    return f'<time datetime="{iso_utc(moment)}">{moment.date()}</time>' if moment else "unknown"


def escape(text: str) -> str:
    """Text as it stands in the page, with nothing invisible in it. Pure."""
    return escape_markup(escape_unprintable(text))
