// Clips of one alarm, shown at the same moments. Each video begins at a time of its own:
// one clock says what all of them show, and a video that drifts away from it is set.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  const place = document.querySelector("[data-in-step]");
  if (!place) return;
  const EVERY_MS = 50;
  const DRIFT_S = 0.12;
  const tenths = new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const videos = [...place.querySelectorAll("video")].map((video) => ({
    video,
    begin: Number(video.dataset.beginMs) / 1000,
    end: Number(video.dataset.endMs) / 1000,
    away: video.closest("li").querySelector("[data-away]"),
  }));
  const first = Math.min(...videos.map((one) => one.begin));
  const last = Math.max(...videos.map((one) => one.end));
  const alarm = Number(place.dataset.alarmMs) / 1000;
  const [slider, play, speed, clock] = ["time", "play", "speed", "clock"].map((name) =>
    place.querySelector(`[data-${name}]`));
  slider.min = first - alarm;
  slider.max = last - alarm;

  let now = Math.min(Math.max(alarm, first), last);
  let since = 0;
  let timer = null;

  function follow(one) {
    const { video, begin, end, away } = one;
    const isHere = now >= begin && now < end;
    away.hidden = isHere;
    video.classList.toggle("clip-away", !isHere);
    const at = Math.min(Math.max(now - begin, 0), end - begin);
    const rate = Number(speed.value);
    if (video.playbackRate !== rate) video.playbackRate = rate;
    const isPlaying = timer !== null && isHere;
    if (Math.abs(video.currentTime - at) > (isPlaying ? DRIFT_S * Math.max(rate, 1) : 0.001)) {
      if (!video.seeking) video.currentTime = at;
    }
    if (isPlaying && video.paused) video.play().catch(() => {});
    if (!isPlaying && !video.paused) video.pause();
  }

  function show() {
    videos.forEach(follow);
    const apart = now - alarm;
    slider.value = apart;
    const side = apart < 0 ? texts.before : texts.after;
    const seconds = tenths.format(Math.abs(apart));
    const isNow = Math.abs(apart) < 0.05;
    const text = isNow ? texts.now : side.replace("%(seconds)s", seconds);
    clock.textContent = text;
    slider.setAttribute("aria-valuetext", text);
  }

  function tick() {
    const at = performance.now();
    // While one of them loads, all wait.
    const waits = videos.some((one) => one.video.seeking || one.video.readyState < 2
      && now >= one.begin && now < one.end && !one.video.error);
    if (!waits) now += ((at - since) / 1000) * Number(speed.value);
    since = at;
    if (now >= last) {
      now = last;
      stop();
    }
    show();
  }

  function start() {
    if (now >= last - 0.05) now = first;
    since = performance.now();
    timer = setInterval(tick, EVERY_MS);
    play.textContent = texts.pause;
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = texts.play;
  }

  function goTo(moment) {
    now = Math.min(Math.max(moment, first), last);
    show();
  }

  play.addEventListener("click", () => {
    if (timer === null) start();
    else stop();
    show();
  });
  place.addEventListener("click", (event) => {
    const by = event.target.closest("[data-by]");
    if (by) goTo(now + Number(by.dataset.by));
    if (event.target.closest("[data-jump]")) goTo(alarm);
  });
  slider.addEventListener("input", () => goTo(alarm + Number(slider.value)));
  speed.addEventListener("change", show);
  // Where it was meant to be, when it can be sought at last.
  for (const { video } of videos) {
    video.addEventListener("loadedmetadata", show);
    video.addEventListener("seeked", () => timer === null && show());
  }
  show();
})();
