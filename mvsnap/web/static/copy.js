// Copies a text that is shown once. Over plain http browsers offer no clipboard, so there
// the old command does it, or the text is at least selected.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    const copied = navigator.clipboard
      ? await navigator.clipboard.writeText(field.value).then(() => true, () => false)
      : document.execCommand("copy");
    if (copied) button.textContent = texts.copied;
  });
})();
