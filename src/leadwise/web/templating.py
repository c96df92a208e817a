"""Templates, and the one style sheet that every page carries inside itself.

A page needs no second request: the style is inlined, and the content security policy names its hash, so no other
style and no script at all can run. Everything that a template prints is escaped.
"""

import base64
import hashlib
from dataclasses import fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from markupsafe import Markup

from leadwise.web import words

if TYPE_CHECKING:
    from dataclasses import Field

    from jinja2 import Environment


class Context(Protocol):
    """A frozen dataclass whose fields are exactly what a template reads, each annotated with its help."""

    __dataclass_fields__: ClassVar[dict[str, "Field[Any]"]]


@cache
def environment() -> "Environment":
    """The templates with the words they may use; an unknown name is an error, not an empty string."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - the service may never need it

    made = Environment(
        loader=PackageLoader("leadwise.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(style=_style(), policy=content_security_policy(in_page=True), words=words)
    return made


def render(template: str, context: Context) -> str:
    """The template filled with the fields of the context."""
    values = {item.name: getattr(context, item.name) for item in fields(context)}
    return environment().get_template(template).render(values)


@cache
def content_security_policy(*, in_page: bool = False) -> str:
    """What a page may load: nothing but its own style and icon.

    Args:
        in_page: Leave out what a browser only takes from a header.
    """
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    rules = ["default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:", "form-action 'self'"]
    rules += ["base-uri 'none'"] if in_page else ["base-uri 'none'", "frame-ancestors 'none'"]
    return "; ".join(rules)


@cache
def _style() -> Markup:
    source = files("leadwise.web").joinpath("templates", "_style.css").read_text("utf-8")
    return Markup(source)  # noqa: S704 - our own file, and no user data in it
