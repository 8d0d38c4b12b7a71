"""A field of Salesforce metadata that holds a certificate, or names one in Certificate and Key Management."""

from typing import TYPE_CHECKING

from msgspec import Struct

from sfkeytool.crypto.certificate_text import TextKind, parse_certificate_text, refusal
from sfkeytool.crypto.sniff import sniff
from sfkeytool.keystores import metadata_xml
from sfkeytool.keystores.found import FoundCertificate, UnreadableCertificate
from sfkeytool.keystores.pem_der import collect

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class Field(Struct, frozen=True):
    """What a field of metadata holds: certificates, or ``reference``, the name or record Id of one in Certificate and
    Key Management, with ``words`` for it; or nothing."""

    certificates: tuple[FoundCertificate, ...] = ()
    unreadable: tuple[UnreadableCertificate, ...] = ()
    reference: str = ""
    words: str = ""


def parse_field(type: str, path: str, text: str, label: str) -> Field:
    """What the text at the dotted ``path`` of a component of ``type`` holds. Pure.

    Raises CertificateError and InputError for a filled certificate field that holds neither a certificate nor what may
    be a name of one, and what parse_contents raises. ``label`` is what the component is called in messages.
    """
    is_meant = metadata_xml.is_certificate_field(type, path)
    if not text.strip() or not (is_meant or path in metadata_xml.FREE_FIELDS.get(type, ())):
        return Field()
    name = path.rpartition(".")[2]
    where = f"{label}, <{name}>"
    parsed = parse_certificate_text(text)
    if parsed.kind is TextKind.CERTIFICATE:
        found = collect(parsed.data, where, sniff(parsed.data), (), load_keys=False)
        return Field(tuple(found.certificates), tuple(found.unreadable))
    if not is_meant:
        return Field()
    reference = text.strip()
    verb = "signs with" if "signing" in name.lower() else "names"
    match parsed.kind:
        case TextKind.RECORD_ID:
            return Field(reference=reference, words=f"{verb} the CKM certificate of Id {reference}")
        case TextKind.NAME:
            return Field(reference=reference, words=f"{verb} the CKM certificate {reference}")
    raise refusal(parsed, where)


def crowded_fields(root: "Element", label: str) -> tuple[tuple[str, int], ...]:
    """The fields of a component that hold several certificates, and how many: others have one in each of theirs. Pure.

    Raises what parse_field() raises.
    """
    type = metadata_xml.tag_of(root)
    counted = (
        (f"{label}, <{path.rpartition('.')[2]}>", len({one.der for one in held.certificates}))
        for path, text in metadata_xml.texts(root)
        for held in (parse_field(type, path, text, label),)
    )
    return tuple((where, count) for where, count in counted if count > 1)
