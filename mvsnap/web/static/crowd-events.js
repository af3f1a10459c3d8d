// The list of crowd events: live rows, large pictures, zones of the chosen camera.
"use strict";
(() => {
  const EVERY_MS = 1500;
  const SLOWEST_MS = 30000;
  const ANSWER_MS = 10000;

  const live = document.getElementById("crowd-live");
  const status = document.getElementById("crowd-status");
  const news = document.getElementById("crowd-news");

  // --- large pictures

  const dialog = document.getElementById("crowd-dialog");
  const full = document.getElementById("crowd-full");
  const caption = document.getElementById("crowd-caption");
  const video = document.getElementById("crowd-video");
  let openedBy = null;

  live.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-enlarge]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openedBy = place(link);
    full.src = link.href;
    full.alt = link.dataset.caption;
    caption.textContent = link.dataset.caption;
    video.hidden = !link.dataset.video;
    if (link.dataset.video) video.href = link.dataset.video;
    dialog.showModal();
  });

  // A click beside the picture closes it, as people expect.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  dialog.addEventListener("close", () => {
    full.removeAttribute("src");
    find(openedBy)?.focus();
  });

  // --- live rows

  const address = live.dataset.rows;
  let etag = `"${live.dataset.etag}"`;
  let waitMs = EVERY_MS;
  let timer = 0;
  let asking = false;

  // Where an element is, also after its row was replaced.
  function place(element) {
    const row = element?.closest?.("tr[id]");
    const key = element?.closest?.("[data-key]")?.dataset.key;
    return key ? { row: row?.id, key } : null;
  }

  function find(where) {
    if (!where) return null;
    const root = where.row ? document.getElementById(where.row) : live;
    return root?.querySelector(`[data-key="${where.key}"]`) ?? null;
  }

  function swap(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const list = fresh.getElementById("crowd-list");
    if (!list) return;
    const focused = live.contains(document.activeElement)
      ? place(document.activeElement)
      : null;
    const known = new Map();
    for (const row of live.querySelectorAll("tbody tr")) known.set(row.id, row);
    const added = [];
    for (const row of list.querySelectorAll("tbody tr")) {
      const old = known.get(row.id);
      if (!old) added.push(row);
      // What is unchanged stays the same element: pictures are not loaded again, and
      // the large one finds the way back to where it was opened.
      else if (old.dataset.tag === row.dataset.tag) row.replaceWith(old);
      else keepCells(row, old);
    }
    live.replaceChildren(list);
    const target = find(focused);
    if (target && target !== document.activeElement) target.focus();
    tell(added.map((row) => row.dataset.news));
  }

  function keepCells(row, old) {
    const before = [...old.cells];
    [...row.cells].forEach((cell, n) => {
      if (before[n]?.isEqualNode(cell)) cell.replaceWith(before[n]);
    });
  }

  function tell(texts) {
    if (!texts.length) return;
    const more = texts.length - 1;
    news.textContent = texts[0] + (more ? `, and ${more} more` : "");
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
      } else if (answer.status !== 304) {
        throw new Error(`status ${answer.status}`);
      }
      waitMs = EVERY_MS;
      say("Live");
    } catch {
      waitMs = Math.min(waitMs * 2, SLOWEST_MS);
      say("Connection lost, trying again");
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
    link.textContent = "Log in again";
    status.replaceChildren("Your login has ended. ", link);
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

  // --- filter: only the zones of the chosen camera

  const camera = document.getElementById("serial");
  const zone = document.getElementById("zone_id");

  function offerZones() {
    for (const group of zone.querySelectorAll("optgroup")) {
      const other = camera.value !== "" && group.dataset.serial !== camera.value;
      group.hidden = other;
      group.disabled = other;
      if (other && group.contains(zone.selectedOptions[0])) zone.value = "";
    }
  }

  camera.addEventListener("change", offerZones);
  offerZones();
})();
