/* The settings of a project, beyond plain HTML: a deletion waits for the typed name. The server checks it too. */
'use strict';

for (const field of document.querySelectorAll('input[data-match]')) {
  const button = field.form.querySelector('button.danger');
  const judge = () => {
    button.disabled = field.value.trim() !== field.dataset.match;
  };
  field.addEventListener('input', judge);
  judge();
}
