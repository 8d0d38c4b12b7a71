"""The Metadata API's own schema: simple-salesforce's copy of its WSDL, with the types as elements, judged by lxml."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import simple_salesforce
from lxml import etree

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def _parsed() -> etree._Element:
    wsdl = etree.parse(Path(simple_salesforce.__file__).with_name("metadata.wsdl"))
    return next(each for each in wsdl.iter(f"{_XSD}schema") if each.get("targetNamespace") == _NAMESPACE)


@cache
def _schema() -> etree.XMLSchema:
    """With an element for whatever may be the root of a file, beside those of the calls: it takes half a second."""
    schema = _parsed()
    for root in Types().components():
        etree.SubElement(schema, f"{_XSD}element", name=root, type=f"tns:{root}", nsmap={"tns": _NAMESPACE})
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def validate(document: bytes) -> None:
    """Raises AssertionError, with the schema's words, unless it is a metadata file, or the body of a SOAP call, as its
    root element's type wants it."""
    schema = _schema()
    assert schema.validate(etree.fromstring(document)), f"{schema.error_log}\n{document.decode()}"


class Types:
    """The complex types of the WSDL."""

    def __init__(self) -> None:
        self._types = {each.get("name"): each for each in _parsed().findall(f"{_XSD}complexType")}

    def components(self) -> list[str]:
        """What may be the root of a file: every type that extends Metadata."""
        return [name for name in self._types if self._base(name) in ("Metadata", "MetadataWithContent")]

    @cache  # noqa: B019 - one for the whole run
    def paths(self, type: str, wanted: Callable[[str], bool], depth: int = 4) -> frozenset[str]:
        """The dotted paths below a type of the elements whose names are wanted, at most so many elements long."""
        found = set()
        for element in self._types[type].iter(f"{_XSD}element"):
            name, its_type = element.get("name"), element.get("type", "").removeprefix("tns:")
            if its_type not in self._types:
                found |= {name} if wanted(name) else set()
            elif depth > 1:
                found |= {f"{name}.{path}" for path in self.paths(its_type, wanted, depth - 1)}
                # A name that speaks of a certificate, and a type in which nothing does.
                if wanted(name) and not any(path.startswith(f"{name}.") for path in found):
                    found.add(name)
        return frozenset(found)

    def _base(self, name: str) -> str:
        extension = self._types[name].find(f".//{_XSD}extension")
        base = "" if extension is None else extension.get("base").removeprefix("tns:")
        return self._base(base) if base in self._types and base not in ("Metadata", "MetadataWithContent") else base
