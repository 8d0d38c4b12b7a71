"""An app before and after a change: what differs besides its certificate, in the raw file and in what the org shows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sfkeytool.errors import OrgError
from sfkeytool.keystores.guarded_xml import parse_tree
from sfkeytool.model import Result
from sfkeytool.salesforce import soap
from sfkeytool.workflows.app_address import AppAddress

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MOST_DIFFERENCES = 12


class Difference(Result, frozen=True, kw_only=True):
    """An element of the app that is not as it was. None is what is not there. Nothing secret: where a value is, only
    that it differs is told."""

    element: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.element} is there now: {self.after}"
        if self.after is None:
            return f"{self.element} is gone; it was {self.before}"
        return f"{self.element} was {self.before} and is {self.after}"


def changed(address: AppAddress, differences: Sequence[Difference]) -> OrgError:
    """The emergency: elements that nobody meant to change are not as they were. Pure.

    Its hints lack the way back, which only those know who keep the original.
    """
    told = "; ".join(map(str, differences[:_MOST_DIFFERENCES]))
    more = f"; and {len(differences) - _MOST_DIFFERENCES} more" if len(differences) > _MOST_DIFFERENCES else ""
    hints = []
    if any(each.element == address.key_field for each in differences):
        hints = [
            "the consumer key is another: clients that log in with the old one are refused from now on. If Salesforce"
            " does not take the original back (You cannot provide a Consumer Key), the old key is lost, and each"
            f" client needs the new one: {address.key_place}"
        ]
    return OrgError(
        "metadata.app-changed",
        f"EMERGENCY: more than the certificate of {address.app} is not as it was: {told}{more}",
        *hints,
    )


def compare_documents(address: AppAddress, before: bytes, after: bytes) -> tuple[Difference, ...]:
    """What differs between two files of one app, besides the certificate. Raises InputError for no XML. Pure."""
    old, new = (parse_tree(each, address.filename) for each in (before, after))
    but = address.certificate_field
    found = compare_shown(address, texts(old), texts(new))
    if found or _canonical(old, but) == _canonical(new, but):
        return found
    return (Difference(element=address.type, before="of one structure", after="of another"),)


def compare_shown(
    address: AppAddress, before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]
) -> tuple[Difference, ...]:
    """The same of texts by dotted path, as readMetadata shows them. Pure."""
    told = []
    for field in dict.fromkeys(field for field, _ in (*before, *after)):
        if field == address.certificate_field:
            continue
        old, new = ([squeezed(text) for each, text in all_texts if each == field] for all_texts in (before, after))
        if Counter(old) != Counter(new):
            is_secret = soap.is_secret(field)
            old_told, new_told = _told(old, "one", is_secret), _told(new, "another", is_secret)
            told.append(Difference(element=field, before=old_told, after=new_told))
    return tuple(told)


def _told(found: Sequence[str], word: str, is_secret: bool) -> str | None:
    if not found:
        return None
    return word if is_secret else (", ".join(found) or "empty")[:200]


def texts(root: "Element") -> tuple[tuple[str, str], ...]:
    """The text of every element that has no others in it, by dotted path below the root. Pure."""

    def below(element: "Element", path: str) -> Iterator[tuple[str, str]]:
        for child in element:
            name = f"{path}.{_local(child)}" if path else _local(child)
            if len(child):
                yield from below(child, name)
            else:
                yield name, (child.text or "").strip()

    return tuple(below(root, ""))


def _canonical(element: "Element", but: str, path: str = "") -> tuple[object, ...]:
    """An element with all below it, but for the certificate; siblings in an order of ours."""
    children = []
    for child in element:
        name = f"{path}.{_local(child)}" if path else _local(child)
        if name != but:
            children.append(_canonical(child, but, name))
    text = "" if children else (element.text or "").strip()
    return _local(element), text, tuple(sorted(element.attrib.items())), tuple(sorted(children, key=repr))


def _local(element: "Element") -> str:
    return element.tag.rpartition("}")[2]


def squeezed(text: str) -> str:
    """Of one line, whatever the space in it is. Pure."""
    return " ".join(text.split())
