"""Prints schema.json of each protocol version from the models of the Python SDK's `mcp-types` (MIT licence).

Those models are generated from the specification's own schema.json. Run it after a new pin of the Python client:
    <tools>/python-client/bin/python tests/schemas/generate.py
"""

import importlib.metadata
import json
import pathlib

from mcp_types import methods
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

VERSIONS = ["2025-06-18", "2025-11-25", "2026-07-28"]

MAPS = {
    "clientRequests": methods.CLIENT_REQUESTS,
    "clientNotifications": methods.CLIENT_NOTIFICATIONS,
    "clientResults": methods.CLIENT_RESULTS,
    "serverRequests": methods.SERVER_REQUESTS,
    "serverNotifications": methods.SERVER_NOTIFICATIONS,
    "serverResults": methods.SERVER_RESULTS,
}


def tidy(node):
    """Leaves what decides, and undoes Python's way to say "may be absent", which is not "may be null"."""
    if isinstance(node, list):
        return [tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    properties = node.get("properties")
    if isinstance(properties, dict):
        required = node.get("required", [])
        for name, schema in properties.items():
            choices = schema.get("anyOf") if isinstance(schema, dict) else None
            if choices and name not in required and schema.get("default", 0) is None:
                choices = [choice for choice in choices if choice != {"type": "null"}]
                properties[name] = choices[0] if len(choices) == 1 else {"anyOf": choices}
    cleaned = {}
    for key, value in node.items():
        if key in ("properties", "$defs") and isinstance(value, dict):
            cleaned[key] = {name: tidy(schema) for name, schema in value.items()}
        elif key not in ("title", "description", "default", "discriminator"):
            cleaned[key] = tidy(value)
    return cleaned


def main():
    here = pathlib.Path(__file__).parent
    source = "mcp-types " + importlib.metadata.version("mcp-types")
    for version in VERSIONS:
        inputs = []
        for kind, types in MAPS.items():
            for (method, of), model in types.items():
                if of == version:
                    inputs.append(((kind, method), "validation", TypeAdapter(model)))
            printer = GenerateJsonSchema(by_alias=True)
        schemas, shared = printer.generate_definitions([(key, mode, model.core_schema) for key, mode, model in inputs])
        if asks := shared.get("InputRequiredResult"):
            # Else every result with a resultType would pass as a question.
            asks["properties"]["resultType"] = {"const": "input_required"}
        document = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$comment": f"Messages of MCP {version} by method. Printed by generate.py from {source}, MIT licence.",
        }
        for kind in MAPS:
            methods_of = sorted(method for (of, method), _, _ in inputs if of == kind)
            document[kind] = {method: tidy(schemas[(kind, method), "validation"]) for method in methods_of}
        document["$defs"] = {name: tidy(schema) for name, schema in sorted(shared.items())}
        path = here / version / "schema.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


main()
