import { createServer } from 'node:http';
import express from 'express';
import { WebSocketServer } from 'ws';

const app = express();
app.use(express.json());
app.get('/', (request, response) => {
  console.log('somebody came from', request.headers['x-forwarded-host']);
  response.send('express-marker ' + (process.env.GREETING ?? 'no greeting'));
});
app.post('/sum', (request, response) => response.json({ sum: request.body.reduce((a, b) => a + b, 0) }));
app.get('/who', (request, response) => response.json(request.headers));
const server = createServer(app);
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (message) => socket.send('echo ' + message));
});
server.listen(process.env.PORT, () => console.log('express listens on', process.env.PORT));
process.on('SIGTERM', () => server.close());
