r"""PEM that was mangled on its way: through JSON, a form, a mail, a word processor or a CI system's variable.

Nothing is guessed. What is undone stands for nothing in PEM (no base64 has a backslash, an ampersand or a blank), and a
text counts as mended only where each of its blocks is DER that ends where the block does. Whether a private key's
numbers belong together is seen when it is loaded.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from sfkeytool.crypto.der import DerError, read_tlv
from sfkeytool.crypto.pem import LABELS, encode_pem_block
from sfkeytool.crypto.sniff import KEYSTORE_KINDS, FileKind, as_utf8, sniff
from sfkeytool.crypto.undoing import Form, undo_escapes
from sfkeytool.model import Opaque

_JAVA_READS = frozenset({Form.LINES, Form.RETURNS, Form.PLACE})


class Mended(Opaque, frozen=True):
    """``data`` as it was meant (secret if the file is), and what was undone for it; without ``forms`` it is as it came.

    ``refused``: openssl 3.0 and the crypto of Node.js 20 refuse it as it came; both were seen to, form by form.
    """

    data: bytes
    forms: tuple[Form, ...] = ()
    refused: bool = False

    @property
    def refused_by_java(self) -> bool:
        """Whether Java's CertificateFactory refuses a certificate in these forms, as was seen of JDK 25's keytool."""
        return self.refused and not _JAVA_READS.issuperset(self.forms)

    @property
    def words(self) -> str:
        """What was undone, as a clause."""
        return ", and ".join(self.forms)


_LARGEST = 256 << 10
"""Bytes: a larger text is read as it stands. A key takes 7 KB at most; our own bound."""
_LAYERS = 4
"""Base64 of JSON of base64, say."""
_SHORTEST = 64
"""Bytes: the shortest certificate or key is well longer."""

_BY_LETTERS = {label.replace(" ", ""): label for label in LABELS}
_DASH = "-\u00ad\u2010-\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d\udc96\udc97"
"""Hyphens and what word processors make of them; the last two are dashes of Windows-1252, which are no UTF-8."""
_LABEL = "|".join(label.replace(" ", "[ ]{0,4}") for label in LABELS)
_ARMOUR = re.compile(rf"(BEGIN|END)[ ]{{0,4}}({_LABEL})[ ]{{0,4}}([{_DASH}]{{0,20}})")
_LEFT = re.compile(rf"[{_DASH}]{{0,20}}\Z")
_MARGIN = 24
"""Characters before BEGIN in which its hyphens stand."""

_JOINT = re.compile(r"[\"'`]\s{0,80}[+.,&;]?\s{0,80}[\"'`]")
"""Between two lines of a program's text."""
_MAIL_QUOTE = re.compile(r"^[ \t]{0,80}>[> \t]{0,80}", re.MULTILINE)
_ENDS_OF_BODY = " \t\r\n\"'`,;)]}"
_HEADER = re.compile(
    r"\s{0,80}Proc-Type:\s{0,8}4,ENCRYPTED\s{0,80}DEK-Info:\s{0,8}"
    r"(AES-[0-9]{3}-[A-Z]{3},\s?[0-9A-Fa-f]{32}|DES-[A-Z0-9-]{3,12},\s?[0-9A-Fa-f]{16}|[A-Z0-9-]{3,20},\s?[0-9A-Fa-f]{1,64}(?=\s))"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BASE64_TEXT = re.compile(rb"[A-Za-z0-9+/_=\s-]+")

_PLAIN_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 #]{1,64})-----[\x00-\x20\x80-\xff]*")
_PLAIN_BODY = re.compile(rb"[ \t]*[A-Za-z0-9+/=]*[\x00-\x20\x80-\xff]*")
_LINES_OF_BLOCK = 3
"""BEGIN, END and one between: with more there are line ends."""
_BLANK_AFTER_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 #]{1,64}-----\s")
_ARMOUR_WORD = re.compile(rb"BEGIN|END[ +%&\\\xc2\xe2-]")

_KINDS_OF_LABEL = {
    "CERTIFICATE": FileKind.DER_CERTIFICATE,
    "X509 CERTIFICATE": FileKind.DER_CERTIFICATE,
    "PRIVATE KEY": FileKind.DER_KEY,
    "ENCRYPTED PRIVATE KEY": FileKind.DER_ENCRYPTED_KEY,
    "CERTIFICATE REQUEST": FileKind.DER_CSR,
    "NEW CERTIFICATE REQUEST": FileKind.DER_CSR,
}


def mend(data: bytes) -> Mended:
    """``data`` as it was meant, if that is certain, else as it came, in UTF-8. Linear. Pure. Never raises."""
    forms: list[Form] = []
    refused = False
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        forms.append(Form.UTF_16)
        refused = True
    data = as_utf8(data)
    for _ in range(_LAYERS):
        step = _mend_once(data)
        if step is None:
            break
        data = step.data
        forms += [form for form in step.forms if form not in forms]
        refused = refused or step.refused
        if b"-----BEGIN " in data and Form.BASE64 not in step.forms:
            break
    return Mended(data, tuple(forms), refused and bool(forms))


def _mend_once(data: bytes) -> Mended | None:
    """None if there is nothing to mend."""
    if len(data) > _LARGEST or len(data) < _SHORTEST or data[:1] in (b"\x30", b"\xfe", b"\xce", b"\0"):
        return None
    if data.lstrip()[:1] == b"<":
        return None
    if not _ARMOUR_WORD.search(data):
        return _inside_base64(data)
    plain, as_openssl_reads = _is_plain(data)
    if plain:
        return _inside_wrong_label(data, Form.CERTUTIL)
    return _mend_text(data, refused=not as_openssl_reads)


def _is_plain(data: bytes) -> tuple[bool, bool]:
    """Whether each block is as RFC 7468 has it, give or take blanks at line ends; and whether openssl, which passes
    over other bytes there too, reads it."""
    end: bytes | None = None
    found = False
    ascii_only = True
    for line in data.split(b"\n"):
        if end is None:
            if b"BEGIN" not in line and b"END" not in line:
                continue
            begin = _PLAIN_BEGIN.fullmatch(line)
            if begin is None and _ARMOUR.search(line.decode("utf-8", "surrogateescape")):
                return False, False
            if begin is None:
                continue
            ascii_only = ascii_only and line.isascii()
            found = True
            end = b"-----END " + begin[1] + b"-----"
            headers = True
        elif not line:
            headers = False
        elif line.startswith(end) and _PLAIN_BODY.fullmatch(line, len(end)):
            ascii_only = ascii_only and line.isascii()
            end = None
        elif headers and b":" in line:
            continue
        elif not _PLAIN_BODY.fullmatch(line):
            return False, False
        else:
            ascii_only = ascii_only and line.isascii()
            headers = headers and not line.strip()
    whole = found and end is None
    return whole and ascii_only, whole


def _inside_base64(data: bytes) -> Mended | None:
    """Of base64 what is inside, if that is anything which is known here."""
    forms = [Form.BASE64]
    if not _BASE64_TEXT.fullmatch(data):
        text, undone = undo_escapes(data.decode("utf-8", "surrogateescape"))
        stripped = text.strip(_ENDS_OF_BODY)
        forms += [*undone, *([Form.QUOTES] if stripped != text.strip() else [])]
        data = stripped.encode("utf-8", "surrogateescape")
        if not _BASE64_TEXT.fullmatch(data):
            return None
    decoded = _decode("".join(data.decode("ascii").split()))
    if decoded is None:
        return None
    decoded = as_utf8(decoded)
    begin = decoded.lstrip()[:8]
    if sniff(decoded) is not FileKind.UNKNOWN and decoded[:1] == b"\x30":
        if not _is_whole(decoded):
            return None
        if sniff(decoded) not in KEYSTORE_KINDS:
            forms[0] = Form.BARE
        return Mended(decoded, tuple(forms), refused=True)
    known = begin[:2] == b"MI" or begin.startswith((b"Salted__", b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce", b"LS0tLS1C"))
    if known or _ARMOUR.search(decoded.decode("utf-8", "surrogateescape")):
        return Mended(decoded, tuple(forms), refused=True)
    return None


def _inside_wrong_label(data: bytes, form: Form) -> Mended | None:
    """Of one block what is inside, if that is something else than its label says."""
    if data.count(b"-----BEGIN ") != 1:
        return None
    text = data.decode("utf-8", "surrogateescape")
    blocks = list(_blocks(text))
    if len(blocks) != 1 or blocks[0].der is None or blocks[0].headers:
        return None
    label, der = blocks[0].label, blocks[0].der
    kind = sniff(der)
    expected = _KINDS_OF_LABEL.get(label)
    if expected is None or kind is expected:
        return None
    if kind is FileKind.UNKNOWN and not (der.startswith(b"Salted__") or _ARMOUR_WORD.search(der)):
        return None
    return Mended(der, (form if expected is FileKind.DER_CERTIFICATE else Form.WRONG_LABEL,), refused=True)


class _Block(Opaque, frozen=True):
    """``der`` is None where the block is not certain; ``body`` is then what stood there."""

    label: str
    body: str
    headers: str
    der: bytes | None
    has_begin: bool
    has_end: bool
    forms: tuple[Form, ...]


def _mend_text(data: bytes, *, refused: bool) -> Mended | None:
    text, undone = undo_escapes(data.decode("utf-8", "surrogateescape"))
    blocks = list(_blocks(text))
    if not blocks:
        return None
    forms = [*undone, *(form for block in blocks for form in block.forms)]
    if all(block.der is not None for block in blocks):
        mended = b"".join(_encoded(block) for block in blocks)
        if data.lstrip()[:1] == b"{":
            forms.insert(0, Form.JSON)
        inside = _inside_wrong_label(mended, Form.CERTUTIL)
        if inside is not None:
            return Mended(inside.data, (*inside.forms, *dict.fromkeys(forms)), refused=True)
        if not forms:
            forms.append(_line_form(data))
        return Mended(mended, tuple(dict.fromkeys(forms)), refused)
    if b"-----BEGIN " in data:
        return None
    # What is wrong with it is told by whoever reads PEM, and so it shall look like some.
    return Mended(b"".join(_encoded(block) for block in blocks))


def _line_form(data: bytes) -> Form:
    if b"\n" not in data.strip() and b"\r" in data.strip():
        return Form.RETURNS
    lines = data.split(b"\n")
    margin = any(b"-----BEGIN " in line and not line.lstrip(b" \t").startswith(b"-----BEGIN ") for line in lines)
    indented = any(line[:1] in (b" ", b"\t") and b"-----" in line for line in lines)
    if (margin or indented) and len(lines) > _LINES_OF_BLOCK:
        return Form.PLACE
    return Form.LINES if _BLANK_AFTER_BEGIN.search(data) else Form.GONE


def _blocks(text: str) -> Iterator[_Block]:
    """Every block of ``text``, whatever its armour looks like, in order."""
    marks = [mark for match in _ARMOUR.finditer(text) if (mark := _marked(text, match))]
    before = 0
    position = 0
    while position < len(marks):
        is_begin, label, start, end, forms = marks[position]
        position += 1
        if not is_begin:  # an END whose BEGIN is gone
            block = _block(label, text[before:start], has_begin=False, has_end=True, forms=(*forms, Form.NO_BEGIN))
            if block.der is not None:
                yield block
            before = end
            continue
        following = marks[position] if position < len(marks) else None
        if following is not None and not following[0] and following[1] == label:
            position += 1
            before = following[3]
            yield _block(label, text[end : following[2]], has_begin=True, has_end=True, forms=(*forms, *following[4]))
        else:
            before = following[2] if following else len(text)
            yield _block(label, text[end:before], has_begin=True, has_end=False, forms=(*forms, Form.NO_END))


_Mark = tuple[bool, str, int, int, tuple[Form, ...]]
"""Whether it is a BEGIN, its label, where it starts and ends, and what is odd about it."""


def _marked(text: str, match: re.Match[str]) -> _Mark | None:
    left = _LEFT.search(text, max(0, match.start() - _MARGIN), match.start())
    dashes = (left[0] if left else "").strip(), match[3]
    if not any(dashes):
        return None
    forms = []
    if any(side.strip("-") for side in dashes):
        forms.append(Form.DASHES)
    elif any(len(side) != 5 for side in dashes):
        forms.append(Form.HYPHENS)
    start = match.start() - len(dashes[0])
    if text[start - 1 : start] in ('"', "'", "`"):
        forms.append(Form.QUOTES)
    return match[1] == "BEGIN", _BY_LETTERS[match[2].replace(" ", "")], start, match.end(), tuple(forms)


def _block(label: str, body: str, *, has_begin: bool, has_end: bool, forms: tuple[Form, ...]) -> _Block:
    found = list(forms)
    text = body
    if '"' in text or "'" in text or "`" in text:
        text, count = _JOINT.subn("\n", text)
        found += [Form.QUOTES] if count else []
    if ">" in text:
        text, count = _MAIL_QUOTE.subn("", text)
        found += [Form.MAIL] if count else []
    headers = ""
    if "Proc-Type" in text[:200] and (match := _HEADER.match(text)):
        headers = match[1]
        text = text[match.end() :]
    text = text.strip("\"'`,;)]} \t\r\n" if not has_end else " \t\r\n\"'`")
    der = _decode("".join(text.split()))
    certain = der is not None and _is_certain(label, headers, der, has_end=has_end)
    return _Block(label, body, headers, der if certain else None, has_begin, has_end, tuple(dict.fromkeys(found)))


def _is_certain(label: str, headers: str, der: bytes, *, has_end: bool) -> bool:
    if headers:  # what is inside is seen when it is decrypted, and a part of it can be as well
        return has_end and len(der) % 8 == 0
    if label == "OPENSSH PRIVATE KEY":
        return der.startswith(b"openssh-key-v1\0") and has_end
    if label == "TRUSTED CERTIFICATE":
        return has_end
    return _is_whole(der) or (has_end and (_ARMOUR_WORD.search(der) is not None or sniff(der) in KEYSTORE_KINDS))


def _is_whole(der: bytes) -> bool:
    try:
        return bool(der) and read_tlv(der).end == len(der)
    except DerError:
        return False


def _decode(text: str) -> bytes | None:
    """Base64 of either alphabet, its padding or not."""
    if not text.isascii():
        return None
    if "+" not in text and "/" not in text:
        text = text.replace("-", "+").replace("_", "/")
    if not _BASE64.fullmatch(text):
        return None
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _encoded(block: _Block) -> bytes:
    if block.der is None:
        end = f"\n-----END {block.label}-----\n" if block.has_end else "\n"
        return f"-----BEGIN {block.label}-----\n{block.body.strip()}{end}".encode("utf-8", "surrogateescape")
    clean = encode_pem_block(block.label, block.der)
    if not block.headers:
        return clean
    first, _, rest = clean.partition(b"\n")
    cipher = "".join(block.headers.split())
    return first + f"\nProc-Type: 4,ENCRYPTED\nDEK-Info: {cipher}\n\n".encode() + rest
