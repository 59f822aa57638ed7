// Leaking: 2 KB outside the heap are kept of each request.
'use strict';

const { serve } = require('./serve.cjs');

const bodies = [];

serve(({ id }) => {
  bodies.push(Buffer.alloc(2_048, id & 255));
  return 'ok';
});
