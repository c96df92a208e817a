"""`leadwise models`: versions of a target's model."""

from typing import Annotated

import typer

from leadwise.app.commands import arguments as take

group = typer.Typer(no_args_is_help=True, help="List, show, activate, roll back, compare and prune versions of models.")

Target = Annotated[str, typer.Argument(help="What is predicted: a target's name, or its blueprint's name or file.")]
Version = Annotated[str, typer.Argument(help="A version, as `leadwise models list` names it.")]
OptionalVersion = Annotated[str | None, typer.Argument(help="A version, as `leadwise models list` names it.")]
AsOf = Annotated[str | None, typer.Option(help="A day, or an instant with its zone: the version that scored then.")]
Keep = Annotated[int, typer.Option(help="The newest so many stay.", min=0)]
Days = Annotated[float, typer.Option(help="All that scored within so many days stay.", min=0)]


@group.command("list")
def list_all(
    target: Target,
    organisation: take.Organisation = "default",
    server: take.Server = None,
    as_json: take.AsJson = False,
) -> None:
    """List the versions, the newest first: which one scores, since when, and who decided."""
    from leadwise.app.output import print_json
    from leadwise.app.versions_session import VersionReport, VersionsReport, open_versions, target_name
    from leadwise.app.versions_text import show_versions

    if server is not None:
        from leadwise.app.remote_versions import versions_at

        take.refuse_organisation_with_server(organisation)
        reports = versions_at(server, target)
    else:
        with open_versions(target, organisation) as versions:
            reports = [VersionReport.of(version) for version in versions.list()]
    if as_json:
        print_json(VersionsReport(target=target_name(target), versions=reports))
    else:
        show_versions(reports)


@group.command()
def show(
    target: Target,
    version: OptionalVersion = None,
    as_of: AsOf = None,
    organisation: take.Organisation = "default",
    server: take.Server = None,
    as_json: take.AsJson = False,
) -> None:
    """Show a version's card; of none in particular, that of the one that scores now, or did at an instant."""
    from leadwise.app.card_text import show_card
    from leadwise.app.instants import read_past_instant
    from leadwise.app.output import print_json
    from leadwise.app.versions_session import open_versions, version_to_show
    from leadwise.domain.clock import now

    instant = None if as_of is None else read_past_instant("--as-of", as_of, now())
    if server is not None:
        from leadwise.app.remote_versions import card_at

        take.refuse_organisation_with_server(organisation)
        card = card_at(server, target, version, instant)
    else:
        with open_versions(target, organisation) as versions:
            card = version_to_show(versions, target, version, instant).card
    if as_json:
        print_json(card)
    else:
        show_card(card)


@group.command()
def activate(
    target: Target, version: Version, organisation: take.Organisation = "default", server: take.Server = None
) -> None:
    """Let a version score from now on, and say what the gate thinks of it."""
    import getpass

    from leadwise.app.output import remark
    from leadwise.app.versions_session import open_versions
    from leadwise.app.versions_text import show_verdict
    from leadwise.registry.gate import judge

    if server is not None:
        from leadwise.app.remote_versions import activate_at

        take.refuse_organisation_with_server(organisation)
        verdict = activate_at(server, target, version)
    else:
        with open_versions(target, organisation) as versions:
            verdict = judge(versions.get(version).card, versions.find_active_card())
            versions.activate(version, getpass.getuser())
    show_verdict(verdict)
    if not verdict.passed:
        remark("The gate would not have let it pass. `leadwise models rollback` goes back to the version before.")
    remark(f"Version {version} scores from now on.")


@group.command()
def rollback(
    target: Target,
    version: OptionalVersion = None,
    organisation: take.Organisation = "default",
    server: take.Server = None,
) -> None:
    """Let an earlier version score again: the one named, or else the one before the active one."""
    import getpass

    from leadwise.app.output import remark
    from leadwise.app.versions_session import open_versions

    if server is not None:
        from leadwise.app.remote_versions import roll_back_at

        take.refuse_organisation_with_server(organisation)
        back = roll_back_at(server, target, version)
    else:
        with open_versions(target, organisation) as versions:
            back = versions.roll_back(getpass.getuser(), version)
    remark(f"Version {back} scores from now on.")


@group.command()
def compare(
    target: take.Target,
    first: Version,
    second: OptionalVersion = None,
    organisation: take.Organisation = "default",
    store: take.Store = None,
    server: take.Server = None,
    as_json: take.AsJson = False,
) -> None:
    """Compare two versions on the same leads: grades that change, ranks, metrics, who moves most and why.

    Without a second one, the active version is compared with.
    """
    from pydantic import RootModel

    from leadwise.app.output import print_json
    from leadwise.app.target_session import TargetOptions
    from leadwise.app.versions_session import compare_versions
    from leadwise.app.versions_text import show_comparison
    from leadwise.registry.comparison import Comparison

    if server is not None:
        from leadwise.app.remote_versions import compare_at

        take.refuse_with_server({"--organisation": organisation != "default", "--store": store is not None})
        found = compare_at(server, target, first, second)
    else:
        found = compare_versions(TargetOptions(target, organisation, store), first, second)
    if as_json:
        print_json(RootModel[Comparison](found))
    else:
        show_comparison(found)


@group.command()
def prune(target: Target, keep: Keep = 10, days: Days = 90.0, organisation: take.Organisation = "default") -> None:
    """Remove the files of old versions; their cards, and when they scored, are kept.

    The active version and the one that scored before it always stay.
    """
    import getpass

    from leadwise.app.output import remark
    from leadwise.app.versions_session import open_versions

    with open_versions(target, organisation) as versions:
        removed = versions.prune(keep, days, getpass.getuser())
    remark(f"Removed the files of {', '.join(removed)}." if removed else "No version is old enough to be removed.")
