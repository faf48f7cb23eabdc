import Fastify from 'fastify';

const app = Fastify({ logger: true });
app.get('/', async (): Promise<string> => 'fastify-marker');
app.listen({ host: process.env.HOST, port: Number(process.env.PORT) });
