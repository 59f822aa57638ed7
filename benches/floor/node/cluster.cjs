// Healthy: two processes share the port, each with a ring of the last bodies.
'use strict';

const cluster = require('node:cluster');
const { serve } = require('./serve.cjs');

const WORKERS = 2;
const RING = 1_000;

if (cluster.isPrimary) {
  for (let i = 0; i < WORKERS; i++) cluster.fork();
} else {
  const ring = new Array(RING);
  serve(({ id }) => {
    ring[id % RING] = Buffer.alloc(1_000, id & 255);
    return 'ok';
  }, { counts: false });
}
