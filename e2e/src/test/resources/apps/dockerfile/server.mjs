import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

createServer((request, response) => {
  console.error('asked for', request.url);
  response.end('dockerfile-marker ' + readFileSync('note.txt', 'utf8'));
}).listen(4321);
