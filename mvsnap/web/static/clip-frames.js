// One clip, frame by frame: steps, slow motion, and the frame shown as a picture. The
// times of frames and the picture are made aside: whoever asks for them asks again.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  const EVERY_MS = 400;
  const TRIES = 150;
  // Within a frame, but not at its edge: players round.
  const INSIDE_S = 0.005;
  const known = new Map();

  const player = () => document.querySelector("video.clip-video");
  const controls = () => document.querySelector("[data-frames]");

  function say(text) {
    const place = document.querySelector("[data-frame-status]");
    if (place) place.textContent = text;
  }

  async function ready(address) {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const answer = await fetch(address, { headers: { Accept: "*/*" } });
      if (answer.status === 200) return answer;
      if (answer.status !== 202) {
        const body = await answer.json().catch(() => ({}));
        throw new Error(body.error?.message ?? texts.wrong);
      }
      await new Promise((done) => setTimeout(done, EVERY_MS));
    }
    throw new Error(texts.slow);
  }

  async function times() {
    const address = controls().dataset.frames;
    if (!known.has(address)) {
      say(texts.reading);
      known.set(address, (await (await ready(address)).json()).times_s);
      say("");
    }
    return known.get(address);
  }

  function placeOf(found, seconds) {
    let place = 0;
    while (place + 1 < found.length && found[place + 1] <= seconds + 0.002) place += 1;
    return place;
  }

  async function step(by) {
    const video = player();
    if (!video) return;
    video.pause();
    const found = await times();
    const place = placeOf(found, video.currentTime) + by;
    if (place < 0 || place >= found.length) return;
    const lasts = (found[place + 1] ?? found[place] + 1) - found[place];
    video.currentTime = found[place] + Math.min(INSIDE_S, lasts / 2);
    say(texts.frame.replace("%(number)s", place + 1).replace("%(all)s", found.length));
  }

  async function saveStill(button) {
    const video = player();
    if (!video || button.ariaDisabled === "true") return;
    video.pause();
    button.ariaDisabled = "true";
    say(texts.making);
    try {
      const at = video.currentTime.toFixed(4);
      const answer = await ready(`${controls().dataset.still}?at=${at}`);
      const named = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition"));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = named?.[1] ?? "still.jpg";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      say(texts.saved);
    } finally {
      button.ariaDisabled = "false";
    }
  }

  const sayWhy = (error) => say(error.message);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-frame], [data-save-still]");
    if (!button) return;
    if (button.dataset.frame) step(Number(button.dataset.frame)).catch(sayWhy);
    else saveStill(button).catch(sayWhy);
  });

  // As on video sites.
  document.addEventListener("keydown", (event) => {
    const by = { ",": -1, ".": 1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea") || !player()) return;
    event.preventDefault();
    step(by).catch(sayWhy);
  });

  function setSpeed() {
    const video = player();
    const speed = document.querySelector("[data-speed]");
    if (video && speed) video.playbackRate = Number(speed.value);
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-speed]")) setSpeed();
  });
  // A new video begins at the usual speed.
  document.addEventListener("loadedmetadata", setSpeed, true);
})();
