// The TypeScript SDK's client, for tests: the same orders and the same answers as client.py.
// It is run with the SDK's directory as the first argument.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { text } from 'node:stream/consumers';

const sdk = createRequire(pathToFileURL(process.argv[2] + '/'));
const load = async name => import(pathToFileURL(sdk.resolve(name)));
const { Client, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client');
const { StdioClientTransport } = await load('@modelcontextprotocol/client/stdio');

const tell = said => console.log(JSON.stringify(said));
const order = JSON.parse(await text(process.stdin));

const client = new Client(
    { name: 'awsmcp-tests', version: '1' },
    {
        versionNegotiation: { mode: order.era === 'modern' ? 'auto' : 'legacy' },
        capabilities: order.elicit ? { elicitation: { form: {} } } : {}
    }
);
if (order.elicit) {
    client.setRequestHandler('elicitation/create', async request => {
        tell({ asked: request.params });
        return order.elicit;
    });
}

async function everyTool() {
    const tools = [];
    let cursor;
    do {
        const page = await client.listTools(cursor ? { cursor } : {});
        tools.push(...page.tools);
        cursor = page.nextCursor;
    } while (cursor);
    return tools;
}

function made(call) {
    if (call.tool) return client.callTool({ name: call.tool, arguments: call.arguments ?? {} });
    switch (call.method) {
        case 'resources/list':
            return client.listResources(call.params);
        case 'resources/templates/list':
            return client.listResourceTemplates(call.params);
        case 'resources/read':
            return client.readResource(call.params);
        case 'prompts/list':
            return client.listPrompts(call.params);
        case 'prompts/get':
            return client.getPrompt(call.params);
    }
    throw new Error(`client.mjs cannot make ${JSON.stringify(call)}`);
}

await client.connect(
    order.type === 'http'
        ? new StreamableHTTPClientTransport(new URL(order.url), { requestInit: { headers: order.headers } })
        : new StdioClientTransport({ command: order.command, args: order.args, env: order.env })
);
tell({
    connected: {
        protocol: client.getNegotiatedProtocolVersion(),
        server: client.getServerVersion() ?? null,
        capabilities: client.getServerCapabilities() ?? {},
        instructions: client.getInstructions() ?? null
    }
});
tell({ tools: await everyTool() });
for (const call of order.calls ?? []) {
    try {
        tell({ result: await made(call) });
    } catch (error) {
        tell({ error: { code: error.code ?? null, message: error.message } });
    }
}
await client.close();
