// Shows the numbers of the bars that are touched or clicked: a phone has no pointer that
// could rest on one. The nearest counts, as many bars are narrower than a finger.
"use strict";
document.addEventListener("click", (event) => {
  const drawn = event.target.closest("[data-chart] svg");
  if (!drawn) return;
  const bars = [...drawn.querySelectorAll(".bar")].map((bar) => {
    const box = bar.getBoundingClientRect();
    return { bar, off: Math.max(box.left - event.clientX, event.clientX - box.right, 0) };
  });
  const least = Math.min(...bars.map((one) => one.off));
  const near = bars.filter((one) => one.off <= least + 1).map((one) => one.bar);
  for (const { bar } of bars) bar.classList.toggle("bar-shown", near.includes(bar));
  const said = near.map((bar) => bar.querySelector("title").textContent);
  drawn.closest("[data-chart]").querySelector("[data-chart-value]").textContent =
    said.join("; ");
});
