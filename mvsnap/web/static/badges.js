// Badge review with the keyboard: each key presses what stands on the page.
"use strict";
(() => {
  const LOOK_MS = 3000;

  const form = document.getElementById("judge");
  const note = document.getElementById("note");
  const links = {
    ArrowRight: "next",
    j: "next",
    ArrowLeft: "previous",
    k: "previous",
    l: "list",
    v: "video",
    p: "picture",
  };
  // A second key before the next page is there would judge the same person again.
  let leaving = false;

  function press(key) {
    const button = document.querySelector(`button[data-key="${CSS.escape(key)}"]`);
    if (button && !button.form.hidden) {
      leaving = true;
      button.form.requestSubmit(button);
      return true;
    }
    const link = document.getElementById(links[key] ?? "");
    if (!link) return false;
    if (!link.target && link.dataset.enlarge === undefined) leaving = true;
    link.click();
    return true;
  }

  function inNote(event) {
    if (event.key === "Escape" || (event.key === "Enter" && !event.shiftKey)) {
      event.preventDefault();
      note.blur();
    }
  }

  document.addEventListener("keydown", (event) => {
    // In the large picture the keys are its own: nobody is judged unseen.
    if (document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target === note) {
      inNote(event);
      return;
    }
    if (event.target.closest?.("input, select, textarea, iframe")) return;
    if (leaving || event.repeat) {
      if (event.key.length === 1 && event.key !== " ") event.preventDefault();
      return;
    }
    if (event.key === "n" && note) {
      event.preventDefault();
      note.focus();
      note.select();
      return;
    }
    if (press(event.key.length === 1 ? event.key.toLowerCase() : event.key)) {
      event.preventDefault();
    }
  });

  // --- the verdict of just now can be taken back for some seconds

  const undo = document.querySelector("[data-undo]");

  function count(end) {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      undo.querySelector("span").textContent = left;
      window.setTimeout(count, 250, end);
    } else if (undo.contains(document.activeElement)) {
      // Not under the finger of whoever is about to press it.
      window.setTimeout(count, 250, end);
    } else undo.hidden = true;
  }

  if (undo) count(performance.now() + Number(undo.dataset.undo) * 1000);

  form?.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    keepNote(true);
  });

  // --- a note that was not saved yet stays, in this tab, for its badge event alone

  const drafts = window.sessionStorage;
  const draftName = `mvsnap-note ${form?.dataset.badge}`;
  // The page shows a note that was not saved, for somebody else judged meanwhile.
  const isUnsaved = form?.dataset.unsaved !== undefined;

  // judged: when it was judged last. A note that was sent is saved when that changed;
  // otherwise the verdict was refused, and the note is still here.
  function keepNote(isSent) {
    if (!isUnsaved && note.value === note.defaultValue) {
      drafts.removeItem(draftName);
      return;
    }
    const judged = isSent ? form.dataset.judged : null;
    drafts.setItem(draftName, JSON.stringify({ text: note.value, judged }));
  }

  function restoreNote() {
    const draft = JSON.parse(drafts.getItem(draftName));
    if (!draft) return;
    if (draft.judged === null || draft.judged === form.dataset.judged) {
      note.value = draft.text;
    } else {
      drafts.removeItem(draftName);
    }
  }

  if (isUnsaved) keepNote(false);
  else if (note) restoreNote();
  note?.addEventListener("input", () => keepNote(false));

  // Back to a page the browser kept: it may be judged anew.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    leaving = false;
    delete form?.dataset.sent;
  });

  // --- a picture that is being fetched appears by itself

  const missing = [...document.querySelectorAll("[data-look]")];

  // A reload would take back a verdict that is on its way, or a half-written note.
  function isBusy() {
    const isWriting = document.activeElement === note;
    const isEnlarged = Boolean(document.querySelector("dialog[open]"));
    return isEnlarged || document.hidden || isWriting || leaving || Boolean(form?.dataset.sent);
  }

  async function look() {
    if (isBusy()) return;
    for (const one of missing) {
      const answer = await fetch(one.dataset.look, { redirect: "manual" });
      if (isBusy()) return;
      if (answer.ok) {
        window.location.reload();
        return;
      }
    }
  }

  if (missing.length) window.setInterval(() => look().catch(() => {}), LOOK_MS);
})();
