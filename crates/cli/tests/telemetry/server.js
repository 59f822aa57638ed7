const http = require('http');
const client = require('prom-client');

client.collectDefaultMetrics();
const [kept, bytes] = [[], Number(process.env.KEEPS || 0)];

http
  .createServer(async (request, response) => {
    if (request.url === '/metrics') {
      response.setHeader('Content-Type', client.register.contentType);
      return response.end(await client.register.metrics());
    }
    if (request.url === '/data' && bytes > 0) {
      kept.push(Buffer.alloc(bytes, 1).toString('latin1'));
    }
    response.end('ok');
  })
  .listen(Number(process.env.PORT), '127.0.0.1');
