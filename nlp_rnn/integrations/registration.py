"""A package becomes a version in MLflow's registry, once for the same bytes, and never half a version.

Upload, fetch again, verify, predict, compare; then the version, with all its tags, in one call.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from nlp_rnn.inference import package as packages
from nlp_rnn.integrations import proof, registry, store, tracking
from nlp_rnn.schema import NlpRnnError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

_INPUT_EXAMPLES = {"en": "Maria Lopez flew to Rome.", "zh": "王小明昨天飞往上海。"}
_MODEL = "nlp_rnn.logged_model"  # tag: the id of MLflow's model behind a version
_REQUIREMENTS = ("nlp-rnn", "mlflow", "numpy", "onnxruntime", "tokenizers")


@dataclass(frozen=True)
class Registered:
    """The version that holds a package, and whether it is new."""

    name: str
    version: str
    digest: str
    created: bool


@store.explained()
def register(
    name: str,
    *,
    package: Path,
    run_id: str,
    tags: Mapping[str, str],
    origin: Mapping[str, str],
    files: Sequence[Path] = (),
) -> Registered:
    """Makes a package a version of a model; the same bytes again are the same version.

    Where that version's files were lost or damaged in the registry, they are put back.

    Args:
        name: the model's name, which is its run's in params.yaml.
        package: the package's folder.
        run_id: of MLflow's run that made it.
        tags: what to say of the version; those of a version that exists are brought up to date.
        origin: tags for a new version only: they tell where its bytes first came from.
        files: more about that, kept under ``origin`` in MLflow's run; missing ones are passed over.

    Raises:
        NlpRnnError: a damaged package, or a registry that fails.
    """
    client = store.client()
    digest = packages.verify(package)
    found = client.search_model_versions(f"name = '{name}' and tag.`{store.PACKAGE}` = '{digest}'")
    if found:
        oldest = min(found, key=lambda version: int(version.version))
        for key, value in tags.items():
            if oldest.tags.get(key) != value:
                client.set_model_version_tag(name, oldest.version, key, value)
        if not _is_whole(name, oldest.version):
            model = client.get_logged_model(oldest.tags[_MODEL])
            _upload(client, model, package)
            proof.prove(model.artifact_location, package, digest, what=f"version {oldest.version} of {name}")
        return Registered(name, str(oldest.version), digest, created=False)
    for path in files:
        if path.is_file():
            client.log_artifact(run_id, str(path), registry.ORIGIN)
    _create_model(client, name)
    model = _log_model(client, package, run_id, digest)
    proof.prove(model.artifact_location, package, digest, what=f"the new version of {name}")
    environment = registry.kept(run_id, tracking.ENVIRONMENT)
    everything = {**tags, **origin, store.PACKAGE: digest, _MODEL: model.model_id}
    if environment is not None:  # of a run that was rebuilt from files it is not known
        everything[registry.ENVIRONMENT] = environment
    # The tags come with the version: whoever is killed here leaves either no version or a whole one.
    made = client.create_model_version(
        name,
        model.artifact_location,
        run_id=run_id,
        model_id=model.model_id,
        tags=everything,
    )
    return Registered(name, str(made.version), digest, created=True)


def _create_model(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _is_whole(name: str, version: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            registry.download(registry.resolve(f"models:/{name}/{version}"), Path(folder) / "package")
        except NlpRnnError:
            return False
    return True


def _log_model(client: MlflowClient, package: Path, run_id: str, digest: str) -> LoggedModel:
    """Gives a run a model of MLflow's that holds the package."""
    from mlflow.entities import LoggedModelOutput

    experiment = client.get_run(run_id).info.experiment_id
    model = client.create_logged_model(
        experiment, name="model", source_run_id=run_id, tags={store.PACKAGE: digest}
    )
    _upload(client, model, package)
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return model


def _upload(client: MlflowClient, model: LoggedModel, package: Path) -> None:
    """Puts the package, and the code that MLflow needs to load it, where a model of MLflow's lies."""
    import mlflow.pyfunc
    from mlflow.models import Model

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / Path(registry.PLACE).name  # MLflow keeps the folder's name
        shutil.copytree(package, copy)
        language = packages.read_model(copy)["language"]
        mlflow.pyfunc.save_model(
            f"{folder}/model",
            python_model=str(Path(__file__).with_name("flavor.py")),
            artifacts={"package": str(copy)},
            input_example=[_INPUT_EXAMPLES[language]],
            pip_requirements=[f"{library}=={metadata.version(library)}" for library in _REQUIREMENTS],
            mlflow_model=Model(
                artifact_path=model.artifact_location,
                run_id=model.source_run_id,
                model_id=model.model_id,
                model_uuid=model.model_id,
            ),
        )
        client.log_model_artifacts(model.model_id, f"{folder}/model")
