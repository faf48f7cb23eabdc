// Starts a server for an app that a file only exports: serve.mjs FILE
// The file's default export may be an object with fetch (as of Hono), one with listen (as of Express, Koa or Fastify), or a
// function of request and response. A file that starts a server itself, at once or later, is left to do so.
import { createServer, Server } from 'node:http';
import { Server as Listener } from 'node:net';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';

const port = Number(process.env.PORT) || 3000;
const host = process.env.HOST || '0.0.0.0';

let started = false;
let ours;
const listen = Listener.prototype.listen;
Listener.prototype.listen = function (...given) {
  started = true;
  if (ours && this !== ours) {
    ours.close();
    ours = undefined;
  }
  return listen.apply(this, given);
};

async function answer(fetch, incoming, outgoing) {
  const gone = new AbortController();
  outgoing.on('close', () => outgoing.writableFinished || gone.abort());
  const scheme = incoming.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
  }
  const bare = incoming.method === 'GET' || incoming.method === 'HEAD';
  let request;
  try {
    request = new Request(`${scheme}://${incoming.headers.host ?? 'localhost'}${incoming.url}`, {
      method: incoming.method,
      headers,
      body: bare ? undefined : Readable.toWeb(incoming),
      duplex: 'half',
      signal: gone.signal,
    });
  } catch (error) {
    outgoing.writeHead(400).end(`${error.message}\n`);
    return;
  }
  const response = await fetch(request);
  outgoing.statusCode = response.status;
  outgoing.statusMessage = response.statusText;
  for (const [name, value] of response.headers) {
    outgoing.appendHeader(name, value);
  }
  if (response.body && incoming.method !== 'HEAD') {
    await pipeline(Readable.fromWeb(response.body), outgoing);
  } else {
    outgoing.end();
  }
}

function fetching(app) {
  return (incoming, outgoing) =>
    answer((request) => app.fetch(request), incoming, outgoing).catch((error) => {
      if (outgoing.destroyed && error.code === 'ERR_STREAM_PREMATURE_CLOSE') {
        return;
      }
      console.error(error);
      if (outgoing.headersSent) {
        outgoing.destroy();
      } else {
        outgoing.writeHead(500).end('Internal Server Error\n');
      }
    });
}

const file = process.argv[2];
const loaded = await import(pathToFileURL(resolve(file)));
let app = (await loaded.default) ?? loaded;
if (app.default) {
  app = app.default;
}
if (!started) {
  if (typeof app.fetch === 'function') {
    ours = createServer(fetching(app));
    ours.listen(port, host);
  } else if (app instanceof Server) {
    app.listen(port, host);
  } else if (typeof app.ready === 'function' && typeof app.listen === 'function') {
    await app.listen({ port, host });
  } else if (typeof app.listen === 'function') {
    ours = app.listen(port, host);
  } else if (typeof app === 'function') {
    ours = createServer(app);
    ours.listen(port, host);
  } else {
    console.error(`${file} neither starts a server nor exports an app by default.`);
    process.exit(1);
  }
}
