"""The pictures of the audit's page in docs/, whole pages of fake orgs, in light, in dark and on a phone.

    python tests/screenshots.py docs

Needs sfkeytool with its test extra installed for this Python, and Chromium.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

from audited_orgs import Filler, audited_page, company, ten_orgs, three
from browser import Browser
from PIL import Image

PICTURES: dict[str, tuple[dict[str, Filler], int, str]] = {
    "audit.png": ({"prod": company}, 1280, "light"),
    "audit-ten-orgs.png": (ten_orgs(), 1280, "dark"),
    "audit-phone.png": ({"prod": three}, 375, "light"),
}
_COLOURS = 256
"""A page has few; so the pictures stay small."""


def main(folder: Path) -> None:
    chromium = shutil.which("chromium") or sys.exit("there is no chromium here")
    with tempfile.TemporaryDirectory() as temporary:
        browser = Browser(chromium, Path(temporary, "profile"))
        try:
            for name, (orgs, width, scheme) in PICTURES.items():
                page = audited_page(Path(temporary, f"{name}.html"), orgs)
                with browser.opened(page, width=width, scheme=scheme) as tab:
                    picture = Image.open(io.BytesIO(tab.picture())).convert("RGB")
                few = picture.quantize(_COLOURS, dither=Image.Dither.NONE)
                few.save(folder / name, optimize=True)
                print(f"{name}: {picture.width} x {picture.height}, {(folder / name).stat().st_size // 1000} kB")
        finally:
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
