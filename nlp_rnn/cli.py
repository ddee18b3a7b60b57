"""The ``nlp-rnn`` command: each verb imports what it needs when it is called, so that help is instant."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nlp_rnn import environment
from nlp_rnn.schema import NlpRnnError, UsageError

app = typer.Typer(
    help="Recurrent taggers and classifiers: retrained on a schedule, promoted on evidence, shipped small.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's name in params.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
MODELS = "Models"
PIPELINE = "The pipeline (stages, as dvc.yaml calls them)"
FLOW = "The flow (the pipeline, then the registry)"


def main() -> None:
    """Runs the command and turns every foreseen error into one message and an exit code."""
    environment.quiet()
    environment.own_commands_first()
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app()
    except NlpRnnError as error:
        if debug:
            raise
        print(f"nlp-rnn: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None


def _stage(name: str, run: str) -> None:
    from importlib import import_module

    from nlp_rnn import params
    from nlp_rnn.operations import workspace

    block = params.load(run)
    if "DVC_STAGE" in os.environ:  # a killed `dvc` leaves its stage behind otherwise
        workspace.die_with_parent()
    with workspace.locked(Path.cwd()):
        import_module(f"nlp_rnn.stages.{name}").main(block)


@app.command(rich_help_panel=PIPELINE)
def new(
    run: RunName,
    task: Annotated[str, typer.Option("--task", help="ner or sentiment.")],
    language: Annotated[str, typer.Option("--language", help="en or zh.")],
    source: Annotated[
        str, typer.Option("--source", help="file:PATH, catalog:NAME, hub:REPO[@REVISION] or demo.")
    ],
    unlabeled: Annotated[
        str | None, typer.Option("--unlabeled", help="A file of raw text, one document a line.")
    ] = None,
    vectors: Annotated[
        str | None, typer.Option("--vectors", help="A file of word vectors: GloVe, word2vec or fastText.")
    ] = None,
) -> None:
    """Add a run to params.yaml."""
    from nlp_rnn.operations import new_run

    new_run.add(run, task=task, language=language, source=source, unlabeled=unlabeled, vectors=vectors)
    print(f"{run}: added to params.yaml; `nlp-rnn run {run}` trains and registers it")


@app.command(rich_help_panel=PIPELINE)
def ingest(run: RunName) -> None:
    """Fetch a run's text and turn it into examples."""
    _stage("ingest", run)


@app.command(rich_help_panel=PIPELINE)
def tokenize(run: RunName) -> None:
    """Learn the vocabulary and turn examples into ids."""
    _stage("tokenize", run)


@app.command(rich_help_panel=PIPELINE)
def validate(run: RunName) -> None:
    """Check that the examples are fit to train on; exit 3 where they are not."""
    _stage("validate", run)


@app.command(rich_help_panel=PIPELINE)
def baseline(run: RunName) -> None:
    """Train the linear model that the network has to beat."""
    _stage("baseline", run)


@app.command(rich_help_panel=PIPELINE)
def pretrain(run: RunName) -> None:
    """Train a language model on raw text, from which training starts, if the run asks for one."""
    _stage("pretrain", run)


@app.command(rich_help_panel=PIPELINE)
def train(run: RunName) -> None:
    """Train the network and write its package."""
    _stage("train", run)


@app.command(rich_help_panel=PIPELINE)
def evaluate(run: RunName) -> None:
    """Score the package on the test set, as production would run it."""
    _stage("evaluate", run)


@app.command(rich_help_panel=MODELS)
def predict(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A package's folder, or models:/NAME@champion.")
    ],
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="What to label.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="One text a line; with --output also JSON Lines, CSV, TSV or Parquet."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Where the answers go: .jsonl, .csv or .parquet.")
    ] = None,
    column: Annotated[str, typer.Option("--column", help="Of the file's texts.")] = "text",
    json: AsJson = False,
) -> None:
    """Label texts: those given, a file's lines, or else the lines of standard input."""
    from nlp_rnn.operations import predict as prediction

    if output is None:
        prediction.main(model, texts or [], file, as_json=json)
    elif file is None or texts:
        raise UsageError("--output is for the texts of a --file.")
    else:
        prediction.to_file(model, file, output, column=column)


@app.command(rich_help_panel=MODELS)
def register(run: RunName) -> None:
    """Make a run's package a version in the registry; the same bytes make the same version."""
    from nlp_rnn.operations import release

    done = release.register(run)
    print(f"{run}: version {done.version} {'registered' if done.created else 'was registered before'}")


@app.command(rich_help_panel=MODELS)
def promote(run: RunName) -> None:
    """Make a run's package the champion if it is better on the test set."""
    from nlp_rnn.operations import release

    decision = release.promote(run)
    print(f"{run}: {'promoted' if decision.promote else 'not promoted'}. {decision.reason}")
    print(release.champion_line(run))


@app.command(rich_help_panel=MODELS)
def pull(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="models:/NAME@champion, or /VERSION.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the copy lies.")],
) -> None:
    """Bring a verified copy of a registered package up to date; offline, the last good one stays."""
    from nlp_rnn.operations import pull as pulls

    done = pulls.pull(model, folder)
    if done.problem is not None:
        print(f"nlp-rnn: {done.problem} {folder} keeps package {done.digest[:12]}.", file=sys.stderr)
    else:
        print(f"{folder}: {model} is version {done.version}, {'fetched' if done.new else 'as it is here'}")


@app.command(rich_help_panel=MODELS)
def serve(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A package's folder, or models:/NAME@champion.")
    ],
    host: Annotated[
        str,
        typer.Option(
            "--host", help="What to bind. Other than this machine's own needs a token, or --no-token."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="NLP_RNN_TOKEN",
            help="What requests must send as Authorization: Bearer; NLP_RNN_TOKEN hides it better.",
        ),
    ] = None,
    no_token: Annotated[
        bool,
        typer.Option("--no-token", help="Whoever reaches an address that is not this machine's may ask."),
    ] = False,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option("--allowed-host", help="A name that the server goes by; may be repeated; * for any."),
    ] = None,
    copy: Annotated[
        Path | None,
        typer.Option("--copy", help="Keeps the registered package here, to start without the registry."),
    ] = None,
    poll: Annotated[
        float, typer.Option("--poll", min=0.1, help="Seconds between two looks for a newer model.")
    ] = 5.0,
    max_body: Annotated[int, typer.Option("--max-body", min=1, help="Bytes of a request.")] = 1_048_576,
    max_characters: Annotated[int, typer.Option("--max-characters", min=1, help="Of a text.")] = 20_000,
    max_texts: Annotated[int, typer.Option("--max-texts", min=1, help="In a request.")] = 256,
    max_queue: Annotated[
        int, typer.Option("--max-queue", min=1, help="Characters that may wait; beyond, 503.")
    ] = 500_000,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.01, help="Seconds to receive a request, and to answer it.")
    ] = 10.0,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Requests that succeed stay out of the log.")
    ] = False,
) -> None:
    """Answer over HTTP, with a page to try it: POST /predict, and see / and /openapi.json."""
    try:
        from nlp_rnn.serving import server
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("nlp_rnn"):
            raise
        raise UsageError(f"serving needs {error.name}; pip install 'nlp-rnn[serve]'.") from None

    server.main(
        model,
        host=host,
        port=port,
        token=token,
        open_to_all=no_token,
        allowed_hosts=allowed_host or [],
        copy=copy,
        poll=poll,
        body=max_body,
        characters=max_characters,
        texts=max_texts,
        queue=max_queue,
        seconds=timeout,
        quiet=quiet,
    )


@app.command(rich_help_panel=MODELS)
def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model's name, which is its run's.")],
) -> None:
    """Make the champion before this one champion again."""
    from nlp_rnn.operations import rollback as rollbacks

    out, back = rollbacks.rollback(name)
    print(f"{name}: version {back.version} is the champion again; version {out.version} was rolled back")


@app.command(rich_help_panel=MODELS)
def champion(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model's name, which is its run's.")],
    json: AsJson = False,
) -> None:
    """Show which version of a model is the champion, how good it is, since when and why."""
    from nlp_rnn.operations import champion as champions

    print(champions.show(name, as_json=json))


@app.command(rich_help_panel=MODELS)
def lineage(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="models:/NAME@champion, or /VERSION.")],
    json: AsJson = False,
) -> None:
    """Show where a model came from: its run, commit, stages and data, each with its digest."""
    from nlp_rnn.operations import lineage as lineages

    print(lineages.show(model, as_json=json))


@app.command(rich_help_panel=MODELS)
def reproduce(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="models:/NAME@champion, or /VERSION.")],
    keep: Annotated[
        Path | None, typer.Option("--keep", help="A new folder for the clone, which stays.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Make a model again from its version alone, in a fresh clone; exit 1 where a byte differs."""
    from nlp_rnn.operations import reproduce as making
    from nlp_rnn.operations import reproduction

    made = making.reproduce(model, keep=keep, tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(reproduction.to_json(made) if json else reproduction.to_text(made))
    if not made.identical:
        raise typer.Exit(1)


def _flows(name: str) -> Any:
    """A module of flows/, which belongs to the project and not to the package: it is found by path."""
    from importlib import import_module

    root = Path.cwd()
    if not (root / "flows" / "retrain.py").is_file():
        raise UsageError(f"{root}: there is no flows/retrain.py here; run this in the project's folder.")
    sys.path.insert(0, str(root))
    return import_module(f"flows.{name}")


@app.command(rich_help_panel=FLOW)
def run(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Names in params.yaml; all if none is given."),
    ] = None,
) -> None:
    """Bring runs up to date, here and now: stale stages, then register, then promote."""
    _flows("once").main(runs or [])


@app.command(rich_help_panel=FLOW)
def scores() -> None:
    """Show every run's test score beside its baseline's, and its champion."""
    _flows("scores").main()


@app.command(rich_help_panel=FLOW)
def schedule() -> None:
    """Serve the flow on the schedules of the runs that have one."""
    _flows("schedule").main()
