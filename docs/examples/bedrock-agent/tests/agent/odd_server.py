"""A server of the legacy era whose tools are what a model's API finds hard to take."""
import json
import os
import sys

PICTURE = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
EITHER = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
          "properties": {"a": {"type": "integer"}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
TOOLS = {
    "odd.name/" + "x" * 80: EITHER,
    "picture": {},
    "structured": {},
    "list": {},
    "long": {},
    "nothing": {},
    "echo": {},
    "form": {},
    "die": {},
}
FORM = {"type": "object", "required": ["name", "sure"], "properties": {
    "name": {"type": "string", "title": "Name of the stack"}, "count": {"type": "integer"}, "sure": {"type": "boolean"}}}


def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def text(words):
    return [{"type": "text", "text": words}]


def result(tool, arguments):
    match tool:
        case "picture":
            return {"content": [{"type": "image", "mimeType": "image/png", "data": PICTURE},
                                {"type": "image", "mimeType": "image/bmp", "data": PICTURE},
                                {"type": "resource_link", "uri": "s3://b/k", "name": "k"}]}
        case "structured":
            return {"content": [], "structuredContent": {"count": 3}}
        case "list":
            return {"content": [], "structuredContent": [1, 2]}
        case "long":
            return {"content": text("ä" * 1000) + text("the end")}
        case "nothing":
            return {"content": []}
        case "die":
            os._exit(3)
    return {"content": text(json.dumps({"tool": tool, "arguments": arguments}))}


asking = None
for line in sys.stdin:
    message = json.loads(line)
    method, ident, params = message.get("method"), message.get("id"), message.get("params") or {}
    if method == "initialize":
        say(id=ident, result={"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                              "serverInfo": {"name": "odd", "version": "1"}, "instructions": "Odd tools."})
    elif method == "tools/list":
        say(id=ident, result={"tools": [{"name": name, "inputSchema": schema or {"type": "object"}}
                                        for name, schema in TOOLS.items()]})
    elif method == "tools/call" and params["name"] == "form":
        asking = ident
        say(id=900, method="elicitation/create", params={"message": "Make it?", "requestedSchema": FORM})
    elif method == "tools/call":
        say(id=ident, result=result(params["name"], params.get("arguments")))
    elif ident == 900:
        say(id=asking, result={"content": text(json.dumps(message["result"]))})
    elif ident is not None:
        say(id=ident, error={"code": -32601, "message": "unknown method"})
