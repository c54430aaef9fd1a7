import assert from "node:assert/strict";
import fc from "fast-check";
import { type Column, renderRows } from "../../../cli/render.ts";

interface Gpu {
  readonly name: string;
  readonly watts: number;
}

const COLUMNS: readonly Column<Gpu>[] = [
  { key: "name", title: "GPU", value: (gpu) => gpu.name },
  {
    key: "cap_watts",
    title: "cap",
    value: (gpu) => gpu.watts,
    show: (gpu) => `${gpu.watts} W`,
  },
];

const GPUS: readonly Gpu[] = [{ name: "a", watts: 425 }, {
  name: "long",
  watts: 90,
}];

Deno.test("renderRows() aligns numbers right and text left in a table", () => {
  assert.equal(
    renderRows(GPUS, COLUMNS, "table"),
    "GPU     cap\n────  ─────\na     425 W\nlong   90 W\n",
  );
});

Deno.test("renderRows() keeps line feeds and terminal codes out of a table", () => {
  const text = renderRows(
    [{ name: "a\n\x1b[2Jb", watts: 1 }],
    COLUMNS,
    "table",
  );
  assert.equal(text.split("\n").length, 4);
  assert(!text.includes("\x1b"));
});

Deno.test("renderRows() uses the stable names in JSON and JSON lines", () => {
  assert.deepEqual(JSON.parse(renderRows(GPUS, COLUMNS, "json")), [
    { name: "a", cap_watts: 425 },
    { name: "long", cap_watts: 90 },
  ]);
  assert.equal(
    renderRows(GPUS, COLUMNS, "jsonl"),
    '{"name":"a","cap_watts":425}\n{"name":"long","cap_watts":90}\n',
  );
});

Deno.test("renderRows() writes a number that is none as absent", () => {
  const rows = [{ name: "a", watts: NaN }];
  assert.equal(
    renderRows(rows, COLUMNS, "jsonl"),
    '{"name":"a","cap_watts":null}\n',
  );
  assert.equal(renderRows(rows, COLUMNS, "csv"), "name,cap_watts\r\na,\r\n");
});

Deno.test("renderRows() writes CSV that reads back as what was written", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ name: fc.string(), watts: fc.integer() })),
    (rows) => {
      const [, ...lines] = readCsv(renderRows(rows, COLUMNS, "csv"));
      assert.deepEqual(
        lines,
        rows.map(({ name, watts }) => [name, String(watts)]),
      );
    },
  ));
});

/** A reader of RFC 4180, written apart from the writer. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (quoted && char === '"' && text[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (char === '"') quoted = !quoted;
    else if (!quoted && char === ",") {
      row.push(cell);
      cell = "";
    } else if (!quoted && char === "\r" && text[i + 1] === "\n") {
      rows.push([...row, cell]);
      row = [];
      cell = "";
      i++;
    } else cell += char;
  }
  return rows;
}
