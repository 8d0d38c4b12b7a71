"""What a tag must agree with, before anything is published: ``release.py TAG``.

Prints what CHANGELOG.md says of that version, for the release's page; or on stderr what does not fit, with exit code 1.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def complaints(tag: str, root: Path) -> list[str]:
    """Why ``tag`` cannot be released as what stands in ``root``; empty where it can."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = re.findall(r'^__version__ = "(.*)"$', read(root / "sfkeytool" / "__init__.py"), re.MULTILINE)
    changes = read(root / "CHANGELOG.md")
    headings = re.findall(r"^## (.*)$", changes, re.MULTILINE)
    latest = headings[1] if len(headings) > 1 else "nothing"
    found = []
    if project["version"] != tag:
        found.append(f"pyproject.toml has version {project['version']}")
    if package != [tag]:
        found.append(f"sfkeytool/__init__.py has {', '.join(package) or 'no version'}")
    if headings[:1] != ["Unreleased"] or section(changes, "Unreleased"):
        found.append('CHANGELOG.md does not begin with an empty "Unreleased"')
    if not re.fullmatch(rf"{re.escape(tag)} - \d{{4}}-\d\d-\d\d", latest):
        found.append(f"the latest version in CHANGELOG.md is {latest}, not {tag} with its date")
    elif not section(changes, latest):
        found.append(f"CHANGELOG.md says nothing of {tag}")
    return found


def section(changes: str, heading: str) -> str:
    """What stands under a heading of CHANGELOG.md, without it."""
    _, _, rest = changes.partition(f"## {heading}\n")
    return re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0].strip()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def main(tag: str) -> int:
    found = complaints(tag, ROOT)
    if found:
        print(f"{tag} cannot be released:", *found, sep="\n  ", file=sys.stderr)
        return 1
    changes = read(ROOT / "CHANGELOG.md")
    heading = re.findall(r"^## (.*)$", changes, re.MULTILINE)[1]
    print(section(changes, heading))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
