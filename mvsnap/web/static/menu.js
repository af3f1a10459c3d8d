// The entry of the menu that holds others: Escape and a click elsewhere close it.
"use strict";
(() => {
  const more = document.querySelector("[data-menu-more]");
  if (!more) return;

  document.addEventListener("click", (event) => {
    if (!more.contains(event.target)) more.open = false;
  });
  more.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !more.open) return;
    more.open = false;
    more.querySelector("summary").focus();
  });
  more.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !more.contains(event.relatedTarget)) more.open = false;
  });
})();
