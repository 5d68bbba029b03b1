"""An MCP server of both eras in a screen of Python, to test the client with."""
import json, sys

META = "io.modelcontextprotocol/"
CACHED = {"resultType": "complete", "ttlMs": 0, "cacheScope": "public"}


def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def text(words, **more):
    return {"content": [{"type": "text", "text": words}], "resultType": "complete", **more}


asking = None
for line in sys.stdin:
    try:
        message = json.loads(line)
    except ValueError:
        say(id=None, error={"code": -32700, "message": "not JSON"})
        continue
    method, ident, params = message.get("method"), message.get("id"), message.get("params") or {}
    modern = META + "protocolVersion" in params.get("_meta", {})
    if method == "initialize":
        say(id=ident, result={"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                              "serverInfo": {"name": "echo", "version": "1"}})
    elif method == "server/discover":
        assert params["_meta"][META + "clientInfo"]["name"]
        say(id=ident, result={"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, **CACHED,
                              "_meta": {META + "serverInfo": {"name": "echo", "version": "1"}}})
    elif method == "tools/list":
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "confirm")]
        at = int(params.get("cursor", 0))
        more = {"nextCursor": str(at + 1)} if at + 1 < len(tools) else {}
        say(id=ident, result={"tools": tools[at:at + 1], **more, **CACHED})
    elif method == "tools/call" and params["name"] == "echo":
        if token := params.get("_meta", {}).get("progressToken"):
            say(method="notifications/progress", params={"progressToken": token, "progress": 1})
        words = params["arguments"].get("words", "")
        say(id=ident, result=text(words, isError=not words, structuredContent={"words": words}))
    elif method == "tools/call" and params["name"] == "confirm":
        form = {"message": "Sure?", "requestedSchema": {"type": "object", "properties": {}}}
        if not modern:
            asking = ident
            say(id=900, method="elicitation/create", params=form)
        elif "inputResponses" in params:
            assert params["requestState"] == "sealed"
            say(id=ident, result=text(params["inputResponses"]["q"]["action"]))
        else:
            say(id=ident, result={"resultType": "input_required", "requestState": "sealed", "inputRequests": {
                "q": {"method": "elicitation/create", "params": form}}})
    elif ident == 900:
        say(id=asking, result=text(message["result"]["action"]))
    elif method == "silent":
        print("waiting", file=sys.stderr, flush=True)
    elif ident is not None:
        say(id=ident, error={"code": -32601, "message": "unknown method", "data": {"method": method}})
