// Leaking: each request subscribes to a bus that outlives it, and the listener holds what it closes over.
'use strict';

const { EventEmitter } = require('node:events');
const { serve } = require('./serve.cjs');

const bus = new EventEmitter().setMaxListeners(0);

serve(({ id, url }) => {
  const answer = { id, url, values: [id, id + 1, id + 2] };
  bus.on('changed', () => { answer.values.push(Date.now()); });
  return 'ok';
});
