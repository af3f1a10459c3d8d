// Ages: [data-age] is how old something was when it came, in seconds; the page counts
// on, so that a list without news need not be sent again.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  const came = new WeakMap();

  // As `age` in mvsnap/web/pages/__init__.py.
  function words(seconds) {
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return texts.days.replace("%(number)s", Math.floor(seconds / 86400));
  }

  function count() {
    const now = performance.now();
    for (const element of document.querySelectorAll("[data-age]")) {
      if (!came.has(element)) came.set(element, now);
      const passed = Math.floor((now - came.get(element)) / 1000);
      const text = words(Number(element.dataset.age) + passed);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  count();
  window.setInterval(count, 1000);
})();
