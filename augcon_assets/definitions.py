"""The Dagster definitions. Loading them reads settings only and opens nothing."""

import warnings
from pathlib import Path

import dagster as dg

import augcon_assets.defs
from augcon_assets.inputs import EXTERNAL
from augcon_assets.resources import WorkspaceResource


def build_defs(root: str = "") -> dg.Definitions:
    """Return all assets, checks, jobs, schedules and the sensor, for one workspace.

    *root* is the folder with ``augcon.toml``; empty: ``AUGCON_WORKSPACE``, else the nearest folder
    upwards from the working directory. Merge the result with your own definitions:
    ``dg.Definitions.merge(build_defs("/srv/corpus"), mine)``.

    Every module under ``augcon_assets/defs`` is loaded; a new one needs no registration.
    """
    folder = Path(augcon_assets.defs.__file__).parent
    with warnings.catch_warnings():
        # Dagster's own loader of a defs folder also hides these, but it needs a project file,
        # which an installed package does not have.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        tree = dg.ComponentTree.from_module(
            defs_module=augcon_assets.defs, project_root=folder.parent.parent
        )
        loaded = tree.build_defs()
    inputs = dg.Definitions(
        assets=EXTERNAL,
        resources={"workspace": WorkspaceResource(root=root)},
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(inputs, loaded)


defs = build_defs()
