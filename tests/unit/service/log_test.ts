import assert from "node:assert/strict";
import {
  configureLog,
  logger,
  type LogSettings,
} from "../../../service/mod.ts";

function logged(settings: Partial<LogSettings>, write: () => void): string {
  let text = "";
  configureLog({
    level: "info",
    format: "auto",
    isTerminal: false,
    color: true,
    write: (line) => {
      text += line;
    },
    ...settings,
  });
  write();
  return text;
}

function lowerCap(): void {
  logger("planner.core").info("Cap of {pod} lowered", {
    pod: "decode-0",
    capWatts: 425,
  });
}

Deno.test("configureLog() writes JSON lines where there is no terminal", () => {
  const line = JSON.parse(logged({}, lowerCap));
  assert.equal(line.level, "INFO");
  assert.match(line.logger, /planner.*core/);
  assert.match(line.message, /decode-0/);
  assert.equal(line.capWatts, 425);
});

Deno.test("configureLog() writes readable lines on a terminal", () => {
  const text = logged({ isTerminal: true, color: false }, lowerCap);
  assert.match(text, /Cap of .*decode-0.* lowered/);
  assert(!text.includes("\x1b"));
  assert.throws(() => JSON.parse(text));
});

Deno.test("configureLog() keeps to the format asked for", () => {
  assert.doesNotThrow(() =>
    JSON.parse(logged({ isTerminal: true, format: "json" }, lowerCap))
  );
});

Deno.test("configureLog() leaves out what is below the level", () => {
  assert.equal(logged({ level: "warning" }, lowerCap), "");
});
