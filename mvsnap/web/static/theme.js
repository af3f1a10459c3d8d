// Bootstrap's colours follow what is chosen in the menu, or else the system, also when
// either changes. The choice is kept in this browser.
"use strict";
(() => {
  const NAME = "mvsnap-theme";
  const CHOICES = ["light", "dark"];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = read();

  // A browser may forbid pages to keep anything: the choice is then for this page.
  function read() {
    try {
      return window.localStorage.getItem(NAME);
    } catch {
      return null;
    }
  }

  function keep() {
    try {
      if (CHOICES.includes(chosen)) window.localStorage.setItem(NAME, chosen);
      else window.localStorage.removeItem(NAME);
    } catch {
      // See read().
    }
  }

  function follow() {
    const system = dark.matches ? "dark" : "light";
    const theme = CHOICES.includes(chosen) ? chosen : system;
    document.documentElement.dataset.bsTheme = theme;
  }

  function show() {
    for (const label of document.querySelectorAll("[data-theme-choice]")) {
      label.hidden = false;
      const select = label.querySelector("select");
      select.value = CHOICES.includes(chosen) ? chosen : "system";
    }
  }

  dark.addEventListener("change", follow);
  window.addEventListener("storage", (event) => {
    if (event.key !== null && event.key !== NAME) return;
    chosen = read();
    follow();
    show();
  });
  document.addEventListener("change", (event) => {
    if (!event.target.closest("[data-theme-choice]")) return;
    chosen = event.target.value;
    keep();
    follow();
  });
  document.addEventListener("DOMContentLoaded", show);
  follow();
})();
