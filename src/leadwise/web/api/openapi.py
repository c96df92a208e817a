"""The OpenAPI document: what FastAPI knows of the routes, and what guard and errors add to every one of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from leadwise.web.api.v2.idempotency import HEADER, KEY_PATTERN, REPLAYED
from leadwise.web.api.v2.shapes.words import ProblemAnswer
from leadwise.web.problems import Problem

Node = dict[str, Any]
Shape = Callable[[Problem], Mapping[str, object]]
NATIVE = "/api/v2"
PUSH = "/api/predictions/seller/push"
"""Heeds `Idempotency-Key` too."""
OPEN = ("/health", "/ready", "/metrics")
"""What answers without a key; one that is wrong is refused there too."""
REFS = "#/components/schemas/"
PROBLEM = "application/problem+json"
JSON = "application/json"
DESCRIPTIONS = {
    400: "The body is no JSON object.",
    401: "There is no key, or it opens nothing.",
    403: "The key is good, but not for this.",
    404: "What is asked for is not there, or is another organisation's.",
    408: "The body did not come in time.",
    409: "It is not in a state that allows this.",
    413: "The body is too large, or has too many rows.",
    422: "The request cannot be used; `errors` names each wrong part.",
    429: "The key has asked too often; `Retry-After` says when to come again.",
    503: "A part that is needed is away for now; `Retry-After` says when to come again.",
}
SAMPLE = Problem(422, "invalid", "This request cannot be used", "What was expected, what came, and the next step.")
TAGS = {
    "Leads, events, outcomes": "What happened, told once or often and in any order. Records are known by their "
    "source and external id. Several at once: each is stored, or rejected with the reason.",
    "Targets and models": "What is predicted, and by which version of which model. Training is a job.",
    "Scores": "Of features that are sent, and of stored leads: now, in the past, and why. Scores are never changed.",
    "Jobs": "Work that takes longer than a request may wait for, with its progress.",
    "Feedback": "What people say of scores.",
    "Administration": "Keys, erasure, and the audit: for keys with the role admin.",
    "Lead scoring service": "The API of an older service, for its users: features in, a probability with reasons out.",
    "Operation": "Whether the service is alive and ready, and its numbers.",
}
_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer lw_..."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "url": {"type": "http", "scheme": "basic", "description": "The key as user name or password: http://lw_...@host."},
}


_PLAIN = {"string": "text", "integer": 1, "number": 0.5, "boolean": True, "object": {}}


def describe(application: FastAPI, shapes: Mapping[str, Shape]) -> None:
    """Let the application tell all of itself at /openapi.json.

    Args:
        application: With all its routes.
        shapes: How older dialects write errors, by the beginning of their paths.
    """
    tell = application.openapi

    def openapi() -> Node:
        if application.openapi_schema is None:
            application.openapi_schema = complete(tell(), shapes)
        return application.openapi_schema

    application.openapi = openapi  # type: ignore[method-assign]


def complete(document: Node, shapes: Mapping[str, Shape]) -> Node:
    """The document with schemas in one place, errors, examples, headers, and who may call."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    components["securitySchemes"] = _KEYS
    document["security"] = [{name: []} for name in _KEYS]
    schemas[ProblemAnswer.__name__] = ProblemAnswer.model_json_schema(ref_template=REFS + "{model}")
    _hoist(schemas[ProblemAnswer.__name__], schemas)
    for path, method, operation in operations(document):
        _hoist(operation.get("requestBody", {}), schemas)
        _add_errors(path, method, operation, _error_content(path, shapes))
        if path in OPEN:
            operation["security"] = []
        if path.startswith(NATIVE) or path == PUSH:
            _add_headers(method, operation)
        _add_examples(operation, schemas)
    used = {tag for _, _, operation in operations(document) for tag in operation.get("tags", ())}
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items() if name in used]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document


def operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    """Path, method in lower case, and operation, in the order of the document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def resolve(schema: Node, schemas: Mapping[str, Node]) -> Node:
    """The schema itself, or the one that it refers to."""
    reference = schema.get("$ref", "")
    return schemas[reference.removeprefix(REFS)] if reference else schema


def _hoist(node: Any, schemas: Node) -> None:
    """Put definitions within a node where all others are."""
    if isinstance(node, list):
        for each in node:
            _hoist(each, schemas)
    if not isinstance(node, dict):
        return
    for name, schema in node.pop("$defs", {}).items():
        _hoist(schema, schemas)
        schemas.setdefault(name, schema)
    reference = node.get("$ref")
    if isinstance(reference, str):
        node["$ref"] = reference.replace("#/$defs/", REFS)
    for each in node.values():
        _hoist(each, schemas)


def _error_content(path: str, shapes: Mapping[str, Shape]) -> Node:
    shape = next((shape for prefix, shape in shapes.items() if path.startswith(prefix)), None)
    if shape is None:
        return {PROBLEM: {"schema": {"$ref": REFS + ProblemAnswer.__name__}}}
    sample = shape(SAMPLE)
    return {JSON: {"schema": {"type": "object", "required": list(sample)}, "example": sample}}


def _add_errors(path: str, method: str, operation: Node, content: Node) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    statuses = {401, 429} if path in OPEN else {401, 403, 404, 429, 503}
    if "requestBody" in operation:
        statuses |= {400, 408, 413, 422}
    if operation.get("parameters"):
        statuses.add(422)
    if method != "get":
        statuses |= {409, 422}
    for status in sorted(statuses):
        responses.setdefault(str(status), {"description": DESCRIPTIONS[status], "content": content})


def _add_headers(method: str, operation: Node) -> None:
    text = {"schema": {"type": "string"}}
    responses = operation["responses"]
    for status, name in (("201", "Location"), ("202", "Location"), ("304", "ETag")):
        if status in responses:
            responses[status].setdefault("headers", {})[name] = text
    if "304" in responses:
        responses["200"].setdefault("headers", {})["ETag"] = text
    for status in ("429", "503"):
        responses[status] = responses[status] | {"headers": {"Retry-After": text}}
    if method != "post":
        return
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[REPLAYED] = text
    operation.setdefault("parameters", []).append(
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "A text of your own for each request, such as a UUID; quotes around it are fine. Sent again "
            "with the same request within a day, it gets the same answer, and nothing is done twice.",
            "schema": {"type": "string", "pattern": KEY_PATTERN},  # an example would be sent with every request
        }
    )


def _add_examples(operation: Node, schemas: Mapping[str, Node]) -> None:
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        for media in part.get("content", {}).values():
            schema = media.get("schema", {})
            found = media.get("example", example_of(schema, schemas))
            if found is not None:
                media["example"] = _in_order(found, schema, schemas)


def _in_order(example: Any, schema: Node, schemas: Mapping[str, Node]) -> Any:
    """The example with its fields in the order of the schema."""
    whole = resolve(schema, schemas)
    for alternative in whole.get("anyOf", ()):
        example = _in_order(example, alternative, schemas)
    if isinstance(example, list) and "items" in whole:
        return [_in_order(each, whole["items"], schemas) for each in example]
    if not isinstance(example, dict) or "properties" not in whole:
        return example
    parts = whole["properties"]
    known = {name: _in_order(example[name], part, schemas) for name, part in parts.items() if name in example}
    return known | {name: value for name, value in example.items() if name not in known}


def example_of(schema: Node, schemas: Mapping[str, Node]) -> Any:
    """The example of a schema: its own, or one made of those of its parts; None where it says nothing of itself."""
    whole = resolve(schema, schemas)
    for known in ("examples", "enum"):
        if whole.get(known):
            return whole[known][0]
    for known in ("example", "const", "default"):
        if known in whole:
            return whole[known]
    if "properties" in whole:
        found = {name: example_of(part, schemas) for name, part in whole["properties"].items()}
        return found | ({"paging": {"next": {"after": "WzEwMV0"}}} if set(found) == {"results", "paging"} else {})
    if whole.get("type") == "array":
        item = example_of(whole.get("items", {}), schemas)
        return [] if item is None else [item]
    alternatives = whole.get("anyOf", ())
    return example_of(alternatives[0], schemas) if alternatives else _PLAIN.get(whole.get("type", ""))
