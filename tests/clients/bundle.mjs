// How a desktop program starts the server of an unpacked MCPB bundle, as the reference implementation has it:
// node bundle.mjs TOOL BUNDLE '{"profile": "…"}' prints {"command", "args", "env"}.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [tool, bundle, userConfig] = process.argv.slice(2);
const { getMcpConfigForManifest } = await import(
  pathToFileURL(`${tool}/node_modules/@anthropic-ai/mcpb/dist/node.js`)
);
const config = await getMcpConfigForManifest({
  manifest: JSON.parse(readFileSync(`${bundle}/manifest.json`, 'utf8')),
  extensionPath: bundle,
  systemDirs: {},
  userConfig: JSON.parse(userConfig),
  pathSeparator: '/',
});
console.log(JSON.stringify(config));
