// The large picture closer: a click, the wheel, or + and -; it is moved by dragging.
"use strict";
(() => {
  const texts = JSON.parse(document.currentScript.dataset.texts);
  const STEPS = [1, 1.5, 2, 3, 4, 6];
  const DRAGGED_PX = 4;

  const dialog = document.querySelector("[data-pictures]");
  const image = document.getElementById("picture-full");
  if (!dialog || !image) return;

  // Which of STEPS, and the point of the picture, from 0 to 1, in the middle of it.
  let step = 0;
  let middle = { x: 0.5, y: 0.5 };
  let dragged = null;

  const frame = document.createElement("div");
  frame.className = "picture-zoom";
  image.replaceWith(frame);
  frame.append(image);

  const buttons = document.createElement("div");
  buttons.className = "btn-group";
  buttons.setAttribute("role", "group");
  buttons.setAttribute("aria-label", texts.zoom);
  for (const [by, text, label] of [
    [-1, "−", texts.out],
    [1, "+", texts.in],
  ]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-outline-secondary";
    button.textContent = text;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => zoom(by));
    buttons.append(button);
  }
  dialog.querySelector("form").prepend(buttons);

  function within(value, scale) {
    const half = 0.5 / scale;
    return Math.min(Math.max(value, half), 1 - half);
  }

  function draw() {
    const scale = STEPS[step];
    middle = { x: within(middle.x, scale), y: within(middle.y, scale) };
    const left = (0.5 - middle.x) * 100;
    const top = (0.5 - middle.y) * 100;
    image.style.transform = `scale(${scale}) translate(${left}%, ${top}%)`;
    frame.classList.toggle("picture-zoomed", step > 0);
    const [out, closer] = buttons.children;
    out.setAttribute("aria-disabled", step === 0);
    closer.setAttribute("aria-disabled", step === STEPS.length - 1);
  }

  // The point of the picture below the pointer.
  function pointAt(event) {
    const box = frame.getBoundingClientRect();
    const scale = STEPS[step];
    return {
      x: middle.x + ((event.clientX - box.left) / box.width - 0.5) / scale,
      y: middle.y + ((event.clientY - box.top) / box.height - 0.5) / scale,
    };
  }

  // What is below the pointer stays there.
  function zoom(by, event) {
    const next = Math.min(Math.max(step + by, 0), STEPS.length - 1);
    if (event) {
      const point = pointAt(event);
      const ratio = STEPS[step] / STEPS[next];
      middle = {
        x: point.x + (middle.x - point.x) * ratio,
        y: point.y + (middle.y - point.y) * ratio,
      };
    }
    step = next;
    draw();
  }

  function reset() {
    step = 0;
    draw();
  }

  frame.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1 : -1, event);
    },
    { passive: false },
  );

  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    dragged = { x: event.clientX, y: event.clientY, from: middle, far: false };
    frame.setPointerCapture(event.pointerId);
  });

  frame.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const x = event.clientX - dragged.x;
    const y = event.clientY - dragged.y;
    dragged.far ||= Math.hypot(x, y) > DRAGGED_PX;
    if (!dragged.far || step === 0) return;
    const box = frame.getBoundingClientRect();
    const scale = STEPS[step];
    middle = {
      x: dragged.from.x - x / box.width / scale,
      y: dragged.from.y - y / box.height / scale,
    };
    draw();
  });

  frame.addEventListener("pointerup", (event) => {
    const isClick = dragged && !dragged.far;
    dragged = null;
    if (!isClick) return;
    if (step > 0) reset();
    else zoom(3, event);
  });

  frame.addEventListener("pointercancel", () => {
    dragged = null;
  });
  // The browser's own dragging of a picture would take the pointer away.
  image.draggable = false;

  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { "+": 1, "=": 1, "-": -1 }[event.key];
    if (by) zoom(by);
    else if (event.key === "0") reset();
  });

  // The next picture keeps the place: the same door a moment later. One of another shape
  // is of something else, such as a photo.
  let shape = 0;
  image.addEventListener("load", () => {
    const { naturalWidth, naturalHeight } = image;
    const next = naturalWidth / naturalHeight;
    if (Math.abs(next - shape) > 0.02) reset();
    shape = next;
  });

  dialog.addEventListener("close", reset);
  draw();
})();
