// Reads src/, fills in what the build knows, writes dist/.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';

const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

await rm('dist', { recursive: true, force: true });
await mkdir('dist/assets', { recursive: true });

const css = await readFile('src/style.css', 'utf8');
const style = `assets/style.${createHash('sha256').update(css).digest('hex').slice(0, 8)}.css`;
await writeFile(`dist/${style}`, css);

const facts = {
  style,
  commit: process.env.CODEHAVEN_GIT_COMMIT_SHA ?? 'unknown',
  deployment: process.env.CODEHAVEN_DEPLOYMENT_ID ?? 'unknown',
  node: process.version,
  built: new Date().toISOString(),
};
for (const page of ['index.html', '404.html']) {
  const source = await readFile(`src/${page}`, 'utf8');
  const html = source.replace(/\{\{(\w+)\}\}/g, (_, name) => escape(facts[name] ?? ''));
  await writeFile(`dist/${page}`, html);
  console.log(`dist/${page}  ${html.length} bytes`);
}
