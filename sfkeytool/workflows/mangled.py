"""What is said of a file that is read although something on its way has mangled it."""

from sfkeytool.crypto.mending import mend
from sfkeytool.crypto.sniff import holds_private_key
from sfkeytool.keystores.contents import InputFile
from sfkeytool.model import Notice
from sfkeytool.shell import path_argument, shell_line


def mangled_notice(file: InputFile) -> Notice | None:
    """``input.mangled``, if the file was mended; it quotes nothing of it. Pure.

    Who refuses a mangled key was seen with openssl 3.0, Node.js 20 and the jsonwebtoken of the Salesforce CLI 2.146.
    """
    mended = mend(file.data)
    if not mended.forms:
        return None
    told = f"{file.label} is read, although {mended.words}"
    if not mended.refused:
        return Notice("input.mangled", told)
    if not holds_private_key(mended.data):
        return Notice("input.mangled", f"{told}; openssl and Node.js do not read it so")
    mending = shell_line(["sfkeytool", "unwrap", path_argument(file.label)])
    source = "" if file.label == "stdin" or file.label.startswith("$") else f": {mending}"
    return Notice(
        "input.mangled", f"{told}; openssl and the Salesforce CLI refuse such a key. unwrap writes a clean copy{source}"
    )
