"""The Metadata API's own schema: simple-salesforce's copy of its WSDL, with the types as elements, judged by lxml."""

from functools import cache
from pathlib import Path

import simple_salesforce
from lxml import etree

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


@cache
def _schema(root: str) -> etree.XMLSchema:
    wsdl = etree.parse(Path(simple_salesforce.__file__).with_name("metadata.wsdl"))
    schema = next(each for each in wsdl.iter(f"{_XSD}schema") if each.get("targetNamespace") == _NAMESPACE)
    etree.SubElement(schema, f"{_XSD}element", name=root, type=f"tns:{root}", nsmap={"tns": _NAMESPACE})
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def validate(document: bytes) -> None:
    """Raises AssertionError, with the schema's words, unless a metadata file is what its root element's type wants."""
    parsed = etree.fromstring(document)
    schema = _schema(etree.QName(parsed).localname)
    assert schema.validate(parsed), f"{schema.error_log}\n{document.decode()}"
