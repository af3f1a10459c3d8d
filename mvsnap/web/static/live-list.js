// A list that is asked for again and again: [data-live] holds it, [data-live-list] is
// what an answer replaces, [id][data-tag] are its rows; data-live-done says that
// nothing more will change; data-every: milliseconds between two answers.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  const SLOWEST_MS = 30000;
  const ANSWER_MS = 10000;

  const live = document.querySelector("[data-live]");
  if (!live) return;
  const status = document.querySelector("[data-live-status]");
  const news = document.querySelector("[data-live-news]");
  const address = live.dataset.rows;
  const EVERY_MS = Number(live.dataset.every ?? 1500);
  let etag = `"${live.dataset.etag}"`;
  let waitMs = EVERY_MS;
  let timer = 0;
  let asking = false;

  // Where an element is, also after its row was replaced.
  function place(element) {
    const row = element?.closest?.("[id][data-tag]");
    const key = element?.closest?.("[data-key]")?.dataset.key;
    return key ? { row: row?.id, key } : null;
  }

  function find(where) {
    if (!where) return null;
    const root = where.row ? document.getElementById(where.row) : live;
    return root?.querySelector(`[data-key="${where.key}"]`) ?? null;
  }

  window.liveList = { element: live, place, find };

  function swap(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const list = fresh.querySelector("[data-live-list]");
    if (!list) return;
    const focused = live.contains(document.activeElement)
      ? place(document.activeElement)
      : null;
    const known = new Map();
    for (const row of live.querySelectorAll("[id][data-tag]")) known.set(row.id, row);
    const added = [];
    for (const row of list.querySelectorAll("[id][data-tag]")) {
      const old = known.get(row.id);
      if (!old) added.push(row);
      // What is unchanged stays the same element: pictures are not loaded again, a
      // video plays on, and a large picture finds the way back to where it was opened.
      else if (old.dataset.tag === row.dataset.tag) row.replaceWith(old);
      else keepParts(row, old);
    }
    live.replaceChildren(list);
    const target = find(focused);
    if (target && target !== document.activeElement) target.focus();
    tell(added.map((row) => row.dataset.news).filter(Boolean));
  }

  function keepParts(row, old) {
    const before = [...old.children];
    [...row.children].forEach((part, n) => {
      if (before[n]?.isEqualNode(part)) part.replaceWith(before[n]);
    });
  }

  function tell(said) {
    if (!said.length || !news) return;
    const more = said.length - 1;
    news.textContent = said[0] + (more ? `, ${texts.more.replace("%(number)s", more)}` : "");
  }

  async function ask() {
    timer = 0;
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(address, {
        headers: { "If-None-Match": etag },
        cache: "no-store",
        redirect: "manual",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        offerLogin();
        return;
      }
      if (answer.status === 200) {
        const html = await answer.text();
        swap(html);
        etag = answer.headers.get("ETag") ?? etag;
        if (live.querySelector("[data-live-done]")) {
          say("");
          return;
        }
      } else if (answer.status !== 304) {
        throw new Error(`status ${answer.status}`);
      }
      waitMs = EVERY_MS;
      say(texts.live);
    } catch {
      waitMs = Math.min(waitMs * 2, SLOWEST_MS);
      say(texts.lost);
    } finally {
      asking = false;
    }
    schedule();
  }

  function schedule() {
    window.clearTimeout(timer);
    timer = document.hidden ? 0 : window.setTimeout(ask, waitMs);
  }

  // Only when it changes: screen readers would say it every time.
  function say(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  function offerLogin() {
    const link = document.createElement("a");
    link.href = live.dataset.login;
    link.textContent = texts.again;
    status.replaceChildren(`${texts.ended} `, link);
  }

  if (address) {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      waitMs = EVERY_MS;
      window.clearTimeout(timer);
      ask();
    });
    schedule();
  }
})();
