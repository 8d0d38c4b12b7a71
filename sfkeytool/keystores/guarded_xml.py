"""XML from outside, whoever reads it: no document type declaration, hence no entities, and no endless depth."""

from typing import TYPE_CHECKING, Any

from sfkeytool.errors import InputError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element
    from xml.parsers.expat import XMLParserType

MAX_DEPTH = 64
"""Nested elements. Metadata nests less than ten deep, SAML's less than twenty; a tree of millions takes minutes."""


MAX_ELEMENTS = 500_000
"""In one document: our own bound. Each costs a hundred times its four characters in memory; an org's list of
components has some tens of thousands."""


def feed(parser: "XMLParserType", document: bytes, label: str) -> None:
    """Let an expat parser read a whole document, with the handlers that it has. Raises what they raise.

    Raises InputError ``xml.doctype`` for a document type declaration, which nothing of Salesforce has and entity bombs
    need, and ``xml.malformed`` for what is no XML, nests too deeply or has too many elements.
    """
    from xml.parsers.expat import ExpatError

    start, end = parser.StartElementHandler, parser.EndElementHandler
    depth = elements = 0

    def refuse(*_: object) -> None:
        raise InputError("xml.doctype", f"{label} has a document type declaration: nothing of Salesforce has one")

    def deeper(*element: Any) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if elements > MAX_ELEMENTS:
            raise InputError("xml.malformed", f"{label} has more than {MAX_ELEMENTS} elements, which no metadata has")
        if depth > MAX_DEPTH:
            raise InputError("xml.malformed", f"{label} nests more than {MAX_DEPTH} elements, which no metadata does")
        if start is not None:
            start(*element)

    def back(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(tag)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = deeper, back
    try:
        parser.Parse(document, True)
    except (ExpatError, ValueError, LookupError) as error:
        raise InputError("xml.malformed", f"{label} is not well-formed XML: {error}") from None


def parse_tree(document: bytes, label: str) -> "Element":
    """The root element. Raises as feed() does. Pure."""
    from xml.etree import ElementTree
    from xml.parsers import expat

    feed(expat.ParserCreate(namespace_separator="}"), document, label)
    return ElementTree.fromstring(document)  # noqa: S314 - feed() lets no entities through
