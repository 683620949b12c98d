/* Tells the site what a consenting reader sees and does, and fetches the reader's own recommendations.
 *
 * <script src="…/affinity.js" defer data-consent-url="…" data-events-url="…" data-page="12"></script>
 *
 * window.affinity.consent()   the state: {analytics, personalization, counted, reason}; null: not decided
 * window.affinity.consent({analytics: true, personalization: false})   answers; what a no ends is deleted
 * window.affinity.track("feedback", pageId, {value: 1})
 * window.affinity.refresh()   fetches the reader's own lists again
 *
 * Without a yes it sends nothing. The answer is in sessionStorage, undelivered events in localStorage.
 */
(() => {
  "use strict";
  const { consentUrl, eventsUrl, page } = document.currentScript.dataset;
  const KEY = "affinity";
  const KEPT = "affinity.kept";
  const MAX_KEPT = 300;
  const MAX_KEPT_CHARS = 60000;
  const MAX_KEPT_MS = 2 * 24 * 3600 * 1000;
  const MAX_BATCH = 100;
  const SOON = 200;
  const LATER = 2000;
  let state = null;
  let queue = [];
  let timer = 0;
  const NOTHING = { events: [], until: 0, tries: 0 };
  const underWay = new Set();
  let spare = NOTHING;
  let keptTimer = 0;
  let visibleSince = 0;
  let depth = 0;
  let depthSent = 0;
  let isViewed = false;

  // --- Consent ---

  const remember = (answer) => {
    state = answer;
    try {
      if (answer.analytics !== null) sessionStorage.setItem(KEY, JSON.stringify(answer));
    } catch {} // Storage may be off.
    return answer;
  };

  const remembered = () => {
    try {
      return JSON.parse(sessionStorage.getItem(KEY));
    } catch {
      return null;
    }
  };

  const ask = async (options) => {
    const response = await fetch(consentUrl, options);
    const body = await response.json();
    if (!response.ok) throw new Error(body.detail);
    return body;
  };

  let asking = null;

  const consent = async (choice) => {
    if (!choice) return state || remembered() || (asking ??= ask().then(remember).finally(() => (asking = null)));
    const personalization = Boolean(choice.personalization);
    const analytics = Boolean(choice.analytics ?? personalization);
    if (!analytics && !personalization) stop();
    const body = JSON.stringify({ analytics, personalization });
    const headers = { "Content-Type": "application/json" };
    const answer = remember(await ask({ method: "POST", headers, body }));
    document.dispatchEvent(new CustomEvent("affinity:consent", { detail: answer }));
    if (answer.counted) start();
    else refresh();
    return answer;
  };

  // --- Events ---

  // crypto.randomUUID needs TLS.
  const uuid = () =>
    "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
      (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
    );

  const track = (kind, pageId, fields) => {
    if (!state?.counted || !Number(pageId)) return;
    queue.push({ event_id: uuid(), kind, page: Number(pageId), time: Date.now(), ...fields });
    clearTimeout(timer);
    timer = setTimeout(flush, kind === "view" || queue.length >= MAX_BATCH ? SOON : LATER);
  };

  const bodyOf = (events) => {
    // The reader's clock may be wrong.
    const aged = events.map(({ time, ...event }) => ({ ...event, age_ms: Math.max(0, Date.now() - time) }));
    return JSON.stringify({ events: aged });
  };

  const post = (body) =>
    fetch(eventsUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      keepalive: true,
      body,
    });

  const deliver = async (events) => {
    underWay.add(events);
    const { status, headers } = await post(bodyOf(events)).catch(() => ({ status: 500 }));
    underWay.delete(events);
    if (status === 204) forget();
    else if (status !== 429 && status < 500) drop(events);
    else if (state?.counted) {
      const wait = Math.min(Number(headers?.get("Retry-After")) || 0, 3600);
      keep(events, { until: Date.now() + wait * 1000, tries: kept().tries + 1 });
      sendKeptLater();
    }
  };

  const flush = async () => {
    while (queue.length && !kept().events.length) await deliver(queue.splice(0, MAX_BATCH));
    keep(queue.splice(0));
    sendKeptLater();
  };

  // Nobody may be here to hear the answer.
  const flushAtOnce = () => {
    underWay.forEach((events) => keep(events));
    if (kept().events.length) keep(queue.splice(0));
    while (queue.length) {
      const events = queue.splice(0, MAX_BATCH);
      const body = new Blob([bodyOf(events)], { type: "application/json" });
      if (!navigator.sendBeacon?.(eventsUrl, body)) deliver(events);
    }
    sendKept();
  };

  // --- Events that could not be sent ---

  // {events, until: not before, tries}
  const kept = () => {
    try {
      return JSON.parse(localStorage.getItem(KEPT)) || spare;
    } catch {
      return spare;
    }
  };

  const save = (record) => {
    let text = JSON.stringify(record);
    while (record.events.length > MAX_KEPT || text.length > MAX_KEPT_CHARS) {
      record.events.splice(0, Math.ceil(record.events.length / 8)); // the oldest
      text = JSON.stringify(record);
    }
    try {
      if (record.events.length) localStorage.setItem(KEPT, text);
      else localStorage.removeItem(KEPT);
      spare = NOTHING;
    } catch {
      spare = record;
    }
  };

  const without = (events, others) => {
    const ids = new Set(others.map(({ event_id }) => event_id));
    return events.filter(({ event_id }) => !ids.has(event_id));
  };

  const keep = (events, change) => {
    if (!events.length) return;
    const record = kept();
    save({ ...record, ...change, events: [...record.events, ...without(events, record.events)] });
  };

  const drop = (events) => {
    const record = kept();
    if (record.events.length) save({ ...NOTHING, events: without(record.events, events) });
  };

  const sendKept = async () => {
    const { events, until } = kept();
    if (!state?.counted || !events.length) return;
    if (Date.now() >= until) {
      const tooOld = events.filter(({ time }) => Date.now() - time > MAX_KEPT_MS);
      if (tooOld.length) drop(tooOld);
      else await deliver(events.slice(0, MAX_BATCH));
    }
    sendKeptLater();
  };

  // One tab at a time.
  const sendKeptAlone = () => {
    keptTimer = 0;
    if (!navigator.locks) return sendKept();
    navigator.locks.request(KEPT, { ifAvailable: true }, (lock) => (lock ? sendKept() : sendKeptLater()));
  };

  const sendKeptLater = () => {
    const { events, until, tries } = kept();
    if (keptTimer || !events.length) return;
    const pause = tries ? LATER * 2 ** Math.min(tries - 1, 7) * (1 + Math.random() / 4) : SOON;
    keptTimer = setTimeout(sendKeptAlone, Math.max(pause, until - Date.now()));
  };

  // --- What the reader does ---

  const slateOf = (item) => {
    const list = item.closest("[data-affinity-placement]")?.dataset || {};
    const position = parseInt(item.dataset.affinityPosition, 10);
    return {
      ...(list.affinitySlate && { slate: list.affinitySlate }),
      ...(list.affinityPlacement && { placement: list.affinityPlacement }),
      ...(position >= 0 && { position }),
    };
  };

  const items = (root) => [...root.querySelectorAll("[data-affinity-item]")];

  const itemSeen = (item) => track("impression", item.dataset.affinityItem, slateOf(item));

  const waiting = new Map();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRatio } of entries) {
        clearTimeout(waiting.get(target));
        waiting.delete(target);
        if (intersectionRatio < 0.5) continue;
        const seen = () => {
          if (document.hidden) return;
          watcher.unobserve(target);
          itemSeen(target);
        };
        waiting.set(target, setTimeout(seen, 1000));
      }
    },
    { threshold: [0, 0.5] },
  );

  const onClick = ({ target }) => {
    const item = target.closest?.("a, button")?.closest("[data-affinity-item]");
    if (!item || target.closest("form, [role=status]")) return;
    track("click", item.dataset.affinityItem, slateOf(item));
    flushAtOnce();
  };

  const onScroll = () => {
    const { scrollHeight } = document.documentElement;
    depth = Math.max(depth, Math.min(1, (scrollY + innerHeight) / scrollHeight));
  };

  const referrer = () => document.referrer && new URL(document.referrer).hostname;

  const parameters = () => [...new URLSearchParams(location.search)];

  const campaign = () => parameters().filter(([key]) => key.startsWith("utm_"));

  const arrival = () => ({
    referrer: referrer(),
    utm: Object.fromEntries(campaign().map(([key, value]) => [key.slice(4), value.slice(0, 100)])),
  });

  const show = () => {
    visibleSince ||= Date.now();
    if (!isViewed) track("view", page, arrival());
    isViewed = true;
    onScroll();
  };

  const hide = () => {
    const seconds = visibleSince ? (Date.now() - visibleSince) / 1000 : 0;
    visibleSince = 0;
    if (seconds >= 1) track("dwell", page, { value: Math.min(seconds, 3600) });
    if (depth - depthSent >= 0.1) track("scroll", page, { value: (depthSent = depth) });
    flushAtOnce();
  };

  const onVisibility = () => (document.hidden ? hide() : show());

  // --- The reader's own lists ---

  const fill = async (list) => {
    const url = new URL(list.dataset.affinityFragment, location);
    const set = (key, value) => url.searchParams.set(key, value);
    for (const [key, value] of campaign()) set(key, value);
    set("referrer", referrer());
    // Only what rules look at.
    const asked = parameters().filter(([key]) =>
      ` ${list.dataset.affinityQuery} `.includes(` ${encodeURIComponent(key.toLowerCase())} `),
    );
    set("query", new URLSearchParams(asked));
    // What stands further up; no page comes twice.
    const above = items(document).filter((item) => item.compareDocumentPosition(list) & 4);
    set("exclude", [url.searchParams.get("exclude"), ...above.map((item) => item.dataset.affinityItem)]);
    watch((await replacement(url, list).catch(() => null)) || list);
  };

  // One by one: each asks for what is not above it.
  const refresh = async () => {
    for (const list of document.querySelectorAll("[data-affinity-fragment]")) await fill(list);
  };

  const replacement = async (url, list) => {
    const response = await fetch(url);
    const html = response.ok ? await response.text() : "";
    const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    if (!fresh || !list.isConnected || list.contains(document.activeElement)) return null;
    fresh.dataset.affinityFragment = list.dataset.affinityFragment;
    list.replaceWith(document.adoptNode(fresh));
    return fresh;
  };

  const watch = (root) => {
    if (state?.counted) items(root).forEach((item) => watcher.observe(item));
  };

  // --- On and off ---

  const start = () => {
    document.addEventListener("visibilitychange", onVisibility);
    addEventListener("pagehide", hide);
    addEventListener("scroll", onScroll);
    document.addEventListener("click", onClick);
    sendKeptLater();
    if (!document.hidden) show();
    document.querySelectorAll("[data-affinity-placement]:not([data-affinity-fragment])").forEach(watch);
    refresh();
  };

  const stop = () => {
    document.removeEventListener("visibilitychange", onVisibility);
    removeEventListener("pagehide", hide);
    removeEventListener("scroll", onScroll);
    document.removeEventListener("click", onClick);
    watcher.disconnect();
    clearTimeout(timer);
    keptTimer = clearTimeout(keptTimer);
    queue = [];
    save(NOTHING);
    state = null;
    isViewed = false;
    depthSent = 0;
  };

  const forget = () => {
    stop();
    try {
      sessionStorage.removeItem(KEY);
    } catch {}
  };

  const begin = () =>
    consent().then(
      (answer) => {
        state = answer;
        if (answer.counted) start();
        else save(NOTHING);
      },
      () => {},
    );

  window.affinity = { consent, track, refresh };
  if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
  else begin();
})();
