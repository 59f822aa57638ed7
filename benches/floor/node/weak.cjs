// Healthy: every session is known by a weak reference only, and its finalizer takes it out of the index.
'use strict';

const { serve } = require('./serve.cjs');

const sessions = new Map();
const ended = new FinalizationRegistry((id) => sessions.delete(id));

serve(({ id, url }) => {
  const session = { id, url, values: new Array(50).fill(id) };
  sessions.set(id, new WeakRef(session));
  ended.register(session, id);
  return 'ok';
});
