'use strict';

const express = require('express');

const REQUEST_LOG_MAX = 100;

const app = express();
const requestLog = [];

app.get('/data', (req, res) => {
  requestLog.push({ timestamp: Date.now(), headers: req.headers, query: req.query });
  // The fix: the oldest entry leaves when the log is full.
  if (requestLog.length > REQUEST_LOG_MAX) requestLog.shift();
  setTimeout(() => res.json({ msg: 'ok' }), 10);
});

app.listen(process.env.PORT || 8080, '127.0.0.1');
