/* What every page does beyond plain HTML. Pages work without it. */
'use strict';

(() => {
  const root = document.documentElement;
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';
  const main = () => document.getElementById('main');
  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`haven:${name}`, { detail }));

  /* Said to those who do not see it. */
  const voice = document.body.appendChild(Object.assign(document.createElement('p'), { className: 'sr' }));
  voice.setAttribute('role', 'status');
  const say = (text) => {
    voice.textContent = '';
    setTimeout(() => { voice.textContent = text; }, 50);
  };

  /* ---- The stream: one a page, resumed after the last event that was told. ----
     Read by fetch rather than EventSource, which gives up for good on the first answer that is not 200, hides
     heartbeats, and cannot say why it ended. */

  const stream = (() => {
    const LOST = 1_000, OFFLINE = 30_000, DEAD = 25_000, HIDDEN = 60_000;
    const PAUSES = [300, 700, 1_500, 3_000, 5_000];
    const WORDS = { on: 'Connected', wait: 'Reconnecting', off: 'Offline' };
    const place = document.getElementById('connection');
    let url = '', last = '', reading = null, seen = 0, tries = 0, again = 0, lost = 0, shown = '', over = false;
    let hiding = 0, resting = false;

    function show(next) {
      if (!place || next === shown) return;
      shown = next;
      place.hidden = next === '';
      if (next === '') {
        delete root.dataset.live;
        return;
      }
      root.dataset.live = place.dataset.live = next;
      place.firstElementChild.textContent = WORDS[next];
      place.querySelector('button')?.remove();
      if (next === 'off') {
        const retry = Object.assign(document.createElement('button'), { type: 'button', className: 'btn small', textContent: 'Retry' });
        retry.addEventListener('click', () => { tries = 0; connect(); });
        place.append(retry);
      }
      tell('connection', next);
    }

    function up() {
      seen = Date.now();
      tries = 0;
      lost = 0;
      show('on');
    }

    function down() {
      reading = null;
      if (over || resting) return;
      lost ||= Date.now();
      clearTimeout(again);
      again = setTimeout(connect, PAUSES[Math.min(tries++, PAUSES.length - 1)] * (0.8 + 0.4 * Math.random()));
    }

    function close() {
      clearTimeout(again);
      reading?.abort();
      reading = null;
    }

    function end() {
      over = true;
      close();
      show('');
    }

    async function connect() {
      close();
      const mine = reading = new AbortController();
      const from = url;
      seen = Date.now();
      try {
        const address = new URL(from, location.href);
        const headers = { Accept: 'text/event-stream' };
        if (last) {
          address.searchParams.set('after', last);
          headers['Last-Event-ID'] = last;
        }
        const answer = await fetch(address, { headers, cache: 'no-store', signal: mine.signal });
        if (mine !== reading) return;
        if (answer.status === 204) {
          end();
          return;
        }
        if (answer.status === 404 || answer.status === 410) {
          end();
          tell('gone', from);
          return;
        }
        if (answer.ok && answer.body) {
          up();
          await read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), mine);
        }
      } catch {
        // The line broke, or was never there.
      }
      if (mine === reading) {
        mine.abort();
        down();
      }
    }

    /* HTML, 9.2.6: a line is a field, an empty one ends an event; what is cut off at the end is not told. */
    async function read(reader, mine) {
      let rest = '', id = null, name = '', data = [];
      for (;;) {
        const { done, value } = await reader.read();
        if (done || mine !== reading) return;
        up();
        const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
        rest = lines.pop();
        for (const line of lines) {
          if (line === '') {
            if (data.length || name) event(name || 'message', id, data.join('\n'));
            if (mine !== reading) return;
            id = null;
            name = '';
            data = [];
            continue;
          }
          const [, field, text] = /^([^:]*):? ?(.*)$/s.exec(line);
          if (field === 'event') name = text;
          else if (field === 'data') data.push(text);
          else if (field === 'id' && !text.includes('\0')) id = text;
        }
      }
    }

    function event(name, id, data) {
      if (id !== null) {
        if (id === last || (/^\d+$/.test(id) && Number(id) <= Number(last))) return;
        last = id;
      }
      if (name === 'heartbeat') return;
      if (name === 'end') end();
      let detail = data;
      try { detail = JSON.parse(data); } catch { /* it is text */ }
      tell(name, detail);
    }

    setInterval(() => {
      if (!url || over || resting) return;
      const now = Date.now();
      if (reading && now - seen > DEAD) {
        lost ||= now;
        connect();
      }
      if (reading && shown !== 'on' && now - seen > LOST) lost ||= seen;
      if (lost && now - lost > LOST) show(now - lost > OFFLINE ? 'off' : 'wait');
    }, 250);

    /* Browsers allow six lines to one server: a list that nobody looks at gives its line back. */
    document.addEventListener('visibilitychange', () => {
      clearTimeout(hiding);
      if (document.hidden) {
        if (url === '/stream' && !over) hiding = setTimeout(() => { resting = true; close(); }, HIDDEN);
      } else if (resting) {
        resting = false;
        connect();
      }
    });
    addEventListener('online', () => {
      if (lost && !resting) {
        tries = 0;
        connect();
      }
    });
    addEventListener('pagehide', close);
    addEventListener('pageshow', (event) => { if (event.persisted && url && !over) connect(); });

    return (next) => {
      /* A page that asks for no stream any more lets the one that runs come to its end. */
      if (next === url || next === '') return;
      close();
      url = next;
      last = main()?.dataset.after ?? '';
      over = false;
      lost = 0;
      show('');
      connect();
    };
  })();

  /* ---- Times, which grow old while a page is open; as in Words.java ---- */

  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const ahead = (Date.parse(meta('server-time')) || Date.now()) - Date.now();
  const clock = () => Date.now() + ahead;

  function ago(at, now) {
    const seconds = Math.trunc((now - at) / 1_000);
    if (seconds < 5) return 'now';
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
    const days = Math.floor(now / 86_400_000) - Math.floor(at / 86_400_000);
    if (days <= 1) return 'yesterday';
    if (days < 14) return `${days} days ago`;
    const then = new Date(at);
    const date = `${then.getUTCDate()} ${MONTHS[then.getUTCMonth()]}`;
    return then.getUTCFullYear() === new Date(now).getUTCFullYear() ? date : `${date} ${then.getUTCFullYear()}`;
  }

  function span(millis) {
    const two = (large, unit, small, smallUnit) => `${large} ${unit}${small ? ` ${small} ${smallUnit}` : ''}`;
    if (millis < 9_950) return `${(Math.max(0, millis) / 1_000).toFixed(1)} s`;
    const seconds = Math.round(millis / 1_000);
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3_600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
    const minutes = Math.round(seconds / 60);
    if (minutes < 1_440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
    const hours = Math.round(minutes / 60);
    return two(Math.floor(hours / 24), Math.floor(hours / 24) === 1 ? 'day' : 'days', hours % 24, 'h');
  }

  /* What counts each second has no tenths, which would stand still between. */
  const counted = (millis) => (millis < 9_950 ? `${Math.max(0, Math.floor(millis / 1_000))} s` : span(millis));

  function clocks() {
    const now = clock();
    const stopped = root.dataset.live !== undefined && root.dataset.live !== 'on';
    for (const time of document.querySelectorAll('time[datetime]')) {
      const { ago: isAgo, since, elapsed } = time.dataset;
      const at = Date.parse(time.dateTime);
      const old = time.textContent;
      let text = old;
      if (Number.isNaN(at)) continue;
      if (isAgo !== undefined || / ago$|^now$/.test(old)) text = ago(at, now);
      else if (stopped) continue;
      else if (since !== undefined || /^for \d/.test(old)) text = `for ${counted(now - at)}`;
      else if (elapsed !== undefined) text = counted(now - at);
      if (text !== old) time.textContent = text;
    }
  }
  setInterval(clocks, 1_000);

  /* ---- Title and favicon: the state of what is shown ---- */

  function face({ title, favicon }) {
    const icon = document.getElementById('favicon');
    const href = icon?.dataset[favicon] ?? icon?.dataset.plain;
    if (title) document.title = title;
    if (href && icon.getAttribute('href') !== href) icon.setAttribute('href', href);
  }

  /* A part that is fetched comes in a whole page: what that says of itself on <main> holds for this one too. */
  function adopt(html) {
    const tag = /<main\b[^>]*>/.exec(html)?.[0];
    const here = main();
    if (!tag || !here) return;
    const there = new DOMParser().parseFromString(tag, 'text/html').querySelector('main');
    for (const each of ['title', 'favicon', 'stream']) {
      if (there.dataset[each] === undefined) delete here.dataset[each];
      else here.dataset[each] = there.dataset[each];
    }
  }

  function settle() {
    const here = main();
    if (!here) return;
    document.querySelectorAll('[data-copy][hidden]').forEach((each) => { each.hidden = false; });
    face(here.dataset);
    stream(here.dataset.stream ?? '');
    notifiers();
    clocks();
  }

  /* ---- A browser's notification when a deployment has ended, for whoever asks for it ---- */

  const ENDS = { READY: 'Ready', FAILED: 'Failed', CANCELED: 'Canceled', SUPERSEDED: 'Superseded' };
  const asked = () => `notify:${location.pathname}`;
  const isWanted = () => 'Notification' in window && Notification.permission === 'granted' && sessionStorage.getItem(asked()) === 'on';

  function notifiers() {
    for (const button of document.querySelectorAll('[data-notify]')) {
      button.hidden = !('Notification' in window);
      button.setAttribute('aria-pressed', String(isWanted()));
    }
  }

  async function choose(button) {
    if (button.getAttribute('aria-pressed') === 'true') {
      sessionStorage.removeItem(asked());
    } else if (await Notification.requestPermission() === 'granted') {
      sessionStorage.setItem(asked(), 'on');
      say('You will be told when it has ended.');
    } else {
      button.title = 'This browser does not let this page notify you';
      say(`${button.title}.`);
    }
    notifiers();
  }

  document.addEventListener('haven:status', ({ detail }) => {
    const word = ENDS[detail?.status];
    const button = document.querySelector('[data-notify]');
    if (!word || !button || !isWanted()) return;
    sessionStorage.removeItem(asked());
    const note = new Notification(`${word} · ${button.dataset.notify}`, { tag: location.pathname });
    note.addEventListener('click', () => {
      window.focus();
      note.close();
    });
  });

  /* ---- Copying ---- */

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Only secure origins have a clipboard; the old way works everywhere.
      const area = Object.assign(document.createElement('textarea'), { value: text, className: 'sr' });
      const focused = document.activeElement;
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      focused?.focus({ preventScroll: true });
      return done;
    }
  }

  async function copied(button) {
    const done = await copy(button.dataset.copy || button.previousElementSibling?.textContent.trim() || '');
    const use = button.querySelector('use');
    say(done ? 'Copied' : 'This browser does not let this page copy');
    if (!done || !use || use.getAttribute('href') === '#i-check') return;
    const was = use.getAttribute('href');
    use.setAttribute('href', '#i-check');
    setTimeout(() => use.setAttribute('href', was), 1_500);
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-copy], [data-notify]');
    if (button?.dataset.copy !== undefined) copied(button);
    else if (button) choose(button);
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  /* ---- Keys ---- */

  const isTyping = (at) => at?.isContentEditable || Boolean(at?.matches?.('textarea, select, input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"])'));
  const isSeen = (each) => each.offsetParent !== null;
  let went = 0;

  function step(by) {
    const rows = [...document.querySelectorAll('.rows .cover')].filter(isSeen);
    const now = rows.findIndex((each) => each.closest('li')?.contains(document.activeElement));
    const next = rows[now < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(now + by, 0), rows.length - 1)];
    next?.focus();
    next?.closest('li').scrollIntoView({ block: 'nearest' });
  }

  function escape(event) {
    const at = document.activeElement;
    const menu = at?.closest?.('details.menu[open]');
    if (menu) {
      menu.open = false;
      menu.querySelector('summary').focus();
    } else if (isTyping(at)) {
      if (at.type === 'search' && at.value) {
        at.value = '';
        at.dispatchEvent(new Event('input', { bubbles: true }));
        at.dispatchEvent(new Event('search', { bubbles: true }));
      } else {
        at.blur();
      }
    } else {
      if (!document.querySelector(':popover-open')) tell('escape');
      return;
    }
    event.preventDefault();
  }

  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === 'Escape') {
      escape(event);
      return;
    }
    if (root.dataset.keys === 'off' || isTyping(event.target)) return;
    const isSecond = went > 0 && event.timeStamp - went < 1_500;
    went = 0;
    if (isSecond && (event.key === 'p' || event.key === 's')) {
      location.assign(event.key === 'p' ? '/' : '/system');
    } else if (document.querySelector(':popover-open') && event.key !== '?') {
      return;
    } else {
      switch (event.key) {
        case 'g': went = event.timeStamp; return;
        case 'j': step(1); break;
        case 'k': step(-1); break;
        case '?': document.getElementById('help')?.togglePopover(); break;
        case '/': {
          const field = [...document.querySelectorAll('#main [data-search], #main input[type="search"]')].find(isSeen);
          if (!field) return;
          field.focus();
          field.select();
          break;
        }
        default: return;
      }
    }
    event.preventDefault();
  });

  /* ---- Forms go once ---- */

  function sent(form, submitter) {
    form.dataset.sent = '';
    (submitter ?? form.querySelector('button:not([type="button"])'))?.setAttribute('aria-busy', 'true');
  }

  function free(form) {
    delete form.dataset.sent;
    for (const each of [...form.elements, ...form.querySelectorAll('button')]) each.removeAttribute('aria-busy');
  }

  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.method !== 'post') return;
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    sent(form, event.submitter);
    // Somebody else's script may have stopped it; an answer may be a file, which leaves the page as it is.
    setTimeout(() => { if (event.defaultPrevented && !document.querySelector('.htmx-request')) free(form); });
    setTimeout(() => free(form), 20_000);
  }, true);
  addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach(free));

  /* ---- htmx: tokens, what is kept across swaps, and what goes wrong ---- */

  const kept = new WeakMap();

  function selector(at) {
    if (!at || at === document.body) return null;
    if (at.id) return `#${CSS.escape(at.id)}`;
    const attribute = ['data-key', 'href', 'name', 'aria-label'].find((each) => at.getAttribute(each));
    return attribute ? `${at.localName}[${attribute}="${CSS.escape(at.getAttribute(attribute))}"]` : null;
  }

  const isText = (at) => at?.localName === 'input' && at.selectionStart !== null;
  const version = (row) => [...row.querySelectorAll('[data-status]')].map((each) => each.dataset.status).join() + row.querySelector('.cover')?.getAttribute('href');
  const rows = () => document.querySelectorAll('.rows > li[id]');

  function sentence(strong, text) {
    const p = document.createElement('p');
    p.append(Object.assign(document.createElement('strong'), { textContent: strong }), ` ${text}`);
    return [p];
  }

  /* Stands where the part was to go; what was there stays, and is said to be old. */
  function notice(target, words, retry) {
    const before = noticeOf(target);
    const text = words.map((each) => each.textContent).join('').trim();
    if (before?.dataset.text === text) {
      before.querySelector('button')?.removeAttribute('aria-busy');
      return;
    }
    before?.remove();
    const box = Object.assign(document.createElement('div'), { className: 'notice bad gap-above' });
    box.setAttribute('role', 'alert');
    box.dataset.of = target.id;
    box.dataset.text = text;
    box.append(...words);
    if (retry) {
      const button = Object.assign(document.createElement('button'), { type: 'button', className: 'btn small', textContent: 'Retry' });
      button.addEventListener('click', () => {
        button.setAttribute('aria-busy', 'true');
        retry();
      });
      box.append(button);
    }
    target.before(box);
  }

  function noticeOf(target) {
    const before = target.previousElementSibling;
    return before?.matches('.notice[data-of]') && before.dataset.of === target.id ? before : null;
  }

  function failed({ detail }, words) {
    const { elt, target, requestConfig } = detail;
    if (!target?.isConnected || !requestConfig) return;
    const { verb, path, unfilteredParameters } = requestConfig;
    notice(target, words, () => window.htmx.ajax(verb, path, { source: elt, target, values: verb === 'get' ? undefined : unfilteredParameters }));
  }

  /* The server's own words, where it has some. */
  function wordsOf(xhr) {
    const there = new DOMParser().parseFromString(xhr.responseText, 'text/html').querySelector('.notice');
    return there ? [...there.childNodes] : sentence('This part could not be loaded.', `The server answered ${xhr.status}.`);
  }

  document.addEventListener('htmx:configRequest', ({ detail }) => {
    if (detail.verb !== 'get') detail.headers['X-CSRF-Token'] = meta('csrf-token');
  });

  document.addEventListener('htmx:beforeSwap', (event) => {
    const { xhr, target, isError, serverResponse } = event.detail;
    if (xhr.getResponseHeader('X-Haven-Problem') !== null) {
      event.detail.shouldSwap = false;
      if (!isError) failed(event, wordsOf(xhr));
      return;
    }
    if (!event.detail.shouldSwap) return;
    adopt(serverResponse ?? '');
    const at = document.activeElement;
    const isInside = target.contains(at);
    kept.set(xhr, {
      focus: isInside ? selector(at) : null,
      typed: isInside && isText(at) ? { value: at.value, range: [at.selectionStart, at.selectionEnd] } : null,
      popover: selector(target.querySelector(':popover-open')),
      open: [...target.querySelectorAll('details[open][id]')].map((each) => each.id),
      versions: new Map([...rows()].map((row) => [row.id, version(row)])),
    });
  });

  document.addEventListener('htmx:afterSwap', ({ detail }) => {
    const before = kept.get(detail.xhr);
    if (!before) return;
    for (const id of before.open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    const sheet = before.popover && document.querySelector(before.popover);
    if (sheet?.popover && !sheet.matches(':popover-open')) sheet.showPopover();
    const isLive = detail.requestConfig?.triggeringEvent?.type.startsWith('haven:');
    for (const row of rows()) {
      if (isLive && before.versions.get(row.id) !== version(row)) {
        row.classList.add('changed');
        row.addEventListener('animationend', () => row.classList.remove('changed'), { once: true });
      }
    }
  });

  document.addEventListener('htmx:afterSettle', ({ detail }) => {
    const before = kept.get(detail.xhr);
    kept.delete(detail.xhr);
    if (before?.focus && [document.body, null].includes(document.activeElement)) {
      document.querySelector(before.focus)?.focus({ preventScroll: true });
    }
    const at = document.activeElement;
    if (before?.typed && isText(at) && at.matches(before.focus)) {
      // What was typed while the answer was on its way is newer than the answer.
      if (at.value !== before.typed.value) at.value = before.typed.value;
      at.setSelectionRange(...before.typed.range);
    }
    settle();
  });

  document.addEventListener('htmx:afterRequest', ({ detail: { elt, target, successful } }) => {
    const form = elt.closest?.('form');
    if (form?.dataset.sent !== undefined) free(form);
    const now = target?.isConnected ? target : document.getElementById(target?.id || '-');
    if (successful && now) noticeOf(now)?.remove();
  });

  const away = (event) => failed(event, sentence('The server does not answer.', 'What is shown may be out of date.'));
  document.addEventListener('htmx:responseError', (event) => failed(event, wordsOf(event.detail.xhr)));
  document.addEventListener('htmx:sendError', away);
  document.addEventListener('htmx:timeout', away);
  document.addEventListener('haven:gone', () => {
    const first = main()?.firstElementChild;
    if (first) notice(first, sentence('This is no longer here.', 'It was deleted meanwhile; what is shown is the last that was known.'));
  });

  /* For the scripts of single pages. */
  window.haven = Object.freeze({ say, copy, ago, span, isTyping, now: clock, keys: () => root.dataset.keys !== 'off' });

  settle();
})();
