// Healthy: the least recently used of 2,000 pages goes when a new one comes.
'use strict';

const { serve } = require('./serve.cjs');

const PAGES_MAX = 2_000;
const pages = new Map();

serve(({ id }) => {
  pages.set(id, { text: `page ${id} `.repeat(100), made: Date.now() });
  if (pages.size > PAGES_MAX) pages.delete(pages.keys().next().value);
  return 'ok';
});
