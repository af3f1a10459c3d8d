// The filter of crowd events: only the zones of the chosen camera.
"use strict";
(() => {
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
