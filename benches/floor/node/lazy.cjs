// Healthy: modules are loaded and templates compiled when a route is first asked for; a ring remembers the last ones.
'use strict';

const { serve } = require('./serve.cjs');

const ROUTES = ['zlib', 'crypto', 'dns', 'readline', 'stream/web', 'perf_hooks', 'querystring'];
const RING = 5_000;
const templates = new Map();
const ring = new Array(RING);

const compile = (route) => new Function('id', `return '<p>${route} ' + id + '</p>'`);

serve(({ id, url }) => {
  const route = ROUTES[id % ROUTES.length];
  const known = require(`node:${route}`);
  if (!templates.has(route)) templates.set(route, compile(route));
  ring[id % RING] = { id, url };
  return templates.get(route)(Object.keys(known).length);
});
