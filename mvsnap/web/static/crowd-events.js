// The list of crowd events: large pictures, zones of the chosen camera.
"use strict";
(() => {
  // --- large pictures

  const list = window.liveList;
  const dialog = document.getElementById("crowd-dialog");
  const full = document.getElementById("crowd-full");
  const caption = document.getElementById("crowd-caption");
  const video = document.getElementById("crowd-video");
  let openedBy = null;

  list.element.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-enlarge]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openedBy = list.place(link);
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
    list.find(openedBy)?.focus();
  });

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
