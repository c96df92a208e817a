"""`leadwise fit`: from a table with outcomes to a model file."""

from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Annotated, NamedTuple

import typer

from leadwise.app.card_text import show_card
from leadwise.app.commands import arguments as take
from leadwise.app.model import Model
from leadwise.app.output import print_json, remark
from leadwise.app.progress import make_progress, working
from leadwise.connectors.tables import read_table
from leadwise.connectors.whole_file import check_writable
from leadwise.domain.choices import read_choice
from leadwise.domain.preprocessing import Preprocessing, read_preprocessing
from leadwise.registry.model_file import read_model_file
from leadwise.training.fitting import fit
from leadwise.training.options import DEFAULT_BUDGET_SECONDS, FitOptions, SearchStyle
from leadwise.training.time_material import check_dates

Out = Annotated[Path | None, typer.Option(help="Where the model file goes; with --target it is stored in any case.")]
Report = Annotated[Path | None, typer.Option(help="Where a report goes: one HTML file that needs no network.")]

EveryOrganisation = Annotated[
    bool, typer.Option("--every-organisation", help="With --target: a model of its own for each organisation.")
]
Engine = Annotated[
    str | None,
    typer.Option(
        help="With --every-organisation: `spark-local` or `spark://HOST:PORT` fit side by side, `duckdb` one by one."
    ),
]


def run(
    table: take.OptionalTable = None,
    out: Out = None,
    target: take.TargetOption = None,
    organisation: take.Organisation = "default",
    every_organisation: EveryOrganisation = False,
    store: take.Store = None,
    engine: Engine = None,
    outcome: take.OptionalOutcome = None,
    report: Report = None,
    won: take.Won = None,
    value: take.Value = False,
    created: take.Created = None,
    converted_at: take.ConvertedAt = None,
    until: take.UntilDate = None,
    id_column: take.Id = None,
    time: take.Time = None,
    ordered: take.Ordered = False,
    drop: take.Drop = None,
    keep: take.Keep = None,
    algorithm: take.Algorithms = None,
    budget: take.Budget = DEFAULT_BUDGET_SECONDS,
    seed: take.Seed = 0,
    prior: take.Prior = None,
    search: take.Search = None,
    search_trials: take.SearchTrials = None,
    missing: take.Missing = None,
    encoding: take.Encoding = None,
    scaling: take.Scaling = None,
    select: take.Select = None,
    select_features: take.SelectFeatures = None,
    derive: take.Derive = None,
    server: take.Server = None,
    as_json: take.AsJson = False,
) -> None:
    """Learn from a table with outcomes, and write a model file. With --target, learn from stored leads."""
    options = FitOptions(
        outcome=outcome or "",
        won=won,
        value=value,
        id_column=id_column,
        time_column=time,
        ordered=ordered,
        drop=tuple(drop or ()),
        keep=tuple(keep or ()),
        algorithms=tuple(algorithm or ()),
        budget_seconds=budget,
        seed=seed,
        prior=read_model_file(prior) if prior is not None else None,
        search=read_choice(SearchStyle, search, "--search") if search is not None else None,
        search_trials=search_trials,
        created=created,
        converted_at=converted_at,
        until=until,
        preprocessing=_preprocessing(missing, encoding, scaling, select, select_features, derive),
    )
    files = _Files(table, out, report, [] if prior is None else [prior])
    choice = TargetChoice(target or "", organisation, store, engine)
    _begin(choice, files, options, server, every=every_organisation, as_json=as_json)


class _Files(NamedTuple):
    """What is read and written."""

    table: Path | None
    out: Path | None
    report: Path | None
    priors: list[Path]


def _begin(
    choice: "TargetChoice", files: _Files, options: FitOptions, server: str | None, *, every: bool, as_json: bool
) -> None:
    """Let a service learn, or learn from stored leads or from a table."""
    if server is not None:
        _learn_at(server, choice, files, options, every=every, as_json=as_json)
    elif choice.target:
        _learn_stored(choice, files.table, files.out, files.report, options, every=every, as_json=as_json)
    else:
        _refuse_stored(choice, every=every)
        _learn(files.table, files.out, files.report, options, files.priors, as_json=as_json)


class TargetChoice(NamedTuple):
    """A target, whose leads, and where their features are kept."""

    target: str
    organisation: str
    store: str | None
    engine: str | None


def _refuse_stored(choice: TargetChoice, *, every: bool) -> None:
    """Refuse what is about stored leads, where a table is learnt from."""
    whose = {"--organisation": choice.organisation != "default", "--every-organisation": every}
    how = {"--store": choice.store is not None, "--engine": choice.engine is not None}
    take.refuse_without_target(whose | how)


def _learn_stored(
    choice: TargetChoice,
    table: Path | None,
    out: Path | None,
    report: Path | None,
    options: FitOptions,
    *,
    every: bool,
    as_json: bool,
) -> None:
    """Learn from the stored leads of one organisation, or of every one."""
    take.refuse_with_target({"TABLE": table is not None, **_about_columns(options)})
    learn = _learn_every_organisation if every else _learn_target
    learn(choice, out, report, options, as_json=as_json)


def _learn_every_organisation(
    choice: TargetChoice, out: Path | None, report: Path | None, options: FitOptions, *, as_json: bool
) -> None:
    """Fit each organisation's model on its newest snapshot, store all, and say what became of each."""
    of_one = {"--organisation": choice.organisation != "default", "--out": out is not None}
    take.refuse_with_every_organisation(of_one | {"--report": report is not None})
    from leadwise.app.every_organisation import check_all_fitted, fit_every_organisation
    from leadwise.app.every_organisation_text import show_organisations
    from leadwise.app.target_session import TargetOptions, open_target

    with open_target(TargetOptions(*choice)) as session:
        fits = tuple(fit_every_organisation(session, options))
    show_organisations(fits, as_json=as_json)
    check_all_fitted(fits)


def _learn_target(
    choice: TargetChoice, out: Path | None, report: Path | None, options: FitOptions, *, as_json: bool
) -> None:
    """Fit on the newest snapshot, store, show; files only where they are asked for."""
    take.refuse_without_every_organisation({"--engine": choice.engine is not None})
    from leadwise.app.target_session import TargetOptions, open_target
    from leadwise.app.target_training import fit_target

    for path in (out, report):
        if path is not None:
            check_writable(path)
    with open_target(TargetOptions(*choice)) as session:
        model = Model(fit_target(session, options))
    remark(f"Version {model.card.model_version} is stored, and scores from now on.")
    _show(model, out, report, as_json=as_json)


def _learn_at(
    server: str, choice: TargetChoice, files: _Files, options: FitOptions, *, every: bool, as_json: bool
) -> None:
    """Have a service learn, and show what it learnt."""
    from leadwise.app.remote import train_at

    if not choice.target:
        take.refuse_without_target({"--server": True})
    take.refuse_with_target({"TABLE": files.table is not None, **_about_columns(options)})
    take.refuse_with_server(_beyond_service(choice, files, options) | {"--every-organisation": every})
    card = train_at(server, choice.target, options)
    remark(f"Version {card.model_version} is stored there, and scores from now on.")
    if as_json:
        print_json(card)
    else:
        show_card(card)


def _beyond_service(choice: TargetChoice, files: _Files, options: FitOptions) -> dict[str, bool]:
    """By option, whether something was asked for that a service does not do."""
    return {
        "--out": files.out is not None,
        "--report": files.report is not None,
        "--organisation": choice.organisation != "default",
        "--store": choice.store is not None,
        "--engine": choice.engine is not None,
        "--prior": bool(files.priors),
        "--search": options.search is not None,
        "--search-trials": options.search_trials is not None,
        "preprocessing": options.preprocessing != Preprocessing(),
    }


def _about_columns(options: FitOptions) -> dict[str, bool]:
    """By option, whether something was said of a table's columns or rows."""
    return {
        "--outcome": bool(options.outcome),
        "--won": options.won is not None,
        "--value": options.value,
        "--created": options.created is not None,
        "--converted-at": options.converted_at is not None,
        "--until": options.until is not None,
        "--id": options.id_column is not None,
        "--time": options.time_column is not None,
        "--ordered": options.ordered,
    }


def _learn(
    table: Path | None, out: Path | None, report: Path | None, options: FitOptions, priors: list[Path], *, as_json: bool
) -> None:
    """Read, fit, write, show; what is read is never written over."""
    if table is None:
        raise typer.BadParameter(take.NEITHER_FILES_NOR_TARGET, param_hint="TABLE")
    if out is None:
        raise typer.BadParameter(take.NO_PLACE, param_hint="--out")
    check_dates(options)
    check_writable(out, inputs=[table, *priors])
    if report is not None:
        check_writable(report, inputs=[table, out])
    _show(_fit(table, options), out, report, as_json=as_json)


def _show(model: Model, out: Path | None, report: Path | None, *, as_json: bool) -> None:
    if out is not None:
        model.save(out)
        remark(f"Wrote {out}.")
    if report is not None:
        model.report(report)
        remark(f"Wrote {report}.")
    if as_json:
        for warning in model.card.warnings:
            remark(warning)
        print_json(model.card)
    else:
        show_card(model.card)


def _fit(path: Path, options: FitOptions) -> Model:
    started = perf_counter()
    with working(f"reading {path}"):
        file = read_table(path)
    for note in file.notes:
        remark(note)
    with make_progress() as progress:
        return Model(fit(file.table, options, progress, spent_seconds=perf_counter() - started))


def _preprocessing(
    missing: str | None,
    encoding: str | None,
    scaling: str | None,
    select: str | None,
    select_features: int | None,
    derive: list[str] | None,
) -> Preprocessing:
    """The steps that the options name; `--missing constant:0` is a strategy and its constant."""
    strategy, colon, constant = (missing or "").partition(":")
    return read_preprocessing(
        {
            "missing_value_strategy": strategy or None,
            "fill_value": _number_or_text(constant) if colon else None,
            "feature_scaling": scaling,
            "categorical_encoding": encoding,
            "feature_selection": select,
            "selected_features": select_features,
            "feature_engineering": derive,
        }
    )


def _number_or_text(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else text
