"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
document.documentElement.classList.add("js");

// A slider shows one step at a time; without it, all steps stand below each other.
for (const pair of all(".pair")) {
  const slider = pair.querySelector("input"), frames = all(".frames figure", pair);
  const names = pair.dataset.names.split(";");
  const show = () => {
    const now = slider ? Number(slider.value) : 0;
    frames.forEach((frame, n) => frame.classList.toggle("now", n === now));
    if (slider) {
      pair.querySelector("output").value = names[now];
      slider.setAttribute("aria-valuetext", names[now]);
    }
  };
  if (slider) slider.addEventListener("input", show);
  show();
}

// Copies the snippet beside a button.
for (const button of all("button.copy")) {
  button.addEventListener("click", async () => {
    const code = button.closest(".snippet").querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {  // no clipboard here: mark the text, so that a key copies it
      getSelection().selectAllChildren(code);
      button.textContent = "Marked";
    }
  });
}

// The values under the pointer.
for (const area of all(".chart .area")) {
  const chart = area.closest(".chart"), read = chart.querySelector(".read");
  const lines = all("g.line[data-steps]", area).map((line) => ({
    label: line.dataset.label,
    steps: line.dataset.steps.split(",").map(Number),
    values: line.dataset.values.split(","),
  }));
  const [low, high] = [Number(area.dataset.low), Number(area.dataset.high)];
  area.addEventListener("pointermove", (event) => {
    const box = area.getBoundingClientRect();
    const step = low + (high - low) * (event.clientX - box.left) / box.width;
    read.value = lines.map(({ label, steps, values }) => {
      let n = steps.findIndex((at) => at >= step);
      if (n < 0) n = steps.length - 1;
      if (n > 0 && step - steps[n - 1] < steps[n] - step) n -= 1;
      return `${label}: ${values[n]} at ${steps[n].toLocaleString("en")}`;
    }).join(";  ");
  });
  area.addEventListener("pointerleave", () => { read.value = ""; });
}

// Paper has no folds.
addEventListener("beforeprint", () => all("details").forEach((fold) => { fold.open = true; }));
