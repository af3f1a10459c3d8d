// Live view: asks for the newest picture of the ring again and again; each answer is
// short, so that nobody holds a thread of the server.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  const EVERY_MS = 700;
  const AGAIN_MS = 3000;
  const ANSWER_MS = 15000;

  const button = document.getElementById("live-button");
  const view = document.getElementById("live-view");
  const picture = document.getElementById("live-picture");
  const text = document.getElementById("live-text");
  const viewer = [...crypto.getRandomValues(new Uint8Array(8))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  let known = "";
  let timer = 0;
  let isOn = false;
  let asking = null;

  function say(words) {
    if (text.textContent !== words) text.textContent = words;
  }

  function asData(blob) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(blob);
    });
  }

  async function reason(answer) {
    try {
      return (await answer.json()).error.message;
    } catch {
      return texts.answered.replace("%(status)s", answer.status);
    }
  }

  // Returns how long to wait for the next one.
  async function ask() {
    const query = new URLSearchParams({ viewer, known });
    asking = new AbortController();
    const answer = await fetch(`${view.dataset.address}?${query}`, {
      headers: { Accept: "image/jpeg, application/json" },
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.any([asking.signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      say(`${texts.ended} ${texts.reload}`);
      return null;
    }
    if (answer.status === 200) {
      known = answer.headers.get("X-Picture") ?? "";
      picture.src = await asData(await answer.blob());
      picture.hidden = false;
      say(texts.live);
    } else if (answer.status !== 204) {
      say(await reason(answer));
      return AGAIN_MS;
    }
    return EVERY_MS;
  }

  async function step() {
    timer = 0;
    let waitMs = AGAIN_MS;
    try {
      waitMs = await ask();
    } catch {
      if (isOn) say(texts.lost);
    }
    schedule(waitMs);
  }

  function schedule(waitMs) {
    window.clearTimeout(timer);
    const goesOn = isOn && !document.hidden && waitMs !== null;
    timer = goesOn ? window.setTimeout(step, waitMs) : 0;
  }

  button.addEventListener("click", () => {
    isOn = !isOn;
    button.setAttribute("aria-pressed", String(isOn));
    button.textContent = isOn ? texts.stop : texts.start;
    view.hidden = !isOn;
    if (isOn) {
      say(texts.connecting);
      schedule(0);
    } else {
      window.clearTimeout(timer);
      asking?.abort();
    }
  });

  document.addEventListener("visibilitychange", () => {
    if (isOn && !document.hidden && !timer) schedule(0);
  });
})();
