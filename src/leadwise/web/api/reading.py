"""The OpenAPI document as people read it: groups of operations with their fields in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import orjson

from leadwise.web.api.openapi import Node, operations, resolve

DEEPEST = 2
"""So many levels of fields within fields are shown."""
_KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
_FORMATS = {"date-time": "timestamp with zone", "uuid": "UUID"}


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body or an answer."""

    name: Annotated[str, "Its name; dots lead into objects."]
    kind: Annotated[str, "What it holds, in words."]
    required: Annotated[bool, "Whether it must be there."]
    text: Annotated[str, "What it means."]
    place: Annotated[str, "Of a parameter: path, query or header."] = ""


@dataclass(frozen=True)
class Content:
    """A body, or an answer."""

    status: Annotated[str, "The HTTP status; empty for a body."]
    text: Annotated[str, "When it comes."]
    media: Annotated[str, "The media type; empty where there is no content."]
    fields: Annotated[tuple[Field, ...], "What it holds."]
    example: Annotated[str, "An example, laid out."]


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for."""

    method: Annotated[str, "The HTTP method."]
    path: Annotated[str, "The address; names in braces are parameters."]
    anchor: Annotated[str, "Where it stands on the page."]
    title: Annotated[str, "What it does, in a sentence."]
    text: Annotated[str, "More of it."]
    parameters: Annotated[tuple[Field, ...], "What stands in the address and the headers."]
    body: Annotated[Content | None, "What is sent."]
    answers: Annotated[tuple[Content, ...], "What comes back."]
    refusals: Annotated[tuple[Content, ...], "Why it may be refused."]


@dataclass(frozen=True)
class Group:
    """Operations of one subject."""

    name: Annotated[str, "The subject."]
    text: Annotated[str, "What it is about."]
    anchor: Annotated[str, "Where it stands on the page."]
    operations: Annotated[tuple[Operation, ...], "In the order of the document."]


def groups_of(document: Node) -> tuple[Group, ...]:
    """The operations by subject: those that are described first, then the others by name."""
    schemas = document.get("components", {}).get("schemas", {})
    texts = {tag["name"]: tag["description"] for tag in document.get("tags", ())}
    found: dict[str, list[Operation]] = {name: [] for name in texts}
    for path, method, operation in operations(document):
        for tag in operation.get("tags", ["Others"])[:1]:
            found.setdefault(tag, []).append(_operation(path, method, operation, schemas))
    return tuple(
        Group(name, texts.get(name, ""), _anchor(name), tuple(listed)) for name, listed in found.items() if listed
    )


def _operation(path: str, method: str, operation: Node, schemas: Mapping[str, Node]) -> Operation:
    told: str = operation.get("description") or operation.get("summary", "")
    title, _, text = told.partition("\n")
    contents = [_content(status, part, schemas) for status, part in operation["responses"].items()]
    body = operation.get("requestBody")
    return Operation(
        method=method.upper(),
        path=path,
        anchor=_anchor(f"{method} {path}"),
        title=title,
        text=text.strip(),
        parameters=tuple(_parameter(each, schemas) for each in operation.get("parameters", ())),
        body=None if body is None else _content("", body, schemas),
        answers=tuple(each for each in contents if each.status < "4"),
        refusals=tuple(each for each in contents if each.status >= "4"),
    )


def _parameter(parameter: Node, schemas: Mapping[str, Node]) -> Field:
    schema = parameter.get("schema", {})
    text = parameter.get("description", "")
    return Field(parameter["name"], kind_of(schema, schemas), bool(parameter.get("required")), text, parameter["in"])


def _content(status: str, part: Node, schemas: Mapping[str, Node]) -> Content:
    for media, content in part.get("content", {}).items():
        fields = tuple(_fields(content.get("schema", {}), schemas))
        return Content(status, part.get("description", ""), media, fields, _laid_out(content.get("example")))
    return Content(status, part.get("description", ""), "", (), "")


def _fields(schema: Node, schemas: Mapping[str, Node], before: str = "", depth: int = 0) -> Iterator[Field]:
    whole = _inner(schema, schemas)
    required = whole.get("required", ())
    for name, part in whole.get("properties", {}).items():
        path = f"{before}{name}"
        yield Field(path, kind_of(part, schemas), name in required, part.get("description", ""))
        if depth < DEEPEST:
            yield from _fields(part, schemas, f"{path}.", depth + 1)


def _inner(schema: Node, schemas: Mapping[str, Node]) -> Node:
    """The object that a schema is, is a list of, or may be."""
    whole = resolve(schema, schemas)
    if "anyOf" in whole:
        objects = [each for each in whole["anyOf"] if each.get("type") != "null"]
        return _inner(objects[0], schemas) if len(objects) == 1 else {}
    return _inner(whole.get("items", {}), schemas) if whole.get("type") == "array" else whole


def kind_of(schema: Node, schemas: Mapping[str, Node]) -> str:
    """What a schema holds, in words.

    >>> kind_of({"type": "array", "items": {"type": "string"}}, {})
    'list of text'
    >>> kind_of({"anyOf": [{"enum": ["A", "B"]}, {"type": "null"}]}, {})
    'A or B, or null'
    """
    whole = resolve(schema, schemas)
    if "enum" in whole:
        return " or ".join(str(each) for each in whole["enum"])
    if "const" in whole:
        return str(whole["const"])
    if "anyOf" in whole:
        kinds = dict.fromkeys(kind_of(each, schemas) for each in whole["anyOf"])
        has_null = kinds.pop("null", "") is None
        return " or ".join(kinds) + (", or null" if has_null else "")
    if whole.get("type") == "array":
        return f"list of {kind_of(whole.get('items', {}), schemas)}"
    if whole.get("format") in _FORMATS:
        return _FORMATS[whole["format"]]
    return _KINDS.get(whole.get("type", ""), "object" if whole.get("type") == "object" else "any value")


def _laid_out(example: Any) -> str:
    if example is None or isinstance(example, str):
        return example or ""
    return orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()


def _anchor(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")
