/* What an app prints, beyond plain HTML: it goes on by itself, in local time, and rests at its end as long as somebody wants that. */

const MOST = 2_000; // lines in the page
const WAITING = 2_000; // lines that wait while somebody reads further up

const log = document.getElementById('log');
const view = log.querySelector('.log-view');
const list = log.querySelector('.lines');
const doing = (name) => log.querySelector(`[data-does="${name}"]`);
const count = (number) => number.toLocaleString('en');
const narrow = matchMedia('(max-width: 45rem)');

let following = log.dataset.follow === 'on';
let last = Number(log.dataset.last);
let waiting = []; // of { html, count }
let news = 0;
let expected = null;

/* ---- Lines ---- */

function dress(lines) {
  for (const li of lines) {
    const time = li.querySelector('time');
    const at = new Date(time.dateTime);
    if (at.getTimezoneOffset() === 0) continue;
    const two = (number) => String(number).padStart(2, '0');
    time.textContent = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  }
}

function append(html) {
  const template = document.createElement('template');
  template.innerHTML = html; // rendered and escaped by the server
  const lines = [...template.content.children];
  dress(lines);
  if (lines.some((li) => li.querySelector('.src b')?.textContent !== '1')) log.dataset.many = 'on';
  list.append(...lines);
  while (list.children.length > MOST) list.firstElementChild.remove();
  log.querySelector('.log-none')?.remove();
}

document.addEventListener('haven:log', ({ detail }) => {
  if (!detail?.html || detail.to <= last) return;
  last = detail.to;
  log.querySelector('.log-size').textContent = `${count(last)} ${last === 1 ? 'line' : 'lines'} so far; the last 20,000 are kept`;
  if (following) {
    append(detail.html);
    return;
  }
  waiting.push(detail);
  news += detail.count;
  let sum = waiting.reduce((all, each) => all + each.count, 0);
  while (waiting.length > 1 && sum > WAITING) sum -= waiting.shift().count;
  tell();
});

/* ---- Where one is ---- */

const fromEnd = () => (log.dataset.follow === 'on' ? -view.scrollTop : view.scrollHeight - view.clientHeight - view.scrollTop);

function scrollTo(top) {
  view.scrollTop = top;
  expected = view.scrollTop;
}

function letGo() {
  const away = fromEnd();
  following = false;
  log.dataset.follow = 'off';
  scrollTo(view.scrollHeight - view.clientHeight - away);
  tell();
}

function follow() {
  following = true;
  if (waiting.length && Number(list.lastElementChild?.id.slice(1)) + 1 < waiting[0].from) list.replaceChildren();
  waiting.forEach((each) => append(each.html));
  waiting = [];
  news = 0;
  log.dataset.follow = 'on';
  scrollTo(0);
  tell();
}

function tell() {
  doing('follow')?.setAttribute('aria-pressed', String(following));
  const button = doing('news');
  button.hidden = following || news === 0;
  button.firstElementChild.textContent = `${count(news)} new ${news === 1 ? 'line' : 'lines'}`;
  const live = log.querySelector('.log-foot .live');
  live.hidden = !log.dataset.running || !following;
}

view.addEventListener('scroll', () => {
  if (!log.dataset.running) return;
  const isOurs = expected !== null && Math.abs(view.scrollTop - expected) < 1;
  expected = null;
  if (isOurs) return;
  if (following && fromEnd() > 4) letGo();
  else if (!following && fromEnd() <= 4) follow();
}, { passive: true });

/* ---- Buttons and keys ---- */

const timesShown = () => log.dataset.times === 'on' || (log.dataset.times === 'auto' && !narrow.matches);

const does = {
  follow: () => { if (log.dataset.running) (following ? letGo : follow)(); },
  news: follow,
  times: () => { log.dataset.times = timesShown() ? 'off' : 'on'; press(); },
  wrap: () => { log.dataset.wrap = log.dataset.wrap === 'on' ? 'off' : 'on'; press(); },
};

function press() {
  doing('times').setAttribute('aria-pressed', String(timesShown()));
  doing('wrap').setAttribute('aria-pressed', String(log.dataset.wrap === 'on'));
}

log.addEventListener('click', (event) => does[event.target.closest('[data-does]')?.dataset.does]?.());

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !window.haven?.keys() || window.haven.isTyping(event.target)) return;
  if (document.querySelector(':popover-open')) return;
  const name = { f: 'follow', t: 'times', w: 'wrap' }[event.key] ?? (event.key === 'End' && log.dataset.running ? 'news' : '');
  if (!name) return;
  does[name]();
  event.preventDefault();
});

document.addEventListener('haven:connection', ({ detail }) => {
  const live = log.querySelector('.log-foot .live');
  live.dataset.live = detail;
  live.textContent = detail === 'on' ? 'Following' : `${detail === 'wait' ? 'Reconnecting' : 'Offline'}: goes on from line ${count(last)}`;
  live.hidden = !log.dataset.running || (detail === 'on' && !following);
});

dress(list.children);
press();
tell();
