// An entry of the settings that is being tried: asks until the answer is there.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  const shown = document.getElementById("trial");
  if (!shown) return;
  const say = (lines, look, picture) => {
    shown.className = `alert ${look}`;
    shown.replaceChildren(
      ...lines.map((line) => Object.assign(document.createElement("div"), { textContent: line })),
    );
    if (!picture) return;
    const image = Object.assign(document.createElement("img"), {
      src: `data:image/jpeg;base64,${picture}`,
      alt: texts.picture,
      className: "trial-picture",
    });
    shown.append(image);
  };
  const ask = async (times) => {
    const answer = await fetch(shown.dataset.address, {
      headers: { Accept: "application/json" },
    }).catch(() => null);
    // Of several processes another one may have been asked: the next time it may not be.
    const found = answer?.ok ? await answer.json().catch(() => null) : null;
    if (found && found.ok !== null) {
      say(found.lines, found.ok ? "alert-success" : "alert-warning", found.picture);
    } else if (times > 1) {
      setTimeout(ask, 1000, times - 1);
    } else {
      say([texts.silent], "alert-warning");
    }
  };
  ask(90);
})();
