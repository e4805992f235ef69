#!/usr/bin/env node
// Plain JavaScript, so that any Node from 20 on can start it: the product itself needs a Node that strips types, which this
// package carries as a dependency of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { canStripTypes, carriedNode, forwardSignals } from '../scripts/node-runtime.js';

const launcher = fileURLToPath(import.meta.url);
const carried = carriedNode();

if (canStripTypes(process.versions.node)) {
  // Keeps the stripped and compiled files, which halves the start of every command but the first.
  nodeModule.enableCompileCache?.();
  await import(new URL('../cli/main.ts', import.meta.url).href);
} else if (existsSync(carried)) {
  forwardSignals(spawn(carried, [launcher, ...process.argv.slice(2)], { stdio: 'inherit' }));
} else {
  console.error(
    `headstart: expected Node 22.18 or newer, received ${process.versions.node}, and the Node that comes with this package is ` +
      'not installed; run "npm ci" in its folder, or install a newer Node',
  );
  process.exitCode = 1;
}
