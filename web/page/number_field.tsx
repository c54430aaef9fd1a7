/** A number with its slider: drag, type, or step with the keyboard. @module */

import { useEffect, useId, useState } from "preact/hooks";
import {
  isAllowed,
  NUMBER_RULES,
  type NumberField,
  ruleText,
} from "../plan/state.ts";

/** What a field shows. */
export interface NumberInputProps {
  readonly field: NumberField;
  readonly label: string;
  readonly unit: string;
  readonly value: number | undefined;
  /** Range of the slider; the number itself may lie outside. Absent: no slider. */
  readonly slide?: readonly [least: number, most: number];
  /** Step of the number beside the slider. */
  readonly step?: number;
  /** The slider moves through ratios, not through differences. */
  readonly ratio?: boolean;
  /** Shown watts are kilowatts, and the like. */
  readonly scale?: number;
  /** What an empty field means; absent: it must not be empty. */
  readonly empty?: string;
  readonly change: (value: number | undefined) => void;
}

const NOTCHES = 1000;

/** The field. */
export function NumberInput(props: NumberInputProps) {
  const { field, label, unit, value, slide, step, scale = 1, empty, change } =
    props;
  const id = useId();
  const shown = value === undefined ? "" : String(tidy(value / scale));
  const [draft, setDraft] = useState(shown);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    setDraft(shown);
    setProblem(undefined);
  }, [shown]);
  const take = (text: string) => {
    setDraft(text);
    if (text.trim() === "" && empty !== undefined) {
      setProblem(undefined);
      return change(undefined);
    }
    const next = tidy(Number(text) * scale);
    if (text.trim() === "" || !isAllowed(field, next)) {
      return setProblem(`Write ${ruleText(field)}.`);
    }
    setProblem(undefined);
    change(next);
  };
  return (
    <div class={`field${problem ? " field-bad" : ""}`}>
      <div class="field-row">
        <label for={id}>{label}</label>
        <span class="field-entry">
          <input
            id={id}
            class="field-number"
            inputMode="decimal"
            autocomplete="off"
            placeholder={empty ?? ""}
            value={draft}
            aria-invalid={problem !== undefined}
            aria-describedby={problem ? `${id}-problem` : undefined}
            onInput={(event) => take(event.currentTarget.value)}
            onKeyDown={(event) => {
              const by = event.key === "ArrowUp"
                ? 1
                : event.key === "ArrowDown"
                ? -1
                : 0;
              if (by === 0 || value === undefined) return;
              event.preventDefault();
              const next = tidy(value + by * (step ?? 1) * scale);
              if (isAllowed(field, next)) change(next);
            }}
          />
          <span class="field-unit">{unit}</span>
        </span>
      </div>
      {slide && (
        <input
          type="range"
          class="field-slider"
          aria-label={`${label}, slider`}
          aria-valuetext={`${shown} ${unit}`}
          min={0}
          max={NOTCHES}
          step={1}
          value={notchOf(value ?? slide[0], props)}
          onKeyDown={(event) => {
            const next = steppedBy(event.key, value ?? slide[0], props);
            if (next === undefined) return;
            event.preventDefault();
            change(next);
          }}
          onInput={(event) =>
            change(valueAt(Number(event.currentTarget.value), props))}
        />
      )}
      {problem && <p class="field-problem" id={`${id}-problem`}>{problem}</p>}
    </div>
  );
}

function notchOf(
  value: number,
  { slide = [0, 1], ratio }: NumberInputProps,
): number {
  const [least, most] = slide;
  const inside = Math.min(most, Math.max(least, value));
  const share = ratio
    ? Math.log(inside / least) / Math.log(most / least)
    : (inside - least) / (most - least);
  return Math.round(share * NOTCHES);
}

function valueAt(
  notch: number,
  { field, slide = [0, 1], ratio, step = 1, scale = 1 }: NumberInputProps,
): number {
  const [least, most] = slide;
  const share = notch / NOTCHES;
  const raw = ratio
    ? least * (most / least) ** share
    : least + share * (most - least);
  const fine = step * scale;
  const rounded = tidy(Math.round(raw / fine) * fine);
  const { whole } = NUMBER_RULES[field];
  const value = whole ? Math.round(rounded) : rounded;
  return Math.min(most, Math.max(least, value));
}

/** Keys of a slider, as far as they step: one step, or many. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: 10,
  PageDown: -10,
};

/** Where a key moves a slider; a notch of the mouse is finer than a step, and would move nothing. */
function steppedBy(
  key: string,
  value: number,
  { slide = [0, 1], step = 1, scale = 1, ratio }: NumberInputProps,
): number | undefined {
  const [least, most] = slide;
  if (key === "Home") return least;
  if (key === "End") return most;
  const steps = STEPS[key];
  if (steps === undefined) return undefined;
  const fine = step * scale;
  const by = ratio
    ? Math.max(fine, Math.round(value * 0.02 / fine) * fine)
    : fine;
  return Math.min(most, Math.max(least, tidy(value + steps * by)));
}

/** Without what binary fractions add. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
