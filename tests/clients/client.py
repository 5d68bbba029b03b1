"""The Python SDK's client, for tests: drives a server and prints what it heard as JSON lines.

Reads one JSON object from standard input:
  type                "stdio" or "http"
  command, args, env  the server, to be started
  url, headers        the server, where it listens
  era                 "legacy" (initialize) or "modern" (server/discover)
  elicit              the ElicitResult for every question, or null for a client that cannot be asked
  calls               [{"tool": name, "arguments": {...}}, {"method": "resources/read", "params": {...}}, ...]
Prints {"connected": ...}, {"tools": [...]}, then for each call {"asked": ...}*, {"result": ...} or {"error": ...}.
"""

import asyncio
import json
import sys

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import ElicitResult


def tell(**said):
    print(json.dumps(said), flush=True)


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def every_tool(client):
    tools, cursor = [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            return tools


async def made(client, call):
    if "tool" in call:
        return await client.call_tool(call["tool"], call.get("arguments", {}))
    params = call.get("params", {})
    match call["method"]:
        case "resources/list":
            return await client.list_resources()
        case "resources/templates/list":
            return await client.list_resource_templates()
        case "resources/read":
            return await client.read_resource(params["uri"])
        case "prompts/list":
            return await client.list_prompts()
        case "prompts/get":
            return await client.get_prompt(params["name"], params.get("arguments"))
    raise SystemExit(f"client.py cannot make {call}")


async def main():
    order = json.load(sys.stdin)
    answer = order.get("elicit")

    async def elicit(_context, params):
        tell(asked=plain(params))
        return ElicitResult.model_validate(answer)

    http = create_mcp_http_client(headers=order.get("headers"))
    client = Client(
        streamable_http_client(order["url"], http_client=http) if order["type"] == "http" else
        StdioServerParameters(command=order["command"], args=order["args"], env=order["env"]),
        mode="auto" if order["era"] == "modern" else "legacy",
        elicitation_callback=elicit if answer else None,
        read_timeout_seconds=60,
    )
    async with http, client:
        tell(connected={
            "protocol": client.protocol_version,
            "server": plain(client.server_info) if client.server_info else None,
            "capabilities": plain(client.server_capabilities),
            "instructions": client.instructions,
        })
        tell(tools=[plain(tool) for tool in await every_tool(client)])
        for call in order.get("calls", []):
            try:
                tell(result=plain(await made(client, call)))
            except MCPError as error:
                tell(error={"code": error.code, "message": str(error)})
            except RuntimeError as error:  # the client's own refusal, such as a result off its schema
                tell(error={"code": None, "message": str(error)})


asyncio.run(main())
