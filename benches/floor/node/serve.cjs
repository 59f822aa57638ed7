// What the Node services share: the server, ballast, and the service's own count of its live memory.
//
// serve(answer) calls answer({ id, url, body }) for each request; what it returns, or promises, is the answer.
// When OWN_COUNT_FILE is set and nothing was asked for a moment, the service collects and appends a line.
'use strict';

const { appendFileSync } = require('node:fs');
const http = require('node:http');

// Shorter than Drip rests before it reads, so that the count is done by then.
const REST_MS = 100;
const BALLAST_OBJECT_BYTES = 100;

const ballast = [];
for (let bytes = Number(process.env.BALLAST_MB || 0) * 1e6; bytes > 0; bytes -= BALLAST_OBJECT_BYTES) {
  ballast.push({ number: ballast.length, next: null, values: [bytes, bytes + 1, bytes + 2] });
}

// Named, or it would be collected.
exports.ballast = ballast;

let [answered, counted, lastAnswer] = [0, 0, 0];

function ownCount(file) {
  require('node:v8').setFlagsFromString('--expose-gc');
  const collect = require('node:vm').runInNewContext('gc');
  setInterval(() => {
    const now = Date.now();
    if (answered === counted || now - lastAnswer < REST_MS) return;
    counted = answered;
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    const count = { requests: answered, bytes: heapUsed + external, ms: Date.now() - now };
    appendFileSync(file, `${JSON.stringify(count)}\n`);
  }, REST_MS / 8).unref();
}

// A process that has others beside it cannot count for all of them.
exports.serve = (answer, { counts = true } = {}) => {
  let id = 0;
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const reply = await answer({ id: id++, url: request.url, body: Buffer.concat(chunks) });
      response.end(reply, () => {
        answered += 1;
        lastAnswer = Date.now();
      });
    });
  });
  server.listen(process.env.PORT || 0, '127.0.0.1');
  if (counts && process.env.OWN_COUNT_FILE) ownCount(process.env.OWN_COUNT_FILE);
};
