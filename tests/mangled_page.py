"""docs/mangled-keys.md from what the code says of each form: ``python tests/mangled_page.py`` writes it."""

import textwrap
from pathlib import Path

from mangled_forms import MENDED

from sfkeytool.crypto.mending import mend
from sfkeytool.keystores.contents import InputFile
from sfkeytool.workflows.mangled import mangled_notice

PAGE = Path(__file__).parent.parent / "docs" / "mangled-keys.md"
KEY = Path(__file__).parent.parent / "fixtures" / "keystores" / "first.key"

_HEAD = r"""# Keys that were mangled on their way

A private key in a CI variable, a mail or a form seldom arrives as it was sent. sfkeytool reads a mangled PEM wherever
it comes from (a file, stdin, `env:NAME`, `cmd:COMMAND`, `prompt`) where it is certain what was meant, and says
so. One command writes it clean, and leaves the input as it is:

```
sfkeytool unwrap key.pem          # writes key/key.key, clean PKCS#8
sfkeytool unwrap env:JWT_KEY      # the same of a variable; - is stdin
sfkeytool unwrap prompt           # the same of what is pasted; the terminal shows nothing of it
```

It says, for instance:

```
@NOTICE@
```

Certain means: what is left out or turned back stands for nothing in PEM, each block is DER that ends where the block
does, and the numbers of a private key belong together. A file that was cut short is never read as if it were whole.

## The forms

A key in each of these forms was given to openssl 3.0, to Node.js 20 and to the jsonwebtoken of the Salesforce CLI
2.146. Where the last column says so they refuse it; the Salesforce CLI does it with `secretOrPrivateKey must be an
asymmetric key when using RS256`.

| form of the key | sfkeytool: "key.pem is read, although …" | openssl and the Salesforce CLI |
|---|---|---|
"""

_TAIL = r"""
CRLF, text before the key (`Bag Attributes`), blanks at the ends of lines, a BOM of UTF-8 and one long line of base64
are no mangling: those programs read them, and nothing is said.

## What is named instead

| what was given | what it takes |
|---|---|
| output of `openssl enc`: `Salted__`, or `U2FsdGVkX1` in base64 | the hint has the command that decrypts a copy |
| files of git-crypt, Ansible Vault, SOPS, age, OpenPGP | the same |
| a keystore or DER rewritten as text (EF BF BD in it), as Maven's resource filtering does | the original |
| a key of PuTTY (version 2 or 3) or in OpenSSH's own format | the hint has the `puttygen` or `ssh-keygen` command |
| a web page saved as `.crt` | download it again, logged in |
| a pointer of Git LFS | `git lfs pull` |
| a JSON Web Key | export it as PEM |
| a public key, a request or a certificate where a private key is wanted | the message says what is there |

What Windows' `certutil -encode` made of a key or PFX, and base64 of a JKS or PFX, are opened like what is inside.
"""


def mangled_page() -> str:
    """The page as it should be."""
    pem = KEY.read_text(encoding="ascii")
    rows = []
    for name, mangle in MENDED.items():
        mended = mend(mangle(pem))
        rows.append(f"| {_cell(name)} | {_cell(mended.words)} | {'refuse it' if mended.refused else 'read it'} |\n")
    notice = mangled_notice(InputFile("key.pem", MENDED[r"line ends as \n"](pem)))
    assert notice is not None
    told = textwrap.fill(f"warning: {notice.message}", 110, break_on_hyphens=False)
    return _HEAD.replace("@NOTICE@", told) + "".join(rows) + _TAIL


def _cell(text: str) -> str:
    return text.replace("<br>", "`<br>`").replace("<br />", "`<br />`").replace("\\", "\\\\")


if __name__ == "__main__":
    PAGE.write_text(mangled_page(), encoding="utf-8")
