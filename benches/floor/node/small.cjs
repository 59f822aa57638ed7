// Leaking: about 100 bytes for each request, in a map by a number that never comes again.
'use strict';

const { serve } = require('./serve.cjs');

const seen = new Map();

serve(({ id }) => {
  seen.set(id, { at: Date.now() });
  return 'ok';
});
