"""The commands and their options; each imports what it needs when it runs, so that help comes at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from rdsweep import __version__
from rdsweep.cli._activity import Activity
from rdsweep.cli._signals import unwinding

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


# Spelled out, because the modules that own these choices are too slow to import for a help text.
EngineName = Literal["ray", "inline"]
DeviceName = Literal["auto", "cpu", "cuda", "both"]
ImbalanceName = Literal["none", "lower_corridor", "alignment"]
TableName = Literal["runs", "scores", "history", "score_history", "maps", "codes", "indices"]

SweepPath = Annotated[
    Path, typer.Argument(metavar="SWEEP", help="Sweep file, for example sweeps/quick.yaml.")
]
# Text, because a path would fold the slashes of a URI such as s3://bucket/quick into one.
ResultsPlace = Annotated[
    str,
    typer.Argument(metavar="RESULTS", help="Results of a sweep: a folder, or a URI as s3://bucket/quick."),
]
ResultsOption = Annotated[
    str | None,
    typer.Option(
        "--results",
        metavar="RESULTS",
        help="Where the results lie: a folder, or a URI as s3://bucket/quick.",
        show_default="results/NAME",
    ),
]
EngineOption = Annotated[EngineName, typer.Option(help="Ray Tune, or one pack after the other.")]
DeviceOption = Annotated[
    DeviceName,
    typer.Option(help="What to train on; auto is CUDA where there is any, both adds nodes without a GPU."),
]
PackSizeOption = Annotated[
    int | None, typer.Option(min=1, help="Most runs per pack.", show_default="the sweep's, or the device's")
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Packs at a time.", show_default="one per core or GPU")
]
TableOutOption = Annotated[
    Path | None,
    typer.Option("--out", help="File to write, .csv or .parquet.", show_default="print the first rows"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PluginOption = Annotated[
    list[str] | None,
    typer.Option(metavar="MODULE", help="Module with tasks of your own, imported first; may be repeated."),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rdsweep {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version of rdsweep and exit."
        ),
    ] = False,
) -> None:
    """Hyperparameter sweeps and rate-distortion statistics for beta-VAEs and hybrid models."""


@app.command()
def plan(
    sweep: SweepPath,
    results: ResultsOption = None,
    engine: EngineOption = "ray",
    device: DeviceOption = "auto",
    pack_size: PackSizeOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
    plugin: PluginOption = None,
) -> None:
    """Show what a sweep would run, what it would cost and what is done already; trains nothing."""
    _import(plugin)
    from rdsweep.cli._plan import make_plan, print_plan
    from rdsweep.sweeps import load_sweep

    loaded = load_sweep(sweep)
    made = make_plan(
        loaded,
        results=results or _default_results(loaded.name),
        engine=engine,
        device=device,
        pack_size=pack_size,
        n_workers=workers,
    )
    print_plan(made, as_json=as_json)


@app.command()
def run(
    sweep: SweepPath,
    results: ResultsOption = None,
    engine: EngineOption = "ray",
    address: Annotated[
        str | None, typer.Option(help="Ray cluster: auto or HOST:PORT.", show_default="a local one")
    ] = None,
    device: DeviceOption = "auto",
    pack_size: PackSizeOption = None,
    workers: WorkersOption = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Train failed runs again.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Train the runs of a sweep that its results lack; may be stopped and started again at any time."""
    with Activity(f"starting the run of {sweep}", at_once=True):
        _import(plugin)
        from rdsweep.cli._run import run_and_tell
        from rdsweep.store import without_secret
        from rdsweep.sweeps import load_sweep

        loaded = load_sweep(sweep)
    place = results or _default_results(loaded.name)
    with unwinding(f"interrupted; finished packs are kept in {without_secret(place)}"):
        complete = run_and_tell(
            loaded,
            results=place,
            engine=engine,
            address=address,
            device=device,
            pack_size=pack_size,
            n_workers=workers,
            retry_failed=retry_failed,
        )
    if not complete:
        raise typer.Exit(1)


@app.command()
def study(
    file: Annotated[Path, typer.Argument(metavar="STUDY", help="Study file, for example sweeps/beta.yaml.")],
    results: ResultsOption = None,
    storage: Annotated[
        str | None, typer.Option(help="Database for Optuna.", show_default="a journal in the results folder")
    ] = None,
    n_configs: Annotated[
        int | None, typer.Option(min=1, help="Configurations per condition.", show_default="the file's")
    ] = None,
    engine: EngineOption = "ray",
    address: Annotated[
        str | None, typer.Option(help="Ray cluster: auto or HOST:PORT.", show_default="a local one")
    ] = None,
    device: DeviceOption = "auto",
    pack_size: PackSizeOption = None,
    workers: WorkersOption = None,
    report: Annotated[Path | None, typer.Option(help="Folder to write the study's page into.")] = None,
    plugin: PluginOption = None,
) -> None:
    """Search with Optuna, batches trained as packs; may be stopped and started again at any time."""
    with Activity(f"starting the study of {file}", at_once=True):
        _import(plugin)
        from rdsweep.cli._study import study_and_tell
        from rdsweep.store import without_secret
        from rdsweep.studies import load_study_file

        loaded = load_study_file(file)
    place = results or _default_results(loaded.name)
    again = f"the study goes on from {without_secret(place)} when it is launched again"
    with unwinding(f"interrupted; {again}"):
        study_and_tell(
            loaded,
            results=place,
            storage=storage,
            n_configs=n_configs,
            engine=engine,
            address=address,
            device=device,
            pack_size=pack_size,
            n_workers=workers,
            report=report,
        )


@app.command()
def status(
    results: ResultsPlace,
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look until all runs have an outcome.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Show which runs are done, failed, in training or missing, how fast it goes, and why runs failed."""
    with Activity("reading the results") as reading:
        _import(plugin)
        from rdsweep.cli._status import show_status

        with unwinding():
            show_status(results, as_json=as_json, watch=watch, on_read=reading.end)


@app.command()
def verify(
    results: ResultsPlace,
    repair: Annotated[bool, typer.Option("--repair", help="Put broken packs aside.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Check every file of the results; exits with 1 if one is broken."""
    with Activity("checking the results") as checking:
        _import(plugin)
        from rdsweep.cli._verify import verify_and_tell

        with unwinding():
            sound = verify_and_tell(results, repair=repair, activity=checking)
    if not sound:
        raise typer.Exit(1)


@app.command()
def table(
    results: ResultsPlace,
    name: Annotated[TableName, typer.Option("--table", help="Which table.")] = "runs",
    with_theory: Annotated[
        bool, typer.Option("--theory", help="Add to runs their distance from the exact optimum.")
    ] = False,
    out: TableOutOption = None,
    plugin: PluginOption = None,
) -> None:
    """Write a table of results as one file, or print its first rows."""
    if with_theory and name != "runs":
        raise ValueError(f"table must be runs with --theory, but got {name!r}")
    text = "comparing the runs with the exact optimum" if with_theory else "reading the results"
    with Activity(text, at_once=with_theory):
        _import(plugin)
        from rdsweep.cli._table import deliver_table
        from rdsweep.store import ORDER_COLUMNS, in_reading_order, open_results

        stored = open_results(results)
        frame = stored.read(name)
        frame = in_reading_order(frame, frame if name == "runs" else stored.read("runs", ORDER_COLUMNS))
    with unwinding():
        if with_theory:
            from rdsweep.cli._optimality import with_optimality

            frame = with_optimality(frame)
        deliver_table(frame, out)


@app.command()
def geometry(
    results: ResultsPlace,
    out: TableOutOption = None,
    workers: WorkersOption = None,
    plugin: PluginOption = None,
) -> None:
    """Compute the indices of every run's code, or write them as one file; only what is new costs time."""
    with Activity("computing the indices of codes", at_once=True) as computing:
        _import(plugin)
        from rdsweep.cli._geometry import deliver_geometry
        from rdsweep.store import open_results

        with unwinding("interrupted; indices of finished packs are kept"):
            deliver_geometry(open_results(results), out, n_workers=workers, activity=computing)


@app.command()
def figures(
    results: ResultsPlace,
    out: Annotated[Path, typer.Option(help="Folder to write the figures and their captions into.")],
    numbers: Annotated[str, typer.Option("--figures", help="Numbers, for example 2,4-11.")] = "1-11",
    per_seed: Annotated[bool, typer.Option("--per-seed", help="Draw a page of each seed besides.")] = False,
    formats: Annotated[str, typer.Option(help="Formats, out of svg, pdf and png.")] = "svg,pdf,png",
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Runs to keep, as ratio=10; may be repeated."),
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Draw the paper's figures 1, 2, 4, 5 and 7 to 11 from the results, seeds aggregated."""
    with Activity("drawing figures", at_once=True) as drawing:
        _import(plugin)
        from rdsweep.cli._figures import deliver_figures

        with unwinding():
            deliver_figures(
                results,
                out=out,
                figures=numbers,
                per_seed=per_seed,
                formats=formats,
                where=where or [],
                activity=drawing,
            )


@app.command()
def report(
    report_file: Annotated[
        Path, typer.Argument(metavar="REPORT", help="Report file, for example reports/quick.yaml.")
    ],
    results: Annotated[
        str,
        typer.Option(metavar="RESULTS", help="Results of a sweep: a folder, or a URI as s3://bucket/quick."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write page, tables and figures into; needed unless --trace is given."),
    ] = None,
    trace: Annotated[
        str | None,
        typer.Option(metavar="TABLE:ROW", help="Print the runs behind a row of a table, and write nothing."),
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Build a report: one self-contained page, its tables and its figures."""
    if trace is None and out is None:
        raise typer.BadParameter("must be given unless --trace is", param_hint="--out")
    with Activity(f"building the report of {report_file}", at_once=True) as building:
        _import(plugin)
        from rdsweep.cli._report import report_and_tell, trace_and_tell

        if trace is not None:
            with unwinding():
                trace_and_tell(report_file, results=results, row=trace, activity=building)
        elif out is not None:
            with unwinding(f"interrupted before the report in {out} was whole"):
                report_and_tell(report_file, results=results, out=out, activity=building)


@app.command()
def theory(
    imbalance: Annotated[ImbalanceName, typer.Option(help="Which positions are frequent.")] = "none",
    ratio: Annotated[float, typer.Option(min=1.0, help="How many times as frequent they are.")] = 1.0,
    tasks: Annotated[
        list[str] | None, typer.Option(help="A task whose best scores to compute too; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A folder for the curves as CSV files.")] = None,
) -> None:
    """Compute the rate-distortion function of a source, the bound that no model can beat."""
    with Activity(f"computing the optimum of {imbalance} at ratio {ratio:g}", at_once=True):
        from rdsweep.cli._theory import deliver_theory

    with unwinding():
        deliver_theory(imbalance, ratio, tasks=tasks or [], out=out)


@app.command()
def version() -> None:
    """Show the versions of rdsweep, of Python and of the libraries that results depend on."""
    from rdsweep.cli._version import print_versions

    print_versions()


def _import(plugins: list[str] | None) -> None:
    """Import the modules that the user names; nothing that is read from results is imported."""
    if plugins:
        from rdsweep.sweeps import import_plugins

        import_plugins(plugins)


def _default_results(sweep_name: str) -> str:
    """Return the results folder of a sweep where none is given."""
    return str(Path("results", sweep_name))
