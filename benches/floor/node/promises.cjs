// Leaking: each request starts something that waits for an answer that never comes.
'use strict';

const { serve } = require('./serve.cjs');

const waiting = [];

async function audit(entry) {
  const reply = await new Promise((resolve) => { waiting.push(resolve); });
  return { entry, reply };
}

serve(({ id, url }) => {
  audit({ id, url });
  return 'ok';
});
