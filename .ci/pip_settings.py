"""Copies where pip gets its packages from, for another user or another system: ``pip_settings.py FOLDER [TREE]``.

Makes FOLDER, as it is called in the system tree TREE, with a pip.conf and the files that the settings name. Prints the
folders that they name, one a line: who uses the copy must find those under the same names.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

FILES = ("cert", "client-cert", "constraint")
PLACES = ("find-links", "index-url", "extra-index-url")
VALUES = ("no-index", "trusted-host", "proxy", "timeout", "default-timeout", "retries")
SECTIONS = ("global", "install", ":env:")
"""From weak to strong; other settings, such as pip's cache or a log, are this machine's own."""
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def current_settings() -> dict[str, list[str]]:
    """What pip makes of its files and its environment here, by name."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    found: dict[str, dict[str, list[str]]] = {section: {} for section in SECTIONS}
    for line in lines:
        key, value = line.split("=", 1)
        section, name = key.rsplit(".", 1)
        if section in found and name in FILES + PLACES + VALUES:
            found[section][name] = ast.literal_eval(value).split()
    settings = {name: values for section in SECTIONS for name, values in found[section].items()}
    if "cert" not in settings:
        settings["cert"] = [next(filter(None, map(os.environ.get, BUNDLES)), SYSTEM_BUNDLE)]
    return settings


def main(folder: str, tree: str = "") -> None:
    settings = current_settings()
    copy = Path(tree + folder)
    copy.mkdir()
    for name in FILES:
        for number, file in enumerate(settings.get(name, ())):
            if Path(file).is_file():
                shutil.copyfile(file, copy / f"{name}-{number}")
                settings[name][number] = f"{folder}/{name}-{number}"
    for place in {place for name in PLACES for place in settings.get(name, ())}:
        path = Path(unquote(urlsplit(place).path))
        if urlsplit(place).scheme in ("", "file") and path.is_dir():
            print(path.parent if path.name == "simple" else path)  # an index's files lie beside its pages
    lines = (f"{name} = " + "\n  ".join(values) + "\n" for name, values in settings.items())
    (copy / "pip.conf").write_text("[global]\n" + "".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
