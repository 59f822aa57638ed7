// Healthy: 256 KB outside the heap for each request, freed when the collector gets round to it.
'use strict';

const { createHash } = require('node:crypto');
const { serve } = require('./serve.cjs');

serve(({ id }) => createHash('sha1').update(Buffer.alloc(256 * 1024, id & 255)).digest('hex'));
