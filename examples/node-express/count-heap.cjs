// Lets a test ask the service itself how much memory is live, as a truth to compare Drip's answer with.
// Drip does not use this file, and a service needs nothing like it to be examined.
//
// On each SIGUSR2 it collects garbage and appends one line, {"heapUsed":…,"external":…}, to $HEAP_COUNT_FILE:
//   HEAP_COUNT_FILE=heap.jsonl node --expose-gc -r ./count-heap.cjs leaky-server.js
'use strict';

const { appendFileSync } = require('node:fs');
const { setImmediate: nextTurn } = require('node:timers/promises');

// One collection may only queue the finalizers whose objects the next one frees.
const COLLECTIONS = 5;

const file = process.env.HEAP_COUNT_FILE;
if (!file) throw new Error('HEAP_COUNT_FILE names no file to write to');
if (!globalThis.gc) throw new Error('start node with --expose-gc');

async function countHeap() {
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, external } = process.memoryUsage();
  appendFileSync(file, `${JSON.stringify({ heapUsed, external })}\n`);
}

process.on('SIGUSR2', countHeap);
