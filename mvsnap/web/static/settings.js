// Settings: asks before what is lost, ties "Until" to its time, and looks again until
// the listener has followed the switch, or a test message has an outcome.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
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

  // Of several processes another one may have been asked: the next time it may not be.
  const test = document.getElementById("channel-test");
  const askForTest = async (times) => {
    const answer = await fetch(test.dataset.address).catch(() => null);
    const found = answer?.ok ? await answer.json().catch(() => null) : null;
    if (found && (found.ok !== null || times > 1)) {
      test.textContent = found.text;
      if (found.ok !== null) {
        const look = found.ok ? "text-success-emphasis" : "text-warning-emphasis";
        test.classList.replace("text-body-secondary", look);
        return;
      }
    }
    if (times > 1) setTimeout(askForTest, 1000, times - 1);
    else test.textContent = texts.silent;
  };
  if (test && "address" in test.dataset) setTimeout(askForTest, 500, 90);

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
