"""What became of each organisation's fit, in lines for people, or as JSON."""

from collections.abc import Sequence

from leadwise.app.console import console, plain_table
from leadwise.app.every_organisation import OrganisationFit, OrganisationFits
from leadwise.app.output import number, print_json, remark


def show_organisations(fits: Sequence[OrganisationFit], *, as_json: bool) -> None:
    """Print each organisation's new model, and say of the others why there is none."""
    for each in fits:
        if each.refused:
            remark(f"Organisation {each.organisation!r} got no new model: {each.refused}")
    if as_json:
        print_json(OrganisationFits(organisations=tuple(fits)))
        return
    table = plain_table("organisation", "version", ">rows", "algorithm", "metric", ">test")
    for each in fits:
        if each.version is not None:
            table.add_row(
                each.organisation, each.version, f"{each.rows:,}", each.algorithm, each.metric, number(each.test)
            )
    console().print(table)
