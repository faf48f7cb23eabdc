/* What every page does beyond plain HTML. Pages work without it. */
'use strict';

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';

document.addEventListener('htmx:configRequest', (event) => {
  if (event.detail.verb !== 'get') event.detail.headers['X-CSRF-Token'] = meta('csrf-token');
});
