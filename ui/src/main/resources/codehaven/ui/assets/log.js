/* The log of a deployment: docs/design.md, "The log". Goes on from what the server has rendered; without it, links do. */
'use strict';

{
  const WINDOW = 500; // lines that are loaded at once: 1 to 500, 501 to 1000 and so on, as far as they are of one step
  const MOST = 2000; // lines in the page, about
  const MOST_WRAPPED = 1000; // all of them are drawn then, because their heights are not known
  const MARGIN = 2000; // px around what is in sight that are loaded ahead
  const PAUSE = 60; // ms between looks at what is to be loaded

  const log = document.getElementById('log');
  const view = log.querySelector('.log-view');
  const all = log.querySelector('.log-all');
  const finder = log.querySelector('.finder');
  const field = finder.elements.find;
  const hits = finder.querySelector('.hits');
  const doing = (name) => log.querySelector(`[data-does="${name}"]`);
  const address = `/deployments/${log.dataset.deployment}/log`;

  let last = Number(log.dataset.lines); // the number of the last line that is known
  let bytes = Number(log.dataset.bytes);
  let running = log.dataset.running === 'on';
  let following = log.dataset.follow === 'on';
  let seen = last; // the last line when the view was let go
  let picked = null; // { from, to, anchor }
  let connection = 'on';
  let row = 20; // px of a line

  const count = (number) => number.toLocaleString('en');
  const placeOf = (line) => Math.floor((line - 1) / WINDOW);
  const numberOf = (li) => Number(li.id.slice(1));
  const lineAt = (number) => document.getElementById(`L${number}`);

  /* Steps, and the windows of lines that are loaded of each. What is not loaded is a spacer of the same height. */

  class Step {
    constructor(el) {
      this.el = el;
      this.name = el.dataset.step ?? '';
      this.from = Number(el.dataset.from);
      this.to = Number(el.dataset.to);
      this.since = el.dataset.since ?? null;
      this.until = null;
      this.took = el.querySelector('.took')?.textContent ?? '';
      this.keep = false; // whether a person opened it
      this.windows = new Map(); // place → { ol, from, to }
      this.heights = new Map(); // place → px, where lines are wrapped
      this.failed = new Set();
      this.body = el.querySelector('.log-lines') ?? make('div', 'log-lines');
      for (const ol of this.body.querySelectorAll('ol')) {
        const lines = ol.children;
        if (!lines.length) continue;
        this.windows.set(placeOf(ol.start), { ol, from: numberOf(lines[0]), to: numberOf(lines[lines.length - 1]) });
        dress(lines);
      }
      for (const one of el.querySelectorAll(':scope > p, .gap')) one.remove();
      el.append(this.body);
      el.querySelector('summary').addEventListener('click', () => { this.keep = !el.open; });
      el.addEventListener('toggle', () => (el.open ? this.opened() : this.closed()));
      if (el.open) this.arrange();
    }

    opened() {
      this.arrange();
      look();
    }

    closed() {
      for (const { ol } of this.windows.values()) ol.remove();
      this.windows.clear();
      this.body.replaceChildren();
      const top = view.getBoundingClientRect().top;
      const gone = top - this.el.getBoundingClientRect().top;
      if (gone > 0 && !following) scrollBy(-gone);
      look();
    }

    bounds(place) {
      return [Math.max(this.from, place * WINDOW + 1), Math.min(this.to, (place + 1) * WINDOW)];
    }

    has(place) {
      const window = this.windows.get(place);
      const [from, to] = this.bounds(place);
      return window !== undefined && window.from <= from && window.to >= to;
    }

    height(from, to) {
      if (log.dataset.wrap !== 'on') return (to - from + 1) * row;
      let px = 0;
      for (let place = placeOf(from); place <= placeOf(to); place++) {
        const lines = Math.min(to, (place + 1) * WINDOW) - Math.max(from, place * WINDOW + 1) + 1;
        px += this.heights.get(place) ?? lines * row;
      }
      return px;
    }

    /** Puts the windows in order, and spacers between them. */
    arrange() {
      for (const spacer of this.body.querySelectorAll(':scope > svg')) spacer.remove();
      if (!this.el.open) return;
      let next = this.from;
      for (const { ol, from, to } of [...this.windows.values()].sort((a, b) => a.from - b.from)) {
        if (from > next) ol.before(this.spacer(next, from - 1));
        next = to + 1;
      }
      if (next <= this.to) this.body.append(this.spacer(next, this.to));
    }

    spacer(from, to) {
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      svg.setAttribute('class', 'spacer');
      svg.setAttribute('width', '1');
      svg.setAttribute('height', this.height(from, to));
      svg.setAttribute('aria-hidden', 'true');
      svg.dataset.from = from;
      svg.dataset.to = to;
      return svg;
    }

    /** Takes a window that was loaded; lines that came by the stream meanwhile stay behind it. */
    put(place, from, to, ol) {
      const old = this.windows.get(place);
      if (old && old.from <= from && old.to >= to) return;
      dress(ol.children);
      let end = to;
      if (old && old.from <= to + 1 && old.to > to) {
        ol.append(...[...old.ol.children].filter((li) => numberOf(li) > to));
        end = old.to;
      }
      old?.ol.remove();
      const after = [...this.windows.values()].filter((each) => each.from > from).sort((a, b) => a.from - b.from)[0];
      if (after) after.ol.before(ol);
      else this.body.append(ol);
      this.windows.set(place, { ol, from, to: end });
      ol.classList.toggle('whole', end - from + 1 === WINDOW);
      this.arrange();
    }

    drop(place) {
      const { ol } = this.windows.get(place);
      if (log.dataset.wrap === 'on') this.heights.set(place, ol.offsetHeight);
      ol.remove();
      this.windows.delete(place);
      this.arrange();
    }

    /** Lines from the stream. They are shown if those before them are, or if the end is what somebody looks at. */
    append(from, to, lines) {
      const end = this.to;
      this.to = to;
      const isNext = end < this.from || this.windows.get(placeOf(end))?.to === end;
      const shown = this.el.open && lines && (isNext || following) ? lines : [];
      for (let i = 0; i < shown.length;) {
        const first = numberOf(shown[i]);
        const place = placeOf(first);
        const some = [];
        while (i < shown.length && placeOf(numberOf(shown[i])) === place) some.push(shown[i++]);
        dress(some);
        let window = this.windows.get(place);
        if (window && window.to !== first - 1) {
          window.ol.remove();
          window = null;
        }
        if (!window) {
          const ol = make('ol', 'lines');
          ol.start = first;
          window = { ol, from: first, to: first };
          this.windows.set(place, window);
          this.body.append(ol);
        }
        window.ol.append(...some);
        window.to = numberOf(some[some.length - 1]);
        window.ol.classList.toggle('whole', window.to - window.from + 1 === WINDOW);
      }
      if (this.el.open && (!shown.length || !isNext)) this.arrange();
      this.tell();
    }

    /** What the step's line says besides its name. */
    tell() {
      const range = this.from === this.to ? `line ${this.from}` : `lines ${this.from}–${this.to}`;
      if (this.since) this.took = duration((this.until ? new Date(this.until) : Date.now()) - new Date(this.since));
      this.el.querySelector('.sub').textContent = this.took ? `${range} · ${this.took}` : range;
    }

    isMarked() {
      return picked !== null && picked.from <= this.to && picked.to >= this.from;
    }

    isInSight() {
      const box = view.getBoundingClientRect();
      const own = this.body.getBoundingClientRect();
      return own.bottom > box.top && own.top < box.bottom;
    }

    /** Once finished it folds, unless somebody wants it. */
    finished() {
      if (this.el.open && !this.keep && !this.isMarked() && (following || !this.isInSight())) {
        hold(() => { this.el.open = false; this.closed(); });
      }
    }
  }

  function make(name, className) {
    const el = document.createElement(name);
    el.className = className;
    return el;
  }

  function duration(ms) {
    if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
    const seconds = Math.round(ms / 1000);
    const two = (large, unit, small, lesser) => `${large} ${unit}${small ? ` ${small} ${lesser}` : ''}`;
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
    const minutes = Math.round(seconds / 60);
    return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  }

  function size(value) {
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
      value /= 1000;
      unit++;
    }
    return `${unit === 0 || value >= 99.95 ? count(Math.round(value)) : value.toFixed(1)} ${units[unit]}`;
  }

  /* Lines: in local time, with what was found marked, and marked as the address says. */

  function dress(lines) {
    for (const li of lines) {
      const time = li.children[1];
      const at = new Date(time.dateTime);
      if (at.getTimezoneOffset() !== 0) time.textContent = clock(at);
      if (needle) mark(li);
      const number = numberOf(li);
      li.classList.toggle('picked', picked !== null && number >= picked.from && number <= picked.to);
      li.classList.toggle('here', number === here);
      li.firstElementChild.tabIndex = number === reachable ? 0 : -1;
    }
  }

  function clock(at) {
    const two = (number) => String(number).padStart(2, '0');
    const millis = String(at.getMilliseconds()).padStart(3, '0');
    return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${millis}`;
  }

  function loaded() {
    return all.querySelectorAll('.lines > li');
  }

  /* Where one is: scrolling, and holding the line in place while something above it changes. */

  let expected = null; // where we scrolled to ourselves

  const fromEnd = () => (log.dataset.follow === 'on' ? -view.scrollTop : view.scrollHeight - view.clientHeight - view.scrollTop);

  function scrollTo(top) {
    view.scrollTop = top;
    expected = view.scrollTop;
  }

  function scrollBy(px) {
    scrollTo(view.scrollTop + px);
  }

  /** The first line in sight. */
  function top() {
    const edge = view.getBoundingClientRect().top + 30;
    for (const step of steps) {
      if (!step.el.open) continue;
      for (const { ol } of [...step.windows.values()].sort((a, b) => a.from - b.from)) {
        if (ol.getBoundingClientRect().bottom <= edge) continue;
        let low = 0;
        let high = ol.children.length - 1;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (ol.children[middle].getBoundingClientRect().bottom > edge) high = middle;
          else low = middle + 1;
        }
        const li = ol.children[low];
        return li && li.getBoundingClientRect().top < view.getBoundingClientRect().bottom ? li : null;
      }
    }
    return null;
  }

  function hold(change) {
    if (following) {
      change();
      if (log.dataset.follow !== 'on') scrollTo(view.scrollHeight);
      return;
    }
    const anchor = top();
    const before = anchor?.getBoundingClientRect().top;
    change();
    const away = anchor?.isConnected ? anchor.getBoundingClientRect().top - before : 0;
    if (Math.abs(away) > 0.5) scrollBy(away);
  }

  view.addEventListener('scroll', () => {
    const isOurs = expected !== null && Math.abs(view.scrollTop - expected) < 1;
    expected = null;
    if (!isOurs) {
      if (following && fromEnd() > 4) letGo();
      else if (!following && running && fromEnd() <= 4) follow();
    }
    aside();
    look();
  }, { passive: true });

  /** Sideways, the widest line that was seen keeps its room, so that the view does not jump back when it is gone. */
  function aside() {
    const isAside = view.scrollLeft !== 0;
    const state = isAside ? 'on' : 'off';
    if (log.dataset.aside !== state) log.dataset.aside = state;
    if (isAside) {
      const widest = Math.max(view.scrollWidth, parseFloat(all.style.getPropertyValue('--widest')) || 0);
      all.style.setProperty('--widest', `${widest}px`);
    } else {
      all.style.removeProperty('--widest');
    }
  }

  function letGo() {
    if (!following) return;
    const away = fromEnd();
    following = false;
    seen = last;
    if (log.dataset.follow) {
      log.dataset.follow = 'off';
      scrollTo(view.scrollHeight - view.clientHeight - away);
    }
    tell();
  }

  function follow() {
    following = true;
    const end = steps.at(-1);
    if (end && !end.el.open) {
      end.el.open = true;
      end.opened();
    }
    if (running) log.dataset.follow = 'on';
    scrollTo(log.dataset.follow === 'on' ? 0 : view.scrollHeight);
    tell();
    look();
  }

  /* Loading what is in sight and around it, and dropping what is far away. */

  const loading = new Map(); // step and place → { stop, done, asked }
  let timer = 0;

  function look() {
    timer ||= setTimeout(() => {
      timer = 0;
      refresh();
    }, PAUSE);
  }

  function refresh() {
    const wanted = missing();
    for (const [key, each] of loading) {
      if (!each.asked && !wanted.some((one) => one.key === key)) each.stop.abort();
    }
    for (const { step, place } of wanted.slice(0, 4)) load(step, place, false);
    trim();
  }

  function missing() {
    const box = view.getBoundingClientRect();
    const upper = box.top - MARGIN;
    const lower = box.bottom + MARGIN;
    const found = [];
    for (const step of steps) {
      if (!step.el.open) continue;
      for (const spacer of step.body.querySelectorAll(':scope > svg')) {
        const own = spacer.getBoundingClientRect();
        if (own.bottom < upper || own.top > lower) continue;
        const from = Number(spacer.dataset.from);
        const to = Number(spacer.dataset.to);
        const each = own.height / (to - from + 1);
        const first = Math.min(to, from + Math.max(0, Math.floor((upper - own.top) / each)));
        const end = Math.min(to, from + Math.max(0, Math.ceil((lower - own.top) / each)));
        for (let place = placeOf(first); place <= placeOf(end); place++) {
          const middle = own.top + (place * WINDOW + WINDOW / 2 - from) * each;
          const key = `${step.from}:${place}`;
          if (!step.failed.has(place)) found.push({ step, place, key, away: Math.abs(middle - (box.top + box.bottom) / 2) });
        }
      }
    }
    return found.sort((a, b) => a.away - b.away);
  }

  function load(step, place, asked) {
    const key = `${step.from}:${place}`;
    const known = loading.get(key);
    if (known) {
      known.asked ||= asked;
      return known.done;
    }
    const [from, to] = step.bounds(place);
    const stop = new AbortController();
    const done = fetch(`${address}?from=${from}&to=${to}`, { signal: stop.signal })
      .then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status}`);
        return answer.text();
      })
      .then((html) => {
        const ol = parsed(html).querySelector('ol');
        if (ol?.children.length && step.el.open) hold(() => step.put(place, from, to, ol));
      })
      .catch((problem) => {
        if (problem.name !== 'AbortError') refuse(step, place, from, to);
      })
      .finally(() => {
        loading.delete(key);
        look();
      });
    loading.set(key, { stop, done, asked });
    return done;
  }

  function parsed(html) {
    const template = document.createElement('template');
    template.innerHTML = html;
    return template.content;
  }

  /** Says where lines should be that they did not come. */
  function refuse(step, place, from, to) {
    if (step.failed.has(place)) return;
    step.failed.add(place);
    const notice = make('div', 'notice bad');
    const words = document.createElement('p');
    words.textContent = `Lines ${from} to ${to} did not come: the server did not answer.`;
    const again = make('button', 'btn small');
    again.type = 'button';
    again.textContent = 'Retry';
    again.addEventListener('click', () => retry(step));
    notice.setAttribute('role', 'status');
    notice.append(words, again);
    const spacer = [...step.body.querySelectorAll(':scope > svg')].find((svg) => Number(svg.dataset.to) >= from);
    hold(() => (spacer ? spacer.before(notice) : step.body.append(notice)));
  }

  function retry(step) {
    if (!step.failed.size) return;
    step.failed.clear();
    hold(() => step.body.querySelectorAll(':scope > .notice').forEach((each) => each.remove()));
    look();
  }

  function trim(wrapped = log.dataset.wrap === 'on') {
    const most = wrapped ? MOST_WRAPPED : MOST;
    const windows = steps.flatMap((step) => [...step.windows].map(([place, each]) => ({ step, place, ...each })));
    let lines = windows.reduce((sum, each) => sum + each.ol.children.length, 0);
    if (lines <= most) return;
    const box = view.getBoundingClientRect();
    const selection = document.getSelection();
    for (const each of windows) {
      const own = each.ol.getBoundingClientRect();
      each.away = Math.max(0, box.top - own.bottom, own.top - box.bottom);
    }
    for (const { step, place, ol, away } of windows.sort((a, b) => b.away - a.away)) {
      if (lines <= most || away <= 0) break;
      if (ol.contains(document.activeElement) || (!selection.isCollapsed && selection.containsNode(ol, true))) continue;
      lines -= ol.children.length;
      hold(() => step.drop(place));
    }
  }

  const stepOf = (line) => steps.findLast((each) => each.from <= line && each.to >= line);

  /** Brings a line into sight, wherever it is. */
  async function reach(line, { page = true } = {}) {
    const step = stepOf(line);
    if (!step) return null;
    letGo();
    if (!step.el.open) {
      step.keep = true;
      step.el.open = true;
      step.opened();
    }
    step.failed.delete(placeOf(line));
    if (!step.has(placeOf(line))) await load(step, placeOf(line), true);
    const li = lineAt(line);
    if (!li) return null;
    center(li);
    if (page) {
      const own = view.getBoundingClientRect();
      const at = li.getBoundingClientRect();
      if (own.top < 0 || at.bottom > innerHeight) li.scrollIntoView({ block: 'center' });
    }
    look();
    return li;
  }

  function center(li) {
    const box = view.getBoundingClientRect();
    const own = li.getBoundingClientRect();
    scrollBy(own.top + own.height / 2 - (box.top + box.bottom) / 2);
  }

  /* Lines that come by the stream: one insertion a frame. */

  let queue = [];

  document.addEventListener('haven:log', ({ detail }) => {
    if (detail.to <= last && !queue.length) return;
    if (!queue.length) requestAnimationFrame(flush);
    queue.push(detail);
    // More than one can read, or nobody looks and no frame is drawn: only the end is shown, the rest is loaded when it is wanted.
    let waiting = 0;
    for (let i = queue.length - 1; i >= 0; i--) {
      if (waiting > WINDOW / 2) queue[i].html = null;
      waiting += queue[i].to - queue[i].from + 1;
    }
  });

  function flush() {
    const batches = queue;
    queue = [];
    hold(() => batches.forEach(take));
    trim();
    tell();
    if (!following) look();
    else if (missing().length) look();
  }

  function take({ from, to, step: name, bytes: more, html }) {
    if (to <= last) return;
    const isWhole = from === last + 1;
    let step = steps.at(-1);
    if (!step || (name && step.name !== name)) {
      const before = step;
      step = begin(name, last + 1);
      before?.finished();
    }
    let lines = null;
    if (html && from <= last + 1) {
      lines = [...parsed(html).children];
      if (!isWhole) lines = lines.filter((li) => numberOf(li) > last);
      countIn(lines);
    } else if (needle) {
      stale = true;
    }
    last = to;
    bytes += more;
    step.append(from, to, lines);
  }

  function begin(name, from) {
    const el = document.getElementById('log-step').content.firstElementChild.cloneNode(true);
    el.dataset.step = name ?? '';
    el.dataset.from = from;
    el.dataset.to = from - 1;
    el.open = following || steps.length === 0;
    log.querySelector('.log-none')?.remove();
    all.append(el);
    const step = new Step(el);
    steps.push(step);
    show(step, courses.get(name) ?? { word: name ? name[0] + name.slice(1).toLowerCase() : 'Log' });
    return step;
  }

  /* How steps stand. */

  const courses = new Map(); // step → what the stream said last of it

  document.addEventListener('haven:step', ({ detail }) => {
    const known = courses.get(detail.step);
    const course = { ...detail, startedAt: known?.startedAt ?? detail.startedAt };
    courses.set(detail.step, course);
    const step = steps.findLast((each) => each.name === detail.step);
    if (step) {
      show(step, course);
      if (detail.state !== 'running' && step !== steps.at(-1)) step.finished();
    }
  });

  function show(step, { word, status, icon, startedAt, endedAt }) {
    const el = step.el.querySelector('.status');
    if (status) {
      el.dataset.status = status;
      el.querySelector('use').setAttribute('href', `#i-${icon}`);
    }
    el.lastElementChild.textContent = word;
    step.since ??= startedAt ?? null;
    step.until = endedAt ?? null;
    step.tell();
  }

  setInterval(() => {
    if (connection !== 'on' || !running) return;
    for (const step of steps) if (step.since && !step.until && step.took) step.tell();
  }, 1000);

  /* The foot, and the buttons. */

  const live = log.querySelector('.log-foot .live');
  const said = log.querySelector('.log-said');
  let saying = 0;

  function say(text) {
    said.textContent = text;
    clearTimeout(saying);
    saying = setTimeout(() => { said.textContent = ''; }, 4000);
  }

  function tell() {
    const how = { on: following ? 'Following' : 'Live', wait: `Reconnecting, goes on from line ${last}`, off: `Offline, goes on from line ${last}` };
    set(live, how[connection]);
    live.hidden = !running;
    live.dataset.live = connection;
    set(log.querySelector('.log-size'), `${count(last)} line${last === 1 ? '' : 's'}, ${size(bytes)}${running ? '' : ', complete'}`);
    doing('follow').setAttribute('aria-pressed', following);
    const more = last - seen;
    const news = doing('news');
    news.hidden = following || more <= 0;
    set(news.firstElementChild, `${count(more)} new line${more === 1 ? '' : 's'}`);
  }

  function set(el, text) {
    if (el.textContent !== text) el.textContent = text;
  }

  document.addEventListener('haven:connection', ({ detail }) => {
    connection = detail;
    if (detail === 'on') steps.forEach(retry);
    tell();
  });

  document.addEventListener('haven:end', () => {
    running = false;
    tell();
  });

  const kept = {
    get(name) {
      try {
        return localStorage.getItem(`codehaven-log-${name}`);
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        localStorage.setItem(`codehaven-log-${name}`, value);
      } catch {
        // It is kept as long as the page.
      }
    },
  };

  const wide = matchMedia('(width > 45rem)');
  const areTimesShown = () => log.dataset.times === 'on' || (log.dataset.times === 'auto' && wide.matches);

  function times(value) {
    hold(() => { log.dataset.times = value; });
    doing('times').setAttribute('aria-pressed', areTimesShown());
  }

  function wrap(value) {
    trim(value === 'on');
    hold(() => {
      log.dataset.wrap = value;
      for (const step of steps) {
        step.heights.clear();
        step.arrange();
      }
    });
    doing('wrap').setAttribute('aria-pressed', value === 'on');
    look();
  }

  const actions = {
    follow: () => (following ? letGo() : follow()),
    news: follow,
    times() {
      times(areTimesShown() ? 'off' : 'on');
      kept.set('times', log.dataset.times);
    },
    wrap() {
      wrap(log.dataset.wrap === 'on' ? 'off' : 'on');
      kept.set('wrap', log.dataset.wrap);
    },
    next: () => turn(1),
    previous: () => turn(-1),
  };

  log.addEventListener('click', (event) => {
    const button = event.target.closest('[data-does]');
    if (!button) return;
    event.preventDefault();
    actions[button.dataset.does]();
  });

  /* Finding: the server says in which lines it is. */

  let needle = ''; // in lower case
  let shown = ''; // as it was typed
  let matches = { items: [], count: 0 };
  let at = -1;
  let here = 0; // the line of the match in sight
  let reachable = 0; // the line whose number the Tab key reaches
  let stale = false;
  let errors = null;
  let asking = 0;

  const lower = (text) => {
    const small = text.toLowerCase();
    // Some letters are longer in lower case; places would no longer fit.
    return small.length === text.length ? small : [...text].map((c) => (c.toLowerCase().length === c.length ? c.toLowerCase() : c)).join('');
  };

  function mark(li) {
    const text = li.lastElementChild;
    for (const old of text.querySelectorAll('mark')) old.replaceWith(...old.childNodes);
    text.normalize();
    if (!needle) return;
    const whole = lower(text.textContent);
    const places = [];
    for (let i = whole.indexOf(needle); i >= 0; i = whole.indexOf(needle, i + needle.length)) places.push(i);
    if (!places.length) return;
    const nodes = [];
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(), start = 0; node; node = walker.nextNode()) {
      nodes.push({ node, start });
      start += node.data.length;
    }
    for (const { node, start } of nodes) {
      const parts = [];
      let done = 0;
      for (const place of places) {
        const from = Math.max(0, place - start);
        const to = Math.min(node.data.length, place + needle.length - start);
        if (from >= to) continue;
        const el = document.createElement('mark');
        el.textContent = node.data.slice(from, to);
        if (place < start) el.className = 'on';
        parts.push(node.data.slice(done, from), el);
        done = to;
      }
      if (parts.length) node.replaceWith(...parts, node.data.slice(done));
    }
  }

  async function search(text) {
    const turnOf = ++asking;
    shown = text;
    needle = lower(text);
    stale = false;
    at = -1;
    stand(0);
    remember();
    if (!text) {
      matches = { items: [], count: 0 };
      for (const li of loaded()) mark(li);
      tellHits();
      return;
    }
    for (const li of loaded()) mark(li);
    const found = await ask(`text=${encodeURIComponent(text)}`);
    if (turnOf !== asking || !found) return;
    matches = found;
    const start = numberOf(top() ?? { id: 'L1' });
    const first = matches.items.findIndex((line) => line >= start);
    await go(matches.items.length ? Math.max(0, first) : -1);
  }

  async function ask(what) {
    hits.setAttribute('aria-busy', 'true');
    const slow = setTimeout(() => set(hits, 'Looking'), 300);
    try {
      const answer = await fetch(`${address}/find?${what}`);
      if (!answer.ok) throw new Error(`${answer.status}`);
      return await answer.json();
    } catch {
      hits.textContent = 'No answer';
      return null;
    } finally {
      clearTimeout(slow);
      hits.removeAttribute('aria-busy');
    }
  }

  async function go(place) {
    at = place;
    tellHits();
    if (at < 0) return;
    stand(matches.items[at]);
    await reach(here);
  }

  async function turn(by) {
    if (!needle) return;
    if (stale) {
      stale = false;
      matches = (await ask(`text=${encodeURIComponent(shown)}`)) ?? matches;
    }
    const all = matches.items.length;
    if (all) await go((at + by + all) % all);
  }

  /** Lines that the stream has just brought. */
  function countIn(lines) {
    if (!needle) return;
    for (const li of lines) {
      if (!lower(li.lastElementChild.textContent).includes(needle)) continue;
      matches.count++;
      if (matches.items.length < 1000) matches.items.push(numberOf(li));
    }
    tellHits();
  }

  function tellHits() {
    const any = needle && matches.items.length;
    set(hits, !needle ? '' : any ? `${count(at + 1)} of ${count(matches.count)}` : 'Not found');
    doing('next').hidden = doing('previous').hidden = !any;
  }

  function stand(line) {
    lineAt(here)?.classList.remove('here');
    here = line;
    if (!line) return;
    lineAt(here)?.classList.add('here');
    lend(line);
  }

  async function nextError() {
    if (!errors || running) errors = await ask('level=error');
    tellHits();
    if (!errors?.items.length) {
      say('No line is marked as an error');
      return;
    }
    const line = errors.items.find((each) => each > here) ?? errors.items[0];
    stand(line);
    await reach(line);
    say(`Error ${count(errors.items.indexOf(line) + 1)} of ${count(errors.count)}`);
  }

  finder.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(typing);
    if (field.value.trim() !== shown) search(field.value.trim());
    else turn(1);
  });

  let typing = 0;
  field.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => search(field.value.trim()), field.value ? 250 : 0);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.shiftKey) {
      event.preventDefault();
      turn(-1);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (!field.value) view.focus();
      field.value = '';
      search('');
    }
  });
  field.addEventListener('search', () => {
    clearTimeout(typing);
    if (field.value.trim() !== shown) search(field.value.trim());
  });

  /* Marked lines, and the address that names them. */

  function lend(line) {
    const old = lineAt(reachable)?.firstElementChild;
    if (old) old.tabIndex = -1;
    reachable = line;
    const now = lineAt(line)?.firstElementChild;
    if (now) now.tabIndex = 0;
  }

  function pick(anchor, other) {
    picked = anchor ? { from: Math.min(anchor, other), to: Math.max(anchor, other), anchor } : null;
    for (const li of loaded()) {
      const number = numberOf(li);
      li.classList.toggle('picked', picked !== null && number >= picked.from && number <= picked.to);
    }
    log.dataset.marks = 'script';
    remember();
  }

  function marked() {
    return picked.from === picked.to
      ? [`${picked.from}`, `L${picked.from}`]
      : [`${picked.from}-${picked.to}`, `L${picked.from}-L${picked.to}`];
  }

  /** So that a reload, and whoever gets the address, sees the same. */
  function remember() {
    const url = new URL(location);
    url.searchParams.delete('line');
    url.searchParams.delete('find');
    url.searchParams.delete('whole');
    url.hash = '';
    if (shown) url.searchParams.set('find', shown);
    if (picked) {
      const [line, hash] = marked();
      url.searchParams.set('line', line);
      url.hash = hash;
    }
    history.replaceState(history.state, '', url);
  }

  async function copy() {
    if (!picked) {
      say('Mark a line first: choose its number');
      return;
    }
    const [line, hash] = marked();
    const text = `${location.origin}${location.pathname}?line=${line}#${hash}`;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Browsers give the clipboard to https and localhost only.
      const area = make('textarea', 'sr');
      area.value = text;
      log.append(area);
      const focused = document.activeElement;
      area.select();
      document.execCommand('copy');
      area.remove();
      focused?.focus({ preventScroll: true });
    }
    say(picked.from === picked.to ? `Copied the link to line ${picked.from}` : `Copied the link to lines ${picked.from} to ${picked.to}`);
  }

  const linesOf = (text) => {
    const found = /^(?:\?line=|#L)(\d+)(?:-L?(\d+))?/.exec(text);
    return found ? [Number(found[1]), Number(found[2] ?? found[1])] : null;
  };

  /** The lines that a link to this very page means. */
  function namedBy({ origin, pathname, search, hash }) {
    if (origin !== location.origin || pathname !== location.pathname) return null;
    return linesOf(`?line=${new URLSearchParams(search).get('line') ?? ''}`) ?? linesOf(hash);
  }

  view.addEventListener('mousedown', (event) => {
    // A range of lines is meant, not one of text.
    if (event.shiftKey && event.target.closest('.n')) event.preventDefault();
  });

  document.addEventListener('click', (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
    const link = event.target.closest('a[href]');
    const lines = link && !link.dataset.does && !link.target ? namedBy(link) : null;
    if (!lines) return;
    if (link.matches('.more')) {
      event.preventDefault();
      whole(link, lines[0]);
      return;
    }
    const own = link.matches('.n') && view.contains(link);
    if (!own && !stepOf(lines[0])) return;
    event.preventDefault();
    if (own && event.shiftKey && picked) pick(picked.anchor, lines[0]);
    else pick(...lines);
    lend(lines[0]);
    if (own) link.focus({ preventScroll: true });
    else reach(lines[0]).then((li) => li?.firstElementChild.focus({ preventScroll: true }));
  });

  async function whole(link, line) {
    try {
      const answer = await fetch(`${address}?from=${line}&to=${line}&whole=on`);
      const li = answer.ok ? parsed(await answer.text()).querySelector('li') : null;
      if (!li) throw new Error(`${answer.status}`);
      dress([li]);
      hold(() => link.closest('li').replaceWith(li));
      li.firstElementChild.focus({ preventScroll: true });
    } catch {
      say(`Line ${line} did not come: the server did not answer`);
    }
  }

  addEventListener('hashchange', () => {
    const lines = linesOf(location.hash);
    if (!lines || !stepOf(lines[0])) return;
    pick(...lines);
    lend(lines[0]);
    reach(lines[0]);
  });

  /* Keys. */

  view.addEventListener('keydown', async (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'End' && !event.shiftKey) {
      event.preventDefault();
      follow();
      return;
    }
    const number = event.target.closest('.n');
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!number || !by) return;
    event.preventDefault();
    const from = numberOf(number.parentElement);
    const line = from + by;
    if (!stepOf(line)) return;
    if (event.shiftKey) pick(picked?.anchor ?? from, line);
    lend(line);
    letGo();
    const li = lineAt(line) ?? (await reach(line));
    li?.firstElementChild.focus({ preventScroll: true });
    li?.scrollIntoView({ block: 'nearest' });
  });

  const keys = {
    f: actions.follow,
    w: actions.wrap,
    t: actions.times,
    n: actions.next,
    N: actions.previous,
    e: nextError,
    y: copy,
  };

  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.('input, textarea, select, [contenteditable]') || document.querySelector('[popover]:popover-open')) return;
    if (event.key === 'Escape') {
      if (needle) {
        field.value = '';
        search('');
      } else if (picked) {
        pick(0, 0);
      }
      return;
    }
    const action = document.documentElement.dataset.keys === 'off' ? null : keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  /* At first. */

  if (log.dataset.picked) {
    const [from, to] = linesOf(`?line=${log.dataset.picked}`);
    picked = { from, to, anchor: from };
    log.dataset.marks = 'script';
  }
  reachable = Number(all.querySelector('.n:not([tabindex])')?.textContent ?? 0);
  row = parseFloat(getComputedStyle(view).lineHeight) || row;
  aside();
  log.dataset.wrap = kept.get('wrap') ?? log.dataset.wrap;
  log.dataset.times = kept.get('times') ?? log.dataset.times;
  shown = field.value.trim();
  needle = lower(shown);
  const steps = [];
  for (const el of all.querySelectorAll('.log-step')) steps.push(new Step(el));
  wrap(log.dataset.wrap);
  times(log.dataset.times);
  wide.addEventListener('change', () => times(log.dataset.times));
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  doing('times').title = `Times, ${zone}  t`;
  const target = Number(log.dataset.target);
  if (needle) {
    ask(`text=${encodeURIComponent(shown)}`).then((found) => {
      matches = found ?? matches;
      at = matches.items.indexOf(target);
      if (at >= 0) stand(target);
      tellHits();
    });
  }
  const named = linesOf(location.hash);
  if (named && !picked && stepOf(named[0])) {
    pick(...named);
    lend(named[0]);
    reach(named[0]);
  } else if (target) {
    reach(target, { page: Boolean(picked) });
  }
  tell();
}
