"""A page's context and its template agree: what is documented is read, and what is read is documented."""

from dataclasses import fields, is_dataclass
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest
from jinja2 import meta, nodes

from leadwise.web import sources
from leadwise.web.api import docs, reading
from leadwise.web.components import alerts, effects, metrics, tables, verdict
from leadwise.web.pages import leads, report
from leadwise.web.problems import FieldProblem, Problem
from leadwise.web.templating import environment

CONTEXTS = {
    "leads.html": leads.LeadsContext,
    "report.html": report.ReportContext,
    "error.html": Problem,
    "docs.html": docs.DocsContext,
}
PARTS = [
    leads.Tab,
    leads.LeadsAnswer,
    FieldProblem,
    alerts.Alert,
    effects.Driver,
    metrics.Metric,
    tables.Table,
    tables.Figure,
    verdict.Verdict,
    verdict.KeyFigure,
    reading.Field,
    reading.Content,
    reading.Operation,
    reading.Group,
    sources.LeadQuery,
    sources.LeadRow,
    sources.LeadList,
    sources.GradeCount,
]


def read_names(template: str) -> set[str]:
    """The names that a template and those it includes or extends take from its context."""
    found = environment()
    tree = found.parse(found.loader.get_source(found, template)[0])
    macros = {name for imported in tree.find_all(nodes.FromImport) for name in imported.names}
    names = meta.find_undeclared_variables(tree) - set(found.globals) - macros
    kept = (nodes.Include, nodes.Extends)
    for part in tree.find_all(kept):
        names |= read_names(part.template.value)
    return names


@pytest.mark.parametrize("template", CONTEXTS)
def test_documented_and_rendered_keys_match(template: str):
    assert read_names(template) == {field.name for field in fields(CONTEXTS[template])}


@pytest.mark.parametrize("part", [*CONTEXTS.values(), *PARTS], ids=lambda part: part.__name__)
def test_every_field_carries_help(part: type):
    assert is_dataclass(part)
    assert part.__dataclass_params__.frozen
    for name, hint in get_type_hints(part, include_extras=True).items():
        assert get_origin(hint) is Annotated, name
        assert str(get_args(hint)[1]).endswith((".", "?")), name


def test_every_template_is_read_by_some_page():
    reached = {"_style.css"}
    waiting = list(CONTEXTS)
    while waiting:
        template = waiting.pop()
        reached.add(template)
        tree = environment().parse(environment().loader.get_source(environment(), template)[0])
        waiting += [name for name in meta.find_referenced_templates(tree) if name not in reached]
    assert reached == set(environment().list_templates(extensions=["html", "css"]))
