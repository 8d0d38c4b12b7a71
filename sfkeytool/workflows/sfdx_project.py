"""Files of an sfdx project: source below a package directory, and what makes a folder a project of its own."""

import json
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from sfkeytool.model import Artifact, ArtifactKind, Result
from sfkeytool.salesforce import metadata_source
from sfkeytool.salesforce.metadata_source import SourceFile
from sfkeytool.salesforce.org import OrgIdentity

PACKAGE_FOLDER = "force-app"
DEFAULT_FOLDER = "main/default"


class Destination(Struct, frozen=True):
    """Where source goes: the path of a project, whether it is a new one, and the org, if one is named; ``cli_alias`` is
    what the Salesforce CLI calls it, if it is known there."""

    project: str
    is_new: bool
    org: OrgIdentity | None
    cli_alias: str | None = None


class Deployable(Result, frozen=True, kw_only=True):
    """What source for ``sf project deploy start`` is told with."""

    project: Annotated[str, Meta(description="The folder of the sfdx project")]
    org: OrgIdentity | None
    deployed: Annotated[
        bool, Meta(description="Whether it is in the org, and was read back from there as it should be")
    ]


def source_artifact(filename: str, content: bytes, folder: str) -> Artifact:
    """A source file, in a folder below the run's own. Pure."""
    return Artifact(filename, ArtifactKind.METADATA_SOURCE, content, folder)


def source_artifacts(sources: Sequence[SourceFile], *, new_project: bool) -> tuple[Artifact, ...]:
    """Those of ``sources``, below a package directory's ``main/default``; of a new project below its root, with what
    makes it one. Pure."""
    base = f"{PACKAGE_FOLDER}/{DEFAULT_FOLDER}/" if new_project else ""
    artifacts = tuple(source_artifact(file.filename, file.content, base + file.folder) for file in sources)
    return (*artifacts, *_project_artifacts(sources)) if new_project else artifacts


def _project_artifacts(sources: Sequence[SourceFile]) -> tuple[Artifact, ...]:
    project = {
        "packageDirectories": [{"path": PACKAGE_FOLDER, "default": True}],
        "sourceApiVersion": metadata_source.API_VERSION,
    }
    ignored = "# Once retrieved, these hold the consumer key.\n**/extlClntAppGlobalOauthSets/\n"
    return (
        source_artifact("sfdx-project.json", (json.dumps(project, indent=2) + "\n").encode(), ""),
        source_artifact("package.xml", metadata_source.build_package_xml(sources), "manifest"),
        source_artifact(".gitignore", ignored.encode(), ""),
    )
