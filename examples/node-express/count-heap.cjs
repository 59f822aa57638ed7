// Lets the service itself count its live memory, as a truth to compare Drip's answer with.
// Drip does not use this file, and a service needs nothing like it to be examined.
//
// Whenever no request has been in flight for a moment, it collects garbage and appends one line,
// {"requests":…,"bytes":…}, to $HEAP_COUNT_FILE: answers so far, and heapUsed plus external.
//   HEAP_COUNT_FILE=heap.jsonl node --expose-gc -r ./count-heap.cjs leaky-server.js
'use strict';

const { subscribe } = require('node:diagnostics_channel');
const { appendFileSync } = require('node:fs');

// Shorter than Drip rests before it reads, so that both count the same moment.
const REST_MS = 100;
// One collection may only queue the finalizers whose objects the next one frees.
const COLLECTIONS = 2;

const file = process.env.HEAP_COUNT_FILE;
if (!file) throw new Error('HEAP_COUNT_FILE names no file to write to');
if (!globalThis.gc) throw new Error('start node with --expose-gc');

let [inFlight, answered, counted, restSince] = [0, 0, 0, 0];

subscribe('http.server.request.start', () => { inFlight += 1; });
subscribe('http.server.response.finish', () => {
  inFlight -= 1;
  answered += 1;
  restSince = Date.now();
});

function countHeap() {
  for (let i = 0; i < COLLECTIONS; i++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  appendFileSync(file, `${JSON.stringify({ requests: answered, bytes: heapUsed + external })}\n`);
}

setInterval(() => {
  if (inFlight === 0 && answered !== counted && Date.now() - restSince >= REST_MS) {
    countHeap();
    counted = answered;
  }
}, REST_MS / 4).unref();
