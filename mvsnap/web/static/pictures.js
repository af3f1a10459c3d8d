// The large picture: a[data-enlarge] opens it, the arrow keys go to the next one.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  const dialog = document.querySelector("[data-pictures]");
  if (!dialog) return;
  const full = document.getElementById("picture-full");
  const caption = document.getElementById("picture-caption");
  const more = {
    video: document.getElementById("picture-video"),
    event: document.getElementById("picture-event"),
  };
  const steps = [...dialog.querySelectorAll("[data-step]")];
  // By its address: a list that is live may have replaced the link meanwhile.
  let shown = "";

  // Each picture once, in the order of the page; data-order: seconds, where that is of time.
  function links() {
    const found = new Map();
    for (const link of document.querySelectorAll("a[data-enlarge]")) {
      if (!found.has(link.href)) found.set(link.href, link);
    }
    const order = (link) => Number(link.dataset.order ?? 0);
    return [...found.values()].sort((one, other) => order(one) - order(other));
  }

  function show(link) {
    shown = link.href;
    full.src = link.href;
    full.alt = link.dataset.caption;
    for (const [name, button] of Object.entries(more)) {
      button.hidden = !link.dataset[name];
      if (link.dataset[name]) button.href = link.dataset[name];
    }
    const all = links();
    const place = all.findIndex((one) => one.href === shown);
    const number = texts.place.replace("%(number)s", place + 1).replace("%(all)s", all.length);
    caption.textContent = link.dataset.caption + (all.length > 1 ? ` · ${number}` : "");
    for (const button of steps) {
      // Not `disabled`: the button that was just pressed would lose the focus.
      const is_end = !all[place + Number(button.dataset.step)];
      button.setAttribute("aria-disabled", is_end);
      button.classList.toggle("opacity-50", is_end);
    }
  }

  function step(by) {
    const all = links();
    const next = all[all.findIndex((one) => one.href === shown) + by];
    if (next) show(next);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-enlarge]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link);
    dialog.showModal();
  });

  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (button) step(Number(button.dataset.step));
    // A click beside the picture closes it, as people expect.
    else if (event.target === dialog) dialog.close();
  });

  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(by);
  });

  dialog.addEventListener("close", () => {
    full.removeAttribute("src");
    links().find((link) => link.href === shown)?.focus();
  });
})();
