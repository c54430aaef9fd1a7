/** The page's script: values under the pointer, all panels of a run at the same time. The page is whole without it. @module */

/** As it stands in the page. */
export const SCRIPT = `
"use strict";
for (const run of document.querySelectorAll("details.run")) {
  const panels = [...run.querySelectorAll("figure.panel")].map((figure) => ({
    plot: figure.querySelector(".plot"),
    cursor: figure.querySelector(".cursor"),
    output: figure.querySelector("output"),
    data: JSON.parse(figure.querySelector("script").textContent),
  }));
  const text = (value) => Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toFixed(value < 1 ? 3 : 1)));
  const clock = (seconds, start) => {
    const whole = Math.round(seconds + (start ?? 0) / 1000);
    const two = (value) => String(Math.floor(value)).padStart(2, "0");
    const hours = start === null ? String(Math.floor(whole / 3600)) : two(whole % 86400 / 3600);
    return hours + ":" + two(whole / 60 % 60) + ":" + two(whole % 60);
  };
  const at = ({ seconds, values }, wanted) => {
    let low = 0, high = seconds.length;
    while (low < high) { const middle = low + high >> 1; if (seconds[middle] <= wanted) low = middle + 1; else high = middle; }
    return values[Math.max(0, low - 1)];
  };
  const show = (share) => {
    for (const { cursor, output, data } of panels) {
      const x = share * 1000;
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      cursor.style.visibility = "visible";
      const span = document.createElement("span");
      span.textContent = clock(share * data.length, data.start) + "  " + data.lines
        .map((line) => [line.name, at(line, share * data.length)])
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => name + " " + text(value)).join(", ") + (data.unit ? " " + data.unit : "");
      output.replaceChildren(span);
    }
  };
  const hide = () => {
    for (const { cursor, output } of panels) { cursor.style.visibility = "hidden"; output.replaceChildren(); }
  };
  for (const { plot } of panels) {
    const move = (event) => {
      const box = plot.getBoundingClientRect();
      show(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
    };
    plot.addEventListener("pointermove", move);
    plot.addEventListener("pointerdown", move);
    plot.addEventListener("pointerleave", hide);
  }
}
`;
