// Healthy: two worker threads do the work; messages are copied from heap to heap.
'use strict';

const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { serve } = require('./serve.cjs');

const WORKERS = 2;

if (isMainThread) {
  const waiting = new Map();
  const workers = Array.from({ length: WORKERS }, () => new Worker(__filename));
  for (const worker of workers) {
    worker.on('message', ({ id, sum }) => {
      waiting.get(id)(String(sum));
      waiting.delete(id);
    });
  }
  serve(({ id }) => new Promise((resolve) => {
    waiting.set(id, resolve);
    workers[id % WORKERS].postMessage({ id, numbers: new Array(500).fill(id) });
  }), { counts: false });
} else {
  parentPort.on('message', ({ id, numbers }) => {
    parentPort.postMessage({ id, sum: numbers.reduce((sum, number) => sum + number, 0) });
  });
}
