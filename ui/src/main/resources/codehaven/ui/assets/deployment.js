/* Lets the bar of a running deployment grow between two updates from the server, and tells times of day as they are here. */

const percent = (element, attribute) => Number.parseFloat(element.getAttribute(attribute));

let steps = null;
let begin = 0;
let asked = 0;

function move() {
  const shown = document.querySelector('.steps[data-at]');
  if (shown !== steps) {
    steps = shown;
    begin = performance.now() - Number(steps?.dataset.at ?? 0);
  }
  // Without the connection nobody knows whether it still runs, so its time stands still.
  const { live } = document.documentElement.dataset;
  if (!steps || (live !== undefined && live !== 'on')) return;
  const place = (100 * (performance.now() - begin)) / Number(steps.dataset.axis);
  if (place > 100) {
    // The axis is too short now; the server draws it anew.
    if (performance.now() - asked > 5_000) {
      asked = performance.now();
      steps.dispatchEvent(new CustomEvent('stale', { bubbles: true }));
    }
    return;
  }
  const now = `${place.toFixed(2)}%`;
  for (const line of steps.querySelectorAll('.now')) {
    line.setAttribute('x1', now);
    line.setAttribute('x2', now);
  }
  for (const mark of steps.querySelectorAll('[data-moves="end"]')) {
    if (mark.tagName === 'line') mark.setAttribute('x2', now);
    else mark.setAttribute('width', `${Math.max(0.35, place - percent(mark, 'x')).toFixed(2)}%`);
  }
  for (const mark of steps.querySelectorAll('[data-moves="begin"]')) {
    const end = percent(mark, 'x') + percent(mark, 'width');
    mark.setAttribute('x', now);
    mark.setAttribute('width', `${Math.max(0, end - place).toFixed(2)}%`);
  }
}

const two = (number) => String(number).padStart(2, '0');

function here() {
  for (const time of document.querySelectorAll('time[data-clock], .excerpt time')) {
    const at = new Date(time.dateTime);
    if (!at.getTimezoneOffset()) continue;
    const day = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    time.textContent = 'clock' in time.dataset ? day : `${day}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  }
}

setInterval(move, 1_000);
document.addEventListener('htmx:afterSettle', here);
here();
