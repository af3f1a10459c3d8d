// Settings: asks before what is lost, ties "Until" to its time, and looks again until
// the listener has followed the switch.
"use strict";
(() => {
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  const listeners = document.getElementById("listeners");
  const lookAgain = async (times) => {
    const answer = await fetch(listeners.dataset.address).catch(() => null);
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("listeners");
      if (!fresh) return; // logged out
      listeners.replaceChildren(...fresh.childNodes);
      if (!("switching" in fresh.dataset)) return;
    }
    if (times > 1) setTimeout(lookAgain, 1000, times - 1);
  };
  if (listeners && "switching" in listeners.dataset) setTimeout(lookAgain, 1000, 15);

  const length = document.getElementById("minutes");
  const until = document.getElementById("until");
  if (length && until) {
    until.addEventListener("input", () => {
      if (until.value) length.value = "until";
    });
    length.addEventListener("change", () => {
      if (length.value !== "until") until.value = "";
    });
  }
})();
