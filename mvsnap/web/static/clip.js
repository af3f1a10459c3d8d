// One clip: the time line below the player, and what this browser cannot play.
"use strict";
(() => {
  const HEVC = 'video/mp4; codecs="hvc1.1.6.L93.B0"';

  const player = () => document.querySelector("video.clip-video");

  function seek(seconds) {
    const video = player();
    if (!video) return;
    const last = Number.isFinite(video.duration) ? video.duration : seconds;
    video.currentTime = Math.min(Math.max(seconds, 0), last);
  }

  // The player may come later, when a clip that is recorded is there.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-seek]");
    if (button) {
      seek(Number(button.dataset.seek));
      return;
    }
    const line = event.target.closest("[data-line]");
    if (!line) return;
    const box = line.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    seek(Number(line.dataset.beginS) + share * Number(line.dataset.lengthS));
  });

  // Events of media do not bubble.
  for (const name of ["timeupdate", "seeking", "loadedmetadata"]) {
    document.addEventListener(name, showNow, true);
  }

  function showNow(event) {
    const line = document.querySelector("[data-line]");
    const mark = line?.querySelector("[data-now]");
    if (!mark) return;
    const from = Number(line.dataset.beginS);
    const length = Number(line.dataset.lengthS);
    const share = (event.target.currentTime - from) / length;
    const left = `${Math.min(Math.max(share * 100, 0), 100).toFixed(2)}%`;
    mark.setAttribute("x1", left);
    mark.setAttribute("x2", left);
  }

  document.addEventListener("error", (event) => {
    if (event.target.closest?.("video.clip-video")) sayCannotPlay();
  }, true);

  function sayCannotPlay() {
    const message = document.querySelector("[data-cannot-play]");
    if (message) message.hidden = false;
  }

  function check() {
    const video = player();
    if (video?.dataset.codec === "hevc" && !video.canPlayType(HEVC)) sayCannotPlay();
  }

  check();
  const live = document.querySelector("[data-live]");
  new MutationObserver(check).observe(live, { childList: true });
})();
