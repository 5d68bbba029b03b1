#!/usr/bin/env node
'use strict';
// Starts the program of this package. Standard output belongs to the program: nothing here writes to it.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const own = require('./package.json');

const name = Object.keys(own.bin)[0];
const variable = `${name.toUpperCase().replaceAll('-', '_')}_BINARY`;
const platform = `${process.platform}-${process.arch}`;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

run(process.env[variable] || installed());

// Where the package of this platform has put the program.
function installed() {
  const wanted = `${own.name}-${platform}`;
  if (!own.optionalDependencies[wanted]) {
    const there = Object.keys(own.optionalDependencies).map((other) => other.slice(own.name.length + 1));
    fail(`there is no program for ${platform}, only for ${there.join(', ')}. ` +
      `Build it from ${own.homepage}, and set ${variable} to its path.`);
  }
  const program = path.join('bin', process.platform === 'win32' ? `${name}.exe` : name);
  try {
    return path.join(path.dirname(require.resolve(`${wanted}/package.json`)), program);
  } catch {
    const musl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
    fail(`the package ${wanted}, which holds the program, is not installed. ` + (musl
      ? `It needs glibc, which this system does not have. Build the program from ${own.homepage}, and set ${variable} to its path.`
      : 'npm leaves it out with --omit=optional, and when node_modules comes from another kind of machine. ' +
        `Install it: npm install ${wanted}@${own.version}. Or set ${variable} to the path of a program of yours.`));
  }
}

function run(program) {
  const child = spawn(program, process.argv.slice(2), { stdio: 'inherit', windowsHide: true });
  child.on('error', (error) => fail(`cannot start ${program}: ${error.message}. ` +
    `Install ${own.name} again, or set ${variable} to the path of a program of yours.`));
  // A console of Windows tells the program itself, where a signal would end it on the spot.
  for (const signal of SIGNALS) process.on(signal, () => process.platform === 'win32' || child.kill(signal));
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code);
    // Ends as the program did.
    for (const other of SIGNALS) process.removeAllListeners(other);
    process.kill(process.pid, signal);
  });
  if (process.platform !== 'win32') watchParent(child);
}

// Whoever started this may be killed without a word; then nobody is left to stop the program.
function watchParent(child) {
  const parent = process.ppid;
  // npx starts it through a shell, which stays when npx is gone: what counts is the shell's parent.
  const above = isShellCommand(parent) ? parentOf(parent) : undefined;
  const isGone = () => process.ppid !== parent || (above !== undefined && parentOf(parent) !== above);
  setInterval(() => isGone() && child.kill('SIGTERM'), 1000).unref();
}

function isShellCommand(pid) {
  return read(`/proc/${pid}/cmdline`).split('\0')[1] === '-c';
}

function parentOf(pid) {
  // `pid (name) state parent …`, where the name may hold anything.
  return read(`/proc/${pid}/stat`).split(') ').at(-1).split(' ')[1];
}

// Only Linux has these files.
function read(path) {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function fail(message) {
  fs.writeSync(2, `${name}: ${message}\n`);
  process.exit(1);
}
