/** `docs/errors.md`, made from the table of errors; run it to write the page anew. @module */

import { ERROR_TABLE } from "../../../service/mod.ts";

/** Where the page lies. */
export const ERROR_PAGE = new URL("../../../docs/errors.md", import.meta.url);

/**
 * Makes the page.
 *
 * @returns its whole text, formatted as `deno fmt` does
 */
export function errorPage(): string {
  const rows = Object.entries(ERROR_TABLE)
    .map(([code, { number, exitCode, meaning }]) => [
      number,
      `\`${code}\``,
      String(exitCode),
      meaning,
    ])
    .sort(([a = ""], [b = ""]) => a < b ? -1 : 1);
  const table = [["Number", "Code", "Exit", "Meaning"], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0))
  );
  const line = (row: readonly string[], fill = " ") =>
    `| ${
      row.map((cell, i) => cell.padEnd(widths[i] ?? 0, fill)).join(" | ")
    } |`;
  return `# Errors

Every error has a number that stays the same, a code for programs, and an exit
code: 1 failed or infeasible, 2 wrong usage or bad input. On standard error it
says what was found, where, and what to do; with \`--output json\` it is an object
on standard output:

\`\`\`json
{
  "error": {
    "code": "unknown_model",
    "number": "WK201",
    "message": "Unknown model \\"Qwen3\\".",
    "where": "--model",
    "remedy": "Run \`data list\` for what is known."
  }
}
\`\`\`

A command that is stopped by ^C exits with 130, by SIGTERM with 143.

${line(table[0] ?? [])}
${line(["", "", "", ""], "-")}
${table.slice(1).map((row) => line(row)).join("\n")}
`;
}

if (import.meta.main) await Deno.writeTextFile(ERROR_PAGE, errorPage());
