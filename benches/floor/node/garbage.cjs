// Healthy: parses and writes a large document for each request, and keeps none of it.
'use strict';

const { serve } = require('./serve.cjs');

const row = (number) => ({ number, name: `row ${number}`, tags: ['a', 'b', number] });
const rows = Array.from({ length: 300 }, (_, number) => row(number));
const text = JSON.stringify(rows);

serve(({ id }) => {
  const parsed = JSON.parse(text);
  parsed.push({ number: id });
  return String(JSON.stringify(parsed).length);
});
