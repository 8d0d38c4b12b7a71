"""Files as sources of the audit: folders are walked, sfdx projects recognised, and what cannot be read is listed."""

import os.path
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from sfkeytool.audit.files import read_carriers
from sfkeytool.audit.model import Carrier, Generation, Problem, Source, failure
from sfkeytool.audit.patterns import ForceIgnore, excludes_path, parse_forceignore
from sfkeytool.audit.zips import MAX_ZIP_BYTES
from sfkeytool.cli.run import Run
from sfkeytool.cli.walked import should_be_readable
from sfkeytool.edge.own_keystore import own_keystore
from sfkeytool.edge.projects import project_around
from sfkeytool.edge.reader import INPUT_LIMIT, read_input, walk_inputs
from sfkeytool.errors import InputError, SfkeytoolError
from sfkeytool.keystores.file_names import is_anothers, is_named_as_one
from sfkeytool.names import is_unique_name
from sfkeytool.passwords import Secret


class Walk:
    """Reads sources of files, one after the other: what cannot be read is listed, and the rest is read all the same."""

    def __init__(
        self, run: Run, passwords: Sequence[Secret], exclude: Sequence[str], tell: Callable[[str], None]
    ) -> None:
        self._run = run
        self._passwords = passwords
        self._exclude = exclude
        self._tell = tell
        self._seen: defaultdict[int, set[int]] = defaultdict(set)
        """Inodes of the files of earlier sources, by device: no file is listed twice."""
        self._count = 0
        self._projects: dict[Path, str] = {}
        self._forceignores: dict[str, ForceIgnore] = {}

    def look_through(self, path: Path) -> Source:
        """One source."""
        walked = os.path.isdir(path)
        carriers: list[Carrier] = []
        problems: list[Problem] = []
        keys: list[Path] = []
        excluded = lookalikes = 0

        def is_anothers_file(file: Path, code: str) -> bool:
            return walked and file != path and is_anothers(file.relative_to(path), code)

        def problem(error: SfkeytoolError, file: Path = path) -> None:
            aside = is_anothers_file(file, error.code)
            problems.append(Problem(str(path), str(file), error.code, error.message, aside))

        for file in walk_inputs([path], on_error=problem):
            if walked and self._is_excluded(path, file):
                excluded += 1
                continue
            if not self._is_new(file):
                continue
            self._count += 1
            if self._count % 100 == 0:
                self._tell(f"looking through the files: {self._count}")
            try:
                limit = MAX_ZIP_BYTES if file.suffix.lower() == ".zip" else INPUT_LIMIT
                content = self._run.read(file, limit=limit, named=not walked)
                if file.suffix == ".key" and b"PRIVATE KEY-----" in content.data:
                    keys.append(file)
                is_ckm_source = os.path.isfile(f"{file}-meta.xml")
                for read in read_carriers(content, str(path), self._passwords, is_ckm_source=is_ckm_source):
                    if isinstance(read, Problem):
                        problems.append(replace(read, aside=is_anothers_file(file, read.code)))
                    else:
                        carriers.append(read if read.scope else self._in_project(read, file))
            except SfkeytoolError as error:
                if walked and not should_be_readable(file, error):
                    self._run.console.detail(error.message)
                    lookalikes += is_named_as_one(file)
                else:
                    problem(error, file)
            except Exception as error:
                problem(failure(error), file)
        generations = tuple(found for key in keys if (found := _generation(key)))
        return Source(
            str(path),
            tuple(carriers),
            tuple(problems),
            generations=generations,
            excluded=excluded,
            lookalikes=lookalikes,
        )

    def _in_project(self, carrier: Carrier, file: Path) -> Carrier:
        """With the project around its file, and whether that one's ``.forceignore`` keeps it out of deployments."""

        root = project_around(file.parent, self._projects)
        if not root:
            return carrier
        if root not in self._forceignores:
            self._forceignores[root] = _forceignore(Path(root, ".forceignore"))
        path = (file.parent.resolve() / file.name).relative_to(root).as_posix()
        rules = self._forceignores[root]
        ignored = rules.ignores(path) or (not path.endswith("-meta.xml") and rules.ignores(f"{path}-meta.xml"))
        return replace(carrier, scope=root, is_deployed=not ignored)

    def _is_excluded(self, source: Path, file: Path) -> bool:
        if not self._exclude:
            return False

        paths = {file.as_posix(), file.relative_to(source).as_posix()}
        return any(excludes_path(self._exclude, path) for path in paths)

    def _is_new(self, file: Path) -> bool:
        try:
            found = file.stat()
        except (OSError, ValueError):
            return True  # reading it says why
        seen = self._seen[found.st_dev]
        known = found.st_ino in seen
        seen.add(found.st_ino)
        return not known


def _forceignore(path: Path) -> ForceIgnore:

    try:
        return parse_forceignore(read_input(path).decode("utf-8", "replace"))
    except InputError:  # most projects have one, none must
        return ForceIgnore()


def _generation(key: Path) -> Generation | None:
    """The folder of a key file, if it is one of a NAME: with its certificate, as sfkeytool makes it."""

    from sfkeytool.cli.lying_here import generation_in

    folder, name = key.parent, key.stem
    if not is_unique_name(name) or not os.path.isfile(folder / f"{name}.crt"):
        return None
    receipt = generation_in(folder, name)
    purpose = receipt.purpose if receipt is not None else None
    keystore = own_keystore(folder, name)
    return Generation(str(folder), name, purpose, str(keystore) if os.path.isfile(keystore) else None)
