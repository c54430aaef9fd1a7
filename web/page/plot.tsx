/** A plot: hover, zoom, keyboard, the same as a table, and both to take away. @module */

import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { type CsvColumn, csvText } from "../../service/portable.ts";
import { save, saveText } from "./download.ts";
import { drawPlot, plotImage, type PlotModel } from "./plot_drawing.ts";
import { handlePlotKey } from "./plot_keys.ts";
import { onThemeChange } from "./theme.ts";

/** A column of the table behind a plot. */
export interface PlotColumn<Row> extends CsvColumn<Row> {
  readonly title: string;
  readonly show: (row: Row) => string;
  readonly numeric?: boolean;
}

/** What is plotted. */
export interface PlotProps<Row> {
  readonly title: string;
  /** Why there is nothing to see; undefined: there is. */
  readonly empty: string | undefined;
  readonly model: PlotModel | undefined;
  /** What a place on the x axis says, by its index. */
  readonly readout: (index: number) => string;
  readonly rows: readonly Row[];
  readonly columns: readonly PlotColumn<Row>[];
  readonly fileName: string;
  /** Said while there is no model yet. */
  readonly waiting?: string;
  /** Place on the x axis that is marked. */
  readonly chosen?: number | undefined;
  /** Told the index that a click, or Enter at the cursor, chooses. */
  readonly pick?: (index: number) => void;
  readonly children?: preact.ComponentChildren;
}

/** The plot. */
export function Plot<Row>(
  props: PlotProps<Row>,
) {
  const { title, empty, model, readout, rows, columns, fileName } = props;
  const { waiting = "Searching …", chosen, pick, children } = props;
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  const [hovered, setHovered] = useState<number>();
  const [spoken, setSpoken] = useState("");
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot>(null);
  const read = useRef(readout);
  read.current = readout;
  const mark = useRef(chosen);
  mark.current = chosen;
  const shown = empty === undefined && !asTable ? model : undefined;

  useEffect(() => {
    const target = place.current;
    if (!target || !shown) return;
    const draw = () => {
      drawn.current?.destroy();
      drawn.current = drawPlot(shown, target, {
        hover: setHovered,
        chosen: () => mark.current,
      });
    };
    draw();
    const resized = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = target;
      if (width > 0 && height > 0) drawn.current?.setSize({ width, height });
    });
    resized.observe(target);
    const unheard = onThemeChange(draw);
    return () => {
      resized.disconnect();
      unheard();
      drawn.current?.destroy();
      drawn.current = null;
    };
  }, [shown]);

  useEffect(() => drawn.current?.redraw(false), [chosen]);

  const pickAtCursor = () => {
    const idx = drawn.current?.cursor.idx;
    if (pick && typeof idx === "number") pick(idx);
    return pick !== undefined && typeof idx === "number";
  };

  const table = useMemo(() => asTable ? rows : [], [asTable, rows]);
  return (
    <section class="panel plot" aria-labelledby={id}>
      <div class="plot-head">
        <h2 id={id}>{title}</h2>
        <div class="tools">
          <button
            type="button"
            class="quiet"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            Table
          </button>
          <button
            type="button"
            class="quiet"
            disabled={empty !== undefined}
            aria-label={`${title}: CSV`}
            onClick={() =>
              saveText(csvText(rows, columns), `${fileName}.csv`, "text/csv")}
          >
            CSV
          </button>
          <button
            type="button"
            class="quiet"
            disabled={!shown}
            aria-label={`${title}: PNG`}
            onClick={async () => {
              if (drawn.current) {
                save(
                  await plotImage(drawn.current, title),
                  `${fileName}.png`,
                );
              }
            }}
          >
            PNG
          </button>
        </div>
      </div>
      <p class="readout">
        {empty ??
          (asTable
            ? `${rows.length} rows`
            : hovered === undefined
            ? model?.hint ?? ""
            : readout(hovered))}
      </p>
      <p class="visually-hidden" aria-live="polite">{spoken}</p>
      {asTable
        ? (
          <div
            class="plot-area scroll"
            role="region"
            aria-label={`${title}, table`}
            tabIndex={0}
          >
            <table>
              <thead>
                <tr>
                  {columns.map(({ key, title: head, numeric }) => (
                    <th key={key} scope="col" class={numeric ? "num" : ""}>
                      {head}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {table.map((row, index) => (
                  <tr key={index}>
                    {columns.map(({ key, show, numeric }) => (
                      <td key={key} class={numeric ? "num" : ""}>
                        {show(row)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
        : empty === undefined && model
        ? (
          <div
            ref={place}
            class="plot-area"
            role="application"
            aria-roledescription="plot"
            aria-label={`${title}. Arrow keys read it point by point, plus and minus zoom, 0 shows all.${
              pick ? " Enter chooses the instant." : ""
            } The Table button shows its numbers.`}
            tabIndex={0}
            onClick={pickAtCursor}
            onKeyDown={(event) => {
              const plot = drawn.current;
              if (event.key === "Enter" && pickAtCursor()) return;
              if (!plot || !handlePlotKey(plot, event.key)) return;
              event.preventDefault();
              const { idx } = plot.cursor;
              if (typeof idx === "number") setSpoken(read.current(idx));
            }}
          />
        )
        : (
          <div class="plot-area plot-empty">
            <p>{empty === undefined ? waiting : "No data to plot"}</p>
          </div>
        )}
      {children}
    </section>
  );
}
