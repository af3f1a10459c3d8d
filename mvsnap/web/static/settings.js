// Settings: asks before what is lost, and ties "Until" to its time.
"use strict";
(() => {
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

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
