'use strict';

const express = require('express');

const app = express();
const requestLog = [];

app.get('/data', (req, res) => {
  // The leak: one entry for each request, and nothing ever takes one out.
  requestLog.push({ timestamp: Date.now(), headers: req.headers, query: req.query });
  setTimeout(() => res.json({ msg: 'ok' }), 10);
});

app.listen(process.env.PORT || 8080, '127.0.0.1');
