import assert from "node:assert/strict";
import { createProgress } from "../../../cli/progress.ts";

function line(isTerminal: boolean, columns = 80) {
  const state = { text: "", nowMs: 0 };
  const progress = createProgress({
    isTerminal,
    columns: () => columns,
    now: () => state.nowMs,
    writeError: (text) => {
      state.text += text;
    },
  });
  return { state, progress };
}

Deno.test("createProgress() shows nothing for work under a second", () => {
  const { state, progress } = line(true);
  progress.update(0, 10, "reading");
  state.nowMs = 999;
  progress.update(9, 10, "reading");
  progress.end();
  assert.equal(state.text, "");
});

Deno.test("createProgress() shows share, count, time gone and time left", () => {
  const { state, progress } = line(true, 200);
  progress.update(0, 10, "reading");
  state.nowMs = 2000;
  progress.update(5, 10, "reading");
  assert.match(
    state.text,
    /█{12}░{12} 50 % {2}5\/10 {2}2 s, 2 s left {2}reading/,
  );
});

Deno.test("createProgress() counts when the total is not known", () => {
  const { state, progress } = line(true);
  progress.update(0, undefined, "rows");
  state.nowMs = 3000;
  progress.update(1234, undefined, "rows");
  assert.match(state.text, /rows {2}1234 {2}3 s/);
});

Deno.test("createProgress() stays on one line of the terminal", () => {
  const { state, progress } = line(true, 20);
  progress.update(0, 10, "x");
  state.nowMs = 1500;
  progress.update(1, 10, "a label that is far too long for the terminal");
  const drawn = state.text.slice(state.text.lastIndexOf("\x1b[2K") + 4);
  assert(Array.from(drawn).length < 20);
});

Deno.test("createProgress() writes nothing when standard error is no terminal", () => {
  const { state, progress } = line(false);
  progress.update(0, 10, "reading");
  state.nowMs = 5000;
  progress.update(5, 10, "reading");
  progress.end();
  assert.equal(state.text, "");
});
