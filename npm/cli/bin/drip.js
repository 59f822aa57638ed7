#!/usr/bin/env node
// Becomes the drip of this platform, which is a package of its own: its exit code, and every signal exactly once.
'use strict';

const { spawn } = require('node:child_process');
const { constants } = require('node:os');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
const name = `@drip-leaks/${process.platform}-${process.arch}`;

function binary() {
  try {
    return require.resolve(`${name}/bin/drip`);
  } catch {
    console.error(
      `drip: there is no drip for ${process.platform} on ${process.arch}, or npm was told to leave ${name} out ` +
        '(--omit=optional, or a lock file from another platform)',
    );
    process.exit(2);
  }
}

function become(program, words) {
  // Since Node.js 23.11: no process stands between.
  if (typeof process.execve === 'function') {
    process.execve(program, [program, ...words], process.env);
  }
  // In a group of its own: a terminal would send Ctrl-C to both of us, and drip takes the second one for hurry.
  const child = spawn(program, words, { stdio: 'inherit', detached: true });
  for (const signal of SIGNALS) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    console.error(`drip: ${program} cannot be started: ${error.message}`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

become(binary(), process.argv.slice(2));
