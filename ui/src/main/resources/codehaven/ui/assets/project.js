/* Pages of a project, beyond plain HTML: a row that changed flashes once, and a deletion waits for the typed name. */
'use strict';

{
  const states = () =>
    new Map([...document.querySelectorAll('#deployments > li')].map((row) => [row.id, row.dataset.state]));
  let before = new Map();
  let live = false;

  document.addEventListener('htmx:beforeSwap', (event) => {
    live = event.detail.requestConfig?.triggeringEvent?.type === 'haven:changed';
    before = states();
  });

  document.addEventListener('htmx:afterSettle', () => {
    if (!live) return;
    live = false;
    for (const [id, state] of states()) {
      if (before.get(id) !== state) document.getElementById(id).classList.add('changed');
    }
  });

  for (const field of document.querySelectorAll('input[data-match]')) {
    const button = field.form.querySelector('button.danger');
    const judge = () => {
      button.disabled = field.value.trim() !== field.dataset.match;
    };
    field.addEventListener('input', judge);
    judge();
  }
}
